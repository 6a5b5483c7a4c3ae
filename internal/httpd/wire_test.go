package httpd_test

import (
	"bufio"
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/providersim"
	"morepay/web"
)

// The headers of the payer's page, word for word: each one is there because an
// attack or a provider needs it.
func TestPageHeaders(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	page := s.Get(t, open.URL, "Accept", "text/html")
	missing := s.Get(t, s.Origin+"/pay/nothing", "Accept", "text/html")
	policy := func(formAction, ancestors string) string {
		return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' " + web.EntryScriptHash() + "; script-src-attr 'none'; style-src " + web.StylesheetHash() +
			"; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'none'; frame-src 'none'; object-src 'none'; base-uri 'none'; form-action " +
			formAction + "; frame-ancestors " + ancestors + "; require-trusted-types-for 'script'; trusted-types 'none'; report-uri /csp; report-to csp"
	}
	_, hops, _ := strings.Cut(page.Header.Get("Content-Security-Policy"), "form-action ")
	hops, _, _ = strings.Cut(hops, ";")
	checkHops(t, s, strings.Fields(hops))
	for name, test := range map[string]struct {
		answer demotest.Answer
		status int
		policy string
	}{
		"session":    {page, http.StatusOK, policy(hops, strings.Join(s.Shop(t, "bench").Settings.Origins, " "))},
		"no-session": {missing, http.StatusNotFound, policy("'self'", "'none'")},
	} {
		t.Run(name, func(t *testing.T) {
			if test.answer.Status != test.status {
				t.Errorf("status %d, want %d", test.answer.Status, test.status)
			}
			for header, want := range map[string]string{
				"Content-Security-Policy": test.policy,
				"Reporting-Endpoints":     `csp="/csp"`,
				"Referrer-Policy":         "strict-origin-when-cross-origin",
				"Permissions-Policy":      "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-write=(self)",
				"X-Content-Type-Options":  "nosniff",
				"Cache-Control":           "no-store",

				"Cross-Origin-Embedder-Policy": "require-corp",
				"Cross-Origin-Resource-Policy": "cross-origin",
				"Content-Type":                 "text/html; charset=utf-8",
				"Strict-Transport-Security":    "", // test mode has no TLS
				"X-Frame-Options":              "", // would overrule frame-ancestors in old browsers
			} {
				if got := test.answer.Header.Get(header); got != want {
					t.Errorf("%s:\n got %s\nwant %s", header, got, want)
				}
			}
		})
	}
}

// checkHops checks where a form of the page may end: here, at the simulator, in
// an app, or at a provider by TLS.
func checkHops(t *testing.T, s *harness, hops []string) {
	t.Helper()
	for _, must := range []string{"'self'", s.SimURL, "weixin:", "alipays:", "https://wx.tenpay.com", "https://open.weixin.qq.com", "https://openapi.alipay.com"} {
		if !slices.Contains(hops, must) {
			t.Errorf("no form may end at %s: %q", must, hops)
		}
	}
	for _, hop := range hops {
		if strings.HasPrefix(hop, "http:") && hop != s.SimURL || slices.Contains([]string{"*", "http:", "https:", "javascript:", "data:", "intent:"}, hop) {
			t.Errorf("a form may end at %s", hop)
		}
	}
}

// A framed page stays framed, and in the language that the page around it asked
// for, through forms and redirects; an error does not end that.
func TestFrameIsKept(t *testing.T) {
	t.Parallel()
	s := start(t)
	asked := "?" + url.Values{"parent": {s.Other}, "locale": {"zh-TW"}}.Encode()
	for name, test := range map[string]struct {
		locale  string // of the session, which comes first
		spoiled bool   // the form is too old
		tag     string
		status  int
	}{
		"language-of-the-page":    {"", false, "zh-TW", http.StatusSeeOther},
		"language-of-the-session": {"en", false, "en", http.StatusSeeOther},
		"error":                   {"", true, "zh-TW", http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{Locale: test.locale})
			first := s.Get(t, open.URL+asked, "Accept", "text/html", "User-Agent", demotest.Desktop)
			checkFrame(t, first, test.tag, s.Other)
			form := s.Form(t, open, "wechat_pay", pay.RailQR)
			for _, name := range []string{"parent", "locale"} { // as the page that was framed has them
				value := regexp.MustCompile(`name="` + name + `"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="` + name + `"`).FindStringSubmatch(first.Body)
				if value == nil {
					t.Fatalf("the form has no %s: %s", name, first.Body)
				}
				form.Set(name, html.UnescapeString(value[1]+value[2]))
			}
			if test.spoiled {
				form.Set("form_token", "00")
			}
			a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
				"Accept", "text/html", "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded"))
			if a.Status != test.status {
				t.Fatalf("status %d, want %d: %s", a.Status, test.status, a.Body)
			}
			if a.Status == http.StatusSeeOther {
				a = s.Get(t, s.Origin+a.Header.Get("Location"), "Accept", "text/html", "User-Agent", demotest.Desktop)
			}
			checkFrame(t, a, test.tag, s.Other)
		})
	}
}

