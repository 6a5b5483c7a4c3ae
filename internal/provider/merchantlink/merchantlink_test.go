package merchantlink_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/merchantlink"
)

const (
	number = "MP00000000000000000000000000001A"
	secret = "canary-secret-of-32-bytes-length"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func goodSettings() map[string]any {
	return map[string]any{
		"account": "teashop", "url": "https://cashier.tea.example/morepay", "secret": "webhook.secret", "hosts": []string{"cashier.tea.example", "95516.com"},
	}
}

func whsec(key string) []byte {
	return []byte("whsec_" + base64.StdEncoding.EncodeToString([]byte(key)) + "\n")
}

func env(origin string, key []byte) provider.Env {
	return provider.Env{
		HTTP: provider.NewHTTPClient(provider.TestTransport(origin)), TestURL: origin,
		ReadKey: func(name string) ([]byte, error) {
			if name != "webhook.secret" {
				return nil, errors.New("no such file")
			}
			return key, nil
		},
		Now: func() time.Time { return now },
	}
}

func open(tb testing.TB, origin string) provider.Provider {
	tb.Helper()
	p, err := merchantlink.Open([]byte(jsonText(tb, goodSettings())), env(origin, whsec(secret)))
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func jsonText(tb testing.TB, v any) string {
	tb.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

// sign is Standard Webhooks by hand, so that the library and we can't be wrong
// together.
func sign(h http.Header, id string, at time.Time, body []byte) {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(id + "." + stamp + "." + string(body)))
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", stamp)
	h.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// answer is one reply on the wire; sign changes the headers of its signature.
type answer struct {
	status int // 0 to cut the connection
	body   string
	sign   func(http.Header)
}

type sent struct {
	path string
	body string
	ok   bool // whether the signature held
}

// wire is a cashier whose replies are exactly what a test says.
type wire struct {
	URL string

	mu     sync.Mutex
	answer answer
	seen   []sent
}

func newWire(tb testing.TB, a answer) *wire {
	w := &wire{answer: a}
	server := httptest.NewServer(w)
	tb.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

func (w *wire) sent() []sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.seen)
}

func (w *wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	want := http.Header{}
	sign(want, r.Header.Get("webhook-id"), now, body)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, sent{
		r.Method + " " + r.Host + r.RequestURI, string(body),
		r.Header.Get("webhook-id") == number && r.Header.Get("webhook-signature") == want.Get("webhook-signature"),
	})
	if w.answer.status == 0 {
		panic(http.ErrAbortHandler)
	}
	sign(rw.Header(), r.Header.Get("webhook-id"), now, []byte(w.answer.body))
	if w.answer.sign != nil {
		w.answer.sign(rw.Header())
	}
	rw.WriteHeader(w.answer.status)
	io.WriteString(rw, w.answer.body)
}

func order() provider.Order {
	return provider.Order{
		OutTradeNo: number, AttemptID: "at_1", Method: "unionpay", Rail: pay.RailRedirect, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Description: "Tea & cup", ExpiresAt: now.Add(30 * time.Minute),
		NotifyURL: "https://pay.example/notify/merchantlink/teashop", ReturnURL: "https://pay.example/return/at_1",
	}
}

func isUnknown(tb testing.TB, err error) {
	tb.Helper()
	if err == nil {
		tb.Fatal("no error")
	}
	for _, definite := range []error{provider.ErrRefused, provider.ErrPaid, provider.ErrClosed, provider.ErrAbsent} {
		if errors.Is(err, definite) {
			tb.Errorf("%v counts as %q", err, definite)
		}
	}
	isClean(tb, err)
}

func isClean(tb testing.TB, err error) {
	tb.Helper()
	for _, word := range []string{"canary", number, "http://", "https://", "\n"} {
		if strings.Contains(err.Error(), word) {
			tb.Errorf("the error holds %q: %v", word, err)
		}
	}
}

func TestOpen(t *testing.T) {
	p := open(t, "http://127.0.0.1:1")
	if p.Account() != "teashop" || p.App() != "" || !slices.Equal(p.Rails(), []pay.Rail{pay.RailRedirect}) {
		t.Errorf("got %q, %q, %v", p.Account(), p.App(), p.Rails())
	}
	hops := p.(provider.Hopper).Hops()
	if want := []string{"https://cashier.tea.example", "https://95516.com", "http://127.0.0.1:1"}; !slices.Equal(hops, want) {
		t.Errorf("hops %v, want %v", hops, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]any
		key    string
		field  string
	}{
		"unknown-field":   {change: map[string]any{"host": "x"}, field: "host"},
		"no-account":      {change: map[string]any{"account": ""}, field: "account"},
		"account-slash":   {change: map[string]any{"account": "a/b"}, field: "account"},
		"no-url":          {change: map[string]any{"url": ""}, field: "url"},
		"http":            {change: map[string]any{"url": "http://cashier.tea.example/"}, field: "url"},
		"ip-address":      {change: map[string]any{"url": "https://192.0.2.1/"}, field: "url"},
		"ipv6-address":    {change: map[string]any{"url": "https://[2001:db8::1]/"}, field: "url"},
		"localhost":       {change: map[string]any{"url": "https://localhost/"}, field: "url"},
		"port":            {change: map[string]any{"url": "https://cashier.tea.example:8443/"}, field: "url"},
		"user":            {change: map[string]any{"url": "https://u:p@cashier.tea.example/"}, field: "url"},
		"query":           {change: map[string]any{"url": "https://cashier.tea.example/?a=b"}, field: "url"},
		"no-hosts":        {change: map[string]any{"hosts": []string{}}, field: "hosts"},
		"host-is-a-url":   {change: map[string]any{"hosts": []string{"https://cashier.tea.example"}}, field: "hosts"},
		"host-is-a-text":  {change: map[string]any{"hosts": "cashier.tea.example"}, field: "hosts"},
		"wildcard-host":   {change: map[string]any{"hosts": []string{"*.example"}}, field: "hosts"},
		"no-secret":       {change: map[string]any{"secret": ""}, field: "secret"},
		"no-such-file":    {change: map[string]any{"secret": "other"}, field: "secret"},
		"empty-secret":    {key: "\n", field: "secret"},
		"prefix-only":     {key: "whsec_", field: "secret"},
		"short-secret":    {key: string(whsec("canary")), field: "secret"},
		"long-secret":     {key: string(whsec(strings.Repeat("canary", 20))), field: "secret"},
		"secret-not-code": {key: "whsec_canary canary canary canary!", field: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			settings, key := goodSettings(), whsec(secret)
			maps.Copy(settings, c.change)
			if c.key != "" {
				key = []byte(c.key)
			}
			_, err := merchantlink.Open([]byte(jsonText(t, settings)), env("http://127.0.0.1:1", key))
			var wrong *pay.Error
			if !errors.As(err, &wrong) || wrong.Code != pay.CodeInvalid || wrong.Field != c.field {
				t.Fatalf("got %v, want invalid_request of %s", err, c.field)
			}
			if strings.Contains(err.Error(), "canary") {
				t.Errorf("the error holds the secret: %v", err)
			}
		})
	}
}

