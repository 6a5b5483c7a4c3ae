package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
)

const openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"

// quarantined puts a statement on the desk and returns the entry's id.
func (d *desk) quarantined(number string) string {
	d.t.Helper()
	_, err := d.Stores().Ledgers.Quarantine(d.t.Context(), checkout.Quarantined{
		Merchant: harness.Merchant, Reason: "another amount", At: d.Now(), Status: checkout.QuarantineOpen,
		Evidence: pay.Evidence{
			ID: "ev_" + number, Source: pay.SourceNotification, Provider: "wechatpay", Account: "1600000000", OutTradeNo: number, Outcome: pay.OutcomePaid,
			Amount: pay.Money{Currency: "CNY", Value: 1}, Reference: "42000", ReceivedAt: d.Now(), Raw: []byte(`{"payer":{"openid":"` + openid + `"},"amount":{"total":1}}`),
		},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	list, err := d.Stores().Ledgers.Quarantined(d.t.Context(), checkout.QuarantineFilter{OutTradeNo: number, Limit: 1})
	if err != nil || len(list) != 1 {
		d.t.Fatalf("entries %v, %v", list, err)
	}
	return list[0].ID
}

func TestQuarantine(t *testing.T) {
	t.Parallel()
	d := open(t)
	id := d.quarantined("MP1")
	page := "/admin/quarantine/" + id
	d.signIn("/admin/", "Ann")
	d.tour("/admin/", "/admin/quarantine", "/admin/quarantine?status=&merchant="+harness.Merchant, page)
	if a := d.get(page); strings.Contains(a.body, openid) || !strings.Contains(a.body, "amount.total") {
		t.Errorf("the entry says\n%s", a.body)
	}
	for name, form := range map[string]url.Values{"no-note": {"resolution": {"ignore"}}, "no-resolution": {"note": {"n"}}, "unknown": {"resolution": {"forget"}, "note": {"n"}}} {
		if a := d.submit(page, page, form); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := d.send(http.MethodPost, page, url.Values{"resolution": {"ignore"}, "note": {"n"}}); a.status != http.StatusForbidden {
		t.Errorf("a forged decision: %d", a.status)
	}
	late := d.get(page).form(t, page)
	if a := d.submit(page, page, url.Values{"resolution": {"not_ours"}, "note": {"the till says so"}}); a.status != http.StatusSeeOther || a.header.Get("Location") != page {
		t.Fatalf("deciding: %d %s\n%s", a.status, a.header.Get("Location"), a.body)
	}
	if q, err := d.Stores().Ledgers.Entry(t.Context(), id); err != nil || q.Resolution != checkout.ResolveNotOurs || q.Author != "Ann" || q.Note != "the till says so" {
		t.Errorf("the entry is %+v, %v", q, err)
	}
	for _, want := range []int{1, 0} { // it is told once
		a := d.get(page)
		if strings.Count(a.body, `role="status"`) != want || !strings.Contains(a.body, "the till says so") || strings.Contains(a.body, `name="resolution"`) {
			t.Errorf("decided, it says\n%s", a.body)
		}
	}
	late.Set("resolution", "ignore")
	late.Set("note", "n")
	if a := d.send(http.MethodPost, page, late); a.status != http.StatusConflict {
		t.Errorf("deciding twice: %d", a.status)
	}
	if log := d.said(); !strings.Contains(log, `msg="an admin acted" route="POST /admin/quarantine/{id}" about=`+id+" author=Ann") || !strings.Contains(log, `msg="an admin's action was refused"`) {
		t.Errorf("the log says\n%s", log)
	}
}

// A list goes on where its page ends.
func TestQuarantineGoesOn(t *testing.T) {
	t.Parallel()
	d := open(t)
	for i := range 51 {
		d.quarantined("MP" + string(rune('A'+i/26)) + string(rune('A'+i%26)))
	}
	d.signIn("/admin/", "Ann")
	first := d.get("/admin/quarantine")
	if n := strings.Count(first.body, "/admin/quarantine/qe_"); n != 50 {
		t.Errorf("the first page has %d", n)
	}
	_, rest, _ := strings.Cut(first.body, `<p><a href="`)
	next, _, _ := strings.Cut(rest, `"`)
	if n := strings.Count(d.get(strings.ReplaceAll(next, "&amp;", "&")).body, "/admin/quarantine/qe_"); n != 1 {
		t.Errorf("the second page, %s, has %d", next, n)
	}
}

// stuck gives a paid session a refund that waits for a person.
func (d *desk) stuck(id string, origin pay.RefundOrigin, status pay.RefundStatus, failure pay.RefundFailure) *pay.Ledger {
	d.t.Helper()
	l := d.paid()
	l, err := d.Stores().Ledgers.Update(d.t.Context(), l.Session.ID, func(l *pay.Ledger) error {
		l.Refunds = append(l.Refunds, pay.Refund{
			ID: id, AttemptID: l.Attempts[0].ID, Number: "N" + id, Amount: pay.Money{Currency: "CNY", Value: 1000},
			Origin: origin, Status: status, Failure: failure, CreatedAt: d.Now(),
		})
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return l
}

func TestRefunds(t *testing.T) {
	t.Parallel()
	d := open(t)
	failed := d.stuck("rf_failed", pay.RefundOfSurplus, pay.RefundFailed, pay.FailureRefused)
	lying := d.stuck("rf_lying", pay.RefundByMerchant, pay.RefundPending, pay.FailurePayerAccount)
	d.signIn("/admin/", "Ann")
	d.tour("/admin/", "/admin/refunds")
	of := func(l *pay.Ledger, refund, do string) string {
		return "/admin/sessions/" + l.Session.ID + "/refunds/" + refund + "/" + do
	}
	note := url.Values{"note": {"by bank"}}
	if a := d.submit("/admin/refunds", of(failed, "rf_failed", "retry"), nil); a.status != http.StatusBadRequest {
		t.Errorf("without a note: %d", a.status)
	}
	if a := d.submit("/admin/refunds", of(failed, "rf_failed", "retry"), note); a.status != http.StatusSeeOther {
		t.Errorf("making it anew: %d\n%s", a.status, a.body)
	}
	if a := d.submit("/admin/refunds", of(lying, "rf_lying", "redirect"), note); a.status != http.StatusConflict { // Alipay has no such call
		t.Errorf("sending it on: %d\n%s", a.status, a.body)
	}
	for amount, want := range map[string]int{"": 400, "ten": 400, "60": 422} {
		if a := d.submit("/admin/refunds", of(lying, "rf_lying", "record"), url.Values{"note": {"by bank"}, "amount": {amount}}); a.status != want {
			t.Errorf("recording %q: %d, want %d\n%s", amount, a.status, want, a.body)
		}
	}
	if a := d.submit("/admin/refunds", of(lying, "rf_lying", "record"), note); a.status != http.StatusSeeOther {
		t.Errorf("recording: %d\n%s", a.status, a.body)
	}
	if l, err := d.Stores().Ledgers.Ledger(t.Context(), lying.Session.ID); err != nil || l.Returned(l.Attempts[0].ID) != 1000 || l.Refunds[1].Author != "Ann" {
		t.Errorf("the books have %+v, %v", l.Refunds, err)
	}
	if l, err := d.Stores().Ledgers.Ledger(t.Context(), failed.Session.ID); err != nil || len(l.Refunds) != 2 || l.Refunds[1].Author != "Ann" {
		t.Errorf("made anew: %+v, %v", l.Refunds, err)
	}
	if a := d.get("/admin/refunds"); strings.Contains(a.body, "rf_lying") {
		t.Errorf("it waits on:\n%s", a.body)
	}
}
