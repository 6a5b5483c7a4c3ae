package secret

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"morepay/internal/pay"
)

// Store keeps the fingerprints of the secrets that the servers on a database have.
type Store interface {
	// Admit keeps fingerprints, in one transaction, if none are kept or one of
	// them is; else it changes nothing. It returns those that were kept before.
	Admit(ctx context.Context, own []string, now time.Time) ([]Known, error)

	// Known lists those that are kept, in the order in which they came.
	Known(ctx context.Context) ([]Known, error)

	// Replace keeps these fingerprints and no others.
	Replace(ctx context.Context, own []string, now time.Time) error
}

// Known is a fingerprint that a database keeps.
type Known struct {
	Fingerprint string
	AddedAt     time.Time
	UsedAt      time.Time // when a server last started with it
}

// Join returns the secrets of a server that starts on a database, of which others
// know from then on. It makes one if there are none yet. A server that has no
// secret in common with those before it is invalid_request: what one of them has
// sealed or signed, another would refuse.
func Join(ctx context.Context, from Source, store Store, now time.Time, log *slog.Logger) ([][]byte, error) {
	secrets, err := from.read()
	if missing(err) {
		secrets, err = from.make(ctx, store)
	}
	if err != nil {
		return nil, err
	}
	own := fingerprints(secrets)
	before, err := store.Admit(ctx, own, now)
	if err != nil {
		return nil, err
	}
	if len(before) == 0 {
		return secrets, nil
	}
	if !slices.ContainsFunc(own, func(f string) bool { return knows(before, f) }) {
		return nil, foreign(own, before)
	}
	if from.Shared && !knows(before, own[0]) {
		log.WarnContext(ctx, "the first secret is new to this database: servers that are not given it yet refuse what this one seals. First start all with the new one in second place",
			"fingerprint", own[0])
	}
	return secrets, nil
}

// make makes a secret for a database that has none.
func (s Source) make(ctx context.Context, store Store) ([][]byte, error) {
	known, err := store.Known(ctx)
	if err != nil {
		return nil, err
	}
	if len(known) > 0 {
		return nil, pay.Errorf(pay.CodeInvalid, flag, "this database has had a secret (%s), which is not in %s: put the file back, or give its secret; if it is lost: %s", list(known), s.file(), remedy)
	}
	return s.create()
}

// Use returns the secrets for work on a database beside its servers, which must
// know the first.
func Use(ctx context.Context, from Source, store Store) ([][]byte, error) {
	secrets, err := from.read()
	if missing(err) {
		return nil, pay.Errorf(pay.CodeInvalid, flag, "the servers' secret is not in %s: give it", from.Folder)
	}
	if err != nil {
		return nil, err
	}
	known, err := store.Known(ctx)
	if err != nil {
		return nil, err
	}
	if own := fingerprints(secrets); !knows(known, own[0]) {
		return nil, foreign(own[:1], known)
	}
	return secrets, nil
}

// Retire makes a database forget all secrets but those given, and returns what it
// has forgotten. Unless lost, the database must know all that are given; if lost,
// what was sealed with the others can't be opened any more.
func Retire(ctx context.Context, from Source, store Store, lost bool, now time.Time) (forgotten []Known, err error) {
	secrets, err := from.read()
	if missing(err) && lost {
		secrets, err = from.create()
	}
	if err != nil {
		return nil, err
	}
	known, err := store.Known(ctx)
	if err != nil {
		return nil, err
	}
	own := fingerprints(secrets)
	for _, f := range own {
		if !lost && !knows(known, f) {
			return nil, foreign([]string{f}, known)
		}
	}
	forgotten = slices.DeleteFunc(known, func(k Known) bool { return slices.Contains(own, k.Fingerprint) })
	return forgotten, store.Replace(ctx, own, now)
}

const remedy = "morepay secrets retire --lost"

// foreign is the error of a server whose secrets the others don't have.
func foreign(own []string, known []Known) error {
	if len(known) == 0 {
		return pay.Errorf(pay.CodeInvalid, flag, "no server has been started on this database yet")
	}
	return pay.Errorf(pay.CodeInvalid, flag, "is not what servers on this database have (fingerprint %s, theirs %s): one would refuse what another seals; give theirs, or theirs and a new one to replace it: --secret THEIRS,NEW; if theirs is lost: %s",
		strings.Join(own, ", "), list(known), remedy)
}

func knows(known []Known, fingerprint string) bool {
	return slices.ContainsFunc(known, func(k Known) bool { return k.Fingerprint == fingerprint })
}

// list names fingerprints, the newest few if there are many.
func list(known []Known) string {
	const most = 3
	names := make([]string, len(known))
	for i, k := range known {
		names[len(known)-1-i] = k.Fingerprint
	}
	if len(names) > most {
		return fmt.Sprintf("%s and %d others", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
