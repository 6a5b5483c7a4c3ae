package demo_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// What a wallet does for one session it does for no other: two testers share a phone.
func TestPhoneOfOneSession(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	for _, way := range []struct {
		wallet, merchant string
		method           pay.Method
		absent           int // status of a link that opens nothing
	}{
		{"wechat", "bench", "wechat_pay", http.StatusSeeOther},
		{"alipay", "bench", "alipay", http.StatusSeeOther},
		{"merchantlink", "everything", "jd_pay", http.StatusNoContent},
	} {
		t.Run(way.wallet, func(t *testing.T) {
			struck, other := s.Open(t, demotest.Order{Merchant: way.merchant}), s.Open(t, demotest.Order{Merchant: way.merchant})
			set := install(t, s, map[string]any{"wallet": way.wallet, "opens": "absent", "session": struck.ID})
			if set.Status != http.StatusOK || !strings.Contains(set.Body, struck.ID) {
				t.Fatalf("status %d: %s", set.Status, set.Body)
			}
			if got := opens(t, s, struck, way.method); got.Status != way.absent {
				t.Errorf("its own link: status %d to %s", got.Status, got.Header.Get("Location"))
			}
			if got := opens(t, s, other, way.method); got.Status == way.absent || got.Status >= http.StatusBadRequest {
				t.Errorf("the other's link: status %d to %s", got.Status, got.Header.Get("Location"))
			}
			install(t, s, map[string]any{"wallet": way.wallet, "opens": "swallowed"})
			install(t, s, map[string]any{"wallet": way.wallet, "opens": "installed", "session": struck.ID})
			if got := opens(t, s, struck, way.method); got.Status == http.StatusNoContent {
				t.Error("what is so for everybody counts more than what is so for the session")
			}
			if got := opens(t, s, other, way.method); got.Status != http.StatusNoContent {
				t.Errorf("for everybody: status %d", got.Status)
			}
		})
	}
	if err := s.Sim.Reset(); err != nil {
		t.Fatal(err)
	}
	if own := s.Sim.InstalledFor(); len(own) > 0 {
		t.Errorf("a reset leaves %v", own)
	}
}

// install says by the control API how a wallet is there.
func install(t *testing.T, s *demotest.Demo, body map[string]any) demotest.Answer {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+"/control/phone", string(b), "Content-Type", demotest.TypeJSON))
}

// opens taps a method on a phone, and opens the link that it leads to.
func opens(t *testing.T, s *demotest.Demo, of demotest.Session, m pay.Method) demotest.Answer {
	t.Helper()
	tapped := s.Do(t, demotest.Request(t, http.MethodPost, of.URL+"/attempts", s.Form(t, of, m, pay.RailDeepLink).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Android))
	link := tapped.Header.Get("Location")
	if tapped.Status != http.StatusSeeOther || strings.HasPrefix(link, "/pay/") {
		t.Fatalf("status %d to %s: %s", tapped.Status, link, tapped.Body)
	}
	return s.Get(t, link, "Referer", s.Origin+"/", "User-Agent", demotest.Android)
}
