package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// paid opens a session and pays it.
func (d *desk) paid() *pay.Ledger {
	d.t.Helper()
	l, _, err := d.Open(d.t.Context(), 5980)
	if err != nil {
		d.t.Fatal(err)
	}
	if l, err = d.Choose(d.t.Context(), l.Session.ID, "alipay", pay.RailQR); err != nil {
		d.t.Fatal(err)
	}
	if err := d.Approve(&l.Attempts[0]); err != nil {
		d.t.Fatal(err)
	}
	ev, err := d.Accounts().Of(harness.Merchant, "alipay").Provider.Query(d.t.Context(), provider.QueryOrder{OutTradeNo: l.Attempts[0].OutTradeNo})
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.Service().Recorder().Apply(d.t.Context(), d.Accounts().Of(harness.Merchant, "alipay"), ev); err != nil {
		d.t.Fatal(err)
	}
	if l, err = d.Stores().Ledgers.Ledger(d.t.Context(), l.Session.ID); err != nil {
		d.t.Fatal(err)
	}
	return l
}

// A session is found by whatever people know of it.
func TestSessionsAreFound(t *testing.T) {
	t.Parallel()
	d := open(t)
	l := d.paid()
	d.signIn("/admin/", "Ann")
	a := l.Attempts[0]
	for name, q := range map[string]url.Values{
		"all":       {},
		"order":     {"q": {l.Session.Reference}},
		"number":    {"q": {a.OutTradeNo}},
		"provider":  {"q": {" " + a.Reference + " "}},
		"by-status": {"status": {string(l.Session.Status)}},
	} {
		for _, merchant := range []string{harness.Merchant, ""} {
			q.Set("merchant", merchant)
			if merchant == "" && q.Get("q") == "" {
				continue
			}
			if page := d.get("/admin/sessions?" + q.Encode()); page.status != http.StatusOK || strings.Count(page.body, "/admin/sessions/"+l.Session.ID) != 1 {
				t.Errorf("%s: %d\n%s", name, page.status, page.body)
			}
		}
	}
	for name, q := range map[string]string{"other-merchants": "merchant=host1040&q=" + a.OutTradeNo, "by-status-too": "status=canceled&q=" + a.OutTradeNo, "other-merchant": "merchant=host1040", "other-status": "merchant=" + harness.Merchant + "&status=canceled", "nothing": "merchant=" + harness.Merchant + "&q=nothing"} {
		if page := d.get("/admin/sessions?" + q); page.status != http.StatusOK || strings.Contains(page.body, l.Session.ID) {
			t.Errorf("%s: %d\n%s", name, page.status, page.body)
		}
	}
	if page := d.get("/admin/sessions?q=" + l.Session.ID); page.header.Get("Location") != "/admin/sessions/"+l.Session.ID {
		t.Errorf("an id leads to %d %q", page.status, page.header.Get("Location"))
	}
	entry := d.quarantined("MP9")
	if page := d.get("/admin/sessions?q=MP9"); page.status != http.StatusOK || !strings.Contains(page.body, "/admin/quarantine/"+entry) {
		t.Errorf("a number in quarantine: %d\n%s", page.status, page.body)
	}
	d.tour("/admin/sessions", "/admin/sessions?q=MP9", "/admin/sessions?q="+a.OutTradeNo)
	if page := d.get("/admin/sessions?merchant=demo&status=odd"); page.status != http.StatusBadRequest {
		t.Errorf("an unknown status: %d", page.status)
	}
}

func TestSession(t *testing.T) {
	t.Parallel()
	d := open(t)
	l := d.paid()
	d.signIn("/admin/", "Ann")
	page := "/admin/sessions/" + l.Session.ID
	d.tour("/admin/", "/admin/sessions", "/admin/sessions?merchant="+harness.Merchant, page)
	for lang, want := range map[string][]string{
		"en":    {"59.80 CNY", l.Attempts[0].OutTradeNo, "morepay trace " + l.Session.ID, "succeeded", "session.paid"},
		"zh-CN": {"59.80 CNY", "支付成功", "对应的命令行"},
	} {
		d.submit("/admin/", "/admin/language", url.Values{"lang": {lang}})
		got := d.get(page)
		for _, text := range want {
			if !strings.Contains(got.body, text) {
				t.Errorf("in %s there is no %q:\n%s", lang, text, got.body)
			}
		}
	}
	for format, media := range map[string]string{"json": "application/json", "text": "text/plain; charset=utf-8", "html": "text/html; charset=utf-8"} {
		got := d.get(page + "/trace." + format)
		if got.status != http.StatusOK || got.header.Get("Content-Type") != media || !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") || !strings.Contains(got.body, l.Session.ID) {
			t.Errorf("%s: %d %v", format, got.status, got.header)
		}
	}
	for _, address := range []string{"/admin/sessions/cs_none", page + "/trace.exe", page + "/story", "/admin/nothing"} {
		if got := d.get(address); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", address, got.status)
		}
	}
}
