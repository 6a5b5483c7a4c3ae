package sqlstore

import (
	"context"
	"time"

	"morepay/internal/funnel"
	"morepay/internal/pay"
)

// Visits keeps what pages showed at first.
type Visits struct{ base }

var _ funnel.Store = (*Visits)(nil)

const insertVisit = `INSERT INTO visits (session_id, form, container, shown, hidden, at)
	SELECT id, ?, ?, ?, ?, CAST(? AS BIGINT) FROM sessions WHERE id = ? ON CONFLICT (session_id) DO NOTHING`

// AddVisits implements [funnel.Store].
func (s *Visits) AddVisits(ctx context.Context, visits []funnel.Visit) (stored []string, err error) {
	err = s.write(ctx, func(q Querier) error {
		stored = nil
		for _, v := range visits {
			shown, hidden := v.Lists()
			n, err := exec(ctx, q, insertVisit, string(v.Form), string(v.Container), shown, hidden, toMillis(v.At), v.SessionID)
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

// visitsAtOnce is how many visits are read at once: no reading holds the database for long.
const visitsAtOnce = 500

// selectVisits reads visits after a place, each with the attempts of its session: a row
// for each of them, and one without if there are none.
const selectVisits = `SELECT batch.at, batch.session_id, batch.form, batch.container, batch.shown, batch.hidden, s.merchant, s.status, s.winner,
	COALESCE(a.id, ''), COALESCE(a.method, ''), COALESCE(a.rail, ''), CASE WHEN a.action <> 'null' THEN 1 ELSE 0 END, COALESCE(a.back_at, 0)
	FROM (SELECT session_id, form, container, shown, hidden, at FROM visits WHERE (at, session_id) > (?, ?) AND at < ? ORDER BY at, session_id LIMIT ?) batch
	JOIN sessions s ON s.id = batch.session_id LEFT JOIN attempts a ON a.session_id = batch.session_id
	ORDER BY batch.at, batch.session_id, a.ordinal`

type visitRow struct {
	funnel.Session
	shown, hidden, winner, attemptID string
	status                           pay.SessionStatus
	try                              funnel.Try
	accepted                         int64
}

func visitFields(r *visitRow) []any {
	return []any{
		millis{&r.At},
		&r.SessionID, &r.Form, &r.Container, &r.shown, &r.hidden, &r.Merchant, &r.status,
		optional{&r.winner},
		&r.attemptID, &r.try.Method, &r.try.Rail, &r.accepted,
		happened{&r.try.CameBack},
	}
}

// Visited implements [funnel.Store].
func (s *Visits) Visited(ctx context.Context, from, to time.Time, do func(funnel.Session)) error {
	at, id := toMillis(from), ""
	for {
		rows, err := list(ctx, s.base, visitFields, selectVisits, at, id, toMillis(to), visitsAtOnce)
		if err != nil {
			return err
		}
		sessions := visitedSessions(rows)
		for _, v := range sessions {
			do(v)
		}
		if len(sessions) < visitsAtOnce {
			return nil
		}
		last := sessions[len(sessions)-1]
		at, id = toMillis(last.At), last.SessionID
	}
}

// visitedSessions puts together the rows of each session.
func visitedSessions(rows []visitRow) (sessions []funnel.Session) {
	for i := range rows {
		r := &rows[i]
		if len(sessions) == 0 || sessions[len(sessions)-1].SessionID != r.SessionID {
			r.SetLists(r.shown, r.hidden)
			r.Open = r.status == pay.SessionOpen
			sessions = append(sessions, r.Session)
		}
		if r.attemptID == "" {
			continue
		}
		t := r.try
		t.Paid = r.attemptID == r.winner
		t.HandedOff = t.Paid || r.accepted > 0
		s := &sessions[len(sessions)-1]
		s.Tries = append(s.Tries, t)
	}
	return sessions
}