// TestErrorAfterIdentification: who comes back from the wallet's sign-in with
// something else than they were given sees what went wrong on their own page,
// whose address the link does not show.
func TestErrorAfterIdentification(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	form := s.Form(t, open, "wechat_pay", pay.RailJSAPI)
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
		"Accept", "text/html", "User-Agent", demotest.WeChat, "Content-Type", "application/x-www-form-urlencoded"))
	there, err := url.Parse(a.Header.Get("Location"))
	if err != nil || a.Status != http.StatusSeeOther {
		t.Fatalf("status %d to %q: %v", a.Status, there, err)
	}
	back := s.Get(t, there.Query().Get("redirect_uri")+"?code=1&state=another", "Accept", "text/html", "User-Agent", demotest.WeChat)
	if back.Status != http.StatusForbidden {
		t.Errorf("status %d, want %d", back.Status, http.StatusForbidden)
	}
	for _, part := range []string{`data-error="form_expired"`, `action="/pay/` + open.Token + `/attempts"`} {
		if !strings.Contains(back.Body, part) {
			t.Errorf("the page does not have %s: %s", part, back.Body)
		}
	}
}

// identifiers are the providers that tell who a payer in their app is.
var identifiers = []struct {
	method          pay.Method
	merchant, agent string
}{{"wechat_pay", "bench", demotest.WeChat}, {"alipay", "demo", demotest.Alipay}}

// identifiedLink chooses the rail inside the app and returns where the provider sends
// the payer back to.
func (s *harness) identifiedLink(t *testing.T, open demotest.Session, m pay.Method, agent string) string {
	t.Helper()
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, m, pay.RailJSAPI).Encode(),
		"Accept", "text/html", "User-Agent", agent, "Content-Type", "application/x-www-form-urlencoded"))
	back := s.Get(t, a.Header.Get("Location"), "User-Agent", agent).Header.Get("Location")
	if !strings.Contains(back, "/identified/") {
		t.Fatalf("the wallet leads to %q", back)
	}
	return back
}

// TestIdentifiedTwice: the link that brings an identified payer back is loaded again
// by a reload, by Back, and by WeChat itself. That makes no second attempt, and no
// error.
func TestIdentifiedTwice(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, by := range identifiers {
		open := s.Open(t, demotest.Order{Merchant: by.merchant})
		back := s.identifiedLink(t, open, by.method, by.agent)
		request := func() *http.Request {
			return demotest.Request(t, http.MethodGet, back, "", "Accept", "text/html", "User-Agent", by.agent)
		}
		for i, a := range append(s.Together(t, []*http.Request{request(), request()}), s.Do(t, request())) {
			if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/pay/"+open.Token {
				t.Errorf("%s, load %d: status %d to %q: %s", by.method, i, a.Status, a.Header.Get("Location"), a.Body)
			}
		}
		page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", by.agent)
		if now := s.Look(t, open); len(now.Attempts) != 1 || strings.Contains(page.Body, "data-error") {
			t.Errorf("%s: %d attempts; the page says %s", by.method, len(now.Attempts), page.Body)
		}
	}
}

// Who does not agree to be identified comes back without a code, finds the list, and
// nothing is ordered.
func TestPayerWhoDoesNotAgree(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, by := range identifiers {
		open := s.Open(t, demotest.Order{Merchant: by.merchant})
		back, err := url.Parse(s.identifiedLink(t, open, by.method, by.agent))
		if err != nil {
			t.Fatal(err)
		}
		back.RawQuery = url.Values{"state": {back.Query().Get("state")}}.Encode()
		a := s.Get(t, back.String(), "Accept", "text/html", "User-Agent", by.agent)
		page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", by.agent)
		if a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/pay/"+open.Token || len(s.Look(t, open).Attempts) != 0 ||
			!strings.Contains(page.Body, `data-state="select"`) || strings.Contains(page.Body, "data-error") {
			t.Errorf("%s: status %d to %q; the page says %s", by.method, a.Status, a.Header.Get("Location"), page.Body)
		}
	}
}

