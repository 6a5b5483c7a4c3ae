package httpd_test

import (
	"bufio"
	"cmp"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
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

	"morepay/internal/checkout"
	"morepay/internal/demo/demotest"
	"morepay/internal/demo/merchants"
	"morepay/internal/locale"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/store"
)

// aside names the tables that fill by themselves, with what webhooks deliver and with
// who looked at a page; messages, which are delivered, is not one of them.
var aside = []string{"deliveries", "endpoints", "sequences", "sqlite_sequence", "visits"}

// rows counts the rows of every table that a request could leave something in.
func (s *harness) rows(t *testing.T) map[string]int {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.Data, store.FileName)+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := db.QueryContext(t.Context(), `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer tables.Close()
	count := map[string]int{}
	for tables.Next() {
		var name string
		var n int
		if err := tables.Scan(&name); err != nil {
			t.Fatal(err)
		}
		if slices.Contains(aside, name) {
			continue
		}
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM "`+name+`"`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		count[name] = n
	}
	if err := tables.Err(); err != nil || count["documents"] == 0 {
		t.Fatalf("the tables can't be counted: %v %v", count, err)
	}
	return count
}

// unchanged fails if a request that was refused has left something behind.
func (s *harness) unchanged(t *testing.T, before map[string]int) {
	t.Helper()
	if after := s.rows(t); !maps.Equal(before, after) {
		t.Errorf("something half-done is left: rows were %v and are %v", before, after)
	}
}

