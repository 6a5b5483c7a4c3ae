package sqlstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"time"

	"morepay/internal/desk"
	"morepay/internal/retention"
)

// hashPrefix begins what is left of bytes that are not kept.
const hashPrefix = "sha256:"

// hashed returns the hash of bytes, by which they can be recognised. Nothing, and a
// hash, stay what they are.
func hashed(b []byte) []byte {
	if len(b) == 0 || bytes.HasPrefix(b, []byte(hashPrefix)) && len(b) == len(hashPrefix)+2*sha256.Size {
		return b
	}
	sum := sha256.Sum256(b)
	return []byte(hashPrefix + hex.EncodeToString(sum[:]))
}

// whole is a row whose bytes are still there.
type whole struct {
	key   []any
	bytes []byte
}

// A request may leave again as long as its attempt can be paid, and an entry is
// looked at until it is resolved: until then they stay whole.
const (
	over          = "hashed = 0 AND state NOT IN ('submitting', 'awaiting')"
	wholeRequests = " FROM attempts WHERE " + over + " AND created_at <= ?"
	wholeEvidence = " FROM evidence WHERE hashed = 0 AND received_at <= ?"
	wholeEntries  = " FROM quarantine WHERE hashed = 0 AND status = 'resolved' AND resolved_at <= ?"

	// What the browser was given holds the request too, and is of no use any more.
	hashRequest  = "UPDATE attempts SET request = ?, action = 'null', hashed = 1 WHERE session_id = ? AND ordinal = ?"
	hashEvidence = "UPDATE evidence SET raw = ?, hashed = 1 WHERE provider = ? AND account = ? AND id = ? AND digest = ?"
	hashEntry    = "UPDATE quarantine SET raw = ?, hashed = 1 WHERE entry = ?"
)

func requestFields(w *whole) []any {
	session, ordinal := new(string), new(int64)
	w.key = []any{session, ordinal}
	return []any{session, ordinal, blob{&w.bytes}}
}

func statementFields(w *whole) []any {
	provider, account, id, digest := new(string), new(string), new(string), new(string)
	w.key = []any{provider, account, id, digest}
	return []any{provider, account, id, digest, blob{&w.bytes}}
}

func wholeEntryFields(w *whole) []any {
	entry := new(string)
	w.key = []any{entry}
	return []any{entry, blob{&w.bytes}}
}

// replace puts hashes in the place of bytes.
func replace(ctx context.Context, q Querier, query string, rows []whole) error {
	for _, row := range rows {
		key, err := values(row.key)
		if err != nil {
			return err
		}
		if _, err := exec(ctx, q, query, append([]any{append([]byte{}, hashed(row.bytes)...)}, key...)...); err != nil {
			return err
		}
	}
	return nil
}

const (
	selectRequests = "SELECT session_id, ordinal, request"
	selectRaw      = "SELECT provider, account, id, digest, raw"
	selectWhole    = "SELECT entry, raw"
)

// pruneRaw puts hashes in the place of old requests and statements.
func (s *Retention) pruneRaw(ctx context.Context, q Querier, step retention.Step) (done retention.Pruned, err error) {
	const oldest = "SELECT session_id" + wholeRequests + " ORDER BY created_at LIMIT ?"
	before := toMillis(step.Before)
	found, err := all(ctx, q, scalar[string], oldest, before, step.Limit)
	if err != nil {
		return done, err
	}
	done.More = len(found) == step.Limit
	slices.Sort(found) // everybody locks sessions in one order
	for _, id := range slices.Compact(found) {
		n, err := s.hashRequests(ctx, q, id, before)
		if err != nil {
			return done, err
		}
		done.Count += n
	}
	evidence, err := all(ctx, q, statementFields, selectRaw+wholeEvidence+" ORDER BY received_at LIMIT ?", before, step.Limit)
	if err != nil {
		return done, err
	}
	entries, err := all(ctx, q, wholeEntryFields, selectWhole+wholeEntries+" ORDER BY resolved_at LIMIT ?", before, step.Limit)
	if err != nil {
		return done, err
	}
	done.Count += len(evidence) + len(entries)
	done.More = done.More || len(evidence) == step.Limit || len(entries) == step.Limit
	if err := replace(ctx, q, hashEvidence, evidence); err != nil {
		return done, err
	}
	return done, replace(ctx, q, hashEntry, entries)
}

// lockSession keeps others from writing a session's rows, which they do whole.
func (s *Retention) lockSession(ctx context.Context, q Querier, id string) error {
	_, err := all(ctx, q, scalar[string], "SELECT id FROM sessions WHERE id = ?"+s.dialect.LockRow, id)
	return err
}

// hashRequests puts hashes in the place of a session's requests.
func (s *Retention) hashRequests(ctx context.Context, q Querier, id string, before int64) (int, error) {
	if err := s.lockSession(ctx, q, id); err != nil {
		return 0, err
	}
	rows, err := all(ctx, q, requestFields, selectRequests+wholeRequests+" AND session_id = ?", before, id)
	if err != nil {
		return 0, err
	}
	return len(rows), replace(ctx, q, hashRequest, rows)
}

const (
	erasingSessions = " FROM sessions WHERE erasing = 1"
	selectErasing   = "SELECT id" + erasingSessions + " AND id > ? ORDER BY id LIMIT ?"
)