// Who was identified comes back to the page as it was: in its frame, and in the language
// that they chose; and so does who comes back from the wallet, in a window of its own.
func TestIdentifiedKeepsFrameAndLanguage(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	form := s.Form(t, open, "wechat_pay", pay.RailJSAPI)
	form.Set("parent", s.Origin)
	form.Set("lang", "fr")
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
		"Accept", "text/html", "User-Agent", demotest.WeChat, "Content-Type", "application/x-www-form-urlencoded"))
	back := s.Get(t, a.Header.Get("Location"), "User-Agent", demotest.WeChat).Header.Get("Location")
	to := s.Get(t, back, "Accept", "text/html", "User-Agent", demotest.WeChat).Header.Get("Location")
	if want := "/pay/" + open.Token + "?lang=fr&parent=" + url.QueryEscape(s.Origin); to != want {
		t.Errorf("the payer comes back to %s, want %s", to, want)
	}
}

func TestReturnKeepsLanguage(t *testing.T) {
	t.Parallel()
	s := start(t)
	for lang, want := range map[string]string{"": "/return", "fr": "/return?lang=fr"} {
		open := s.Open(t, demotest.Order{})
		form := s.Form(t, open, "alipay", pay.RailDeepLink)
		form.Set("lang", lang)
		a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
			"Accept", "text/html", "User-Agent", demotest.Android, "Content-Type", "application/x-www-form-urlencoded"))
		wallet, err := url.Parse(a.Header.Get("Location"))
		if err != nil {
			t.Fatal(err)
		}
		link := wallet.Query().Get("return_url")
		if got := s.Get(t, link, "Accept", "text/html").Header.Get("Location"); got != "/pay/"+open.Token+want {
			t.Errorf("%q comes back to %s from %s", lang, got, link)
		}
	}
}

// TestOneClickOneOrder: eight posts of one form at once are one attempt, and all
// lead to its code.
func TestOneClickOneOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, rail := range []pay.Rail{pay.RailQR, pay.RailDeepLink} {
		agent := map[pay.Rail]string{pay.RailQR: demotest.Desktop, pay.RailDeepLink: demotest.Android}[rail]
		open := s.Open(t, demotest.Order{})
		form := s.Form(t, open, "wechat_pay", rail).Encode()
		var posts []*http.Request
		for range 6 { // as many as a session may post in a minute
			posts = append(posts, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form,
				"Accept", "text/html", "User-Agent", agent, "Content-Type", "application/x-www-form-urlencoded"))
		}
		targets := map[string]bool{}
		for _, a := range s.Together(t, posts) {
			if a.Status != http.StatusSeeOther {
				t.Errorf("%s: status %d: %s", rail, a.Status, a.Body)
			}
			targets[a.Header.Get("Location")] = true
		}
		if now := s.Look(t, open); len(now.Attempts) != 1 || len(targets) != 1 {
			t.Errorf("%s: %d attempts, the posts lead to %v", rail, len(now.Attempts), targets)
		}
	}
}

// TestAnswerIsAboutItsOwnPost: who taps second does not decide where the first is
// sent.
func TestAnswerIsAboutItsOwnPost(t *testing.T) {
	t.Parallel()
	s := start(t, func(c *demo.Config) { c.Patience = time.Minute })
	open := s.Open(t, demotest.Order{})
	cashier := s.Form(t, open, "unionpay", pay.RailRedirect).Encode()
	wallet := s.Form(t, open, "wechat_pay", pay.RailDeepLink).Encode()
	if err := s.Sim.Inject(providersim.Rule{Fault: "slow", Account: "bench", Next: 1}); err != nil {
		t.Fatal(err)
	}
	post := func(form, agent string) *http.Request {
		return demotest.Request(t, http.MethodPost, open.URL+"/attempts", form,
			"Accept", "text/html", "User-Agent", agent, "Content-Type", "application/x-www-form-urlencoded")
	}
	first := make(chan demotest.Answer, 1)
	go func() {
		a, _ := s.Try(post(cashier, demotest.Desktop))
		first <- a
	}()
	for len(s.Look(t, open).Attempts) == 0 { // until the first is under way
	}
	second := s.Do(t, post(wallet, demotest.Android))
	if a := <-first; a.Status != http.StatusSeeOther || a.Header.Get("Location") == second.Header.Get("Location") || !strings.Contains(a.Header.Get("Location"), "/merchantlink/") {
		t.Errorf("the first is sent to %q (status %d), the second to %q", a.Header.Get("Location"), a.Status, second.Header.Get("Location"))
	}
}

