package httpd

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testSecrets(t testing.TB) *secrets {
	t.Helper()
	s, err := newSecrets([]byte(strings.Repeat("k", MinSecret)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryCodeHasAStatus(t *testing.T) {
	for _, code := range pay.Codes {
		if statuses[code] < 400 {
			t.Errorf("%s has the status %d", code, statuses[code])
		}
	}
	if len(statuses) != len(pay.Codes) {
		t.Errorf("%d statuses for %d codes", len(statuses), len(pay.Codes))
	}
}

func TestShortSecretIsRefused(t *testing.T) {
	for _, n := range []int{0, 1, MinSecret - 1} {
		if _, err := newSecrets(make([]byte, n)); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestFormToken(t *testing.T) {
	s := testSecrets(t)
	token := s.formToken("cs_1", start)
	other, err := newSecrets([]byte(strings.Repeat("o", MinSecret)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, token, session string
		now                  time.Time
		keys                 *secrets
		ok                   bool
	}{
		{"good", token, "cs_1", start, s, true},
		{"last-second", token, "cs_1", start.Add(formLife), s, true},
		{"too-old", token, "cs_1", start.Add(formLife + time.Second), s, false},
		{"another-session", token, "cs_2", start, s, false},
		{"another-secret", token, "cs_1", start, other, false},
		{"empty", "", "cs_1", start, s, false},
		{"not-hex", "zz" + token[2:], "cs_1", start, s, false},
		{"short", token[:46], "cs_1", start, s, false},
		{"later-expiry", "00ff" + token[4:], "cs_1", start, s, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.keys.checkForm(c.token, c.session, c.now)
			if (err == nil) != c.ok {
				t.Errorf("error is %v", err)
			}
			if err != nil && pay.CodeOf(err) != pay.CodeFormExpired {
				t.Errorf("code is %s", pay.CodeOf(err))
			}
		})
	}
}

func TestSealedTextOpensOnlyWhole(t *testing.T) {
	s := testSecrets(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed := s.sealText(forReturn, plain)
		got, err := s.openText(forReturn, sealed)
		if err != nil || string(got) != string(plain) {
			t.Fatalf("opened %q, %v", got, err)
		}
		for _, other := range []purpose{forIdentity, forReply} {
			if got, err := s.openText(other, sealed); err == nil {
				t.Fatalf("what was sealed for a return opened as %s: %q", other, got)
			}
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		damaged := []byte(sealed)
		damaged[i] = "AB"[map[bool]int{true: 1, false: 0}[damaged[i] == 'A']]
		if string(damaged) == sealed {
			return
		}
		if got, err := s.openText(forReturn, string(damaged)); err == nil && string(got) != string(plain) {
			t.Fatalf("a damaged text opened as %q", got)
		}
	})
}

func TestClientIP(t *testing.T) {
	s := &Server{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")}}
	for _, c := range []struct{ name, peer, forwarded, want string }{
		{"no-proxy", "203.0.113.9:1", "", "203.0.113.9"},
		{"stranger-claims", "203.0.113.9:1", "1.1.1.1", "203.0.113.9"},
		{"one-proxy", "10.0.0.1:1", "203.0.113.9", "203.0.113.9"},
		{"two-proxies", "10.0.0.1:1", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"payer-claims-through-proxy", "10.0.0.1:1", "1.1.1.1, 203.0.113.9", "203.0.113.9"},
		{"garbage", "10.0.0.1:1", "unknown", "10.0.0.1"},
		{"garbage-behind-address", "10.0.0.1:1", "x, 203.0.113.9", "203.0.113.9"},
		{"v6", "10.0.0.1:1", "2001:db8::1", "2001:db8::1"},
		{"v4-in-v6", "[::ffff:10.0.0.1]:1", "203.0.113.9", "203.0.113.9"},
		{"proxies-only", "10.0.0.1:1", "10.0.0.3", "10.0.0.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = c.peer
			if c.forwarded != "" {
				r.Header.Set("X-Forwarded-For", c.forwarded)
			}
			if got := s.clientIP(r).String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestIPKeyCountsNetworks(t *testing.T) {
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:2")
	if ipKey(a) != ipKey(b) {
		t.Errorf("one household has two keys: %s, %s", ipKey(a), ipKey(b))
	}
	if ipKey(netip.MustParseAddr("203.0.113.9")) == ipKey(netip.MustParseAddr("203.0.113.10")) {
		t.Error("two IPv4 addresses have one key")
	}
}

func TestKeyedLimit(t *testing.T) {
	k := newKeyed(limit{3, time.Hour})
	for range 3 {
		if err := k.allow("a"); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.allow("a"); pay.CodeOf(err) != pay.CodeRateLimited {
		t.Errorf("the fourth: %v", err)
	}
	if err := k.allow("b"); err != nil {
		t.Errorf("another key: %v", err)
	}
}

func TestGauge(t *testing.T) {
	var g gauge
	bounds := map[string]int{"all": 2, "one": 1}
	leave, err := g.enter(bounds)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.enter(bounds); pay.CodeOf(err) != pay.CodeRateLimited {
		t.Errorf("the second under one bound: %v", err)
	}
	if _, err := g.enter(map[string]int{"all": 2, "two": 1}); err != nil {
		t.Errorf("a refused one kept a place: %v", err)
	}
	leave()
	if _, err := g.enter(map[string]int{"all": 2, "one": 1}); err != nil {
		t.Errorf("after leaving: %v", err)
	}
}

// The bound of all streams holds for everybody, also for those that test mode
// doesn't count, and a place is free again when its stream ends.
func TestStreamsInAll(t *testing.T) {
	s := &Server{metrics: newMetrics(testRegistry())}
	from := func(ip string) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = ip + ":1"
		return r
	}
	var leave func()
	for i := range maxEventConn {
		var err error
		if leave, err = s.enterStream(from("127.0.0.1"), fmt.Sprint("cs_", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, ip := range []string{"127.0.0.1", "203.0.113.1"} {
		if _, err := s.enterStream(from(ip), "cs_new"); pay.CodeOf(err) != pay.CodeRateLimited {
			t.Errorf("one more from %s: %v", ip, err)
		}
	}
	leave()
	if _, err := s.enterStream(from("203.0.113.1"), "cs_new"); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}

func TestAdminKeyMustBeAHash(t *testing.T) {
	for name, key := range map[string]string{
		"of-nothing": merchant.HashKey(""), "in-the-open": "an operator's key", "short": "e3b0c442", "capitals": strings.ToUpper(merchant.HashKey("a")),
	} {
		_, err := New(Config{Secret: NewSecret(), AdminKey: key, Registry: testRegistry()})
		if pay.CodeOf(err) != pay.CodeInvalid || strings.Contains(err.Error(), "operator") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestReadJSON(t *testing.T) {
	type body struct {
		Name   string    `json:"name"`
		Amount pay.Money `json:"amount"`
	}
	for _, c := range []struct {
		name, contentType, body string
		code                    pay.Code
		field                   string
	}{
		{"good", "application/json", `{"name":"a","amount":{"value":1}}`, "", ""},
		{"good-with-charset", "application/json; charset=utf-8", `{}`, "", ""},
		{"no-type", "", `{}`, pay.CodeInvalid, "Content-Type"},
		{"form", "application/x-www-form-urlencoded", `a=b`, pay.CodeInvalid, "Content-Type"},
		{"unknown-field", "application/json", `{"nme":"a"}`, pay.CodeInvalid, "nme"},
		{"wrong-type", "application/json", `{"name":1}`, pay.CodeInvalid, "name"},
		{"fraction", "application/json", `{"amount":{"value":1.5}}`, pay.CodeInvalid, "amount.value"},
		{"text-amount", "application/json", `{"amount":{"value":"1"}}`, pay.CodeInvalid, "amount.value"},
		{"huge-amount", "application/json", `{"amount":{"value":99999999999999999999}}`, pay.CodeInvalid, "amount.value"},
		{"amount-with-exponent", "application/json", `{"amount":{"value":1e2}}`, pay.CodeInvalid, "amount.value"},
		{"null-for-whole-number", "application/json", `{"amount":{"value":null}}`, pay.CodeInvalid, "amount.value"},
		{"field-twice", "application/json", `{"name":"a","name":"a"}`, pay.CodeInvalid, "name"},
		{"other-case", "application/json", `{"amount":{"VALUE":1}}`, pay.CodeInvalid, "amount.VALUE"},
		{"lone-surrogate", "application/json", `{"name":"\ud83d"}`, pay.CodeInvalid, "name"},
		{"invalid-utf-8", "application/json", "{\"name\":\"\xff\"}", pay.CodeInvalid, "name"},
		{"several", "application/json", `{"name":1,"nme":"a"}`, pay.CodeInvalid, "name"},
		{"two-values", "application/json", `{}{}`, pay.CodeInvalid, ""},
		{"not-json", "application/json", `{`, pay.CodeInvalid, ""},
		{"too-long", "application/json", `{"name":"` + strings.Repeat("a", 200) + `"}`, pay.CodeBodyTooLarge, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			var into body
			_, err := readJSON(httptest.NewRecorder(), r, 100, &into)
			if c.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e, ok := errors.AsType[*pay.Error](err)
			if !ok || e.Code != c.code || e.Field != c.field {
				t.Errorf("error is %v, want %s (%s)", err, c.code, c.field)
			}
		})
	}
}

// TestFormFieldsStandOnce: whichever of two values one reader took, another could
// take the other.
func TestFormFieldsStandOnce(t *testing.T) {
	t.Parallel()
	const form, jsonForm = "application/x-www-form-urlencoded", "application/json"
	for _, c := range []struct{ name, contentType, body, field string }{
		{"form", form, "method=wechat_pay&rail=qr", ""},
		{"form-twice", form, "method=wechat_pay&rail=qr&method=alipay", "method"},
		{"form-twice-the-same", form, "rail=qr&rail=qr", "rail"},
		{"form-twice-by-escape", form, "rail=qr&r%61il=qr", "rail"},
		{"form-twice-empty", form, "rail&rail", "rail"},
		{"json", jsonForm, `{"method":"wechat_pay","rail":"qr"}`, ""},
		{"json-twice", jsonForm, `{"method":"wechat_pay","rail":"qr","method":"alipay"}`, "method"},
		{"json-twice-the-same", jsonForm, `{"rail":"qr","rail":"qr"}`, "rail"},
		{"json-twice-by-escape", jsonForm, `{"rail":"qr","r\u0061il":"qr"}`, "rail"},
		{"json-null", jsonForm, `{"rail":null}`, "rail"},
		{"json-object", jsonForm, `{"rail":{"rail":"qr"}}`, "rail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/", strings.NewReader(c.body))
			r.Header.Set("Content-Type", c.contentType)
			form, err := readForm(httptest.NewRecorder(), r)
			if c.field == "" {
				if err != nil || form.Get("rail") != "qr" {
					t.Errorf("read %v, %v", form, err)
				}
				return
			}
			e, ok := errors.AsType[*pay.Error](err)
			if !ok || e.Code != pay.CodeInvalid || e.Field != c.field {
				t.Errorf("error is %v, want %s (%s)", err, pay.CodeInvalid, c.field)
			}
		})
	}
}

// TestSeveralMistakesInOneAnswer: the first is where the only one would be, and
// the list has all.
func TestSeveralMistakesInOneAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, body, want string }{
		{"one", `{"nme":"a"}`, `{"error":{"code":"invalid_request","message":"is not a known field","field":"nme"}}`},
		{"two", "{\"nme\":\"a\",\n\"name\":1}", `{"error":{"code":"invalid_request","message":"is not a known field (1 of 2 mistakes)","field":"nme","errors":[` +
			`{"field":"nme","line":1,"message":"is not a known field"},{"field":"name","line":2,"message":"must be a string, is a number"}]}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			var into struct {
				Name string `json:"name"`
			}
			w := httptest.NewRecorder()
			failJSON(w, nil, invalid(strictjson.Decode([]byte(c.body), &into, 100)))
			if w.Code != http.StatusBadRequest || w.Body.String() != c.want {
				t.Errorf("answer is %d %s\nwant %s", w.Code, w.Body, c.want)
			}
		})
	}
}

func FuzzForm(f *testing.F) {
	f.Add("application/x-www-form-urlencoded", "method=wechat_pay&rail=qr")
	f.Add("application/json", `{"method":"wechat_pay"}`)
	f.Add("application/json", `{"method":1}`)
	f.Add("multipart/form-data; boundary=x", "--x--")
	f.Add("application/x-www-form-urlencoded", "a=%zz&a=1&a=2")
	f.Fuzz(func(t *testing.T, contentType, body string) {
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		form, err := readForm(httptest.NewRecorder(), r)
		if err != nil {
			if _, ok := errors.AsType[*pay.Error](err); !ok {
				t.Fatalf("an error without a code: %v", err)
			}
			return
		}
		for name, values := range form {
			if len(values) != 1 {
				t.Fatalf("%s has %d values", name, len(values))
			}
		}
	})
}

func TestEtagMatches(t *testing.T) {
	for header, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `"b", "a"`: true, `*`: true, `"b"`: false, ``: false, `a`: false,
	} {
		if etagMatches(header, `"a"`) != want {
			t.Errorf("%s: want %v", header, want)
		}
	}
}

func TestRedact(t *testing.T) {
	token := "WIue1wcOVv4dubYm4ETXZOx-I5LdV1VPDj3lczC0nsA"
	for _, text := range []string{
		"GET /pay/" + token + "/attempts", "http://x/return/" + token, "Authorization: Bearer " + token,
		"key sk_test_" + token + ".", "whsec_" + token + "== and more",
	} {
		attr := RedactAttr(nil, slog.String("m", text))
		if got := attr.Value.String(); strings.Contains(got, token[:8]) {
			t.Errorf("%q became %q", text, got)
		}
		attr = RedactAttr(nil, slog.Any("err", errors.New(text)))
		if got := attr.Value.String(); strings.Contains(got, token[:8]) {
			t.Errorf("the error %q became %q", text, got)
		}
	}
	if got := redact("GET /pay/abc/attempts after"); got != "GET /pay/…/attempts after" {
		t.Errorf("got %q", got)
	}
}

func TestContentPolicyListsHops(t *testing.T) {
	p := contentPolicy(nil, []string{"weixin:", "https://wx.tenpay.com", "weixin:"})
	if !strings.Contains(p, "form-action 'self' https://wx.tenpay.com weixin:;") {
		t.Errorf("policy is %s", p)
	}
	if !strings.Contains(p, "frame-ancestors 'none'") {
		t.Errorf("nobody registered, but the policy is %s", p)
	}
}

func TestPanicIsOneAnswer(t *testing.T) {
	s := &Server{log: slog.New(slog.DiscardHandler), metrics: newMetrics(testRegistry())}
	h := s.handle("GET /", failJSON, func(http.ResponseWriter, *http.Request) error { panic("boom") })
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "boom") {
		t.Errorf("answer is %d %s", w.Code, w.Body)
	}
}

func testRegistry() *prometheus.Registry { return prometheus.NewRegistry() }