func start(t *testing.T, a answer) (pay.Action, *wire, error) {
	t.Helper()
	w := newWire(t, a)
	p := open(t, w.URL)
	request, err := p.Request(order())
	if err != nil {
		t.Fatal(err)
	}
	action, err := p.Start(t.Context(), pay.RailRedirect, request)
	return action, w, err
}

func TestStart(t *testing.T) {
	action, w, err := start(t, answer{status: 200, body: `{"url":"https://cashier.tea.example/pay/1?t=x"}`})
	if err != nil {
		t.Fatal(err)
	}
	want := pay.Action{Kind: pay.ActionRedirect, URL: "https://cashier.tea.example/pay/1?t=x", ExpiresAt: now.Add(5 * time.Minute)}
	if diff := cmp.Diff(want, action); diff != "" {
		t.Error(diff)
	}
	body := `{"id":"` + number + `","method":"unionpay","amount":{"currency":"CNY","value":5980},"description":"Tea \u0026 cup",` +
		`"expires_at":"2026-11-23T12:30:00Z","return_url":"https://pay.example/return/at_1","notify_url":"https://pay.example/notify/merchantlink/teashop"}`
	if diff := cmp.Diff(sent{"POST cashier.tea.example/morepay", body, true}, w.sent()[0], cmp.AllowUnexported(sent{})); diff != "" {
		t.Error(diff)
	}
}