// What a merchant's server does wrong is told to it as JSON, with the field.
func TestMerchantRefusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	key := "Bearer " + s.Shop(t, "bench").Key
	foreign := s.Open(t, demotest.Order{Merchant: "demo"})
	yuan := func(value any) map[string]any {
		return map[string]any{"amount": map[string]any{"currency": "CNY", "value": value}}
	}
	with := func(field string, value any) map[string]any { return map[string]any{field: value} }
	for _, test := range []struct {
		name    string
		path    string         // "" for POST /v1/sessions, else GET
		over    map[string]any // laid over a good body
		body    string         // instead of it
		headers []string       // names and values, "" for none
		status  int
		code    pay.Code
		field   string
	}{
		{name: "merchant-unknown", path: "/v1/merchants/nobody/capabilities", status: 404, code: pay.CodeNotFound},
		{name: "session-unknown", path: "/v1/sessions/cs_nothing", status: 404, code: pay.CodeNotFound},
		{name: "session-of-another-merchant", path: "/v1/sessions/" + foreign.ID, status: 404, code: pay.CodeNotFound},
		{name: "key-missing", headers: []string{"Authorization", ""}, status: 401, code: pay.CodeUnauthorized, field: "Authorization"},
		{name: "key-unknown", headers: []string{"Authorization", "Bearer sk_test_nobody"}, status: 401, code: pay.CodeUnauthorized, field: "Authorization"},
		{name: "idempotency-key-missing", headers: []string{"Idempotency-Key", ""}, status: 400, code: pay.CodeInvalid, field: "Idempotency-Key"},
		{name: "content-type", headers: []string{"Content-Type", "text/plain"}, status: 400, code: pay.CodeInvalid, field: "Content-Type"},
		{name: "amount-zero", over: yuan(0), status: 400, code: pay.CodeInvalid, field: "amount.value"},
		{name: "amount-negative", over: yuan(-1), status: 400, code: pay.CodeInvalid, field: "amount.value"},
		{name: "amount-fractional", over: yuan(0.5), status: 400, code: pay.CodeInvalid, field: "amount.value"},
		{name: "amount-text", over: yuan("12"), status: 400, code: pay.CodeInvalid, field: "amount.value"},
		{name: "amount-too-large", over: yuan(int64(1e15)), status: 400, code: pay.CodeInvalid, field: "amount.value"},
		{name: "amount-missing", over: with("amount", map[string]any{}), status: 400, code: pay.CodeInvalid, field: "amount.value"},
		{name: "currency-unknown", over: with("amount", pay.Money{Currency: "XXX", Value: 1}), status: 400, code: pay.CodeInvalid, field: "amount.currency"},
		{name: "description-missing", over: with("description", ""), status: 400, code: pay.CodeInvalid, field: "description"},
		{name: "description-with-control", over: with("description", "a\x00b"), status: 400, code: pay.CodeInvalid, field: "description"},
		{name: "description-too-long", over: with("description", strings.Repeat("茶", 128)), status: 400, code: pay.CodeInvalid, field: "description"},
		{name: "return-url-foreign", over: with("return_url", "https://evil.example/demo/"), status: 400, code: pay.CodeInvalid, field: "return_url"},
		{name: "return-url-script", over: with("return_url", "javascript:alert(1)"), status: 400, code: pay.CodeInvalid, field: "return_url"},
		{name: "return-url-user", over: with("return_url", strings.Replace(s.Origin, "//", "//evil@", 1)+"/demo/"), status: 400, code: pay.CodeInvalid, field: "return_url"},
		{name: "expiry-too-long", over: with("expires_in", 90000), status: 400, code: pay.CodeInvalid, field: "expires_in"},
		{name: "quantity-negative", over: with("items", []pay.Item{{SKU: "a"}, {SKU: "b", Quantity: -1}}), status: 400, code: pay.CodeInvalid, field: "items[1].quantity"},
		{name: "field-unknown", over: with("amnt", 1), status: 400, code: pay.CodeInvalid, field: "amnt"},
		{name: "amount-twice", body: strings.TrimSuffix(s.JSON(t, demotest.Order{}, nil), "}") + `,"amount":{"VALUE":1}}`, status: 400, code: pay.CodeInvalid, field: "amount"},
		{name: "amount-in-capitals", over: with("amount", map[string]any{"currency": "CNY", "VALUE": 1}), status: 400, code: pay.CodeInvalid, field: "amount.VALUE"},
		{name: "amount-with-exponent", over: yuan(json.RawMessage("1e2")), status: 400, code: pay.CodeInvalid, field: "amount.value"},
		{name: "description-with-lone-surrogate", over: with("description", json.RawMessage(`"\ud83d"`)), status: 400, code: pay.CodeInvalid, field: "description"},
		{name: "json-broken", body: `{"amount":`, status: 400, code: pay.CodeInvalid, field: "amount"},
		{name: "json-followed", body: s.JSON(t, demotest.Order{}, nil) + "{}", status: 400, code: pay.CodeInvalid},
		{name: "body-too-long", over: with("description", strings.Repeat("a", 33<<10)), status: 413, code: pay.CodeBodyTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.rows(t)
			r := demotest.Request(t, http.MethodGet, s.Origin+test.path, "", "Authorization", key)
			if test.path == "" {
				r = demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions", cmp.Or(test.body, s.JSON(t, demotest.Order{}, test.over)),
					"Authorization", key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", rand.Text())
			}
			for i := 0; i+1 < len(test.headers); i += 2 {
				if r.Header.Set(test.headers[i], test.headers[i+1]); test.headers[i+1] == "" {
					r.Header.Del(test.headers[i])
				}
			}
			a := s.Do(t, r)
			if code, field := a.Problem(t); a.Status != test.status || code != test.code || field != test.field {
				t.Errorf("status %d, want %d: %s", a.Status, test.status, a.Body)
			}
			s.unchanged(t, before)
		})
	}
}

