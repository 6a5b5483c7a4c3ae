package sqlstore

import (
	"context"
	"slices"
	"time"

	"morepay/internal/secret"
)

// Fingerprints keeps which secrets the servers on the database have.
type Fingerprints struct{ base }

var _ secret.Store = (*Fingerprints)(nil)

func knownFields(k *secret.Known) []any {
	return []any{&k.Fingerprint, millis{&k.AddedAt}, millis{&k.UsedAt}}
}

// fingerprintsLock is the key of the lock that lets one server at a time be
// admitted.
const fingerprintsLock = 4

const (
	selectFingerprints = "SELECT fingerprint, added_at, used_at FROM fingerprints ORDER BY added_at, fingerprint"
	insertFingerprint  = `INSERT INTO fingerprints (fingerprint, added_at, used_at) VALUES (?, ?, ?)
		ON CONFLICT (fingerprint) DO UPDATE SET used_at = excluded.used_at`
)

// Known implements [secret.Store].
func (s *Fingerprints) Known(ctx context.Context) ([]secret.Known, error) {
	return list(ctx, s.base, knownFields, selectFingerprints)
}

// Admit implements [secret.Store].
func (s *Fingerprints) Admit(ctx context.Context, own []string, now time.Time) (before []secret.Known, err error) {
	err = s.write(ctx, func(q Querier) error {
		if err := s.exclusive(ctx, q, fingerprintsLock); err != nil {
			return err
		}
		if before, err = all(ctx, q, knownFields, selectFingerprints); err != nil {
			return err
		}
		if len(before) > 0 && !slices.ContainsFunc(before, func(k secret.Known) bool { return slices.Contains(own, k.Fingerprint) }) {
			return nil
		}
		return s.keep(ctx, q, own, now)
	})
	return before, err
}

// Replace implements [secret.Store].
func (s *Fingerprints) Replace(ctx context.Context, own []string, now time.Time) error {
	return s.write(ctx, func(q Querier) error {
		if err := s.exclusive(ctx, q, fingerprintsLock); err != nil {
			return err
		}
		known, err := all(ctx, q, knownFields, selectFingerprints)
		if err != nil {
			return err
		}
		for _, k := range known {
			if slices.Contains(own, k.Fingerprint) {
				continue
			}
			if _, err := exec(ctx, q, "DELETE FROM fingerprints WHERE fingerprint = ?", k.Fingerprint); err != nil {
				return err
			}
		}
		return s.keep(ctx, q, own, now)
	})
}

func (s *Fingerprints) keep(ctx context.Context, q Querier, own []string, now time.Time) error {
	for _, f := range own {
		if _, err := exec(ctx, q, insertFingerprint, f, toMillis(now), toMillis(now)); err != nil {
			return err
		}
	}
	return nil
}
