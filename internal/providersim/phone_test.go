package providersim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"

	"morepay/internal/providersim"
)

// h5Link makes an H5 order and returns its h5_url.
func (fx *fixture) h5Link(number string) string {
	fx.t.Helper()
	p, _, err := (&h5.H5ApiService{Client: fx.client()}).Prepay(fx.t.Context(), fx.h5Request(number))
	if err != nil {
		fx.t.Fatal(err)
	}
	return *p.H5Url
}

func TestCheckMWeb(t *testing.T) {
	t.Parallel()
	const good = "https://pay.example/pay/token"
	back := "&redirect_url=" + url.QueryEscape("https://pay.example/pay/token/return")
	for name, c := range map[string]struct {
		referer string
		agent   string
		query   string // appended to the link
		advance time.Duration
		want    string
	}{
		"launched":         {good, "", back, 0, `id="open"`},
		"no-redirect":      {good, "", "", 0, `id="open"`},
		"origin-only":      {"https://pay.example/", "", back, 0, `id="open"`},
		"no-referer":       {"", "", back, 0, "商家参数格式有误"},
		"foreign-referer":  {"https://shop.example/", "", back, 0, "商家存在未配置的参数"},
		"subdomain":        {"https://a.pay.example/", "", back, 0, "商家存在未配置的参数"},
		"other-port":       {"https://pay.example:444/", "", back, 0, `id="open"`},
		"foreign-redirect": {good, "", "&redirect_url=" + url.QueryEscape("https://shop.example/"), 0, "商家存在未配置的参数"},
		"script-redirect":  {good, "", "&redirect_url=" + url.QueryEscape("javascript:alert(1)"), 0, "商家存在未配置的参数"},
		"in-wechat":        {good, "Mozilla/5.0 MicroMessenger/8.0.62", back, 0, "请在微信外打开订单"},
		"four-minutes":     {good, "", back, 4 * time.Minute, `id="open"`},
		"five-minutes":     {good, "", back, 5 * time.Minute, "支付请求已失效"},
		"truncated":        {good, "", "cut", 0, "系统繁忙"},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			link := fx.h5Link("checkmweb-1") + c.query
			fx.sim.Advance(c.advance)
			header := http.Header{}
			if c.referer != "" {
				header.Set("Referer", c.referer)
			}
			header.Set("User-Agent", c.agent)
			page := fx.visit(link, header)
			if !strings.Contains(page, c.want) {
				t.Errorf("the page lacks %q:\n%s", c.want, page)
			}
			launched := states(fx.sim.Launched())
			if c.want == `id="open"` != slices.Equal(launched, []string{"checkmweb-1 unpaid"}) {
				t.Errorf("on the phone: %v", launched)
			}
			if refresh := strings.Contains(page, `content="5;url=https://pay.example/pay/token/return"`); refresh != (c.query == back && len(launched) == 1) {
				t.Errorf("it goes back by itself: %v", refresh)
			}
		})
	}
}

func TestOAuth(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(url.Values){
		"foreign-app":     func(q url.Values) { q.Set("appid", "wx0000000000000009") },
		"token-type":      func(q url.Values) { q.Set("response_type", "token") },
		"scope-userinfo":  func(q url.Values) { q.Set("scope", "snsapi_userinfo") },
		"state-with-dash": func(q url.Values) { q.Set("state", "a-b") },
		"state-too-long":  func(q url.Values) { q.Set("state", strings.Repeat("a", 129)) },
		"foreign-domain":  func(q url.Values) { q.Set("redirect_uri", "https://shop.example/") },
		"child-domain":    func(q url.Values) { q.Set("redirect_uri", "https://a.pay.example/") },
		"script":          func(q url.Values) { q.Set("redirect_uri", "javascript:alert(1)") },
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			q := authorizeQuery()
			change(q)
			if status, back := fx.authorize(q); status != http.StatusBadRequest || back != nil {
				t.Errorf("status %d, back to %v", status, back)
			}
		})
	}
	t.Run("granted", func(t *testing.T) {
		fx := newFixture(t)
		status, back := fx.authorize(authorizeQuery())
		if status != http.StatusFound || back.Query().Get("state") != "S1" || back.Query().Get("rail") != "jsapi" {
			t.Fatalf("status %d, back to %v", status, back)
		}
		code := back.Query().Get("code")
		if got := fx.exchange(code, "wrong")["errcode"]; got != 40125.0 {
			t.Errorf("with a wrong secret: %v", got)
		}
		if got := fx.exchange(code, appSecret)["openid"]; got == nil {
			t.Error("no openid")
		}
		if got := fx.exchange(code, appSecret)["errcode"]; got != 40163.0 {
			t.Errorf("used twice: %v", got)
		}
		if got := fx.exchange("other", appSecret)["errcode"]; got != 40029.0 {
			t.Errorf("made up: %v", got)
		}
		_, back = fx.authorize(authorizeQuery())
		fx.sim.Advance(5 * time.Minute)
		if got := fx.exchange(back.Query().Get("code"), appSecret)["errcode"]; got != 42003.0 {
			t.Errorf("too old: %v", got)
		}
		if fx.openid(providersim.Ming) == fx.openid(providersim.Hong) {
			t.Error("two users have one openid")
		}
	})
}