// What a payer's browser does wrong, or is made to do, is told on the page in
// its language, and as JSON to who asks for that.
func TestPayerRefusals(t *testing.T) {
	t.Parallel()
	s := start(t)
	good, other := s.Open(t, demotest.Order{}), s.Open(t, demotest.Order{})
	closed, one := s.Open(t, demotest.Order{Merchant: "flagship"}), s.Open(t, demotest.Order{Merchant: "soletrader"})
	canceled := s.Open(t, demotest.Order{})
	fields := s.Form(t, good, "wechat_pay", pay.RailQR)
	foreign := s.Form(t, other, "wechat_pay", pay.RailQR).Get("form_token")
	ended := s.Form(t, canceled, "wechat_pay", pay.RailQR)
	cancel := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions/"+canceled.ID+"/cancel", "{}",
		"Authorization", "Bearer "+canceled.Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", rand.Text()))
	if cancel.Status != http.StatusOK {
		t.Fatalf("status %d: %s", cancel.Status, cancel.Body)
	}
	expired := s.expired(t)
	set := func(name string, values ...string) url.Values {
		form := maps.Clone(fields)
		form[name] = values
		return form
	}
	const page, posted = "", "/attempts"
	asJSON := []string{"Content-Type", demotest.TypeJSON}
	for _, test := range []struct {
		name    string
		path    string // after /pay/
		form    url.Values
		body    string // instead of it, as JSON
		headers []string
		status  int
		code    pay.Code
		field   string
	}{
		{name: "session-unknown", path: strings.Repeat("A", 43) + posted, form: fields, status: 404, code: pay.CodeNotFound},
		{name: "token-malformed", path: "x" + posted, form: fields, status: 404, code: pay.CodeNotFound},
		{name: "method-unknown", path: good.Token + posted, form: set("method", "cash"), status: 400, code: pay.CodeInvalid},
		{name: "method-missing", path: good.Token + posted, form: set("method"), status: 400, code: pay.CodeInvalid},
		{name: "method-twice", path: good.Token + posted, form: set("method", "alipay", "wechat_pay"), status: 400, code: pay.CodeInvalid, field: "method"},
		{name: "method-twice-as-json", path: good.Token + posted, body: `{"method":"alipay","method":"wechat_pay"}`, headers: asJSON, status: 400, code: pay.CodeInvalid, field: "method"},
		{name: "method-null", path: good.Token + posted, body: `{"method":null}`, headers: asJSON, status: 400, code: pay.CodeInvalid, field: "method"},
		{name: "method-closed", path: closed.Token + posted, form: s.Form(t, closed, "wechat_pay", pay.RailQR), status: 422, code: pay.CodeMethodUnavailable},
		{name: "method-not-offered", path: one.Token + posted, form: s.Form(t, one, "alipay", pay.RailQR), status: 422, code: pay.CodeMethodUnavailable},
		{name: "rail-unknown", path: good.Token + posted, form: set("rail", "pigeon"), status: 400, code: pay.CodeInvalid},
		{name: "rail-of-another-device", path: good.Token + posted, form: set("rail", "deep_link"), status: 422, code: pay.CodeMethodUnavailable},
		{name: "rail-needs-wechat", path: good.Token + posted, form: set("rail", "jsapi"), status: 422, code: pay.CodeMethodUnavailable},
		{name: "session-expired", path: expired + posted, form: fields, status: 403, code: pay.CodeFormExpired},
		{name: "session-canceled", path: canceled.Token + posted, form: ended, status: 409, code: pay.CodeSessionNotOpen},
		{name: "form-token-foreign", path: good.Token + posted, form: set("form_token", foreign), status: 403, code: pay.CodeFormExpired},
		{name: "form-token-made-up", path: good.Token + posted, form: set("form_token", "ffffffffffffffff"), status: 403, code: pay.CodeFormExpired},
		{name: "form-token-missing", path: good.Token + posted, form: set("form_token"), status: 403, code: pay.CodeFormExpired},
		{name: "cross-site", path: good.Token + posted, form: fields, headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, code: pay.CodeForbidden},
		{name: "same-site", path: good.Token + posted, form: fields, headers: []string{"Sec-Fetch-Site", "same-site"}, status: 403, code: pay.CodeForbidden},
		{name: "foreign-origin", path: good.Token + posted, form: fields, headers: []string{"Origin", "https://evil.example"}, status: 403, code: pay.CodeForbidden},
		{name: "opaque-origin", path: good.Token + posted, form: fields, headers: []string{"Origin", "null", "Sec-Fetch-Site", "cross-site"}, status: 403, code: pay.CodeForbidden},
		{name: "cross-site-check", path: good.Token + "/return", form: fields, headers: []string{"Sec-Fetch-Site", "cross-site"}, status: 403, code: pay.CodeForbidden},
		{name: "body-too-long", path: good.Token + posted, form: set("hints", strings.Repeat("a", 9<<10)), status: 413, code: pay.CodeBodyTooLarge},
		{name: "page-unknown", path: strings.Repeat("B", 43) + page, status: 404, code: pay.CodeNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := s.rows(t)
			for accept, check := range map[string]func(*testing.T, demotest.Answer, pay.Code){"text/html": saysOnPage, demotest.TypeJSON: saysInJSON} {
				method := http.MethodGet
				if test.form != nil || test.body != "" {
					method = http.MethodPost
				}
				r := demotest.Request(t, method, s.Origin+"/pay/"+test.path, cmp.Or(test.body, test.form.Encode()), append([]string{
					"Accept", accept, "Accept-Language", "zh-CN", "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded",
				}, test.headers...)...)
				a := s.Do(t, r)
				if a.Status != test.status {
					t.Errorf("status %d, want %d: %s", a.Status, test.status, a.Body)
				}
				check(t, a, test.code)
				if accept == demotest.TypeJSON && test.field != "" {
					if _, field := a.Problem(t); field != test.field {
						t.Errorf("the field is %q, want %q", field, test.field)
					}
				}
			}
			s.unchanged(t, before)
		})
	}
}

