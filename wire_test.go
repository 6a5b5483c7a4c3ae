package main

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

	"morepay/internal/pay"
	"morepay/web"
)

// The headers of the payer's page, word for word: each one is there because an
// attack or a provider needs it.
func TestPageHeaders(t *testing.T) {
	s := perform(t)
	open := s.open(t, order{})
	page := s.get(t, open.URL, "Accept", "text/html")
	missing := s.get(t, s.origin+"/pay/nothing", "Accept", "text/html")
	policy := func(formAction, ancestors string) string {
		return "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; script-src-attr 'none'; style-src " + web.StylesheetHash() +
			"; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'none'; frame-src 'none'; object-src 'none'; base-uri 'none'; form-action " +
			formAction + "; frame-ancestors " + ancestors + "; require-trusted-types-for 'script'; trusted-types 'none'; report-uri /csp; report-to csp"
	}
	_, hops, _ := strings.Cut(page.header.Get("Content-Security-Policy"), "form-action ")
	hops, _, _ = strings.Cut(hops, ";")
	checkHops(t, s, strings.Fields(hops))
	for name, test := range map[string]struct {
		answer answer
		status int
		policy string
	}{
		"session":    {page, http.StatusOK, policy(hops, s.origin+" "+s.other)},
		"no-session": {missing, http.StatusNotFound, policy("'self'", "'none'")},
	} {
		t.Run(name, func(t *testing.T) {
			if test.answer.status != test.status {
				t.Errorf("status %d, want %d", test.answer.status, test.status)
			}
			for header, want := range map[string]string{
				"Content-Security-Policy":   test.policy,
				"Reporting-Endpoints":       `csp="/csp"`,
				"Referrer-Policy":           "strict-origin-when-cross-origin",
				"Permissions-Policy":        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-write=(self)",
				"X-Content-Type-Options":    "nosniff",
				"Cache-Control":             "no-store",
				"Content-Type":              "text/html; charset=utf-8",
				"Strict-Transport-Security": "", // test mode has no TLS
				"X-Frame-Options":           "", // would overrule frame-ancestors in old browsers
			} {
				if got := test.answer.header.Get(header); got != want {
					t.Errorf("%s:\n got %s\nwant %s", header, got, want)
				}
			}
		})
	}
}

// checkHops checks where a form of the page may end: here, at the simulator, in
// an app, or at a provider by TLS.
func checkHops(t *testing.T, s *stage, hops []string) {
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
	s := perform(t)
	asked := "?" + url.Values{"parent": {s.other}, "locale": {"zh-TW"}}.Encode()
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
			open := s.open(t, order{Locale: test.locale})
			first := s.get(t, open.URL+asked, "Accept", "text/html", "User-Agent", desktop)
			checkFrame(t, first, test.tag, s.other)
			form := s.form(t, open, "wechat_pay", pay.RailQR)
			for _, name := range []string{"parent", "locale"} { // as the page that was framed has them
				value := regexp.MustCompile(`name="` + name + `"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="` + name + `"`).FindStringSubmatch(first.body)
				if value == nil {
					t.Fatalf("the form has no %s: %s", name, first.body)
				}
				form.Set(name, html.UnescapeString(value[1]+value[2]))
			}
			if test.spoiled {
				form.Set("form_token", "00")
			}
			a := s.do(t, request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
				"Accept", "text/html", "User-Agent", desktop, "Content-Type", "application/x-www-form-urlencoded"))
			if a.status != test.status {
				t.Fatalf("status %d, want %d: %s", a.status, test.status, a.body)
			}
			if a.status == http.StatusSeeOther {
				a = s.get(t, s.origin+a.header.Get("Location"), "Accept", "text/html", "User-Agent", desktop)
			}
			checkFrame(t, a, test.tag, s.other)
		})
	}
}

