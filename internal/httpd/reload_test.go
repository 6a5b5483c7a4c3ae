package httpd_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// edit changes the settings of a shop as its merchant.json would be edited. They are
// in force after the next reload.
func (s *harness) edit(t *testing.T, id string, change func(*folder.Settings)) {
	t.Helper()
	i := slices.IndexFunc(s.Shops, func(shop demo.Shop) bool { return shop.ID == id })
	settings := s.Shops[i].Settings
	settings.Accounts = maps.Clone(settings.Accounts)
	settings.APIKeys = slices.Clone(settings.APIKeys)
	change(&settings)
	s.Shops[i].Settings = settings
}

func (s *harness) reload(t *testing.T) demotest.Answer {
	t.Helper()
	return s.Do(t, demotest.Request(t, http.MethodPost, s.Admin+"/v1/admin/reload", "", "Authorization", "Bearer "+adminKey))
}

// opens returns the status of the answer to who wants to open a session with a key.
func (s *harness) opens(t *testing.T, key string) int {
	t.Helper()
	body := s.JSON(t, demotest.Order{}, map[string]any{"return_url": s.BaseURL + "/demo/thanks"})
	return s.Do(t, s.merchantPost(t, key, key+t.Name(), "/v1/sessions", body)).Status
}

// A merchant's settings come into force by a reload, and not before.
func TestReload(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey, behindProxy)
	old := s.Shop(t, "bench").Key
	open := s.Open(t, demotest.Order{})
	s.edit(t, "bench", func(c *folder.Settings) {
		c.APIKeys = []folder.APIKey{{ID: "next", SHA256: folder.HashKey("sk_test_next")}}
		c.Origins = []string{"https://new.example"}
		c.Rate.Writes = 7
	})
	if status := s.opens(t, "sk_test_next"); status != http.StatusUnauthorized {
		t.Errorf("the new key before the reload: status %d", status)
	}
	if a := s.reload(t); a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if status := s.opens(t, "sk_test_next"); status != http.StatusCreated {
		t.Errorf("the new key: status %d", status)
	}
	if status := s.opens(t, old); status != http.StatusUnauthorized {
		t.Errorf("the old key: status %d", status)
	}
	if policy := s.Get(t, open.URL, "Accept", "text/html").Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors https://new.example;") {
		t.Errorf("the policy of the page is %s", policy)
	}
	body := s.JSON(t, demotest.Order{}, nil)
	counted := s.merchantPost(t, "sk_test_next", "rate", "/v1/sessions", body)
	counted.Header.Set(from, "203.0.113.20")
	if a := s.Do(t, counted); !strings.HasPrefix(a.Header.Get("RateLimit-Limit"), "7") {
		t.Errorf("status %d, headers %v", a.Status, a.Header)
	}
	s.edit(t, "bench", func(c *folder.Settings) { c.ReturnURLs = []string{"https://new.example/orders/"} })
	s.reload(t)
	if a := s.Do(t, s.merchantPost(t, "sk_test_next", "elsewhere", "/v1/sessions", body)); a.Status != http.StatusBadRequest {
		t.Errorf("back to where the merchant is no more: status %d", a.Status)
	}
}

