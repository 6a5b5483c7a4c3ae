package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"morepay/internal/harness"
	"morepay/internal/webhook"
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.signIn("/admin/", "Ann")
	page := "/admin/webhooks/" + harness.Merchant
	endpoint := page + "/endpoints/shop"
	if a := d.submit(page, endpoint+"/test", nil); a.status != http.StatusSeeOther || a.header.Get("Location") != page {
		t.Fatalf("testing: %d\n%s", a.status, a.body)
	}
	if a := d.get(page); !strings.Contains(a.body, "answered 204") {
		t.Errorf("after the test:\n%s", a.body)
	}
	if a := d.submit(page, endpoint+"/disable", nil); a.status != http.StatusSeeOther {
		t.Fatalf("disabling: %d\n%s", a.status, a.body)
	}
	l := d.paid()
	if _, err := d.Stores().Outbox.Events(t.Context(), harness.Merchant, webhook.Filter{Limit: 1}); err != nil { // numbers what is new
		t.Fatal(err)
	}
	waiting, err := d.Stores().Outbox.Undelivered(t.Context(), harness.Merchant, webhook.Pending, 9)
	if err != nil || len(waiting) == 0 {
		t.Fatalf("waiting are %+v, %v", waiting, err)
	}
	d.tour("/admin/", "/admin/webhooks", page, "/admin/merchants/"+harness.Merchant)
	a := d.get(page)
	if !strings.Contains(a.body, waiting[0].ID) || !strings.Contains(a.body, "/admin/sessions/"+l.Session.ID) || !strings.Contains(a.body, "Ann") || strings.Contains(a.body, "/demo/hook") {
		t.Errorf("the page says\n%s", a.body)
	}
	if a := d.submit(page, endpoint+"/"+waiting[0].ID+"/skip", nil); a.status != http.StatusSeeOther {
		t.Errorf("giving up: %d\n%s", a.status, a.body)
	}
	states, err := d.Stores().Outbox.Deliveries(t.Context(), harness.Merchant, waiting[0].ID)
	if err != nil || len(states) != 1 || states[0].State != webhook.Skipped || !strings.Contains(states[0].Error, "Ann") {
		t.Errorf("given up: %+v, %v", states, err)
	}
	if a := d.submit(page, endpoint+"/redeliver", url.Values{"since": {"yesterday"}}); a.status != http.StatusBadRequest {
		t.Errorf("since no time: %d", a.status)
	}
	if a := d.submit(page, endpoint+"/redeliver", url.Values{"since": {"2020-01-01T00:00"}}); a.status != http.StatusSeeOther {
		t.Errorf("sending again: %d\n%s", a.status, a.body)
	}
	states, err = d.Stores().Outbox.Deliveries(t.Context(), harness.Merchant, waiting[0].ID)
	if err != nil || len(states) != 1 || states[0].State != webhook.Pending {
		t.Errorf("sent again: %+v, %v", states, err)
	}
	token := url.Values{"csrf": d.get(page).form(t, endpoint+"/enable")["csrf"]}
	for path, want := range map[string]int{
		endpoint + "/" + waiting[0].ID + "/redeliver":     http.StatusSeeOther,
		page + "/endpoints/nobody/test":                   http.StatusNotFound,
		page + "/endpoints/nobody/disable":                http.StatusNotFound,
		endpoint + "/evt_none/redeliver":                  http.StatusNotFound,
		endpoint + "/evt_none/skip":                       http.StatusNotFound,
		endpoint + "/destroy":                             http.StatusMethodNotAllowed,
		"/admin/webhooks/nobody/endpoints/shop/redeliver": http.StatusBadRequest, // it has no time either
	} {
		if a := d.send(http.MethodPost, path, token); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	if a := d.submit(page, endpoint+"/enable", nil); a.status != http.StatusSeeOther {
		t.Errorf("enabling: %d\n%s", a.status, a.body)
	}
	if a := d.get("/admin/webhooks/nobody"); a.status != http.StatusNotFound {
		t.Errorf("an unknown merchant: %d", a.status)
	}
	if a := d.send(http.MethodPost, endpoint+"/disable", nil); a.status != http.StatusForbidden {
		t.Errorf("a forged form: %d", a.status)
	}
}