func checkFrame(t *testing.T, a answer, tag, parent string) {
	t.Helper()
	if got := language.FindStringSubmatch(a.body); got == nil || got[1] != tag {
		t.Errorf("the language is %q, want %q", got, tag)
	}
	if !strings.Contains(a.body, ` data-parent="`+parent+`"`) {
		t.Errorf("the page does not know that %s is around it: %s", parent, a.body)
	}
}

// visits is one of everything that a browser, a merchant or a provider may ask.
func visits(t *testing.T, s *stage) map[string]answer {
	t.Helper()
	open, key := s.open(t, order{}), "Bearer "+s.shop(t, "bench").Key
	form := s.form(t, open, "wechat_pay", pay.RailQR)
	post := func(path, accept string) *http.Request {
		return request(t, http.MethodPost, s.origin+"/pay/"+open.Token+path, form.Encode(),
			"Accept", accept, "User-Agent", desktop, "Content-Type", "application/x-www-form-urlencoded")
	}
	return map[string]answer{
		"page":         s.get(t, open.URL, "Accept", "text/html"),
		"page-json":    s.get(t, open.URL, "Accept", jsonBody),
		"picture":      s.get(t, open.URL+"/page.png"),
		"status":       s.get(t, open.URL+"/events", "Accept", jsonBody),
		"attempt":      s.do(t, post("/attempts", "text/html")),
		"again":        s.do(t, post("/attempts", jsonBody)),
		"check":        s.do(t, post("/return", "text/html")),
		"return":       s.get(t, open.URL+"/return", "Accept", "text/html"),
		"sealed":       s.get(t, s.origin+"/return/"+open.Token, "Accept", "text/html"),
		"identified":   s.get(t, s.origin+"/identified/"+open.Token+"?code=1&state="+form.Get("form_token"), "Accept", "text/html"),
		"session":      s.get(t, s.origin+"/v1/sessions/"+open.ID, "Authorization", key),
		"wrong-key":    s.get(t, s.origin+"/v1/sessions/"+open.ID, "Authorization", key+"x"),
		"capabilities": s.get(t, s.origin+"/v1/merchants/bench/capabilities"),
		"embed":        s.get(t, s.origin+"/embed.js"),
		"health":       s.get(t, s.origin+"/healthz"),
		"ready":        s.get(t, s.origin+"/readyz"),
		"nothing":      s.get(t, s.origin+"/nothing?token="+open.Token),
		"report":       s.do(t, request(t, http.MethodPost, s.origin+"/csp", `{"document-uri":"`+open.URL+`"}`, "Content-Type", "application/csp-report")),
		"notification": s.do(t, request(t, http.MethodPost, s.origin+"/notify/wechatpay/1600000000", `{"token":"`+open.Token+`"}`, "Content-Type", jsonBody)),
		"metrics":      s.get(t, s.admin+"/metrics"),
		"admin":        s.get(t, s.admin+"/v1/admin/quarantine", "Authorization", key),
	}
}

// A widget in a foreign page can't count on cookies, so there are none, and each
// answer says what it is.
func TestNoCookies(t *testing.T) {
	s := perform(t)
	for name, a := range visits(t, s) {
		if cookies := a.header.Values("Set-Cookie"); len(cookies) > 0 {
			t.Errorf("%s sets cookies: %q", name, cookies)
		}
		if a.body != "" && a.header.Get("Content-Type") == "" {
			t.Errorf("%s has a body and no type", name)
		}
		if a.status >= http.StatusInternalServerError {
			t.Errorf("%s: status %d: %s", name, a.status, a.body)
		}
	}
}

// Only the public capability document may be read by scripts of other origins.
func TestForeignScriptsReadOnlyCapabilities(t *testing.T) {
	s := perform(t)
	for name, a := range visits(t, s) {
		allowed := a.header.Get("Access-Control-Allow-Origin")
		if want := map[string]string{"capabilities": "*"}[name]; allowed != want && name != "embed" {
			t.Errorf("%s may be read by %q, want %q", name, allowed, want)
		}
	}
}

