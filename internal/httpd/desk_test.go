package httpd_test

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// entry is an entry of the desk as operators see it.
type entry struct {
	ID         string
	Reason     string
	Merchant   string
	OutTradeNo string `json:"out_trade_no"`
	Status     string
	Resolution string
	Author     string
	Note       string
	ResolvedAt time.Time `json:"resolved_at"`
}

// admin asks the admin API.
func (s *harness) admin(t *testing.T, method, path string, body any) demotest.Answer {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return s.Do(t, demotest.Request(t, method, s.Admin+"/v1/admin"+path, string(text), "Authorization", "Bearer "+adminKey, "Content-Type", demotest.TypeJSON))
}

func (s *harness) entries(t *testing.T, query string) (list []entry, more bool) {
	t.Helper()
	var got struct {
		Quarantine []entry
		HasMore    bool `json:"has_more"`
	}
	s.admin(t, http.MethodGet, "/quarantine?"+query, nil).Decode(t, &got)
	return got.Quarantine, got.HasMore
}

func (s *harness) resolve(t *testing.T, id, resolution string) demotest.Answer {
	t.Helper()
	return s.admin(t, http.MethodPost, "/quarantine/"+id+"/resolve", map[string]string{"resolution": resolution, "author": "ann", "note": "as the till says"})
}

// cashierSays returns a statement of a merchant's own cashier.
func cashierSays(number string, fen int64) map[string]any {
	return map[string]any{
		"id": number, "status": "paid", "amount": pay.Money{Currency: "CNY", Value: fen}, "reference": rand.Text(), "paid_at": time.Now().UTC().Format(time.RFC3339),
	}
}

// atCashier returns a session of a merchant whose payer is at its own cashier, and its
// number there.
func (s *harness) atCashier(t *testing.T, merchant string) (demotest.Session, string) {
	t.Helper()
	open := s.Open(t, demotest.Order{Merchant: merchant, Fen: 1234})
	if a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "unionpay", pay.RailRedirect))); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	return open, s.Look(t, open).Attempts[0].OutTradeNo
}

func TestDeskLists(t *testing.T) {
	s := start(t, withAdminKey)
	for i := range 5 {
		merchant := []string{"bench", "demo"}[i%2]
		s.Do(t, s.tell(t, merchant, cashierSays("MP000000000"+string(rune('0'+i)), 1234)))
	}
	all, more := s.entries(t, "")
	if len(all) != 5 || more || all[0].Status != "open" || all[0].Reason == "" {
		t.Fatalf("more %t, entries %+v", more, all)
	}
	first := all[slices.IndexFunc(all, func(e entry) bool { return e.Merchant == "demo" })]
	if list, more := s.entries(t, "merchant=demo&limit=1"); len(list) != 1 || !more || list[0].ID != first.ID {
		t.Errorf("demo's first: more %t, %+v", more, list)
	}
	if list, more := s.entries(t, "limit=3&after="+all[1].ID); len(list) != 3 || more || list[0].ID != all[2].ID {
		t.Errorf("the second page: more %t, %+v", more, list)
	}
	if list, _ := s.entries(t, "status=resolved"); len(list) != 0 {
		t.Errorf("resolved are %+v", list)
	}
	for query, field := range map[string]string{"status=new": "status", "limit=0": "limit", "limit=101": "limit"} {
		if code, got := s.admin(t, http.MethodGet, "/quarantine?"+query, nil).Problem(t); code != pay.CodeInvalid || got != field {
			t.Errorf("%s: %s %s", query, code, got)
		}
	}
	for _, path := range []string{"/quarantine?after=qe_none", "/quarantine/qe_none"} {
		if a := s.admin(t, http.MethodGet, path, nil); a.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
}

// An entry is decided about once, by somebody who says who they are and why.
func TestDeskResolves(t *testing.T) {
	s := start(t, withAdminKey)
	s.Do(t, s.tell(t, "bench", cashierSays("MP0000000000", 1234)))
	list, _ := s.entries(t, "")
	path := "/quarantine/" + list[0].ID
	for field, body := range map[string]map[string]string{
		"author":     {"resolution": "ignore", "note": "n"},
		"note":       {"resolution": "ignore", "author": "ann", "note": " "},
		"resolution": {"resolution": "forget", "author": "ann", "note": "n"},
	} {
		if code, got := s.admin(t, http.MethodPost, path+"/resolve", body).Problem(t); code != pay.CodeInvalid || got != field {
			t.Errorf("without %s: %s %s", field, code, got)
		}
	}
	a := s.resolve(t, list[0].ID, "not_ours")
	var got entry
	a.Decode(t, &got)
	if got.Status != "resolved" || got.Resolution != "not_ours" || got.Author != "ann" || got.Note == "" || got.ResolvedAt.IsZero() {
		t.Errorf("resolved: %d %+v", a.Status, got)
	}
	for _, again := range []string{"not_ours", "ignore", "accept"} {
		if code, _ := s.resolve(t, list[0].ID, again).Problem(t); code != pay.CodeConflict {
			t.Errorf("%s, a second time: %s", again, code)
		}
	}
	if a := s.resolve(t, "qe_none", "ignore"); a.Status != http.StatusNotFound {
		t.Errorf("an unknown entry: status %d", a.Status)
	}
	// The same statement once more changes nothing: a person has decided.
	if list, _ := s.entries(t, ""); len(list) != 1 || list[0].Status != "resolved" {
		t.Errorf("on the desk are %+v", list)
	}
}

// What a person accepts is booked as any payment is, once. Money must fit all the
// same: nobody makes another sum the price.
func TestDeskAccepts(t *testing.T) {
	s := start(t, withAdminKey)
	open, number := s.atCashier(t, "bench")
	s.Do(t, s.tell(t, "bench", cashierSays(number, 1)))
	s.Do(t, s.tell(t, "bench", cashierSays("MP0000000000", 1234)))
	s.Do(t, s.tell(t, "demo", cashierSays(number, 1234)))
	list, _ := s.entries(t, "")
	for _, e := range list { // in any order: they came within a millisecond
		field := "out_trade_no"
		if strings.Contains(e.Reason, "amount is") {
			field = "amount"
		}
		if code, got := s.resolve(t, e.ID, "accept").Problem(t); code != pay.CodeConflict || got != field {
			t.Errorf("%s: %s %s", e.Reason, code, got)
		}
	}
	if open, _ := s.entries(t, "status=open"); len(open) != 3 {
		t.Errorf("what was refused stays open: %+v", open)
	}
	if now := s.Look(t, open); now.Status != pay.SessionOpen {
		t.Errorf("the session is %s", now.Status)
	}
}

// stuck is a refund that waits for a person, as operators see it.
type stuck struct {
	Session  string
	Merchant string
	Refund   struct {
		ID, Attempt, Status, Failure, Origin string
		Amount                               pay.Money
	}
}

func (s *harness) stuck(t *testing.T) []stuck {
	t.Helper()
	var got struct{ Refunds []stuck }
	s.admin(t, http.MethodGet, "/refunds", nil).Decode(t, &got)
	return got.Refunds
}

// eventually waits until what is looked at is as wanted.
func eventually(t *testing.T, what string, wanted func() bool) {
	t.Helper()
	for giveUp := time.Now().Add(20 * time.Second); !wanted(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatalf("not %s", what)
		}
	}
}

