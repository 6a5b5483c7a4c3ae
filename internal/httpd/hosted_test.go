package httpd_test

import (
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// agentOf returns the user agent of a profile's sample.
func agentOf(t *testing.T, p device.Profile) string {
	t.Helper()
	sample, ok := device.SampleOf(p)
	if !ok {
		t.Fatalf("there is no sample of %s", p)
	}
	return sample.UserAgent
}

// tap posts the form of a method's rail on a page whose address has a query.
func (s *harness) tap(t *testing.T, open demotest.Session, query string, rail pay.Rail, agent string) demotest.Answer {
	t.Helper()
	form := s.Form(t, open, "wechat_pay", rail)
	form.Set("words", query)
	form.Set("parent", "https://shop.example")
	return s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
		"Accept", "text/html", "User-Agent", agent, "Content-Type", "application/x-www-form-urlencoded"))
}

var viewElement = regexp.MustCompile(`(?s)id="view">(.*?)</script>`)

// handed returns what a page hands the host around it.
func (s *harness) handed(t *testing.T, page demotest.Answer) (attempt, bridge string, params map[string]string) {
	t.Helper()
	found := viewElement.FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("status %d, without a view: %s", page.Status, page.Body)
	}
	var v struct {
		Live struct {
			State   string
			Payment *struct {
				Attempt string
				Rail    pay.Rail
				Bridge  *struct {
					Name   string
					Params map[string]string
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(html.UnescapeString(found[1])), &v); err != nil {
		t.Fatal(err)
	}
	p := v.Live.Payment
	if p == nil || p.Bridge == nil {
		return "", "", nil
	}
	return p.Attempt, p.Bridge.Name, p.Bridge.Params
}

// phone asks the simulator what an app or a mini program asks of WeChat.
func (s *harness) phone(t *testing.T, path string, body map[string]string) string {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+path, string(b), "Content-Type", "application/json")).Body
}

// The shop's own app is handed what its SDK pays with, once it has said that it has one.
func TestAppIsHandedThePayment(t *testing.T) {
	t.Parallel()
	s := start(t)
	agent := agentOf(t, "webview-android")
	const says = "host=forwards.wechat_pay.8.0.63"

	t.Run("paid", func(t *testing.T) {
		open := s.Open(t, demotest.Order{Merchant: "demo"})
		if list := s.Get(t, open.URL+"?"+says, "Accept", "text/html", "User-Agent", agent); !strings.Contains(list.Body, `data-rail="app"`) {
			t.Fatalf("the rail is not offered: %s", list.Body)
		}
		a := s.tap(t, open, says, pay.RailApp, agent)
		to := a.Header.Get("Location")
		if a.Status != http.StatusSeeOther || !strings.HasPrefix(to, "/pay/"+open.Token) || !strings.HasSuffix(to, "#pay") || strings.Contains(to, "parent") {
			t.Fatalf("status %d to %q: %s", a.Status, to, a.Body)
		}
		page := s.Get(t, s.Origin+strings.TrimSuffix(to, "#pay"), "Accept", "text/html", "User-Agent", agent)
		attempt, bridge, params := s.handed(t, page)
		if bridge != "host" || attempt == "" || s.Look(t, open).Attempts[0].Rail != pay.RailApp {
			t.Fatalf("the page hands over %q of %q", bridge, attempt)
		}
		for words, state := range map[string]string{"?words=" + url.QueryEscape(says): "waiting", "": "select"} {
			if news := s.Get(t, open.URL+"/events"+words, "Accept", "application/json", "User-Agent", agent); !strings.Contains(news.Body, `"state":"`+state+`"`) {
				t.Errorf("who asks with %q is told %s", words, news.Body)
			}
		}
		again := s.tap(t, open, says, pay.RailApp, agent)
		if again.Header.Get("Location") != to || len(s.Look(t, open).Attempts) != 1 {
			t.Errorf("a second tap leads to %q, %d attempts", again.Header.Get("Location"), len(s.Look(t, open).Attempts))
		}
		params["user"], params["do"] = "ming", "approve"
		s.UntilPaid(t, open, func() {
			if answer := s.phone(t, "/phone/sdk", params); !strings.Contains(answer, `"errCode":0`) {
				t.Fatalf("the SDK says %s", answer)
			}
		})
	})

	t.Run("elsewhere", func(t *testing.T) { // where nobody can pay it, the payer chooses anew
		open := s.Open(t, demotest.Order{Merchant: "demo"})
		s.tap(t, open, says, pay.RailApp, agent)
		page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Desktop)
		if _, bridge, _ := s.handed(t, page); bridge != "" || !strings.Contains(page.Body, `data-state="select"`) {
			t.Errorf("a desktop is handed %q", bridge)
		}
	})

	for name, c := range map[string]struct {
		merchant, says string
		agent          string
	}{
		"says-nothing":      {"demo", "", agent},
		"forwards-only":     {"demo", "host=forwards.8.0.63", agent},
		"pays-with-another": {"demo", "host=forwards.alipay", agent},
		"forwards-nothing":  {"demo", "host=wechat_pay", agent},
		"not-granted":       {"bench", says, agent},
		"wechat":            {"demo", says, demotest.WeChat},
		"desktop":           {"demo", says, demotest.Desktop},
	} {
		t.Run("not-"+name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Merchant: c.merchant})
			a := s.tap(t, open, c.says, pay.RailApp, c.agent)
			if a.Status != http.StatusUnprocessableEntity || len(s.Look(t, open).Attempts) != 0 {
				t.Errorf("status %d to %q", a.Status, a.Header.Get("Location"))
			}
		})
	}
}