func checkFrame(t *testing.T, a demotest.Answer, tag, parent string) {
	t.Helper()
	if got := language.FindStringSubmatch(a.Body); got == nil || got[1] != tag {
		t.Errorf("the language is %q, want %q", got, tag)
	}
	if !strings.Contains(a.Body, ` data-parent="`+parent+`"`) {
		t.Errorf("the page does not know that %s is around it: %s", parent, a.Body)
	}
}

// visits returns one of everything that a browser, a merchant or a provider may
// ask.
func visits(t *testing.T, s *harness) map[string]demotest.Answer {
	t.Helper()
	open, key := s.Open(t, demotest.Order{}), "Bearer "+s.Shop(t, "bench").Key
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	post := func(path, accept string) *http.Request {
		return demotest.Request(t, http.MethodPost, s.Origin+"/pay/"+open.Token+path, form.Encode(),
			"Accept", accept, "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded")
	}
	return map[string]demotest.Answer{
		"page":         s.Get(t, open.URL, "Accept", "text/html"),
		"page-json":    s.Get(t, open.URL, "Accept", demotest.TypeJSON),
		"picture":      s.Get(t, open.URL+"/page.png"),
		"status":       s.Get(t, open.URL+"/events", "Accept", demotest.TypeJSON),
		"attempt":      s.Do(t, post("/attempts", "text/html")),
		"again":        s.Do(t, post("/attempts", demotest.TypeJSON)),
		"check":        s.Do(t, post("/return", "text/html")),
		"return":       s.Get(t, open.URL+"/return", "Accept", "text/html"),
		"sealed":       s.Get(t, s.Origin+"/return/"+open.Token, "Accept", "text/html"),
		"identified":   s.Get(t, s.Origin+"/identified/"+open.Token+"?code=1&state="+form.Get("form_token"), "Accept", "text/html"),
		"session":      s.Get(t, s.Origin+"/v1/sessions/"+open.ID, "Authorization", key),
		"wrong-key":    s.Get(t, s.Origin+"/v1/sessions/"+open.ID, "Authorization", key+"x"),
		"capabilities": s.Get(t, s.Origin+"/v1/merchants/bench/capabilities"),
		"embed":        s.Get(t, s.Origin+"/embed.js"),
		"version":      s.Get(t, s.Origin+"/embed/1.0.0.js"),
		"health":       s.Get(t, s.Origin+"/healthz"),
		"ready":        s.Get(t, s.Origin+"/readyz"),
		"nothing":      s.Get(t, s.Origin+"/nothing?token="+open.Token),
		"report":       s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/csp", `{"document-uri":"`+open.URL+`"}`, "Content-Type", "application/csp-report")),
		"notification": s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/notify/wechatpay/1600000000", `{"token":"`+open.Token+`"}`, "Content-Type", demotest.TypeJSON)),
		"metrics":      s.Get(t, s.Admin+"/metrics"),
		"admin":        s.Get(t, s.Admin+"/v1/admin/quarantine", "Authorization", key),
	}
}

