package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/program"
)

const apiKey = "sk_test_cashier"

// open starts the example and a checkout whose merchant has this cashier and nothing else,
// both on sockets.
func open(t *testing.T) (*cashier, *demotest.Demo, string) {
	t.Helper()
	secret := make([]byte, 32)
	rand.Read(secret)
	key, err := webhooks.NewWebhookRaw(secret)
	if err != nil {
		t.Fatal(err)
	}
	c := &cashier{key: key, payments: map[string]*payment{}}
	server := httptest.NewServer(c.handler())
	t.Cleanup(server.Close)
	c.acquirer = server.URL + "/pay/"
	write(t, "shop", map[string]any{
		"cashier.secret": "whsec_" + base64.StdEncoding.EncodeToString(secret),
		"capabilities.json": map[string]any{
			"schema": 1, "merchant": "shop", "name": "Tea House", "locale": "en", "visible": 2,
			"methods": []any{
				map[string]any{"method": "unionpay", "state": "open", "rails": []string{"qr", "redirect"}, "currencies": []string{"CNY"}},
			},
		},
		"merchant.json": folder.Settings{
			Mode: folder.ModeTest, Origins: []string{"https://shop.example"}, ReturnURLs: []string{"https://shop.example/orders/"},
			APIKeys: []folder.APIKey{{ID: "a", SHA256: folder.HashKey(apiKey)}},
			Accounts: map[string]json.RawMessage{"merchantlink": json.RawMessage(`{"account": "shop", "version": 2,
				"url": "https://cashier.tea.example", "secret": "cashier.secret", "hosts": ["cashier.tea.example"]}`)},
		},
	})
	log := &demotest.Journal{}
	p, err := program.Open(t.Context(), program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), SimURL: server.URL, Merchants: program.Folder("."), Log: program.NewLog(log, "text", slog.LevelInfo),
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, demotest.Run(t, &demo.Demo{Program: p}, log), server.URL
}

// write makes a merchant's folder in a working directory of its own.
func write(t *testing.T, name string, files map[string]any) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.Mkdir(name, 0o700); err != nil {
		t.Fatal(err)
	}
	for file, content := range files {
		text, ok := content.(string)
		if !ok {
			raw, err := json.Marshal(content)
			if err != nil {
				t.Fatal(err)
			}
			text = string(raw)
		}
		if err := os.WriteFile(filepath.Join(name, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A payer pays by a code, the shop asks, and gives a part back and then the rest.
func TestPayAskRefund(t *testing.T) {
	c, s, url := open(t)
	auth := []string{"Authorization", "Bearer " + apiKey, "Content-Type", demotest.TypeJSON}
	post := func(path, body string, into any) {
		t.Helper()
		a := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+path, body, append(auth, "Idempotency-Key", rand.Text())...))
		if a.Status != http.StatusCreated {
			t.Fatalf("%s: status %d: %s", path, a.Status, a.Body)
		}
		a.Decode(t, into)
	}
	var session demotest.Session
	post("/v1/sessions", `{"merchant_reference":"A-1","amount":{"currency":"CNY","value":5980},"description":"Longjing tea","return_url":"https://shop.example/orders/1"}`, &session)

	form := s.Form(t, session, "unionpay", pay.RailQR).Encode()
	chosen := s.Do(t, demotest.Request(t, http.MethodPost, session.URL+"/attempts", form, "Accept", "text/html", "User-Agent", demotest.Desktop,
		"Content-Type", "application/x-www-form-urlencoded"))
	if chosen.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", chosen.Status, chosen.Body)
	}
	type known struct {
		Status   pay.SessionStatus
		Attempts []struct {
			OutTradeNo string `json:"out_trade_no"`
			State      pay.AttemptState
		}
		Refunds []struct{ Status pay.RefundStatus }
	}
	look := func() (now known) {
		s.Get(t, s.Origin+"/v1/sessions/"+session.ID, auth...).Decode(t, &now)
		return now
	}
	before := look()
	if len(before.Attempts) != 1 || before.Attempts[0].State != pay.AttemptAwaiting {
		t.Fatalf("the session is %+v", before)
	}
	number := before.Attempts[0].OutTradeNo
	if status := acquirerPays(t, c, url, number); status != http.StatusOK {
		t.Fatalf("the acquirer is answered %d", status)
	}
	eventually(t, "paid", func() bool { return look().Status == pay.SessionPaid })

	var refund struct{ Status pay.RefundStatus }
	for i, body := range []string{`{"amount":{"currency":"CNY","value":980}}`, `{}`} {
		post("/v1/sessions/"+session.ID+"/refunds", body, &refund)
		eventually(t, "refunded", func() bool {
			now := look()
			return len(now.Refunds) == i+1 && now.Refunds[i].Status == pay.RefundSucceeded
		})
	}
	c.Lock()
	defer c.Unlock()
	if p := c.payments[number]; p.left != 0 || len(p.refunds) != 2 {
		t.Errorf("at the cashier %d are left after %d refunds", p.left, len(p.refunds))
	}
}