func TestRequestRefuses(t *testing.T) {
	p := open(t, "http://127.0.0.1:1")
	for field, change := range map[string]func(*provider.Order){
		"rail":         func(o *provider.Order) { o.Rail = pay.RailQR },
		"out_trade_no": func(o *provider.Order) { o.OutTradeNo = "../other" },
		"amount.value": func(o *provider.Order) { o.Amount.Value = 0 },
		"notify_url":   func(o *provider.Order) { o.NotifyURL = "" },
	} {
		o := order()
		change(&o)
		_, err := p.Request(o)
		var wrong *pay.Error
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("got %v, want invalid_request of %s", err, field)
		}
	}
	if _, err := p.Start(t.Context(), pay.RailRedirect, []byte("{")); pay.CodeOf(err) != pay.CodeInternal {
		t.Errorf("a broken request: %v", err)
	}
}

func statement(change map[string]any) map[string]any {
	st := map[string]any{
		"id": number, "status": "paid", "amount": map[string]any{"currency": "CNY", "value": 5980},
		"reference": "T-2026.1", "paid_at": "2026-11-23T11:59:58Z",
	}
	maps.Copy(st, change)
	maps.DeleteFunc(st, func(_ string, v any) bool { return v == nil })
	return st
}

func TestStartAnswers(t *testing.T) {
	good := `{"url":"https://cashier.tea.example/pay/1"}`
	for name, c := range map[string]struct {
		answer
		want error // nil for unknown
	}{
		"bad-request":      {answer{status: 400, body: `{"error":"canary"}`}, provider.ErrRefused},
		"forbidden":        {answer{status: 403, body: `{}`}, provider.ErrRefused},
		"unprocessable":    {answer{status: 422, body: `{}`}, provider.ErrRefused},
		"paid":             {answer{status: 409, body: jsonText(t, statement(nil))}, provider.ErrPaid},
		"closed":           {answer{status: 409, body: `{"id":"` + number + `","status":"closed"}`}, provider.ErrClosed},
		"conflict-open":    {answer{status: 409, body: `{"id":"` + number + `","status":"pending"}`}, nil},
		"conflict-other":   {answer{status: 409, body: `{"id":"MP2222222","status":"closed"}`}, nil},
		"conflict-empty":   {answer{status: 409}, nil},
		"not-found":        {answer{status: 404, body: `{}`}, nil},
		"unsigned-refusal": {answer{status: 403, body: `{}`, sign: func(h http.Header) { clear(h) }}, nil},
		"unsigned":         {answer{status: 200, body: good, sign: func(h http.Header) { h.Del("webhook-signature") }}, nil},
		"other-message":    {answer{status: 200, body: good, sign: func(h http.Header) { sign(h, "MP2222222", now, []byte(good)) }}, nil},
		"old":              {answer{status: 200, body: good, sign: func(h http.Header) { sign(h, number, now.Add(-5*time.Minute), []byte(good)) }}, nil},
		"changed":          {answer{status: 200, body: good, sign: func(h http.Header) { sign(h, number, now, []byte("x")) }}, nil},
		"too-often":        {answer{status: 429, body: `{}`}, nil},
		"broken":           {answer{status: 500, body: `canary`}, nil},
		"created":          {answer{status: 201, body: good}, nil},
		"redirect":         {answer{status: 302, body: good, sign: func(h http.Header) { h.Set("Location", "https://evil.example/canary") }}, nil},
		"not-json":         {answer{status: 200, body: `canary`}, nil},
		"no-link":          {answer{status: 200, body: `{}`}, nil},
		"foreign-link":     {answer{status: 200, body: `{"url":"https://evil.example/canary"}`}, nil},
		"script":           {answer{status: 200, body: `{"url":"javascript:canary"}`}, nil},
		"http-link":        {answer{status: 200, body: `{"url":"http://cashier.tea.example/"}`}, nil},
		"too-long":         {answer{status: 200, body: strings.Repeat(" ", provider.MaxReply+1)}, nil},
		"cut":              {answer{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := start(t, c.answer)
			if c.want == nil {
				isUnknown(t, err)
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			isClean(t, err)
		})
	}
}

func TestQuery(t *testing.T) {
	paid := pay.Evidence{
		Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: "T-2026.1", PaidAt: now.Add(-2 * time.Second),
	}
	for name, c := range map[string]struct {
		answer
		want pay.Evidence // no Outcome for an error
	}{
		"paid":           {answer{status: 200, body: jsonText(t, statement(nil))}, paid},
		"new-field":      {answer{status: 200, body: jsonText(t, statement(map[string]any{"bank": "ICBC"}))}, paid},
		"pending":        {answer{status: 200, body: `{"id":"` + number + `","status":"pending"}`}, pay.Evidence{Outcome: pay.OutcomePending}},
		"closed":         {answer{status: 200, body: `{"id":"` + number + `","status":"closed"}`}, pay.Evidence{Outcome: pay.OutcomeClosed}},
		"absent":         {answer{status: 404, body: `{"id":"` + number + `","status":"absent"}`}, pay.Evidence{Outcome: pay.OutcomeAbsent}},
		"web-server-404": {answer: answer{status: 404, body: `not found`, sign: func(h http.Header) { clear(h) }}},
		"absent-by-200":  {answer: answer{status: 200, body: `{"id":"` + number + `","status":"absent"}`}},
		"paid-by-404":    {answer: answer{status: 404, body: jsonText(t, statement(nil))}},
		"other-payment":  {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"id": "MP2222222"}))}},
		"unknown-status": {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"status": "success"}))}},
		"no-status":      {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"status": nil}))}},
		"no-amount":      {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"amount": nil}))}},
		"nothing":        {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"amount": map[string]any{"currency": "CNY", "value": 0}}))}},
		"fraction":       {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"amount": map[string]any{"currency": "CNY", "value": 59.8}}))}},
		"no-reference":   {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"reference": nil}))}},
		"odd-reference":  {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"reference": "a b"}))}},
		"no-time":        {answer: answer{status: 200, body: jsonText(t, statement(map[string]any{"paid_at": nil}))}},
		"refused":        {answer: answer{status: 500, body: `{}`}},
		"unsigned":       {answer: answer{status: 200, body: jsonText(t, statement(nil)), sign: func(h http.Header) { clear(h) }}},
		"cut":            {answer: answer{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, c.answer)
			ev, err := open(t, w.URL).Query(t.Context(), number)
			if want := (sent{"GET cashier.tea.example/morepay/" + number, "", true}); w.sent()[0] != want {
				t.Errorf("sent %+v, want %+v", w.sent()[0], want)
			}
			if c.want.Outcome == "" {
				isUnknown(t, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.want.Source, c.want.Provider, c.want.Account = pay.SourceQuery, merchantlink.ID, "teashop"
			c.want.OutTradeNo, c.want.ReceivedAt = number, now
			if diff := cmp.Diff(c.want, ev, cmpopts.IgnoreFields(pay.Evidence{}, "ID", "Raw")); diff != "" || ev.ID == "" {
				t.Error(diff, ev.ID)
			}
		})
	}
}