// press posts one of the phone's forms and returns the page that it leads to.
func (fx *fixture) press(path string, form url.Values) string {
	fx.t.Helper()
	browser := &http.Client{Transport: fx.http.Transport}
	res, err := browser.PostForm(fx.server.URL+path, form)
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		fx.t.Fatal(err)
	}
	return string(page)
}

var result = regexp.MustCompile(`data-result="([a-z_]+)"`)

func wantResult(t *testing.T, page, want string) {
	t.Helper()
	if m := result.FindStringSubmatch(page); m == nil || m[1] != want {
		t.Fatalf("the phone shows %v, want %s:\n%s", m, want, page)
	}
}

// TestPhoneByHand goes through the phone as a person without JavaScript does.
func TestPhoneByHand(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("by-hand-1")
	home := fx.visit(fx.server.URL+"/phone?user=ming", nil)
	for _, want := range []string{"Tea &amp; Co", "龙井茶 &lt;100g&gt; &amp; more", "¥59.80", code} {
		if !strings.Contains(home, want) {
			t.Fatalf("the phone does not show %q:\n%s", want, home)
		}
	}
	scan := url.Values{"text": {" " + code + "\n"}, "user": {"ming"}}
	wantResult(t, fx.press("/phone/scan", scan), "confirm")
	order := "/phone/orders/" + fx.sim.Orders()[0].ID
	canceled := fx.press(order, url.Values{"do": {"cancel"}, "user": {"ming"}})
	wantResult(t, canceled, "confirm")
	if !strings.Contains(canceled, "Canceled.") {
		t.Error("the phone does not say that it was canceled")
	}
	wantResult(t, fx.visit(fx.server.URL+order+"?user=hong", nil), "other_payer")
	wantResult(t, fx.press(order, url.Values{"do": {"approve"}, "user": {"hong"}}), "other_payer")
	wantResult(t, fx.press(order, url.Values{"do": {"approve"}, "user": {"ming"}}), "paid")
	wantResult(t, fx.visit(fx.server.URL+order+"?user=ming", nil), "paid")
	wantResult(t, fx.press("/phone/scan", scan), "order_paid")
	if got := *fx.query("by-hand-1").TradeState; got != "SUCCESS" {
		t.Errorf("trade_state is %s", got)
	}
}

func TestPhoneReadsOtherTexts(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("texts-1")
	for name, c := range map[string]struct{ text, how, want string }{
		"album":      {code, "album", "from_album"},
		"long-press": {code, "long_press", "long_press"},
		"link":       {code, "link", "as_link"},
		"unknown":    {"weixin://wxpay/bizpayurl?pr=x", "", "unknown_code"},
		"web-page":   {"https://pay.example/p/token", "", "link"},
		"script":     {"javascript:alert(1)", "", "unknown_code"},
		"markup":     {`"><script>`, "", "unknown_code"},
	} {
		t.Run(name, func(t *testing.T) {
			wantResult(t, fx.press("/phone/scan", url.Values{"text": {c.text}, "how": {c.how}}), c.want)
		})
	}
	wantResult(t, fx.visit(fx.server.URL+"/phone/orders/"+fx.sim.Orders()[0].ID, nil), "not_scannable")
}

func TestPhoneAfterDeepLink(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	link := fx.h5Link("deep-1") + "&redirect_url=" + url.QueryEscape("https://pay.example/back?a=1&b=2")
	fx.visit(link, http.Header{"Referer": {"https://pay.example/"}})
	if home := fx.visit(fx.server.URL+"/phone", nil); !strings.Contains(home, `data-number="deep-1"`) {
		t.Errorf("the phone does not show the payment:\n%s", home)
	}
	order := "/phone/orders/" + fx.sim.Launched()[0].ID
	fx.h5Link("deep-1") // the merchant's page renews its link; the phone has the payment on screen already
	wantResult(t, fx.visit(fx.server.URL+order, nil), "confirm")
	wantResult(t, fx.visit(fx.server.URL+order+"?user=hong", nil), "shared_link")
	paid := fx.press(order, url.Values{"do": {"approve"}})
	wantResult(t, paid, "paid")
	if !strings.Contains(paid, `href="https://pay.example/back?a=1&amp;b=2"`) {
		t.Errorf("no way back:\n%s", paid)
	}
}