// Nobody who reads the log or the metrics can pay, call the API or sign with
// what stands there.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	s := perform(t)
	secrets := map[string]string{}
	for _, shop := range s.Shops {
		secrets["key of "+shop.ID] = shop.Key
		for _, file := range []string{"wechat_api_v3_key", "wechat_app_secret"} {
			b, err := shop.ReadKey(file)
			if err != nil {
				t.Fatal(err)
			}
			secrets[file+" of "+shop.ID] = string(b)
		}
	}
	b, err := os.ReadFile(filepath.Join(s.Data, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	secrets["the server's secret"] = string(b)
	answers := visits(t, s)
	s.pays(t)
	for i, token := range s.secrets {
		secrets[fmt.Sprintf("token %d", i)] = token
	}
	for name, secret := range secrets {
		if len(secret) < 16 {
			t.Fatalf("%s is no secret: %q", name, secret)
		}
		for place, text := range map[string]string{"log": s.log.String(), "metrics": answers["metrics"].body} {
			if strings.Contains(text, secret) {
				t.Errorf("%s stands in the %s", name, place)
			}
		}
	}
	for _, line := range []string{"msg=serving", "msg=request", "content was blocked", "part=simulator"} {
		if !strings.Contains(s.log.String(), line) {
			t.Errorf("the log has no line with %q: what was searched?", line)
		}
	}
}

// pays pays a session by QR, over HTTP.
func (s *stage) pays(t *testing.T) session {
	t.Helper()
	open := s.open(t, order{})
	a := s.do(t, request(t, http.MethodPost, open.URL+"/attempts", s.form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Accept", jsonBody, "User-Agent", desktop, "Content-Type", "application/x-www-form-urlencoded"))
	if a.status != http.StatusOK {
		t.Fatalf("no attempt: %d %s", a.status, a.body)
	}
	s.heard(t, open, func() { s.phone(t, "approve", s.look(t, open).Attempts[0].OutTradeNo) })
	return open
}

// heard does what pays a session, and waits until the server has heard of it.
func (s *stage) heard(t *testing.T, of session, approve func()) {
	t.Helper()
	events := s.listen(t, of)
	approve()
	for !strings.Contains(events.next(t), `"state":"paid"`) {
	}
}

// stream is an open event stream.
type stream struct {
	body  io.ReadCloser
	lines *bufio.Scanner
}

func (s *stage) listen(t *testing.T, of session) stream {
	t.Helper()
	resp, err := s.client.Do(request(t, http.MethodGet, of.URL+"/events", "", "Accept", "text/event-stream"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("no stream: status %d", resp.StatusCode)
	}
	return stream{resp.Body, bufio.NewScanner(resp.Body)}
}

// next is the stream's next message.
func (e stream) next(t *testing.T) string {
	t.Helper()
	for e.lines.Scan() {
		if data, ok := strings.CutPrefix(e.lines.Text(), "data: "); ok {
			return data
		}
	}
	t.Fatalf("the stream ended: %v", e.lines.Err())
	return ""
}

// A stop sends the waiters home, lets who is half through finish, takes nobody
// new, and loses nothing.
func TestShutdown(t *testing.T) {
	s := perform(t)
	open := s.open(t, order{})
	events := s.listen(t, open)
	events.next(t) // the stream stands

	body := s.json(t, order{}, nil)
	conn, err := net.Dial("tcp", s.Listen)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /v1/sessions HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nIdempotency-Key: %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", s.Listen, open.key, rand.Text(), len(body))
	reader := bufio.NewReader(conn)
	if line, err := reader.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the request is not under way: %q %v", line, err)
	}
	if _, err := reader.ReadString('\n'); err != nil {
		t.Fatal(err)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	for events.lines.Scan() {
	}
	if err := events.lines.Err(); err != nil {
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
	if !strings.HasSuffix(strings.TrimSpace(s.log.String()), "msg=stopped") {
		t.Errorf("the log does not end with the stop:\n%s", s.log)
	}
}