// A number becomes part of an address.
func TestQueryOddNumber(t *testing.T) {
	for _, odd := range []string{"", "../admin", "a?b=c", "a#b", "a%2fb"} {
		if _, err := open(t, "http://127.0.0.1:1").Query(t.Context(), odd); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%q: got %v, want invalid_request", odd, err)
		}
	}
}

// In live mode a cashier is a public address on port 443, whatever its name
// says by now: nothing else is dialed.
func TestLiveModeDialsPublicAddressesOnly(t *testing.T) {
	e := env("", whsec(secret))
	e.HTTP = &http.Client{Transport: forbidden{t}}
	settings := goodSettings()
	settings["url"] = "https://localhost.localdomain/morepay"
	p, err := merchantlink.Open([]byte(jsonText(t, settings)), e)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Query(t.Context(), number)
	if err == nil {
		t.Fatal("somebody answered")
	}
	isUnknown(t, err)
	if slices.Contains(p.(provider.Hopper).Hops(), "") {
		t.Error("an empty hop")
	}
}

type forbidden struct{ t *testing.T }

func (f forbidden) RoundTrip(*http.Request) (*http.Response, error) {
	f.t.Error("the client without guard was used")
	return nil, errors.New("forbidden")
}

func TestSafeTransport(t *testing.T) {
	client := provider.NewHTTPClient(merchantlink.SafeTransport())
	for _, address := range []string{
		"https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://169.254.169.254/",
		"https://100.100.100.200/", "https://0.0.0.0/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
		"https://[2002:7f00:1::]/", "https://[fe80::1]/", "https://[fc00::1]/", "https://224.0.0.1/", "https://255.255.255.255/",
		"https://192.0.2.1/", "https://198.18.0.1/", "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/",
		"https://8.8.8.8:8443/", "https://8.8.8.8:80/", "https://localhost/",
	} {
		resp, err := client.Get(address)
		if err == nil {
			resp.Body.Close()
			t.Fatalf("%s: somebody answered", address)
		}
		guarded := errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort) || errors.Is(err, ssrf.ErrProhibitedNetwork)
		if !guarded && !strings.Contains(err.Error(), "lookup") {
			t.Errorf("%s: dialed: %v", address, err)
		}
	}
}

