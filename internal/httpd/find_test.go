package httpd_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/desk"
	"morepay/internal/pay"
)

// TestFind: "a payer says they paid" is one question, by whatever they can name, and its
// answer tells nothing of them.
func TestFind(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	paid := s.pays(t)
	if a := s.Do(t, s.merchantPost(t, paid.Key, "r", "/v1/sessions/"+paid.ID+"/refunds", `{"amount":{"currency":"CNY","value":234}}`)); a.Status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	var other demotest.Session
	order := s.JSON(t, demotest.Order{Fen: 4711}, map[string]any{"merchant_reference": "订单 1001", "payer": map[string]string{"id": "member-4711"}})
	s.Do(t, s.merchantPost(t, paid.Key, "o", "/v1/sessions", order)).Decode(t, &other)
	s.Do(t, s.tell(t, "bench", cashierSays("MP0000000000", 1234)))
	find := func(query ...string) (found desk.Findings) {
		q := url.Values{}
		for i := 0; i < len(query); i += 2 {
			q.Set(query[i], query[i+1])
		}
		a := s.admin(t, http.MethodGet, "/sessions?"+q.Encode(), nil)
		if a.Decode(t, &found); a.Status != http.StatusOK || strings.Contains(a.Body, "member-4711") {
			t.Errorf("%v: status %d: %s", query, a.Status, a.Body)
		}
		return found
	}
	by := find("q", paid.ID)
	if len(by.Sessions) != 1 || len(by.Sessions[0].Attempts) != 1 || len(by.Sessions[0].Refunds) != 1 {
		t.Fatalf("by its id: %+v", by)
	}
	money := by.Sessions[0]
	a, r := money.Attempts[0], money.Refunds[0]
	if money.Merchant != "bench" || money.Status != pay.SessionPaid || a.State != pay.AttemptSucceeded || a.PaidAt.IsZero() || r.Attempt != a.ID || r.Amount.Value != 234 {
		t.Errorf("the money is %+v", money)
	}
	day := func(days int) string { return time.Now().AddDate(0, 0, days).Format(time.RFC3339) }
	for name, test := range map[string]struct {
		query []string
		want  []string
	}{
		"reference":          {[]string{"q", "订单 1001"}, []string{other.ID}},
		"out-trade-no":       {[]string{"q", a.OutTradeNo}, []string{paid.ID}},
		"provider-reference": {[]string{"q", a.Reference}, []string{paid.ID}},
		"of-the-merchant":    {[]string{"q", a.Reference, "merchant", "bench"}, []string{paid.ID}},
		"of-another":         {[]string{"q", a.Reference, "merchant", "demo"}, nil},
		"id-of-another":      {[]string{"q", paid.ID, "merchant", "demo"}, nil},
		"amount":             {[]string{"amount", "4711"}, []string{other.ID}},
		"amount-and-time":    {[]string{"amount", "4711", "created[gte]", day(-1), "created[lt]", day(1)}, []string{other.ID}},
		"another-time":       {[]string{"amount", "4711", "created[gte]", day(1)}, nil},
		"another-amount":     {[]string{"q", paid.ID, "amount", "4711"}, nil},
		"time":               {[]string{"created[gte]", day(-1)}, []string{paid.ID, other.ID}},
		"nothing":            {[]string{"q", "1002"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, m := range find(test.query...).Sessions {
				got = append(got, m.Session)
			}
			if !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(test.want))) {
				t.Errorf("found %v, want %v", got, test.want)
			}
		})
	}
	if unknown := find("q", "MP0000000000"); len(unknown.Sessions) != 0 || len(unknown.Quarantine) != 1 || unknown.Quarantine[0].Amount.Value != 1234 {
		t.Errorf("what no session has: %+v", unknown)
	}
	for query, field := range map[string]string{"": "q", "merchant=bench": "q", "amount=0": "amount", "amount=x": "amount", "created[lt]=now": "created[lt]"} {
		if code, got := s.admin(t, http.MethodGet, "/sessions?"+query, nil).Problem(t); code != pay.CodeInvalid || got != field {
			t.Errorf("%s: %s %s", query, code, got)
		}
	}
}
