package merchantlink_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/merchantlink"
	"morepay/internal/provider/providertest"
)

const (
	number = providertest.Number
	secret = "canary-secret-of-32-bytes-length"
)

var now = providertest.Now

func goodSettings() map[string]any {
	return map[string]any{
		"account": "teashop", "url": "https://cashier.tea.example/morepay", "secret": "webhook.secret", "hosts": []string{"cashier.tea.example", "95516.com"},
	}
}

func whsec(key string) []byte {
	return []byte("whsec_" + base64.StdEncoding.EncodeToString([]byte(key)) + "\n")
}

// env returns an environment in test mode, in which the secret's file holds key.
func env(origin string, key []byte) provider.Env {
	e := providertest.Env(origin, map[string][]byte{"webhook.secret": key})
	e.TestURL = origin
	return e
}

func open(tb testing.TB, origin string) provider.Provider {
	tb.Helper()
	return providertest.Open(tb, merchantlink.Open, goodSettings(), env(origin, whsec(secret)))
}

// sign signs as Standard Webhooks says, by hand, so that the library and we can't be wrong
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
	status int // or providertest.Cut
	body   string
	sign   func(http.Header)
}

// newWire makes a cashier that takes signed messages about the payment only, and signs.
func newWire(tb testing.TB, a answer) *providertest.Wire { return wireOf(tb, number, a) }

// wireOf makes a cashier that takes signed messages of an id only, of any if that is "".
func wireOf(tb testing.TB, id string, a answer) *providertest.Wire {
	return providertest.NewWire(tb, func(r *http.Request, body string) providertest.Reply {
		want, id := http.Header{}, cmp.Or(id, r.Header.Get("webhook-id"))
		sign(want, id, now, []byte(body))
		if r.Header.Get("webhook-id") != id || r.Header.Get("webhook-signature") != want.Get("webhook-signature") {
			tb.Errorf("%s %s is not signed as a message of %s", r.Method, r.RequestURI, id)
		}
		h := http.Header{}
		sign(h, id, now, []byte(a.body))
		if a.sign != nil {
			a.sign(h)
		}
		return providertest.Reply{Status: a.status, Header: h, Body: a.body}
	})
}

func order() provider.Order {
	o := providertest.Order(merchantlink.ID, "teashop", pay.RailRedirect)
	o.Method = "unionpay"
	return o
}

// secrets must not appear in any error: they belong to a request or to an
// address.
var secrets = []string{number, "http://", "https://"}

