package sqlstore

import (
	"bytes"
	"context"
	"reflect"
	"time"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// Endpoints keeps where merchants are told, with what was before.
type Endpoints struct {
	base
	tell func() // says that there is something new to do
}

var _ webhook.EndpointStore = (*Endpoints)(nil)

// Endpoints implements [webhook.EndpointStore].
func (s *Endpoints) Endpoints(ctx context.Context, merchant string) ([]webhook.EndpointState, error) {
	const query = `SELECT * FROM (
		SELECT e.name, e.url, (SELECT COUNT(*) FROM deliveries d WHERE d.endpoint = e.id AND d.state = 'pending') AS pending,
		e.failing, e.next_at, e.disabled_at, e.reason, e.removed_at FROM endpoints e WHERE e.merchant = ? ORDER BY e.id) AS kept
		WHERE removed_at = 0 OR pending > 0`
	fields := func(e *webhook.EndpointState) []any {
		return []any{&e.ID, &e.URL, &e.Pending, &e.Failing, millis{&e.NextAt}, millis{&e.DisabledAt}, &e.Reason, millis{&e.RemovedAt}}
	}
	return list(ctx, s.base, fields, query, merchant)
}

const (
	selectKept = "SELECT id, name, url, secrets, disabled_at, reason, removed_at FROM endpoints WHERE merchant = ? ORDER BY id"
	insertKept = `INSERT INTO endpoints (merchant, name, url, secrets, disabled_at, reason, removed_at, next_at, claimed_until, holder, failing, failing_since)
		VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, '', 0, 0)`
	updateKept = "UPDATE endpoints SET name = ?, url = ?, secrets = ?, disabled_at = ?, reason = ?, removed_at = ? WHERE id = ?"

	hurryEndpoint = "UPDATE endpoints SET failing = 0, failing_since = 0, next_at = ? WHERE id = ?"
	hurryPending  = "UPDATE deliveries SET due_at = ? WHERE endpoint = ? AND state = 'pending' AND due_at > ?"
)

func keptFields(k *webhook.Kept) []any {
	return []any{&k.Number, &k.ID, &k.URL, blob{&k.Sealed}, millis{&k.DisabledAt}, &k.Reason, millis{&k.RemovedAt}}
}

// Kept implements [webhook.EndpointStore].
func (s *Endpoints) Kept(ctx context.Context, merchant string) ([]webhook.Kept, error) {
	return list(ctx, s.base, keptFields, selectKept, merchant)
}

var versions = newTable("endpoint_versions", `merchant version hash author change at endpoints`)

type versionRow struct {
	merchant string
	webhook.Version
}

func versionFields(v *versionRow) []any {
	return []any{&v.merchant, &v.Number, &v.Hash, &v.Author, &v.Change, millis{&v.At}, jsonColumn{&v.Endpoints}}
}

var (
	insertVersion = versions.insert("")
	selectVersion = "SELECT " + versions.list() + " FROM endpoint_versions WHERE merchant = ? "
)

// endpointsLock is the key of the lock that lets one transaction at a time change
// endpoints.
const endpointsLock = 3

// Change implements [webhook.EndpointStore].
func (s *Endpoints) Change(ctx context.Context, merchant string, v webhook.Version, change func([]webhook.Kept) ([]webhook.Kept, string, error)) (ok bool, err error) {
	err = s.write(ctx, func(q Querier) error {
		ok = false
		if err := s.exclusive(ctx, q, endpointsLock); err != nil {
			return err
		}
		if v.Hash != "" {
			seen, err := all(ctx, q, versionFields, selectVersion+"AND hash = ? LIMIT 1", merchant, v.Hash)
			if err != nil || len(seen) > 0 {
				return err
			}
		}
		before, err := all(ctx, q, keptFields, selectKept, merchant)
		if err != nil {
			return err
		}
		after, words, err := change(append([]webhook.Kept(nil), before...))
		if err != nil {
			return err
		}
		if err := s.save(ctx, q, merchant, before, after, v.At); err != nil {
			return err
		}
		ok = true
		return s.addVersion(ctx, q, merchant, v, words, after)
	})
	if ok && err == nil {
		s.tell()
	}
	return ok, err
}

// save writes what differs.
func (s *Endpoints) save(ctx context.Context, q Querier, merchant string, before, after []webhook.Kept, now time.Time) error {
	old := map[int64]webhook.Kept{}
	for _, k := range before {
		old[k.Number] = k
	}
	for _, k := range after {
		was, kept := old[k.Number]
		delete(old, k.Number)
		if kept && reflect.DeepEqual(was, k) {
			continue
		}
		row, err := values(keptFields(&k))
		if err != nil {
			return err
		}
		if !kept {
			if _, err := exec(ctx, q, insertKept, append([]any{merchant}, row[1:]...)...); err != nil {
				return err
			}
			continue
		}
		if _, err := exec(ctx, q, updateKept, append(row[1:], k.Number)...); err != nil {
			return err
		}
		if was.URL != k.URL || !was.DisabledAt.IsZero() && k.DisabledAt.IsZero() || !bytes.Equal(was.Sealed, k.Sealed) {
			if err := s.hurry(ctx, q, k.Number, now); err != nil {
				return err
			}
		}
	}
	if len(old) > 0 {
		return pay.Errorf(pay.CodeInternal, "", "an endpoint vanished from the list")
	}
	return nil
}

// hurry makes everything due that waits for an endpoint: what made it fail may be gone.
func (s *Endpoints) hurry(ctx context.Context, q Querier, endpoint int64, now time.Time) error {
	if _, err := exec(ctx, q, hurryEndpoint, toMillis(now), endpoint); err != nil {
		return err
	}
	_, err := exec(ctx, q, hurryPending, toMillis(now), endpoint, toMillis(now))
	return err
}

func (s *Endpoints) addVersion(ctx context.Context, q Querier, merchant string, v webhook.Version, words string, after []webhook.Kept) error {
	newest, err := first(ctx, q, 0, "SELECT version FROM endpoint_versions WHERE merchant = ? ORDER BY version DESC LIMIT 1", merchant)
	if err != nil {
		return err
	}
	v.Number, v.Change, v.Endpoints = int64(newest)+1, words, []webhook.Listed{}
	for _, k := range after {
		if k.RemovedAt.IsZero() {
			v.Endpoints = append(v.Endpoints, webhook.Listed{ID: k.ID, URL: k.URL})
		}
	}
	return insert(ctx, q, insertVersion, versionFields(&versionRow{merchant, v}))
}

// Versions implements [webhook.EndpointStore].
func (s *Endpoints) Versions(ctx context.Context, merchant string, limit int) ([]webhook.Version, error) {
	rows, err := list(ctx, s.base, versionFields, selectVersion+"ORDER BY version DESC LIMIT ?", merchant, limit)
	out := make([]webhook.Version, len(rows))
	for i, r := range rows {
		out[i] = r.Version
	}
	return out, err
}

// resealBatch bounds how many secrets one transaction reads.
const resealBatch = 100

// Reseal implements [webhook.EndpointStore].
func (s *Endpoints) Reseal(ctx context.Context, reseal func([]byte) ([]byte, error)) error {
	type sealed struct {
		id    int64
		bytes []byte
	}
	const (
		selectSealed = "SELECT id, secrets FROM endpoints WHERE id > ? AND LENGTH(secrets) > 0 ORDER BY id LIMIT ?"
		updateSealed = "UPDATE endpoints SET secrets = ? WHERE id = ? AND secrets = ?"
	)
	fields := func(r *sealed) []any { return []any{&r.id, blob{&r.bytes}} }
	for last := int64(0); ; {
		batch, err := list(ctx, s.base, fields, selectSealed, last, resealBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		for _, r := range batch {
			last = r.id
			again, err := reseal(r.bytes)
			if err != nil || bytes.Equal(again, r.bytes) {
				continue // who can't open it can't help it
			}
			err = s.write(ctx, func(q Querier) error {
				_, err := exec(ctx, q, updateSealed, again, r.id, r.bytes)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
}