func notification(body string) (http.Header, []byte) {
	h := http.Header{}
	sign(h, "evt_1", now, []byte(body))
	return h, []byte(body)
}

func TestNotification(t *testing.T) {
	p := open(t, "http://127.0.0.1:1")
	st, err := p.Notification(notification(jsonText(t, statement(nil))))
	if err != nil {
		t.Fatal(err)
	}
	want := &pay.Evidence{
		ID: "evt_1", Source: pay.SourceNotification, Provider: merchantlink.ID, Account: "teashop", OutTradeNo: number,
		Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: "T-2026.1",
		PaidAt: now.Add(-2 * time.Second), ReceivedAt: now,
	}
	if diff := cmp.Diff(want, st.Payment, cmpopts.IgnoreFields(pay.Evidence{}, "Raw")); diff != "" {
		t.Error(diff)
	}
	st, err = p.Notification(notification(`{"id":"` + number + `","status":"closed"}`))
	if err != nil || st.Payment.Outcome != pay.OutcomeClosed {
		t.Errorf("closed: %+v, %v", st, err)
	}
}

// While a secret is being replaced, a message carries a signature by each.
func TestNotificationSignedTwice(t *testing.T) {
	header, body := notification(jsonText(t, statement(nil)))
	header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" v1a,xyz "+header.Get("webhook-signature"))
	if _, err := open(t, "http://127.0.0.1:1").Notification(header, body); err != nil {
		t.Error(err)
	}
}