func TestOpen(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	if p.Account() != "teashop" || p.App(pay.RailRedirect) != "" || !slices.Equal(p.Rails(), []pay.Rail{pay.RailRedirect}) {
		t.Errorf("got %q, %q, %v", p.Account(), p.App(pay.RailRedirect), p.Rails())
	}
	targets := p.(provider.FormTargeter).FormTargets()
	if want := []string{"https://cashier.tea.example", "https://95516.com", providertest.Nowhere}; !slices.Equal(targets, want) {
		t.Errorf("targets %v, want %v", targets, want)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
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
		"version-3":       {change: map[string]any{"version": 3}, field: "version"},
		"version-as-text": {change: map[string]any{"version": "2"}, field: "version"},
		"schemes-in-1":    {change: map[string]any{"schemes": []string{"uppaywallet"}}, field: "schemes"},
		"authorize-in-1":  {change: map[string]any{"authorize": "https://cashier.tea.example/payer"}, field: "authorize"},
		"methods-in-1":    {change: map[string]any{"methods": []string{"alipay"}}, field: "methods"},
		"scheme-is-url":   {change: map[string]any{"version": 2, "schemes": []string{"uppaywallet://"}}, field: "schemes"},
		"scheme-script":   {change: map[string]any{"version": 2, "schemes": []string{"javascript"}}, field: "schemes"},
		"scheme-intent":   {change: map[string]any{"version": 2, "schemes": []string{"intent"}}, field: "schemes"},
		"scheme-upper":    {change: map[string]any{"version": 2, "schemes": []string{"Weixin"}}, field: "schemes"},
		"authorize-http":  {change: map[string]any{"version": 2, "authorize": "http://cashier.tea.example/payer"}, field: "authorize"},
		"authorize-query": {change: map[string]any{"version": 2, "authorize": "https://cashier.tea.example/payer?a=b"}, field: "authorize"},
		"authorize-host":  {change: map[string]any{"version": 2, "authorize": "https://other.example/payer"}, field: "authorize"},
		"secret-not-code": {key: "whsec_canary canary canary canary!", field: "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			settings, key := goodSettings(), whsec(secret)
			maps.Copy(settings, c.change)
			if c.key != "" {
				key = []byte(c.key)
			}
			_, err := merchantlink.Open([]byte(providertest.JSON(t, settings)), env(providertest.Nowhere, key))
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

func start(t *testing.T, a answer) (pay.Action, *providertest.Wire, error) {
	t.Helper()
	w := newWire(t, a)
	action, err := providertest.Start(t, open(t, w.URL), order())
	return action, w, err
}

func TestStart(t *testing.T) {
	t.Parallel()
	action, w, err := start(t, answer{status: 200, body: `{"url":"https://cashier.tea.example/pay/1?t=x"}`})
	if err != nil {
		t.Fatal(err)
	}
	want := pay.Action{Kind: pay.ActionRedirect, URL: "https://cashier.tea.example/pay/1?t=x", ExpiresAt: now.Add(5 * time.Minute)}
	if diff := gocmp.Diff(want, action); diff != "" {
		t.Error(diff)
	}
	body := `{"id":"` + number + `","method":"unionpay","amount":{"currency":"CNY","value":5980},"description":"Tea \u003cgreen\u003e \u0026 cup",` +
		`"expires_at":"2026-11-23T12:30:00Z","return_url":"https://pay.example/return/at_1?x=1\u0026y=2","notify_url":"https://pay.example/notify/merchantlink/teashop"}`
	if diff := gocmp.Diff(providertest.Sent{Path: "POST cashier.tea.example/morepay", Body: body}, w.Sent()[0]); diff != "" {
		t.Error(diff)
	}
}

func TestRequestRefuses(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
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
	return providertest.With(map[string]any{
		"id": number, "status": "paid", "amount": map[string]any{"currency": "CNY", "value": 5980},
		"reference": "T-2026.1", "paid_at": "2026-11-23T11:59:58Z",
	}, change)
}

func TestStartAnswers(t *testing.T) {
	t.Parallel()
	good := `{"url":"https://cashier.tea.example/pay/1"}`
	for name, c := range map[string]struct {
		answer
		want error // nil for unknown
	}{
		"bad-request":      {answer{status: 400, body: `{"error":"canary"}`}, provider.ErrRefused},
		"forbidden":        {answer{status: 403, body: `{}`}, provider.ErrRefused},
		"unprocessable":    {answer{status: 422, body: `{}`}, provider.ErrRefused},
		"paid":             {answer{status: 409, body: providertest.JSON(t, statement(nil))}, provider.ErrPaid},
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
				providertest.Undecided(t, err, secrets...)
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

func TestQuery(t *testing.T) {
	t.Parallel()
	paid := pay.Evidence{
		Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: "T-2026.1", PaidAt: now.Add(-2 * time.Second),
	}
	for name, c := range map[string]struct {
		answer
		want pay.Evidence // no Outcome for an error
	}{
		"paid":           {answer{status: 200, body: providertest.JSON(t, statement(nil))}, paid},
		"new-field":      {answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"bank": "ICBC"}))}, paid},
		"pending":        {answer{status: 200, body: `{"id":"` + number + `","status":"pending"}`}, pay.Evidence{Outcome: pay.OutcomePending}},
		"closed":         {answer{status: 200, body: `{"id":"` + number + `","status":"closed"}`}, pay.Evidence{Outcome: pay.OutcomeClosed}},
		"absent":         {answer{status: 404, body: `{"id":"` + number + `","status":"absent"}`}, pay.Evidence{Outcome: pay.OutcomeAbsent}},
		"web-server-404": {answer: answer{status: 404, body: `not found`, sign: func(h http.Header) { clear(h) }}},
		"absent-by-200":  {answer: answer{status: 200, body: `{"id":"` + number + `","status":"absent"}`}},
		"paid-by-404":    {answer: answer{status: 404, body: providertest.JSON(t, statement(nil))}},
		"other-payment":  {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"id": "MP2222222"}))}},
		"unknown-status": {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"status": "success"}))}},
		"no-status":      {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"status": nil}))}},
		"no-amount":      {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"amount": nil}))}},
		"nothing":        {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"amount": map[string]any{"currency": "CNY", "value": 0}}))}},
		"fraction":       {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"amount": map[string]any{"currency": "CNY", "value": 59.8}}))}},
		"no-reference":   {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"reference": nil}))}},
		"odd-reference":  {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"reference": "a b"}))}},
		"no-time":        {answer: answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"paid_at": nil}))}},
		"refused":        {answer: answer{status: 500, body: `{}`}},
		"unsigned":       {answer: answer{status: 200, body: providertest.JSON(t, statement(nil)), sign: func(h http.Header) { clear(h) }}},
		"cut":            {answer: answer{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, c.answer)
			ev, err := open(t, w.URL).Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
			if want := (providertest.Sent{Path: "GET cashier.tea.example/morepay/" + number}); w.Sent()[0] != want {
				t.Errorf("sent %+v, want %+v", w.Sent()[0], want)
			}
			if c.want.Outcome == "" {
				providertest.Undecided(t, err, secrets...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.want.Source, c.want.Provider, c.want.Account = pay.SourceQuery, merchantlink.ID, "teashop"
			c.want.OutTradeNo, c.want.ReceivedAt = number, now
			if diff := gocmp.Diff(c.want, ev, cmpopts.IgnoreFields(pay.Evidence{}, "ID", "Raw")); diff != "" || ev.ID == "" {
				t.Error(diff, ev.ID)
			}
		})
	}
}

