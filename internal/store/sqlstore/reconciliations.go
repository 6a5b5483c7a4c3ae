package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"morepay/internal/reconcile"
)

// Reconciliations keeps what came of comparing bills and books.
type Reconciliations struct{ base }

var _ reconcile.Journal = (*Reconciliations)(nil)

var reconciliations = newTable("reconciliations", `
	provider account day claimed_until tries finished_at result detail`)

func reconciliationFields(r *reconcile.Record) []any {
	return []any{&r.Provider, &r.Account, &r.Day, millis{&r.ClaimedUntil}, &r.Tries, millis{&r.FinishedAt}, &r.Outcome, jsonColumn{&r.Result}}
}

// Claim implements [reconcile.Journal].
func (s *Reconciliations) Claim(ctx context.Context, key reconcile.Key, now, until time.Time) (tries int, err error) {
	const query = `INSERT INTO reconciliations (provider, account, day, claimed_until, tries, finished_at, result, detail)
		VALUES (?, ?, ?, ?, 1, 0, '', '{}')
		ON CONFLICT (provider, account, day) DO UPDATE SET claimed_until = excluded.claimed_until, tries = reconciliations.tries + 1
		WHERE reconciliations.claimed_until <= ? AND reconciliations.result IN ('', 'failed', 'no_bill')
		RETURNING tries`
	err = s.write(ctx, func(q Querier) error {
		tries, err = one(ctx, q, scalar[int], query, key.Provider, key.Account, key.Day, toMillis(until), toMillis(now))
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return tries, err
}

// Finish implements [reconcile.Journal].
func (s *Reconciliations) Finish(ctx context.Context, r reconcile.Record) error {
	const query = `UPDATE reconciliations SET claimed_until = ?, tries = ?, finished_at = ?, result = ?, detail = ?
		WHERE provider = ? AND account = ? AND day = ?`
	detail, err := json.Marshal(r.Result)
	if err != nil {
		return err
	}
	return s.write(ctx, func(q Querier) error {
		_, err := exec(ctx, q, query, toMillis(r.ClaimedUntil), r.Tries, toMillis(r.FinishedAt), string(r.Outcome), string(detail), r.Provider, r.Account, r.Day)
		return err
	})
}

// Since implements [reconcile.Journal].
func (s *Reconciliations) Since(ctx context.Context, day string) ([]reconcile.Record, error) {
	const query = `SELECT provider, account, day, claimed_until, tries, finished_at, result FROM reconciliations
		WHERE day >= ? ORDER BY day, provider, account`
	fields := func(r *reconcile.Record) []any {
		list := reconciliationFields(r)
		return list[:len(list)-1]
	}
	return list(ctx, s.base, fields, query, day)
}

// List returns the records that a filter takes, newest day first.
func (s *Reconciliations) List(ctx context.Context, f reconcile.Filter) ([]reconcile.Record, error) {
	query := "SELECT " + reconciliations.list() + ` FROM reconciliations
		WHERE (day, provider, account) < (?, ?, ?) AND (? = '' OR provider = ?) AND (? = '' OR account = ?) AND (? = '' OR result = ?)
		ORDER BY day DESC, provider DESC, account DESC LIMIT ?`
	after := f.After
	if after.Day == "" {
		after.Day = "9999-12-31"
	}
	return list(ctx, s.base, reconciliationFields, query,
		after.Day, after.Provider, after.Account, f.Provider, f.Provider, f.Account, f.Account, string(f.Outcome), string(f.Outcome), f.Limit)
}