// A widget in a foreign page can't count on cookies, so there are none, and each
// answer says what it is.
func TestNoCookies(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, a := range visits(t, s) {
		if cookies := a.Header.Values("Set-Cookie"); len(cookies) > 0 {
			t.Errorf("%s sets cookies: %q", name, cookies)
		}
		if a.Body != "" && a.Header.Get("Content-Type") == "" {
			t.Errorf("%s has a body and no type", name)
		}
		if a.Status >= http.StatusInternalServerError {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
}

// Only the public capability document and the loader, whose hash browsers check, may be
// read by scripts of other origins.
func TestForeignScriptsReadOnlyCapabilities(t *testing.T) {
	t.Parallel()
	s := start(t)
	for name, a := range visits(t, s) {
		allowed := a.Header.Get("Access-Control-Allow-Origin")
		if want := map[string]string{"capabilities": "*", "embed": "*", "version": "*"}[name]; allowed != want {
			t.Errorf("%s may be read by %q, want %q", name, allowed, want)
		}
	}
}

// Nobody who reads the log or the metrics can pay, call the API or sign with
// what stands there.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	t.Parallel()
	s := start(t)
	secrets := map[string]string{}
	for _, shop := range s.Shops {
		secrets["key of "+shop.ID] = shop.Key
		for _, file := range []string{"wechat_api_v3_key", "wechat_app_secret", "alipay_app_auth_token"} {
			if b, err := shop.ReadKey(file); err == nil { // not every merchant has all
				secrets[file+" of "+shop.ID] = string(b)
			} else if shop.ID == "bench" && file != "alipay_app_auth_token" {
				t.Fatal(err)
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(s.Data, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["the server's secret"] = string(b)
	answers := visits(t, s)
	s.pays(t)
	s.goesToAlipay(t, secrets["alipay_app_auth_token of flagship"])
	for i, token := range s.Tokens {
		secrets[fmt.Sprintf("token %d", i)] = token
	}
	for name, secret := range secrets {
		if len(secret) < 16 {
			t.Fatalf("%s is no secret: %q", name, secret)
		}
		for place, text := range map[string]string{"log": s.Log.String(), "metrics": answers["metrics"].Body} {
			if strings.Contains(text, secret) {
				t.Errorf("%s stands in the %s", name, place)
			}
		}
	}
	for _, line := range []string{"msg=serving", "msg=request", "content was blocked", "part=simulator"} {
		if !strings.Contains(s.Log.String(), line) {
			t.Errorf("the log has no line with %q: what was searched?", line)
		}
	}
}

// goesToAlipay sends a payer on to Alipay, by a link that says who acts for the merchant.
func (s *harness) goesToAlipay(t *testing.T, token string) {
	t.Helper()
	a := s.chooses(t, s.Open(t, demotest.Order{Merchant: "flagship"}), "alipay", pay.RailRedirect, "Accept", "text/html")
	link := a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || token == "" || !strings.Contains(link, token) {
		t.Fatalf("%d, sent to %s", a.Status, link)
	}
	if page := s.Get(t, link); page.Status != http.StatusFound {
		t.Fatalf("the cashier answers %d", page.Status)
	}
}

func (s *harness) chooses(t *testing.T, open demotest.Session, m pay.Method, rail pay.Rail, header ...string) demotest.Answer {
	t.Helper()
	return s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, m, rail).Encode(),
		append(header, "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded")...))
}

// pays pays a session by QR, over HTTP.
func (s *harness) pays(t *testing.T) demotest.Session {
	t.Helper()
	open := s.Open(t, demotest.Order{})
	if a := s.chooses(t, open, "wechat_pay", pay.RailQR, "Accept", demotest.TypeJSON); a.Status != http.StatusOK {
		t.Fatalf("no attempt: %d %s", a.Status, a.Body)
	}
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", s.Look(t, open).Attempts[0].OutTradeNo) })
	return open
}

// A stop sends the waiters home, lets who is half through finish, takes nobody
// new, and loses nothing.
func TestShutdown(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	events := s.Events(t, open)
	events.Next(t) // the stream stands

	body := s.JSON(t, demotest.Order{}, nil)
	conn, err := net.Dial("tcp", s.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/sessions HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", s.Listen, open.Key, rand.Text(), len(body))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the request is not under way: %q %v", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- s.Stop() }()
	if err := events.End(); err != nil {
		t.Errorf("the stream was cut off: %v", err)
	}
	for refused := false; !refused; { // the listener is gone before the waiters are
		other, err := net.Dial("tcp", s.Listen)
		if refused = err != nil; !refused {
			other.Close()
		}
	}
	if _, err := io.WriteString(conn, body); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(reader, nil)
	if err != nil {
		t.Fatalf("the request under way got no answer: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Errorf("the request under way: status %d", resp.StatusCode)
	}
	select {
	case err := <-stopped:
		if err != nil {
			t.Errorf("it did not stop well: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("it does not stop")
	}
	if got := s.rows(t)["sessions"]; got != 2 {
		t.Errorf("the database holds %d sessions, want 2", got)
	}
	if !strings.HasSuffix(strings.TrimSpace(s.Log.String()), "msg=stopped") {
		t.Errorf("the log does not end with the stop:\n%s", s.Log)
	}
}