func TestNotificationForged(t *testing.T) {
	p := open(t, "http://127.0.0.1:1")
	for name, spoil := range map[string]func(http.Header, *[]byte){
		"no-headers":    func(h http.Header, _ *[]byte) { clear(h) },
		"no-id":         func(h http.Header, _ *[]byte) { h.Del("webhook-id") },
		"other-id":      func(h http.Header, _ *[]byte) { h.Set("webhook-id", "evt_2") },
		"long-id":       func(h http.Header, body *[]byte) { sign(h, strings.Repeat("x", 200), now, *body) },
		"no-timestamp":  func(h http.Header, _ *[]byte) { h.Del("webhook-timestamp") },
		"odd-timestamp": func(h http.Header, _ *[]byte) { h.Set("webhook-timestamp", "today") },
		"old":           func(h http.Header, body *[]byte) { sign(h, "evt_1", now.Add(-5*time.Minute), *body) },
		"future":        func(h http.Header, body *[]byte) { sign(h, "evt_1", now.Add(5*time.Minute), *body) },
		"no-signature":  func(h http.Header, _ *[]byte) { h.Del("webhook-signature") },
		"no-version":    func(h http.Header, _ *[]byte) { h.Set("webhook-signature", h.Get("webhook-signature")[3:]) },
		"changed-body":  func(_ http.Header, body *[]byte) { *body = append(*body, ' ') },
		"empty-body":    func(_ http.Header, body *[]byte) { *body = nil },
	} {
		t.Run(name, func(t *testing.T) {
			header, body := notification(jsonText(t, statement(nil)))
			spoil(header, &body)
			if st, err := p.Notification(header, body); !errors.Is(err, provider.ErrForged) || st != (provider.Statement{}) {
				t.Errorf("got %+v, %v, want forged", st, err)
			}
		})
	}
}

func TestNotificationElse(t *testing.T) {
	p := open(t, "http://127.0.0.1:1")
	if _, err := p.Notification(notification(`{"id":"` + number + `","status":"pending"}`)); !errors.Is(err, provider.ErrIgnored) {
		t.Errorf("pending: %v, want ignored", err)
	}
	for _, body := range []string{`{}`, `[]`, `hello`, `{"id":"` + number + `","status":"paid"}`, `{"id":"` + number + `","status":"won"}`} {
		if _, err := p.Notification(notification(body)); err == nil || errors.Is(err, provider.ErrIgnored) || errors.Is(err, provider.ErrForged) {
			t.Errorf("%s: got %v", body, err)
		}
	}
}

func TestAcknowledge(t *testing.T) {
	p := open(t, "http://127.0.0.1:1")
	if status, _, _ := p.Acknowledge(true); status != http.StatusNoContent {
		t.Errorf("accepted: %d", status)
	}
	if status, _, _ := p.Acknowledge(false); status < 500 {
		t.Errorf("not accepted: %d", status)
	}
}

func FuzzNotification(f *testing.F) {
	p := open(f, "http://127.0.0.1:1")
	header, body := notification(jsonText(f, statement(nil)))
	f.Add(header.Get("webhook-id"), header.Get("webhook-timestamp"), header.Get("webhook-signature"), string(body))
	f.Add("evt_1", fmt.Sprint(now.Unix()), "v1,", "{}")
	f.Fuzz(func(t *testing.T, id, stamp, signature, text string) {
		h := http.Header{}
		h.Set("webhook-id", id)
		h.Set("webhook-timestamp", stamp)
		h.Set("webhook-signature", signature)
		_, err := p.Notification(h, []byte(text))
		if err == nil && text != string(body) || err != nil && !errors.Is(err, provider.ErrForged) {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// Behind the signature: whatever a statement holds.
func FuzzStatement(f *testing.F) {
	p := open(f, "http://127.0.0.1:1")
	f.Add(jsonText(f, statement(nil)))
	f.Add(`{"id":"MP2222222","status":"paid","amount":{"value":9e99}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		st, err := p.Notification(notification(text))
		if err != nil {
			return
		}
		if ev := st.Payment; ev.Outcome == pay.OutcomePaid && (ev.Amount.Value < 1 || ev.Reference == "" || ev.PaidAt.IsZero() || ev.OutTradeNo == "") {
			t.Fatalf("paid without proof: %+v", ev)
		}
	})
}