// ticket returns that of a page in a mini program after the payer's tap.
func (s *harness) ticket(t *testing.T, open demotest.Session, agent string) (page, ticket string) {
	t.Helper()
	a := s.tap(t, open, "host=wechat_pay", pay.RailMiniProgram, agent)
	page = strings.TrimSuffix(a.Header.Get("Location"), "#pay")
	if a.Status != http.StatusSeeOther || page == a.Header.Get("Location") {
		t.Fatalf("status %d to %q: %s", a.Status, page, a.Body)
	}
	attempt, bridge, params := s.handed(t, s.Get(t, s.Origin+page, "Accept", "text/html", "User-Agent", agent))
	if attempt != "" || bridge != "mini_program" || params["ticket"] == "" {
		t.Fatalf("the page hands over %q of %q: %v", bridge, attempt, params)
	}
	return page, params["ticket"]
}

// redeem does what the mini program's page does with a ticket and a code.
func (s *harness) redeem(t *testing.T, ticket, code string) demotest.Answer {
	t.Helper()
	return s.Get(t, s.Origin+"/identified/"+ticket+"?code="+url.QueryEscape(code), "Accept", "application/json", "User-Agent", "Mozilla/5.0 (iPhone) MicroMessenger/8.0.76 NetType/WIFI Language/zh_CN")
}

// login is wx.login of a shop's mini program.
func (s *harness) login(t *testing.T, merchant string) (appID, code string) {
	t.Helper()
	var settings struct {
		AppIDs map[string]string `json:"appids"`
	}
	if err := json.Unmarshal(s.Shop(t, merchant).Settings.Accounts["wechatpay"], &settings); err != nil {
		t.Fatal(err)
	}
	appID = settings.AppIDs["mini_program"]
	var said struct{ Code string }
	if answer := s.phone(t, "/phone/login", map[string]string{"appid": appID}); json.Unmarshal([]byte(answer), &said) != nil || said.Code == "" {
		t.Fatalf("wx.login says %s", answer)
	}
	return appID, said.Code
}

