package httpd_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// summary is a session as lists show it.
type summary struct {
	ID        string
	Status    pay.SessionStatus
	CreatedAt time.Time `json:"created_at"`
	Payment   *struct {
		ID, Provider, Method, Rail string
		OutTradeNo                 string `json:"out_trade_no"`
		Reference                  string `json:"provider_reference"`
		Amount                     pay.Money
		Refunded                   pay.Money `json:"amount_refunded"`
		Refundable                 pay.Money `json:"amount_refundable"`
		PaidAt                     time.Time `json:"paid_at"`
	}
	Surplus *struct {
		Amount   pay.Money
		Refunded pay.Money `json:"amount_refunded"`
	}
	Attempts []struct{ ID string }
	Refunds  []struct{ ID string }
}

type sessionList struct {
	Sessions []summary
	More     bool `json:"has_more"`
	Next     string
}

func (l sessionList) ids() (ids []string) {
	for _, s := range l.Sessions {
		ids = append(ids, s.ID)
	}
	return ids
}

// sessions lists those of a merchant; query has names and values in turn.
func (s *harness) sessions(t *testing.T, key string, query ...string) (list sessionList) {
	t.Helper()
	q := url.Values{}
	for i := 0; i < len(query); i += 2 {
		q.Set(query[i], query[i+1])
	}
	a := s.Get(t, s.Origin+"/v1/sessions?"+q.Encode(), "Authorization", "Bearer "+key)
	if a.Status != http.StatusOK {
		t.Fatalf("%v: status %d: %s", q, a.Status, a.Body)
	}
	a.Decode(t, &list)
	return list
}

// TestSessionList: "a payer says they paid, order 1001" is one question, by whichever
// number the payer has.
func TestSessionList(t *testing.T) {
	t.Parallel()
	s := start(t)
	paid := s.pays(t)
	key := paid.Key
	var order demotest.Session
	s.Do(t, s.merchantPost(t, key, rand.Text(), "/v1/sessions", s.JSON(t, demotest.Order{}, map[string]any{"merchant_reference": "订单 1001"}))).Decode(t, &order)
	canceled := s.canceled(t)
	foreign := s.Open(t, demotest.Order{Merchant: "demo"})
	all := s.sessions(t, key)
	if got, want := all.ids(), []string{canceled.ID, order.ID, paid.ID}; all.More || all.Next != "" || !sameIDs(got, want) {
		t.Fatalf("all of them are %v, want %v", got, want)
	}
	payment := all.Sessions[slices.Index(all.ids(), paid.ID)].Payment
	since := all.Sessions[0].CreatedAt
	for name, test := range map[string]struct {
		key   string
		query []string
		want  []string
	}{
		"reference":          {key, []string{"merchant_reference", "订单 1001"}, []string{order.ID}},
		"out-trade-no":       {key, []string{"out_trade_no", payment.OutTradeNo}, []string{paid.ID}},
		"provider-reference": {key, []string{"provider_reference", payment.Reference}, []string{paid.ID}},
		"open":               {key, []string{"status", "open"}, []string{order.ID}},
		"canceled":           {key, []string{"status", "canceled"}, []string{canceled.ID}},
		"paid-of-reference":  {key, []string{"status", "paid", "merchant_reference", "订单 1001"}, nil},
		"since":              {key, []string{"created[gte]", since.Add(time.Second).Format(time.RFC3339Nano)}, nil},
		"before":             {key, []string{"created[lt]", since.Add(time.Second).Format(time.RFC3339Nano)}, []string{canceled.ID, order.ID, paid.ID}},
		"of-another":         {foreign.Key, nil, []string{foreign.ID}},
		"number-of-another":  {foreign.Key, []string{"out_trade_no", payment.OutTradeNo}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.sessions(t, test.key, test.query...).ids(); !sameIDs(got, test.want) {
				t.Errorf("found %v, want %v", got, test.want)
			}
		})
	}
	t.Run("pages", func(t *testing.T) {
		var got []string
		for page := s.sessions(t, key, "limit", "1"); ; page = s.sessions(t, key, "limit", "1", "after", page.Next) {
			if got = append(got, page.ids()...); !page.More {
				break
			}
		}
		if !slices.Equal(got, all.ids()) {
			t.Errorf("the pages are %v, want %v", got, all.ids())
		}
	})
}