func saysInJSON(t *testing.T, a demotest.Answer, want pay.Code) {
	t.Helper()
	if code, _ := a.Problem(t); code != want {
		t.Errorf("the code is %s, want %s", code, want)
	}
}

var language = regexp.MustCompile(`<html lang="([^"]+)"`)

// saysOnPage checks that a page says what is wrong, in its own language.
func saysOnPage(t *testing.T, a demotest.Answer, want pay.Code) {
	t.Helper()
	tag := language.FindStringSubmatch(a.Body)
	if tag == nil || !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("status %d, and no page: %s", a.Status, a.Body)
	}
	if sentence := locale.Problem(locale.Text(tag[1]), want); !strings.Contains(a.Body, sentence) {
		t.Errorf("the page does not say %q: %s", sentence, a.Body)
	}
}

// expired puts a session into the store whose time is over, and returns its token.
func (s *harness) expired(t *testing.T) string {
	t.Helper()
	token, now := rand.Text()+rand.Text(), time.Now().UTC()
	l := pay.Open(pay.Session{
		ID: "cs_" + rand.Text(), Merchant: "bench", TokenHash: checkout.HashToken(token), Reference: "expired",
		Amount: pay.Money{Currency: "CNY", Value: 1}, Description: "too late", ReturnURL: s.Origin + "/demo/",
		DocumentVersion: 1, CreatedAt: now.Add(-time.Hour), ExpiresAt: now.Add(-time.Minute),
	})
	l.Expire(now)
	if err := s.Stores.Ledgers.Create(t.Context(), l); err != nil {
		t.Fatal(err)
	}
	return token
}

// A session that is over takes no attempt, though its page gave out the form.
func TestExpiredSession(t *testing.T) {
	t.Parallel()
	s := start(t)
	token := s.expired(t)
	before := s.rows(t)
	a := s.Get(t, s.Origin+"/pay/"+token, "Accept", "text/html", "Accept-Language", "en")
	if a.Status != http.StatusOK || !strings.Contains(a.Body, `data-state="expired"`) || strings.Contains(a.Body, "/attempts") {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	var live struct {
		FormToken string `json:"form_token"`
	}
	s.Get(t, s.Origin+"/pay/"+token+"/events", "Accept", demotest.TypeJSON).Decode(t, &live)
	form := url.Values{"method": {"wechat_pay"}, "rail": {"qr"}, "form_token": {live.FormToken}}
	for accept, check := range map[string]func(*testing.T, demotest.Answer, pay.Code){"text/html": saysOnPage, demotest.TypeJSON: saysInJSON} {
		a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/pay/"+token+"/attempts", form.Encode(),
			"Accept", accept, "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded"))
		if a.Status != http.StatusConflict {
			t.Errorf("status %d, want 409: %s", a.Status, a.Body)
		}
		check(t, a, pay.CodeSessionNotOpen)
	}
	s.unchanged(t, before)
}

