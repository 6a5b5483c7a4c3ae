package sqlstore

import (
	"context"

	"morepay/internal/funnel"
)

// Visits keeps what pages showed at first.
type Visits struct{ base }

var _ funnel.Store = (*Visits)(nil)

const insertVisit = `INSERT INTO visits (session_id, container, shown, hidden, at)
	SELECT id, ?, ?, ?, CAST(? AS BIGINT) FROM sessions WHERE id = ? ON CONFLICT (session_id) DO NOTHING`

// AddVisits implements [funnel.Store].
func (s *Visits) AddVisits(ctx context.Context, visits []funnel.Visit) (stored []string, err error) {
	err = s.write(ctx, func(q Querier) error {
		stored = nil
		for _, v := range visits {
			shown, hidden := v.Lists()
			n, err := exec(ctx, q, insertVisit, string(v.Container), shown, hidden, toMillis(v.At), v.SessionID)
			if err != nil {
				return err
			}
			if n > 0 {
				stored = append(stored, v.SessionID)
			}
		}
		return nil
	})
	return stored, err
}
