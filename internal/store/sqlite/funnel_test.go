package sqlite

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
	"time"

	"morepay/internal/device"
	"morepay/internal/funnel"
	"morepay/internal/pay"
	"morepay/internal/store/sqlstore"
)

// multiply copies a session's rows of a table so many times. n is the number of the copy,
// in what the columns become.
func (s *testStore) multiply(table, key, id string, times int, become map[string]string) {
	s.Helper()
	err := s.engine.Write(s.Context(), func(q sqlstore.Querier) error {
		rows, err := q.QueryContext(s.Context(), "SELECT name FROM pragma_table_info(?)", table)
		if err != nil {
			return err
		}
		defer rows.Close()
		var columns, values []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			columns, values = append(columns, name), append(values, cmp.Or(become[name], name))
		}
		if err := rows.Err(); err != nil {
			return err
		}
		_, err = q.ExecContext(s.Context(), fmt.Sprintf(
			"WITH RECURSIVE copies (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < %d) INSERT INTO %s (%s) SELECT %s FROM %s, copies WHERE %s = '%s'",
			times, table, strings.Join(columns, ", "), strings.Join(values, ", "), table, key, id))
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
}

// visited stores so many sessions of which a page was seen at a time. Some of them were
// paid; in the others nothing was chosen.
func (s *testStore) visited(name string, at time.Time, sessions, paid int) {
	s.Helper()
	for kind, n := range map[string]int{"paid": paid, "unpaid": sessions - paid} {
		l, a := unpaid("cs_" + name + "_" + kind)
		if kind == "unpaid" {
			l.Session.LastEvent = 0
			l = pay.Open(l.Session)
		} else {
			ev := pay.Evidence{ID: "e", Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo, Outcome: pay.OutcomePaid, Amount: a.Amount, PaidAt: at}
			if err := l.Apply(ev, at); err != nil {
				s.Fatal(err)
			}
		}
		if err := s.Ledgers.Create(s.Context(), l); err != nil {
			s.Fatal(err)
		}
		id := l.Session.ID
		v := funnel.Visit{SessionID: id, Form: device.Mobile, Container: device.Browser, At: at, Shown: []funnel.Offered{{Method: "alipay", Rail: pay.RailDeepLink}}}
		if _, err := s.Visits.AddVisits(s.Context(), []funnel.Visit{v}); err != nil {
			s.Fatal(err)
		}
		s.multiply("sessions", "id", id, n-1, map[string]string{"id": "id || n", "token_hash": "token_hash || n"})
		if len(l.Attempts) > 0 {
			s.multiply("attempts", "session_id", id, n-1, map[string]string{"session_id": "session_id || n", "out_trade_no": "out_trade_no || n"})
		}
		s.multiply("visits", "session_id", id, n-1, map[string]string{"session_id": "session_id || n"})
	}
}

// With 20,000 sessions a week, one percentage point more that pay is told from chance.
func TestFunnelTellsOnePoint(t *testing.T) {
	s := newTestStore(t)
	week, start := 7*24*time.Hour, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	const sessions = 20_000
	var before funnel.Share
	for i, paid := range []int{12_200, 12_400} {
		from := start.Add(time.Duration(i) * week)
		s.visited(fmt.Sprint("week", i), from, sessions, paid)
		report, err := funnel.Read(t.Context(), s.Visits, from, from.Add(week), "", funnel.ByNothing)
		if err != nil {
			t.Fatal(err)
		}
		n := report.Counts["all"]
		if want := (funnel.Count{Shown: sessions, Chosen: paid, HandedOff: paid, Paid: paid}); n != want || report.Sessions != sessions {
			t.Fatalf("week %d: %+v, want %+v", i, n, want)
		}
		low, high := n.Conversion().Interval()
		if high-low > .014 {
			t.Errorf("week %d: the share lies from %v to %v", i, low, high)
		}
		change, low, high := n.Conversion().Change(before)
		t.Logf("%+.4f (%+.4f to %+.4f)", change, low, high)
		if i > 0 && low <= 0 {
			t.Errorf("a change of %v lies from %v to %v", change, low, high)
		}
		before = n.Conversion()
	}
	if _, low, high := before.Change(before); low >= 0 || high <= 0 {
		t.Errorf("no change lies from %v to %v", low, high)
	}
}
