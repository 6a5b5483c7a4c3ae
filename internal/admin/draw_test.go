package admin

import (
	"strings"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// What rarely happens can be drawn too.
func TestRareParts(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 9, 30, 0, 0, time.UTC)
	failed := webhook.Undelivered{ID: "evt_1", Type: pay.EventSessionPaid, SessionID: "cs_1", At: now, DeliveryState: webhook.DeliveryState{Endpoint: "shop", Status: 500, Error: "<b>no</b>", Tries: 9, TriedAt: now}}
	backlog := webhook.Backlog{Pending: 1, Oldest: now, Failed: 2, Skipped: 3}
	for name, c := range map[string]struct {
		body any
		want []string
	}{
		"health.html": {
			healthBody{Now: now, Open: 1, Waiting: 2, Oldest: now, Due: 3, DueSince: now, Backlog: backlog, Marks: []checkout.Mark{{Merchant: "shop", Method: "wechat_pay", Rail: pay.RailQR, Code: "NO_AUTH", At: now, Until: now}}},
			[]string{"NO_AUTH", "2026-11-28 09:30:00", "morepay rails list"},
		},
		"webhooks.html": {
			webhooksBody{Backlog: backlog, Merchants: []merchantEndpoints{{"shop", []webhook.EndpointState{{ID: "a", Failing: webhook.DownAfter, Pending: 4}, {ID: "b", RemovedAt: now}, {ID: "c", DisabledAt: now, Reason: "410"}}}, {Merchant: "none"}}, Next: "/admin/webhooks?after=none"},
			[]string{"/admin/webhooks?after=none", "410"},
		},
		"telling.html": {
			tellingBody{merchantEndpoints: merchantEndpoints{Merchant: "shop"}, Failed: []webhook.Undelivered{failed}, History: []webhook.Version{{Number: 1, Change: "added shop", Author: "file"}}},
			[]string{`action="/admin/webhooks/shop/endpoints/shop/evt_1/redeliver"`, "&lt;b&gt;no", "added shop"},
		},
		"problem.html": {problemOf(errNotFound), []string{"not found"}},
	} {
		for tag, l := range languages {
			var b strings.Builder
			if err := l.templates.ExecuteTemplate(&b, name, frame{Lang: tag, Author: "Ann", Token: "t", Body: c.body}); err != nil {
				t.Errorf("%s in %s: %v", name, tag, err)
			}
			for _, text := range c.want {
				if !strings.Contains(b.String(), text) && tag == "en" {
					t.Errorf("%s has no %q:\n%s", name, text, &b)
				}
			}
		}
	}
}