// What a start would refuse changes nothing.
func TestReloadIsAllOrNothing(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	key := s.Shop(t, "bench").Key
	good := s.Shop(t, "bench").Settings
	for name, c := range map[string]struct {
		spoil func(*folder.Settings)
		says  string
	}{
		"account-broken":  {func(c *folder.Settings) { c.Accounts["wechatpay"] = json.RawMessage(`{"mchid": "1"}`) }, "accounts.wechatpay"},
		"key-of-another":  {func(c *folder.Settings) { c.APIKeys[0] = s.Shop(t, "demo").Settings.APIKeys[0] }, "api_keys[0]"},
		"rail-left-alone": {func(c *folder.Settings) { c.Accounts["wechatpay"] = without(t, c.Accounts["wechatpay"], "app_secret") }, "can't be paid by jsapi"},
		"unknown-setting": {func(c *folder.Settings) { c.Accounts["alipay"] = json.RawMessage(`{"ap_id": "1"}`) }, "did you mean"},
	} {
		t.Run(name, func(t *testing.T) {
			s.edit(t, "bench", func(c *folder.Settings) { *c = good })
			s.edit(t, "bench", c.spoil)
			s.edit(t, "demo", func(d *folder.Settings) { // in order, and refused with the rest
				d.APIKeys = append(d.APIKeys, folder.APIKey{ID: name, SHA256: folder.HashKey(name)})
			})
			a := s.reload(t)
			if a.Status != http.StatusBadRequest || !strings.Contains(a.Body, c.says) {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
			if s.opens(t, key) == http.StatusUnauthorized || s.opens(t, name) != http.StatusUnauthorized {
				t.Error("keys have changed")
			}
			if s.Accounts.Of("bench", "wechatpay") == nil {
				t.Error("an account is gone")
			}
		})
	}
	if n := strings.Count(s.Log.String(), `level=ERROR msg="nothing was reloaded`); n != 4 {
		t.Errorf("%d errors in the log", n)
	}
}

// without returns settings that leave a field out.
func without(t *testing.T, settings json.RawMessage, field string) json.RawMessage {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(settings, &all); err != nil {
		t.Fatal(err)
	}
	delete(all, field)
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// An account stays while somebody may still pay by it.
func TestReloadKeepsAccountsThatAreNeeded(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	open := s.awaits(t)
	settings := s.Shop(t, "bench").Settings
	s.edit(t, "bench", func(c *folder.Settings) { delete(c.Accounts, "wechatpay") })
	if a := s.reload(t); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "bench needs the account") {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	code := s.Payments(t, "codes")[0].Text
	if _, err := s.Sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", code) })
	if a := s.reload(t); a.Status != http.StatusOK {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	if s.Accounts.Of("bench", "wechatpay") != nil || s.Accounts.Of("bench", "alipay") == nil {
		t.Error("the accounts are not those of the settings")
	}
	next := s.Open(t, demotest.Order{})
	if page := s.Get(t, next.URL, "Accept", "text/html", "User-Agent", demotest.Desktop); page.Status != http.StatusOK {
		t.Errorf("a page without the account: status %d", page.Status)
	}
	s.edit(t, "bench", func(c *folder.Settings) { *c = settings })
	if a := s.reload(t); a.Status != http.StatusOK || s.Accounts.Of("bench", "wechatpay") == nil {
		t.Errorf("the account is not back: status %d: %s", a.Status, a.Body)
	}
	if a := s.Do(t, s.post(t, next, "/attempts", "", s.Form(t, next, "wechat_pay", pay.RailQR))); a.Status != http.StatusSeeOther {
		t.Errorf("paying by it: status %d: %s", a.Status, a.Body)
	}
}

// Nobody who pays or sells notices a reload.
func TestReloadUnderTraffic(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	key := s.Shop(t, "bench").Key
	const rounds = 12
	var traffic sync.WaitGroup
	for _, shopper := range []string{"a", "b", "c"} {
		traffic.Go(func() {
			for i := range rounds {
				open := s.merchantPost(t, key, shopper+string(rune('a'+i)), "/v1/sessions", s.JSON(t, demotest.Order{}, nil))
				a, err := s.Try(open)
				if err != nil || a.Status != http.StatusCreated {
					t.Errorf("a session: %d %s, %v", a.Status, a.Body, err)
					continue
				}
				var of demotest.Session
				a.Decode(t, &of)
				if a, err := s.Try(s.post(t, of, "/attempts", "", s.Form(t, of, "wechat_pay", pay.RailQR))); err != nil || a.Status != http.StatusSeeOther {
					t.Errorf("an attempt: %d %s, %v", a.Status, a.Body, err)
				}
			}
		})
	}
	for i := range rounds {
		s.edit(t, "bench", func(c *folder.Settings) {
			c.APIKeys = append(c.APIKeys[:1], folder.APIKey{ID: "more", SHA256: folder.HashKey(string(rune('a' + i)))})
		})
		if err := s.Reload(t.Context()); err != nil {
			t.Error(err)
		}
	}
	traffic.Wait()
}

// What is counted of calls to providers is counted on: a reload opens accounts anew.
func TestCountsGoOnAfterAReload(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	if err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	open := s.Open(t, demotest.Order{})
	if a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", pay.RailQR))); a.Status != http.StatusSeeOther {
		t.Fatalf("an attempt: %d %s", a.Status, a.Body)
	}
	metrics := s.Get(t, s.Admin+"/metrics").Body
	for _, counted := range []string{`morepay_provider_requests_total{host="api.mch.weixin.qq.com",result="answered"} `, "morepay_clock_skews_total "} {
		if !strings.Contains(metrics, "\n"+counted) {
			t.Errorf("there is no %s", counted)
		}
	}
}

// Who has no key can't have anything reloaded.
func TestReloadWantsTheAdminKey(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	for _, key := range []string{"", "Bearer ", "Bearer " + s.Shop(t, "bench").Key} {
		if a := s.Do(t, demotest.Request(t, http.MethodPost, s.Admin+"/v1/admin/reload", "", "Authorization", key)); a.Status != http.StatusUnauthorized {
			t.Errorf("%q: status %d", key, a.Status)
		}
	}
}