// A number becomes part of an address.
func TestQueryOddNumber(t *testing.T) {
	t.Parallel()
	for _, odd := range []string{"", "../admin", "a?b=c", "a#b", "a%2fb"} {
		if _, err := open(t, providertest.Nowhere).Query(t.Context(), provider.QueryOrder{OutTradeNo: odd}); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%q: got %v, want invalid_request", odd, err)
		}
	}
}

// In live mode a cashier is a public address on port 443, whatever its name
// says by now: nothing else is dialed.
func TestLiveModeDialsPublicAddressesOnly(t *testing.T) {
	t.Parallel()
	e := env("", whsec(secret))
	e.HTTP = &http.Client{Transport: forbidden{t}}
	settings := goodSettings()
	settings["url"] = "https://localhost.localdomain/morepay"
	p, err := merchantlink.Open([]byte(providertest.JSON(t, settings)), e)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
	if err == nil {
		t.Fatal("somebody answered")
	}
	providertest.Undecided(t, err, secrets...)
	if slices.Contains(p.(provider.FormTargeter).FormTargets(), "") {
		t.Error("an empty form target")
	}
}

type forbidden struct{ t *testing.T }

func (f forbidden) RoundTrip(*http.Request) (*http.Response, error) {
	f.t.Error("the client without guard was used")
	return nil, errors.New("forbidden")
}

func TestSafeTransport(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	p := open(t, providertest.Nowhere)
	st, err := p.Notification(notification(providertest.JSON(t, statement(nil))))
	if err != nil {
		t.Fatal(err)
	}
	want := pay.Evidence{
		ID: "evt_1", Source: pay.SourceNotification, Provider: merchantlink.ID, Account: "teashop", OutTradeNo: number,
		Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: "T-2026.1",
		PaidAt: now.Add(-2 * time.Second), ReceivedAt: now,
	}
	if diff := gocmp.Diff(want, st, cmpopts.IgnoreFields(pay.Evidence{}, "Raw")); diff != "" {
		t.Error(diff)
	}
	st, err = p.Notification(notification(`{"id":"` + number + `","status":"closed"}`))
	if err != nil || st.Outcome != pay.OutcomeClosed {
		t.Errorf("closed: %+v, %v", st, err)
	}
}

// While a secret is being replaced, a message carries a signature by each.
func TestNotificationSignedTwice(t *testing.T) {
	t.Parallel()
	header, body := notification(providertest.JSON(t, statement(nil)))
	header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(make([]byte, 32))+" v1a,xyz "+header.Get("webhook-signature"))
	if _, err := open(t, providertest.Nowhere).Notification(header, body); err != nil {
		t.Error(err)
	}
}

func TestNotificationForged(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
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
			header, body := notification(providertest.JSON(t, statement(nil)))
			spoil(header, &body)
			if st, err := p.Notification(header, body); !errors.Is(err, provider.ErrForged) || !reflect.DeepEqual(st, pay.Evidence{}) {
				t.Errorf("got %+v, %v, want forged", st, err)
			}
		})
	}
}

func TestNotificationElse(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
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
	t.Parallel()
	p := open(t, providertest.Nowhere)
	if status, _, _ := p.Acknowledge(true); status != http.StatusNoContent {
		t.Errorf("accepted: %d", status)
	}
	if status, _, _ := p.Acknowledge(false); status < 500 {
		t.Errorf("not accepted: %d", status)
	}
}

func FuzzNotification(f *testing.F) {
	p := open(f, providertest.Nowhere)
	header, body := notification(providertest.JSON(f, statement(nil)))
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
	p := open(f, providertest.Nowhere)
	f.Add(providertest.JSON(f, statement(nil)))
	f.Add(`{"id":"MP2222222","status":"paid","amount":{"value":9e99}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		st, err := p.Notification(notification(text))
		if err != nil {
			return
		}
		if ev := st; ev.Outcome == pay.OutcomePaid && (ev.Amount.Value < 1 || ev.Reference == "" || ev.PaidAt.IsZero() || ev.OutTradeNo == "") {
			t.Fatalf("paid without proof: %+v", ev)
		}
	})
}
