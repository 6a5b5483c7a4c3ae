package httpd_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/demo/merchants"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/program"
)

// merchantFolder holds one merchant without accounts, of a mode, as files.
func merchantFolder(t *testing.T, mode folder.Mode, key string) string {
	t.Helper()
	document, err := merchants.FS.ReadFile("bench/capabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := json.Marshal(folder.Settings{
		Mode: mode, Origins: []string{"https://shop.example"}, ReturnURLs: []string{"https://shop.example/orders/"},
		APIKeys: []folder.APIKey{{ID: "a", SHA256: folder.HashKey(key)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bench"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"capabilities.json": document, "merchant.json": settings} {
		if err := os.WriteFile(filepath.Join(dir, "bench", name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Where a slip would open a door, the server does not start.
func TestRefusesToStart(t *testing.T) {
	t.Parallel()
	const sim = "http://127.0.0.1:1"
	inTest, live := merchantFolder(t, folder.ModeTest, "sk_test_a"), merchantFolder(t, folder.ModeLive, "sk_live_a")
	for _, test := range []struct {
		name, merchants, sim string
		adjust               func(*program.Config)
		says                 string
	}{
		{"test-merchant-where-money-moves", inTest, "", func(c *program.Config) { c.BaseURL = "https://pay.example" }, "mode"},
		{"live-merchant-at-the-simulator", live, sim, func(*program.Config) {}, "mode"},
		{"money-without-tls", live, "", func(c *program.Config) { c.BaseURL = "http://pay.example" }, "https"},
		{"money-on-loopback", live, "", func(*program.Config) {}, "https"},
		{"secret-short", inTest, sim, func(c *program.Config) { c.Secret = base64.StdEncoding.EncodeToString([]byte("too short")) }, "secret"},
		{"secret-not-base64", inTest, sim, func(c *program.Config) { c.Secret = "a secret!" }, "secret"},
		{"secret-file-empty", inTest, sim, func(c *program.Config) {
			if err := os.WriteFile(filepath.Join(c.Data, "secret"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, "secret"},
		{"admin-key-of-nothing", inTest, sim, func(c *program.Config) { c.AdminKey = folder.HashKey("") }, "empty"},
		{"admin-key-in-the-open", inTest, sim, func(c *program.Config) { c.AdminKey = "hunter2" }, "--admin-key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := program.Config{
				Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), SimURL: test.sim,
				Merchants: program.Folder(test.merchants), Log: slog.New(slog.DiscardHandler),
			}
			test.adjust(&c)
			p, err := program.Open(t.Context(), c)
			if err == nil {
				t.Fatalf("it started: %v", p.Close())
			}
			if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the message is %v", err)
			}
		})
	}
}

// Where real money moves there is no simulator, no storefront, nobody whose
// requests aren't counted, and TLS is for good.
func TestLiveMode(t *testing.T) {
	t.Parallel()
	const key = "sk_live_a"
	s := startLive(t, key)
	for _, path := range []string{"/demo/", "/demo/pay", "/control/orders", "/v3/pay/transactions/native", "/gateway.do", "/phone/", "/qa", "/metrics", "/debug/pprof/", "/v1/admin/quarantine"} {
		if a := s.Get(t, s.Origin+path, "Authorization", "Bearer "+key); a.Status != http.StatusNotFound {
			t.Errorf("%s: status %d", path, a.Status)
		}
	}
	for _, back := range []string{"http://shop.example/orders/1", "http://127.0.0.1/orders/1", "https://127.0.0.1/orders/1", "https://shop.example.evil/orders/1"} {
		a := s.Do(t, s.merchantPost(t, key, back, "/v1/sessions", s.JSON(t, demotest.Order{}, map[string]any{"return_url": back})))
		if _, field := a.Problem(t); a.Status != http.StatusBadRequest || field != "return_url" {
			t.Errorf("back to %s: status %d: %s", back, a.Status, a.Body)
		}
	}
	a := s.Do(t, s.merchantPost(t, key, "good", "/v1/sessions", s.JSON(t, demotest.Order{}, map[string]any{"return_url": "https://shop.example/orders/1"})))
	var open demotest.Session
	a.Decode(t, &open)
	if a.Status != http.StatusCreated || !strings.HasPrefix(open.URL, "https://pay.example/pay/") {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	local := s.Origin + "/pay/" + open.Token
	page := s.Get(t, local, "Accept", "text/html")
	if page.Status != http.StatusOK || page.Header.Get("Strict-Transport-Security") != "max-age=63072000; includeSubDomains" {
		t.Errorf("status %d, Strict-Transport-Security %q", page.Status, page.Header.Get("Strict-Transport-Security"))
	}
	policy := page.Header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "frame-ancestors https://shop.example;") || strings.Contains(policy, "http:") {
		t.Errorf("the policy is %s", policy)
	}
	for _, forced := range []string{local, s.Origin + "/offer"} {
		a := s.Get(t, forced+"?device=wechat-iphone", "Accept", "application/json")
		if code, field := a.Problem(t); code != pay.CodeInvalid || field != "device" {
			t.Errorf("%s as another device: status %d: %s", forced, a.Status, a.Body)
		}
	}
	s.allowance(t, 58, time.Minute, func() *http.Request { return demotest.Request(t, http.MethodGet, local, "", "Accept", "text/html") })
}

// The admin API is for who has its key, on a listener of its own, and no page
// may frame it. A document is replaced only by who has seen what it replaces.
func TestAdmin(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	const path = "/v1/admin/merchants/bench/capabilities"
	put := func(key, match, body string) demotest.Answer {
		headers := []string{"If-Match", match}
		if key != "" {
			headers = append(headers, "Authorization", "Bearer "+key)
		}
		return s.Do(t, demotest.Request(t, http.MethodPut, s.Admin+path, body, headers...))
	}
	read := s.Get(t, s.Admin+path, "Authorization", "Bearer "+adminKey)
	if read.Status != http.StatusOK || read.Header.Get("ETag") != `"v1"` {
		t.Fatalf("status %d, ETag %s: %s", read.Status, read.Header.Get("ETag"), read.Body)
	}
	next := func(visible string) string { return strings.Replace(read.Body, `"visible":4`, `"visible":`+visible, 1) }
	for _, test := range []struct {
		name, key, match, body string
		status                 int
	}{
		{"no-key", "", `"v1"`, next("3"), 401},
		{"wrong-key", adminKey + "x", `"v1"`, next("3"), 401},
		{"key-of-a-merchant", s.Shop(t, "bench").Key, `"v1"`, next("3"), 401},
		{"hash-for-key", folder.HashKey(adminKey), `"v1"`, next("3"), 401},
		{"no-version", adminKey, "", next("3"), 400},
		{"any-version", adminKey, "*", next("3"), 400},
		{"new-though-it-exists", adminKey, `"v0"`, next("3"), 412},
		{"version-to-come", adminKey, `"v2"`, next("3"), 412},
		{"of-another-merchant", adminKey, `"v1"`, strings.Replace(next("3"), `"merchant":"bench"`, `"merchant":"demo"`, 1), 400},
		{"broken", adminKey, `"v1"`, next(`"three"`), 400},
		{"rail-that-the-account-cannot-take", adminKey, `"v1"`, strings.Replace(next("3"), `"method":"alipay","state":"open","rails":[`, `"method":"alipay","state":"open","rails":["jsapi",`, 1), 400},
		{"good", adminKey, `"v1"`, next("3"), 200},
		{"seen-too-long-ago", adminKey, `"v1"`, next("2"), 412},
		{"good-again", adminKey, `"v2"`, next("2"), 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := put(test.key, test.match, test.body)
			if a.Status != test.status {
				t.Errorf("status %d, want %d: %s", a.Status, test.status, a.Body)
			}
			if policy := a.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") {
				t.Errorf("the policy is %q", policy)
			}
		})
	}
	if a := s.Get(t, s.Admin+path, "Authorization", "Bearer "+adminKey); a.Header.Get("ETag") != `"v3"` || !strings.Contains(a.Body, `"visible":2`) {
		t.Errorf("in force is %s: %s", a.Header.Get("ETag"), a.Body)
	}
	for _, read := range []string{path, "/v1/admin/quarantine", "/v1/admin/reconciliations"} {
		if a := s.Get(t, s.Admin+read); a.Status != http.StatusUnauthorized {
			t.Errorf("%s without a key: status %d", read, a.Status)
		}
		if a := s.Get(t, s.Origin+read, "Authorization", "Bearer "+adminKey); a.Status != http.StatusNotFound {
			t.Errorf("%s on the public listener: status %d", read, a.Status)
		}
	}
	for _, public := range []string{"/metrics", "/debug/pprof/"} {
		if a := s.Get(t, s.Origin+public); a.Status != http.StatusNotFound {
			t.Errorf("%s on the public listener: status %d", public, a.Status)
		}
	}
}

// Without an admin key nobody gets in, whatever they send.
func TestAdminWithoutKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, authorization := range []string{"", "Bearer", "Bearer ", "Bearer x", folder.HashKey("")} {
		if a := s.Get(t, s.Admin+"/v1/admin/quarantine", "Authorization", authorization); a.Status != http.StatusUnauthorized {
			t.Errorf("%q: status %d", authorization, a.Status)
		}
	}
}

// A session keeps the document that it was opened under. A method that has been
// closed meanwhile is refused for that reason, and the others go on.
func TestMethodClosedMeanwhile(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	open := s.Open(t, demotest.Order{})
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	const path = "/v1/admin/merchants/bench/capabilities"
	read := s.Get(t, s.Admin+path, "Authorization", "Bearer "+adminKey)
	changed := strings.NewReplacer(`"method":"wechat_pay","state":"open"`, `"method":"wechat_pay","state":"closed"`,
		`"name":"Bench"`, `"name":"Renamed"`).Replace(read.Body)
	if a := s.Do(t, demotest.Request(t, http.MethodPut, s.Admin+path, changed, "Authorization", "Bearer "+adminKey, "If-Match", `"v1"`)); a.Status != http.StatusOK || changed == read.Body {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	for !strings.Contains(s.Get(t, s.Origin+"/v1/merchants/bench/capabilities").Body, "Renamed") { // until it is in force
	}
	before := s.rows(t)
	a := s.Do(t, s.post(t, open, "/attempts", "", form, "Accept", demotest.TypeJSON))
	if code, field := a.Problem(t); a.Status != http.StatusUnprocessableEntity || code != pay.CodeMethodUnavailable || field != "method" || !strings.Contains(a.Body, "method_closed") {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	s.unchanged(t, before)
	page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", demotest.Desktop)
	if strings.Contains(page.Body, "Renamed") || !strings.Contains(page.Body, "Bench") {
		t.Error("the session does not keep the document that it was opened under")
	}
	form.Set("method", "alipay")
	if a := s.Do(t, s.post(t, open, "/attempts", "", form)); a.Status != http.StatusSeeOther {
		t.Errorf("another method: status %d: %s", a.Status, a.Body)
	}
}

// Whatever a link says, we lead to our own pages, to the wallet, or to where the
// merchant registered.
func TestNoOpenRedirect(t *testing.T) {
	t.Parallel()
	s := start(t)
	paid, open := s.pays(t), s.awaits(t)
	evil := url.QueryEscape("https://evil.example/")
	for _, path := range []string{
		"/pay/" + open.Token + "/return?return_url=" + evil + "&url=" + evil + "&parent=" + evil,
		"/pay/" + paid.Token + "/return?parent=https://evil.example",
		"/pay/" + open.Token + "?parent=https://evil.example&returned=1",
		"/pay/" + paid.Token + "?returned=1&continue_url=" + evil,
		"//evil.example/", "/%2fevil.example/", "/\\evil.example/", "/pay//evil.example/../../", "/pay/%0d%0aLocation:%20https://evil.example/return",
		"/return/https://evil.example/", "/return/" + base64.RawURLEncoding.EncodeToString([]byte("//evil.example/")),
		"/identified/x?state=x&code=x&redirect_uri=" + evil, "/assets/..//evil.example/", "/?next=" + evil,
	} {
		a := s.Get(t, s.Origin+path, "Accept", "text/html", "User-Agent", demotest.Desktop)
		target, err := url.Parse(a.Header.Get("Location"))
		if err != nil || target.IsAbs() || target.Host != "" {
			t.Errorf("%s leads to %q", path, a.Header.Get("Location"))
		}
		if strings.Contains(a.Body, `href="https://evil`) || strings.Contains(a.Body, `data-parent="https://evil`) || strings.Contains(a.Body, "url=https://evil") {
			t.Errorf("%s: the page leads to evil.example", path)
		}
	}
}

// A link to a real checkout can't put words of its own on it.
func TestPageRepeatsNoLink(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	words := url.QueryEscape("Evil Bank")
	for _, query := range []string{"?rail=page_qr&method=" + words, "?rail=" + words + "&method=wechat_pay", "?choose=" + words, "?parent=" + words} {
		page := s.Get(t, open.URL+query, "Accept", "text/html", "User-Agent", demotest.Desktop)
		if page.Status != http.StatusOK || strings.Contains(page.Body, "Evil") {
			t.Errorf("%s: status %d, and the page repeats it", query, page.Status)
		}
	}
}

// Foreign scripts may not even ask whether they may write.
func TestPreflight(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	for _, path := range []string{"/v1/sessions", "/v1/sessions/" + open.ID, "/pay/" + open.Token + "/attempts", "/pay/" + open.Token + "/events", "/v1/merchants/bench/decide", "/csp"} {
		a := s.Do(t, demotest.Request(t, http.MethodOptions, s.Origin+path, "", "Origin", "https://evil.example",
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization"))
		for name := range a.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: status %d with %s: %s", path, a.Status, name, a.Header.Get(name))
			}
		}
	}
	for _, path := range []string{"/v1/merchants/bench/capabilities", "/v1/schemas/capabilities.json", "/embed.js"} {
		if got := s.Get(t, s.Origin+path).Header.Get("Access-Control-Allow-Origin"); got != "*" {
			t.Errorf("%s may be read by %q, want anybody", path, got)
		}
	}
}

// An error says what the caller must know, and nothing that opens a door.
func TestErrorsTellNoSecret(t *testing.T) {
	t.Parallel()
	s := start(t, withAdminKey)
	open := s.Open(t, demotest.Order{})
	key := s.Shop(t, "bench").Key
	for name, r := range map[string]*http.Request{
		"not-found":       demotest.Request(t, http.MethodGet, s.Origin+"/v1/sessions/"+open.Token, "", "Authorization", "Bearer "+key),
		"wrong-key":       demotest.Request(t, http.MethodGet, s.Origin+"/v1/sessions/"+open.ID, "", "Authorization", "Bearer "+key+"x"),
		"wrong-type":      s.merchantPost(t, key, "a", "/v1/sessions", `{"merchant_reference":{"x":"`+key+`"}}`),
		"unknown-rail":    s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", "pigeon"), "Accept", demotest.TypeJSON),
		"foreign-form":    s.post(t, open, "/attempts", "", url.Values{"form_token": {open.Token}}, "Accept", demotest.TypeJSON),
		"events":          demotest.Request(t, http.MethodGet, open.URL+"/events", "", "Accept", "text/event-stream", "Last-Event-ID", open.Token),
		"sealed":          demotest.Request(t, http.MethodGet, s.Origin+"/return/"+open.Token, "", "Accept", demotest.TypeJSON),
		"refund":          s.merchantPost(t, key, "b", "/v1/sessions/"+open.ID+"/refunds", "{}"),
		"admin-wrong-key": demotest.Request(t, http.MethodGet, s.Admin+"/v1/admin/quarantine", "", "Authorization", "Bearer "+adminKey+"x"),
	} {
		a := s.Do(t, r)
		a.Problem(t)
		if a.Status < http.StatusBadRequest || a.Status == http.StatusInternalServerError {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
		for what, secret := range map[string]string{"token": open.Token, "key": key, "admin key": adminKey, "stack": "goroutine", "file": s.Data} {
			if strings.Contains(a.Body, secret) {
				t.Errorf("%s tells the %s: %s", name, what, a.Body)
			}
		}
	}
}