// A mini program is handed a ticket; its own page says who pays, and gets what it pays with.
func TestMiniProgramIsHandedThePayment(t *testing.T) {
	t.Parallel()
	s := start(t)
	agent := agentOf(t, "wechat-mini-program-iphone")

	t.Run("paid", func(t *testing.T) {
		open := s.Open(t, demotest.Order{Merchant: "demo"})
		page, ticket := s.ticket(t, open, agent)
		if n := len(s.Look(t, open).Attempts); n != 0 {
			t.Fatalf("%d attempts before anybody knows who pays", n)
		}
		appID, code := s.login(t, "demo")
		a := s.redeem(t, ticket, code)
		var params map[string]string
		if a.Status != http.StatusOK || json.Unmarshal([]byte(a.Body), &params) != nil || params["appId"] != appID {
			t.Fatalf("the mini program gets %d %s", a.Status, a.Body)
		}
		if _, bridge, params := s.handed(t, s.Get(t, open.URL, "Accept", "text/html", "User-Agent", agent)); bridge != "" {
			t.Errorf("the page is told what only the mini program pays with: %v", params)
		}
		params["user"], params["do"] = "ming", "approve"
		s.UntilPaid(t, open, func() {
			if answer := s.phone(t, "/phone/requestpayment", params); !strings.Contains(answer, "requestPayment:ok") {
				t.Fatalf("wx.requestPayment says %s", answer)
			}
		})
		if again := s.Get(t, s.Origin+page, "Accept", "text/html", "User-Agent", agent); !strings.Contains(again.Body, `data-state="paid"`) {
			t.Errorf("the page of the ticket says %s", again.Body)
		}
	})

	t.Run("refused", func(t *testing.T) {
		open := s.Open(t, demotest.Order{Merchant: "demo"})
		_, ticket := s.ticket(t, open, agent)
		_, used := s.login(t, "demo")
		s.redeem(t, ticket, used)
		_, other := s.login(t, "bench")
		for name, c := range map[string]struct {
			ticket, code string
			status       int
		}{
			"used-code":        {ticket, used, http.StatusBadRequest},
			"no-code":          {ticket, "", http.StatusBadRequest},
			"of-another-app":   {ticket, other, http.StatusBadRequest},
			"made-up-ticket":   {"x" + ticket[1:], "x", http.StatusNotFound},
			"ticket-cut-short": {ticket[:20], "x", http.StatusNotFound},
		} {
			if a := s.redeem(t, c.ticket, c.code); a.Status != c.status {
				t.Errorf("%s: status %d, want %d: %s", name, a.Status, c.status, a.Body)
			}
		}
		if n := len(s.Look(t, open).Attempts); n != 1 {
			t.Errorf("%d attempts", n)
		}
	})

	t.Run("ticket-of-another", func(t *testing.T) { // a link can't have a payer pay for somebody else
		_, ticket := s.ticket(t, s.Open(t, demotest.Order{Merchant: "demo"}), agent)
		open := s.Open(t, demotest.Order{Merchant: "demo"})
		page := s.Get(t, open.URL+"?host=wechat_pay&rail=mini_program&method=wechat_pay&ticket="+ticket, "Accept", "text/html", "User-Agent", agent)
		if _, bridge, _ := s.handed(t, page); bridge != "" || !strings.Contains(page.Body, `data-state="select"`) {
			t.Errorf("the page hands over %q", bridge)
		}
	})

	for name, c := range map[string]struct{ says, agent string }{
		"says-nothing":     {"", agent},
		"says-it-forwards": {"host=forwards.wechat_pay", agent},
		"of-alipay":        {"host=wechat_pay", agentOf(t, "alipay-mini-program-android")},
		"wechat":           {"host=wechat_pay", demotest.WeChat},
	} {
		t.Run("not-"+name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Merchant: "demo"})
			if a := s.tap(t, open, c.says, pay.RailMiniProgram, c.agent); a.Status != http.StatusUnprocessableEntity {
				t.Errorf("status %d to %q", a.Status, a.Header.Get("Location"))
			}
		})
	}
}