// Half a message is never acted on.
func TestCutBodies(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	for name, message := range map[string]struct{ path, headers, body string }{
		"session":      {"/v1/sessions", "Authorization: Bearer " + open.Key + "\r\nIdempotency-Key: cut\r\nContent-Type: application/json", s.JSON(t, demotest.Order{}, nil)},
		"attempt":      {"/pay/" + open.Token + "/attempts", "Accept: application/json\r\nContent-Type: application/x-www-form-urlencoded", s.Form(t, open, "wechat_pay", pay.RailQR).Encode()},
		"notification": {"/notify/wechatpay/1600000000", "Content-Type: application/json", `{"id":"1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			before := s.rows(t)
			conn, err := net.Dial("tcp", s.Listen)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			// One byte is announced that never comes: what is there would be good by itself.
			fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\n%s\r\nContent-Length: %d\r\n\r\n%s",
				message.path, s.Listen, demotest.Desktop, message.headers, len(message.body)+1, message.body)
			if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != http.StatusRequestTimeout {
				t.Errorf("status %d: %s", resp.StatusCode, body)
			}
			s.unchanged(t, before)
		})
	}
}

// A merchant's file that is wrong stops the start, and the message says where
// to look.
func TestBrokenMerchants(t *testing.T) {
	t.Parallel()
	const capabilities, settings = "bench/capabilities.json", "bench/merchant.json"
	good, err := merchants.FS.ReadFile(capabilities)
	if err != nil {
		t.Fatal(err)
	}
	broken := func(old, new string) string {
		if !strings.Contains(string(good), old) {
			t.Fatalf("the sample has no %s", old)
		}
		return strings.Replace(string(good), old, new, 1)
	}
	for _, test := range []struct {
		name, document, settings string
		says                     []string
	}{
		{name: "syntax", document: broken(`"visible": 4,`, `"visible": 4`), says: []string{capabilities + ":7"}},
		{name: "type", document: broken(`"visible": 4`, `"visible": "four"`), says: []string{capabilities, "visible"}},
		{name: "field-unknown", document: broken(`"visible"`, `"visibel"`), says: []string{capabilities, "visibel"}},
		{name: "rail-unknown", document: broken(`["jsapi", "deep_link", "qr"]`, `["jsapi", "pigeon"]`), says: []string{capabilities, "methods[0].rails[1]", "pigeon"}},
		{name: "limits-reversed", document: broken(`"min": 1, "max": 5000000`, `"min": 9, "max": 5`), says: []string{capabilities, "methods[0].limits.CNY"}},
		{name: "two-mistakes", document: strings.NewReplacer(`"visible"`, `"visibel"`, `"unionpay"`, `"union"`).Replace(string(good)), says: []string{"visibel", "union"}},
		{name: "another-folder", document: broken(`"merchant": "bench"`, `"merchant": "tench"`), says: []string{capabilities, "merchant", "tench"}},
		{name: "settings-syntax", document: string(good), settings: "{\n\"mode\": \"test\",\n]", says: []string{settings + ":2"}},
		{name: "settings-mode", document: string(good), settings: `{"mode": "live"}`, says: []string{settings, "mode"}},
		{name: "settings-origin", document: string(good), settings: `{"mode": "test", "origins": ["https://shop.example/"]}`, says: []string{settings, "origins[0]"}},
		{name: "settings-account", document: string(good), settings: `{"mode": "test", "accounts": {"wechatpay": {"mchid": 1}}}`, says: []string{"bench", "wechatpay", "mchid"}},
		{name: "no-merchant", says: []string{"merchant"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder, data := t.TempDir(), t.TempDir()
			for name, text := range map[string]string{capabilities: test.document, settings: test.settings} {
				if text == "" {
					continue
				}
				file := filepath.Join(folder, name)
				if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			p, err := program.Open(t.Context(), program.Config{
				Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: data, SimURL: "http://127.0.0.1:1",
				Merchants: program.Folder(folder), Log: slog.New(slog.DiscardHandler),
			})
			if err == nil {
				t.Fatalf("the server started: %v", p.Close())
			}
			for _, part := range test.says {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the message does not name %q: %v", part, err)
				}
			}
			if left, err := os.ReadDir(data); err != nil || len(left) != 0 {
				t.Errorf("the data folder holds %v (%v)", left, err)
			}
		})
	}
}