// What is wrong is refused, and what comes again is the same.
func TestRefuses(t *testing.T) {
	t.Parallel()
	key, err := webhooks.NewWebhookRaw(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	c := &cashier{key: key, payments: map[string]*payment{}}
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	start := func(fen int) string {
		return fmt.Sprintf(`{"version":2,"id":"MP2222","rail":"qr","amount":{"currency":"CNY","value":%d},"expires_at":%q}`, fen, until)
	}
	refund := func(fen int) string {
		return fmt.Sprintf(`{"version":2,"id":"MP2222","refund":{"id":"rf1","amount":{"currency":"CNY","value":%d}}}`, fen)
	}
	for _, step := range []struct {
		name, method, path, id, body string
		status                       int
		says                         string
	}{
		{"version-1", "POST", "/", "MP2222", strings.Replace(start(5980), ":2,", ":1,", 1), 422, "not_granted"},
		{"other-rail", "POST", "/", "MP2222", strings.Replace(start(5980), "qr", "jsapi", 1), 422, "not_granted"},
		{"not-json", "POST", "/", "MP2222", "tea", 422, "not_granted"},
		{"never-heard-of", "GET", "/MP2222", "MP2222", "", 404, `"id":"MP2222","status":"absent"`},
		{"first", "POST", "/", "MP2222", start(5980), 200, `"qr":"MP2222"`},
		{"again", "POST", "/", "MP2222", start(5980), 200, `"qr":"MP2222"`},
		{"other-terms", "POST", "/", "MP2222", start(5981), 422, "id_used"},
		{"refund-too-early", "POST", "/MP2222/refunds", "rf1", refund(1), 422, "not_paid"},
		{"refund-absent", "GET", "/MP2222/refunds/rf1", "rf1", "", 404, `"id":"MP2222","refund":{"id":"rf1","status":"absent"}`},
		{"paid", "POST", "/MP2222/paid", "MP2222", "", 200, `"status":"paid"`},
		{"start-paid", "POST", "/", "MP2222", start(5980), 409, `"status":"paid"`},
		{"query-paid", "GET", "/MP2222", "MP2222", "", 200, `"status":"paid"`},
		{"query-other", "GET", "/MP2222", "MP3333", "", 404, `"absent"`},
		{"refund-too-much", "POST", "/MP2222/refunds", "rf1", refund(5981), 422, "exceeds"},
		{"refund", "POST", "/MP2222/refunds", "rf1", refund(5000), 200, `"status":"succeeded"`},
		{"refund-again", "POST", "/MP2222/refunds", "rf1", refund(5000), 200, `"status":"succeeded"`},
		{"refund-other-sum", "POST", "/MP2222/refunds", "rf1", refund(1), 422, "id_used"},
	} {
		r := httptest.NewRequest(step.method, step.path, strings.NewReader(step.body))
		w := httptest.NewRecorder()
		signature, err := key.Sign(step.id, time.Now(), []byte(step.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("webhook-id", step.id)
		r.Header.Set("webhook-timestamp", fmt.Sprint(time.Now().Unix()))
		r.Header.Set("webhook-signature", signature)
		c.handler().ServeHTTP(w, r)
		if w.Code != step.status || !strings.Contains(w.Body.String(), step.says) || key.Verify(w.Body.Bytes(), w.Header()) != nil {
			t.Errorf("%s: %d %s", step.name, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	c.handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/MP2222", nil))
	if w.Code != http.StatusUnauthorized {
		t.Errorf("unsigned: %d", w.Code)
	}
}

// acquirerPays plays the acquirer, which tells that a payment was made.
func acquirerPays(t *testing.T, c *cashier, url, number string) int {
	t.Helper()
	h := http.Header{}
	r := demotest.Request(t, http.MethodPost, url+"/"+number+"/paid", string(c.sign(h, number, nil)))
	r.Header = h
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for giveUp := time.Now().Add(20 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatalf("not %s", what)
		}
	}
}

// TestShort: whoever writes a cashier reads all of this one first.
func TestShort(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			lines++
		}
	}
	if lines >= 150 {
		t.Errorf("%d lines of code, want less than 150", lines)
	}
}