// oldCashier is the sample merchant whose cashier speaks version 1 of merchantlink, which
// can't give back.
const oldCashier = "icons"

// twice returns a session that was paid at WeChat Pay and then at such a cashier.
func (s *harness) twice(t *testing.T) demotest.Session {
	t.Helper()
	open, number := s.atCashier(t, oldCashier)
	if a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", pay.RailQR))); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	s.Phone(t, "approve", s.Look(t, open).Attempts[1].OutTradeNo)
	eventually(t, "paid", func() bool { return s.Look(t, open).Status == pay.SessionPaid })
	if a := s.Do(t, s.tell(t, oldCashier, cashierSays(number, 1234))); a.Status != http.StatusNoContent {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	return open
}

// A second payment at the merchant's own cashier goes back by itself, if that speaks
// version 2.
func TestSurplusAtTheCashier(t *testing.T) {
	s := start(t, withAdminKey)
	open, number := s.atCashier(t, "bench")
	if a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", pay.RailQR))); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	s.Phone(t, "approve", s.Look(t, open).Attempts[1].OutTradeNo)
	eventually(t, "paid", func() bool { return s.Look(t, open).Status == pay.SessionPaid })
	s.Phone(t, "approve", number)
	var now struct {
		Refunds []struct {
			Origin, Status string
			Amount         pay.Money
		}
	}
	eventually(t, "given back", func() bool {
		s.Get(t, s.Origin+"/v1/sessions/"+open.ID, "Authorization", "Bearer "+open.Key).Decode(t, &now)
		return len(now.Refunds) == 1 && now.Refunds[0].Status == "succeeded"
	})
	if r := now.Refunds[0]; r.Origin != "surplus" || r.Amount.Value != 1234 || len(s.stuck(t)) != 0 {
		t.Errorf("given back is %+v", r)
	}
}

// A surplus at a provider that can't give back waits for a person, and is over
// once somebody has written down how it was given back.
func TestSurplusByHand(t *testing.T) {
	s := start(t, withAdminKey)
	open := s.twice(t)
	eventually(t, "waiting", func() bool { return len(s.stuck(t)) == 1 })
	waits := s.stuck(t)[0]
	if waits.Session != open.ID || waits.Merchant != oldCashier || waits.Refund.Failure != "unsupported" || waits.Refund.Origin != "surplus" {
		t.Errorf("waiting is %+v", waits)
	}
	if got := s.Metric(t, "morepay_refunds_waiting"); got != "1" {
		t.Errorf("morepay_refunds_waiting is %s", got)
	}
	if n := strings.Count(s.Log.String(), "a refund waits for a person"); n != 1 {
		t.Errorf("the log says so %d times", n)
	}
	record := map[string]any{
		"attempt": waits.Refund.Attempt, "amount": waits.Refund.Amount, "instead_of": waits.Refund.ID, "author": "ann", "note": "by bank, receipt 4711",
	}
	for field, wrong := range map[string]any{"author": "", "note": "", "attempt": "at_none", "amount.value": pay.Money{Currency: "CNY", Value: 1235}} {
		body := map[string]any{}
		for k, v := range record {
			body[k] = v
		}
		if field == "amount.value" {
			body["amount"] = wrong
		} else {
			body[field] = wrong
		}
		if _, got := s.admin(t, http.MethodPost, "/sessions/"+open.ID+"/refunds", body).Problem(t); got != field {
			t.Errorf("a wrong %s: %s", field, got)
		}
	}
	if a := s.admin(t, http.MethodPost, "/sessions/"+open.ID+"/refunds", record); a.Status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if code, _ := s.admin(t, http.MethodPost, "/sessions/"+open.ID+"/refunds", record).Problem(t); code != pay.CodeConflict {
		t.Errorf("the same record twice: %s", code)
	}
	if list := s.stuck(t); len(list) != 0 || s.Metric(t, "morepay_refunds_waiting") != "0" {
		t.Errorf("still waiting: %+v", list)
	}
}

// A failed refund is made anew, once.
func TestRetryRefund(t *testing.T) {
	s := start(t, withAdminKey)
	open := s.twice(t)
	eventually(t, "waiting", func() bool { return len(s.stuck(t)) == 1 })
	path := "/sessions/" + open.ID + "/refunds/" + s.stuck(t)[0].Refund.ID + "/retry"
	who := map[string]string{"author": "ann", "note": "the cashier says that it can by now"}
	if code, field := s.admin(t, http.MethodPost, path, map[string]string{"author": "ann"}).Problem(t); code != pay.CodeInvalid || field != "note" {
		t.Errorf("without a note: %s %s", code, field)
	}
	if a := s.admin(t, http.MethodPost, path, who); a.Status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if a := s.admin(t, http.MethodPost, "/sessions/"+open.ID+"/refunds/rf_none/retry", who); a.Status != http.StatusNotFound {
		t.Errorf("an unknown refund: status %d", a.Status)
	}
	var now struct {
		Refunds []struct{ Origin, Status, Failure string }
	}
	eventually(t, "failed again", func() bool {
		s.Get(t, s.Origin+"/v1/sessions/"+open.ID, "Authorization", "Bearer "+open.Key).Decode(t, &now)
		return len(now.Refunds) == 2 && now.Refunds[1].Status == "failed"
	})
	if r := now.Refunds[1]; r.Origin != "surplus" || r.Failure != "unsupported" {
		t.Errorf("the second is %+v", r)
	}
}

// A refund that the payer's account can't take is sent to a card that the payer
// names, and arrives. The card is in no answer.
func TestRedirectRefund(t *testing.T) {
	s := start(t, withAdminKey)
	open := s.Open(t, demotest.Order{})
	if a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", pay.RailQR))); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	s.Phone(t, "approve", s.Look(t, open).Attempts[0].OutTradeNo)
	eventually(t, "paid", func() bool { return s.Look(t, open).Status == pay.SessionPaid })
	if err := s.Sim.Inject(providersim.Rule{Fault: "refund-abnormal", Next: 1}); err != nil {
		t.Fatal(err)
	}
	if a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions/"+open.ID+"/refunds", `{}`,
		"Authorization", "Bearer "+open.Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", rand.Text())); a.Status != http.StatusCreated {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	eventually(t, "waiting", func() bool { return len(s.stuck(t)) == 1 })
	waits := s.stuck(t)[0].Refund
	if waits.Status != "pending" || waits.Failure != "payer_account" {
		t.Errorf("waiting is %+v", waits)
	}
	path := "/sessions/" + open.ID + "/refunds/" + waits.ID + "/redirect"
	card := map[string]string{"bank": "ICBC_DEBIT", "number": "6222000000000001234", "holder": "小明"}
	body := func(change map[string]any) map[string]any {
		to := map[string]any{"to": "card", "card": card, "author": "ann", "note": "named on the phone"}
		maps.Copy(to, change)
		return to
	}
	for field, change := range map[string]map[string]any{
		"author":      {"author": ""},
		"note":        {"note": ""},
		"to":          {"to": "charity"},
		"card":        {"card": nil},
		"card.number": {"card": map[string]string{"bank": "ICBC_DEBIT", "number": "1", "holder": "小明"}},
	} {
		if code, got := s.admin(t, http.MethodPost, path, body(change)).Problem(t); code != pay.CodeInvalid || got != field {
			t.Errorf("a wrong %s: %s %s", field, code, got)
		}
	}
	if _, field := s.admin(t, http.MethodPost, path, body(map[string]any{"to": "merchant"})).Problem(t); field != "card" {
		t.Errorf("a card for the merchant: %s", field)
	}
	a := s.admin(t, http.MethodPost, path, body(nil))
	if a.Status != http.StatusOK || strings.Contains(a.Body, card["number"]) {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	eventually(t, "arrived", func() bool { return len(s.stuck(t)) == 0 })
	if code, _ := s.admin(t, http.MethodPost, path, body(nil)).Problem(t); code != pay.CodeConflict {
		t.Errorf("one that is not stuck: %s", code)
	}
	if a := s.admin(t, http.MethodPost, "/sessions/"+open.ID+"/refunds/rf_none/redirect", body(nil)); a.Status != http.StatusNotFound {
		t.Errorf("an unknown refund: status %d", a.Status)
	}
}

// A provider that can't give back is named, and nothing is decided.
func TestDeskRefundUnsupported(t *testing.T) {
	s := start(t, withAdminKey)
	s.Do(t, s.tell(t, oldCashier, cashierSays("MP0000000000", 1234)))
	list, _ := s.entries(t, "")
	if code, field := s.resolve(t, list[0].ID, "refund").Problem(t); code != pay.CodeConflict || field != "provider" {
		t.Errorf("refund: %s %s", code, field)
	}
	if list, _ := s.entries(t, "status=open"); len(list) != 1 || s.Metric(t, "morepay_quarantine_open") != "1" {
		t.Errorf("open are %+v", list)
	}
}

// A surplus that was not given back goes first when the merchant names no payment,
// and can be named.
func TestRefundTakesTheSurplusFirst(t *testing.T) {
	s := start(t, withAdminKey)
	open := s.twice(t)
	eventually(t, "waiting", func() bool { return len(s.stuck(t)) == 1 })
	surplus := s.stuck(t)[0].Refund.Attempt
	refund := func(body string) (got struct{ Attempt, Status string }) {
		t.Helper()
		s.Do(t, s.merchantPost(t, open.Key, rand.Text(), "/v1/sessions/"+open.ID+"/refunds", body)).Decode(t, &got)
		return got
	}
	if got := refund(`{}`); got.Attempt != surplus {
		t.Errorf("without a payment named it takes %+v, the surplus is %s", got, surplus)
	}
	if got := refund(`{"attempt":"` + surplus + `","amount":{"currency":"CNY","value":34}}`); got.Attempt != surplus {
		t.Errorf("with the surplus named it takes %+v", got)
	}
	if _, field := s.Do(t, s.merchantPost(t, open.Key, rand.Text(), "/v1/sessions/"+open.ID+"/refunds", `{"attempt":"at_none"}`)).Problem(t); field != "attempt" {
		t.Errorf("a payment that there is not: %s", field)
	}
}

// A key with another amount is a mistake for as long as its refund is known, not
// only while its reply is kept.
func TestOldKeyWithAnotherAmount(t *testing.T) {
	var offset atomic.Int64
	s := start(t, func(c *demo.Config) { c.Now = func() time.Time { return time.Now().Add(time.Duration(offset.Load())) } })
	open := s.awaits(t)
	s.Phone(t, "approve", open.Attempts[0].OutTradeNo)
	eventually(t, "paid", func() bool { return s.Look(t, open).Status == pay.SessionPaid })
	refund := func(fen string) demotest.Answer {
		return s.Do(t, s.merchantPost(t, open.Key, "OLD", "/v1/sessions/"+open.ID+"/refunds", `{"amount":{"currency":"CNY","value":`+fen+`}}`))
	}
	first := refund("300")
	offset.Store(int64(25 * time.Hour)) // its reply is not kept any more
	if code, field := refund("500").Problem(t); code != pay.CodeIdempotency || field != "Idempotency-Key" {
		t.Errorf("another amount: %s %s", code, field)
	}
	var was, again struct{ ID string }
	first.Decode(t, &was)
	if repeat := refund("300"); repeat.Status != http.StatusCreated {
		t.Errorf("the same again: status %d: %s", repeat.Status, repeat.Body)
	} else if repeat.Decode(t, &again); again.ID != was.ID {
		t.Errorf("the same again made %s beside %s", again.ID, was.ID)
	}
}