// pruneErasing erases what could not be erased at first.
func (s *Retention) pruneErasing(ctx context.Context, q Querier, step retention.Step) (done retention.Pruned, err error) {
	found, err := all(ctx, q, scalar[string], selectErasing, step.After.ID, step.Limit)
	if err != nil || len(found) == 0 {
		return done, err
	}
	done.Next.ID, done.More = found[len(found)-1], len(found) == step.Limit
	for _, id := range found {
		whole, err := s.eraseSession(ctx, q, id, toMillis(step.Now))
		if err != nil {
			return done, err
		}
		if whole {
			done.Count++
		}
	}
	return done, nil
}

const (
	entriesOf = ` FROM quarantine e JOIN attempts a ON a.out_trade_no = e.out_trade_no AND a.provider = e.provider AND a.account = e.account
		WHERE a.session_id = ?`
	stillNeeded = `SELECT CASE WHEN EXISTS (SELECT 1 FROM sessions WHERE id = ? AND status = 'open')
		OR EXISTS (SELECT 1 FROM attempts WHERE session_id = ? AND state IN ('submitting', 'awaiting'))
		OR EXISTS (SELECT 1` + entriesOf + ` AND e.status <> 'resolved') THEN 1 ELSE 0 END`
	eraseNames = "UPDATE invitations SET name = '' WHERE session_id = ?"
	setErased  = "UPDATE sessions SET erased_at = CASE WHEN erased_at = 0 THEN CAST(? AS BIGINT) ELSE erased_at END, erasing = ? WHERE id = ?"
)

// eraseSession erases what nobody needs any more of a session's payer, and reports
// whether that was all.
func (s *Retention) eraseSession(ctx context.Context, q Querier, id string, now int64) (whole bool, err error) {
	const forever = int64(1) << 62
	if _, err := s.hashRequests(ctx, q, id, forever); err != nil {
		return false, err
	}
	if _, err := exec(ctx, q, eraseNames, id); err != nil {
		return false, err
	}
	evidence, err := all(ctx, q, statementFields, selectRaw+wholeEvidence+" AND session_id = ?", forever, id)
	if err != nil {
		return false, err
	}
	if err := replace(ctx, q, hashEvidence, evidence); err != nil {
		return false, err
	}
	entries, err := all(ctx, q, wholeEntryFields, "SELECT e.entry, e.raw"+entriesOf+" AND e.hashed = 0 AND e.status = 'resolved'", id)
	if err != nil {
		return false, err
	}
	if err := replace(ctx, q, hashEntry, entries); err != nil {
		return false, err
	}
	needed, err := one(ctx, q, scalar[int], stillNeeded, id, id, id)
	if err != nil {
		return false, err
	}
	_, err = exec(ctx, q, setErased, now, needed, id)
	return needed == 0, err
}

var _ desk.Erasures = (*Retention)(nil)

var erasures = newTable("erasures", "id merchant payer_hash author note at sessions waiting")

func erasureFields(e *desk.Erasure) []any {
	return []any{&e.ID, &e.Merchant, &e.PayerHash, &e.Author, &e.Note, millis{&e.At}, &e.Sessions, &e.Waiting}
}

// eraseBatch is the number of sessions that one transaction erases.
const eraseBatch = 50

// Erase implements [desk.Erasures].
func (s *Retention) Erase(ctx context.Context, e desk.Erasure, payer string) (desk.Erasure, error) {
	const (
		ofPayer = "SELECT id FROM sessions WHERE merchant = ? AND payer_id = ? AND payer_id <> '' AND id > ? ORDER BY id LIMIT ?"
		counted = "UPDATE erasures SET sessions = ?, waiting = ? WHERE id = ?"
	)
	err := s.write(ctx, func(q Querier) error { return insert(ctx, q, erasures.insert(""), erasureFields(&e)) })
	for last := ""; err == nil; {
		var found []string
		waiting := 0
		err = s.write(ctx, func(q Querier) (err error) {
			waiting = 0
			if found, err = all(ctx, q, scalar[string], ofPayer, e.Merchant, payer, last, eraseBatch); err != nil {
				return err
			}
			for _, id := range found {
				whole, err := s.eraseSession(ctx, q, id, toMillis(e.At))
				if err != nil {
					return err
				}
				if !whole {
					waiting++
				}
			}
			_, err = exec(ctx, q, counted, e.Sessions+len(found), e.Waiting+waiting, e.ID)
			return err
		})
		if err == nil {
			e.Sessions, e.Waiting = e.Sessions+len(found), e.Waiting+waiting
		}
		if len(found) < eraseBatch {
			break
		}
		last = found[len(found)-1]
	}
	return e, err
}

// ListErasures implements [desk.Erasures].
func (s *Retention) ListErasures(ctx context.Context, merchant string, before time.Time, limit int) ([]desk.Erasure, error) {
	query := "SELECT " + erasures.list() + " FROM erasures WHERE at < ? AND (? = '' OR merchant = ?) ORDER BY at DESC, id DESC LIMIT ?"
	until := int64(math.MaxInt64)
	if !before.IsZero() {
		until = toMillis(before)
	}
	return list(ctx, s.base, erasureFields, query, until, merchant, merchant, limit)
}