func TestPhoneLanguagesAndHeaders(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for accept, want := range map[string]string{"zh-CN,zh;q=0.9,en;q=0.8": `lang="zh-CN"`, "en-GB": `lang="en"`, "": `lang="en"`} {
		if page := fx.visit(fx.server.URL+"/phone", http.Header{"Accept-Language": {accept}}); !strings.Contains(page, want) {
			t.Errorf("%q: no %s in\n%s", accept, want, page)
		}
	}
	res, err := fx.http.Get(fx.server.URL + "/phone")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	policy := res.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'self' http://127.0.0.1:*", "base-uri 'none'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("the policy %q lacks %s", policy, want)
		}
	}
	if strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
}

func TestControlAPI(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("control-1")
	var payments []providersim.Payment
	if fx.control("GET", "/control/codes", nil, &payments); len(payments) != 1 || payments[0].Text != code || payments[0].Amount() != "59.80" {
		t.Fatalf("codes: %+v", payments)
	}
	var refused struct{ Refusal providersim.Refusal }
	if status := fx.control("POST", "/control/scan", m{"text": code, "how": "album"}, &refused); status != 409 || refused.Refusal.Code != "from_album" {
		t.Errorf("scan from the album: %d %+v", status, refused)
	}
	var payment providersim.Payment
	if status := fx.control("POST", "/control/scan", m{"text": code}, &payment); status != 200 || payment.Payer != providersim.Ming {
		t.Errorf("scan: %d %+v", status, payment)
	}
	if status := fx.control("POST", "/control/cancel", m{"ref": "control-1"}, &payment); status != 200 || payment.State != "unpaid" {
		t.Errorf("cancel: %d %+v", status, payment)
	}
	if status := fx.control("POST", "/control/approve", m{"ref": code, "user": "ming"}, &payment); status != 200 || payment.State != "paid" {
		t.Errorf("approve: %d %+v", status, payment)
	}
	var entries []providersim.Exchange
	if fx.control("GET", "/control/history?number=control-1", nil, &entries); len(entries) == 0 {
		t.Error("no history")
	}
	if fx.control("DELETE", "/control/history", nil, &entries); len(entries) != 0 {
		t.Errorf("history after it was cleared: %+v", entries)
	}
	var before, after struct{ Now time.Time }
	fx.control("GET", "/control/clock", nil, &before)
	fx.control("POST", "/control/clock", m{"advance_seconds": 3600}, &after)
	if after.Now.Sub(before.Now) < time.Hour {
		t.Errorf("the clock went from %s to %s", before.Now, after.Now)
	}
	var faults struct {
		Faults []providersim.Fault
		Rules  []providersim.Rule
		Seed   uint64
	}
	fx.control("POST", "/control/faults", m{"preset": "chaos", "seed": 7, "rules": []m{{"fault": "notify-never", "next": 1}}}, &faults)
	if len(faults.Rules) != len(providersim.Chaos)+1 || len(faults.Faults) != len(providersim.Faults()) || faults.Seed != 7 {
		t.Errorf("faults: %+v", faults)
	}
	if fx.control("DELETE", "/control/faults", nil, &faults); len(faults.Rules) != 0 {
		t.Errorf("rules after they were ended: %+v", faults.Rules)
	}
}

func TestControlRefusesNonsense(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for name, c := range map[string]struct {
		path string
		body any
	}{
		"unknown-member": {"/control/approve", m{"reference": "x"}},
		"unknown-user":   {"/control/user", m{"user": "nobody"}},
		"unknown-preset": {"/control/faults", m{"preset": "calm"}},
		"unknown-fault":  {"/control/faults", m{"rules": []m{{"fault": "none", "next": 1}}}},
		"not-an-object":  {"/control/clock", []int{1}},
		"other-case":     {"/control/user", m{"User": "ming"}},
		"fraction":       {"/control/clock", m{"advance_seconds": 1.5}},
		"twice":          {"/control/user", json.RawMessage(`{"user":"ming","user":"hong"}`)},
	} {
		t.Run(name, func(t *testing.T) {
			var answer struct{ Error string }
			if status := fx.control("POST", c.path, c.body, &answer); status != 400 || answer.Error == "" {
				t.Errorf("answer is %d %q", status, answer.Error)
			}
		})
	}
	res, err := fx.http.Post(fx.server.URL+"/control/faults", "text/plain", strings.NewReader(`{"preset":"chaos"}`))
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 400 || len(fx.sim.Rules()) != 0 {
		t.Error("a form of a foreign page could have injected faults")
	}
}

func TestBridgesAnswerOnlyThisMachinesPages(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for origin, allowed := range map[string]string{
		"http://127.0.0.1:8080": "http://127.0.0.1:8080", "http://localhost:8080": "http://localhost:8080", "https://shop.example": "", "null": "",
	} {
		req, err := http.NewRequest(http.MethodOptions, fx.server.URL+"/phone/bridge", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", origin)
		res, err := fx.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != allowed {
			t.Errorf("%s is answered %q", origin, got)
		}
	}
}