// sameIDs reports whether two lists hold the same, in any order: those that are made
// within one millisecond are in the order of their ids.
func sameIDs(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestPaymentSummary: a session says what paid it and what of that is back.
func TestPaymentSummary(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	look := func(of demotest.Session) (got summary) {
		s.Get(t, s.Origin+"/v1/sessions/"+of.ID, "Authorization", "Bearer "+of.Key).Decode(t, &got)
		return got
	}
	if now := look(open); now.Payment != nil || now.Surplus != nil {
		t.Errorf("an open session says %+v", now)
	}
	paid := s.pays(t)
	if a := s.Do(t, s.merchantPost(t, paid.Key, "k", "/v1/sessions/"+paid.ID+"/refunds", `{"amount":{"currency":"CNY","value":234}}`)); a.Status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	var now summary
	eventually(t, "given back", func() bool { now = look(paid); return now.Payment.Refunded.Value == 234 })
	p := now.Payment
	if p.Provider != "wechatpay" || p.Method != "wechat_pay" || p.Rail != "qr" || p.Reference == "" || p.PaidAt.IsZero() ||
		p.ID != now.Attempts[0].ID || p.Amount.Value != 1234 || p.Refundable.Value != 1000 || now.Surplus != nil {
		t.Errorf("the payment is %+v, the surplus %+v", p, now.Surplus)
	}
	twice := s.twice(t)
	if now := look(twice); now.Payment == nil || now.Surplus == nil || now.Surplus.Amount.Value != 1234 || now.Surplus.Refunded.Value != 0 {
		t.Errorf("paid twice it is %+v", now)
	}
}

// TestRefundList: a refund is found by its id and by the merchant's own name for it,
// which no other refund of the session has, and tells the whole story by itself.
func TestRefundList(t *testing.T) {
	t.Parallel()
	s := start(t)
	paid := s.pays(t)
	path := "/v1/sessions/" + paid.ID + "/refunds"
	refund := func(fen, reference string) demotest.Answer {
		return s.Do(t, s.merchantPost(t, paid.Key, rand.Text(), path,
			`{"amount":{"currency":"CNY","value":`+fen+`},"reason":"太小","merchant_reference":"`+reference+`"}`))
	}
	type body struct {
		ID, Session, Attempt, Reason, Origin, Status string
		Reference                                    string `json:"merchant_reference"`
		Number                                       string `json:"out_refund_no"`
		Amount                                       pay.Money
	}
	var first, second body
	refund("100", "R-1").Decode(t, &first)
	refund("200", "R-2").Decode(t, &second)
	if code, field := refund("300", "R-1").Problem(t); code != pay.CodeConflict || field != "merchant_reference" {
		t.Errorf("the same name again: %s of %q", code, field)
	}
	if code, field := refund("300", strings.Repeat("a", 65)).Problem(t); code != pay.CodeInvalid || field != "merchant_reference" {
		t.Errorf("a long name: %s of %q", code, field)
	}
	get := func(path, key string, into any) int {
		a := s.Get(t, s.Origin+path, "Authorization", "Bearer "+key)
		a.Decode(t, into)
		return a.Status
	}
	var got body
	get("/v1/refunds/"+first.ID, paid.Key, &got)
	if got.ID != first.ID || got.Session != paid.ID || got.Reference != "R-1" || got.Reason != "太小" || got.Origin != "merchant" || got.Number == "" || got.Amount.Value != 100 {
		t.Errorf("the refund is %+v", got)
	}
	stranger := s.Shop(t, "demo").Key
	if status := get("/v1/refunds/"+first.ID, stranger, &struct{}{}); status != http.StatusNotFound {
		t.Errorf("another merchant's is %d", status)
	}
	for query, want := range map[string][]string{
		"":                       {first.ID, second.ID},
		"session=" + paid.ID:     {first.ID, second.ID},
		"session=cs_none":        nil,
		"merchant_reference=R-2": {second.ID},
		"status=failed":          nil,
	} {
		var list struct {
			Refunds []body
			More    bool `json:"has_more"`
		}
		get("/v1/refunds?"+query, paid.Key, &list)
		var ids []string
		for _, r := range list.Refunds {
			ids = append(ids, r.ID)
		}
		if !sameIDs(ids, want) || list.More {
			t.Errorf("%s: %v, want %v", query, ids, want)
		}
		if get("/v1/refunds?"+query, stranger, &list); len(list.Refunds) != 0 {
			t.Errorf("%s: another merchant sees %+v", query, list)
		}
	}
}
