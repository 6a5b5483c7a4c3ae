package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/demo/demotest"
	"morepay/internal/needs"
	"morepay/internal/pay"
)

// languages are the examples, each with the command that runs it.
var languages = []struct {
	name    string
	command func(t *testing.T) []string
}{
	{"curl", func(t *testing.T) []string { needs.Curl(t); return []string{"./shop.sh"} }},
	{"go", build},
	{"node", func(t *testing.T) []string { return []string{needs.Node(t), "shop.mjs"} }},
	{"java", compile},
	{"php", func(t *testing.T) []string { return []string{needs.PHP(t), "shop.php"} }},
}

// build builds the example in Go.
func build(t *testing.T) []string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "api")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return []string{program}
}

// compile compiles the example in Java, which java would do on every run.
func compile(t *testing.T) []string {
	t.Helper()
	java, classes := needs.Java(t), t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "javac", "-d", classes, "Shop.java").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return []string{java, "-cp", classes, "Shop"}
}

// example runs one of them.
type example struct {
	command []string
	env     []string
}

// run returns what it prints, and fails if it doesn't end as wanted.
func (e example) run(t *testing.T, good bool, input string, env []string, args ...string) string {
	t.Helper()
	args = append(e.command[1:len(e.command):len(e.command)], args...)
	c := exec.CommandContext(t.Context(), e.command[0], args...)
	c.Env = append(append(os.Environ(), e.env...), env...)
	c.Stdin = strings.NewReader(input)
	var said, complaint bytes.Buffer
	c.Stdout, c.Stderr = &said, &complaint
	if err := c.Run(); (err == nil) != good {
		t.Fatalf("%v: %v\n%s%s", args, err, &said, &complaint)
	}
	return said.String()
}

// TestExamples: each example makes a session once, gives money back, and tells a
// message of ours from others.
func TestExamples(t *testing.T) {
	s := demotest.Start(t)
	shop := s.Shop(t, "bench")
	for _, language := range languages {
		t.Run(language.name, func(t *testing.T) {
			e := example{language.command(t), []string{
				"MOREPAY_ORIGIN=" + s.Origin, "MOREPAY_KEY=" + shop.Key, "MOREPAY_WEBHOOK_SECRET=" + shop.Webhooks[0].Secrets[0], "RETURN_URL=" + s.Origin + "/demo/",
			}}
			open := demotest.Session{Key: shop.Key}
			order := "order of " + language.name
			decode(t, e.run(t, true, "", nil, "session", order), &open)
			var again demotest.Session
			decode(t, e.run(t, true, "", nil, "session", order), &again)
			if again.ID != open.ID {
				t.Errorf("made twice it is %s and %s", open.ID, again.ID)
			}
			e.run(t, false, "", nil, "refund", open.ID, "R-"+language.name, "100") // nothing is paid
			pays(t, s, open)
			var refund struct {
				Reference string `json:"merchant_reference"`
				Amount    pay.Money
			}
			decode(t, e.run(t, true, "", nil, "refund", open.ID, "R-"+language.name, "100"), &refund)
			if refund.Reference != "R-"+language.name || refund.Amount.Value != 100 {
				t.Errorf("the refund is %+v", refund)
			}
			e.checksWebhooks(t, shop.Webhooks[0].Secrets[0])
		})
	}
}

func decode(t *testing.T, text string, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), into); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}

// pays pays a session by a code.
func pays(t *testing.T, s *demotest.Demo, open demotest.Session) {
	t.Helper()
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Accept", demotest.TypeJSON, "User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded"))
	if a.Status != http.StatusOK {
		t.Fatalf("no attempt: %d %s", a.Status, a.Body)
	}
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", s.Look(t, open).Attempts[0].OutTradeNo) })
}

func (e example) checksWebhooks(t *testing.T, secret string) {
	t.Helper()
	const body = `{"id":"evt_1","type":"session.paid","timestamp":"2026-11-29T08:00:12Z","data":{"session":{"id":"cs_1","merchant_reference":"搪瓷杯","status":"paid",` +
		`"amount":{"currency":"CNY","value":5980},"created_at":"2026-11-29T08:00:00Z","expires_at":"2026-11-29T08:30:00Z","event":2}}}`
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	headers := func(at time.Time) []string {
		signature, err := signer.Sign("evt_1", at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		return []string{"WEBHOOK_ID=evt_1", "WEBHOOK_TIMESTAMP=" + strconv.FormatInt(at.Unix(), 10), "WEBHOOK_SIGNATURE=v1,AAAA " + signature}
	}
	now := headers(time.Now())
	if got := strings.TrimSpace(e.run(t, true, body, now, "webhook")); got != body {
		t.Errorf("the message is %s", got)
	}
	e.run(t, false, strings.Replace(body, "5980", "1", 1), now, "webhook")
	e.run(t, false, body+"\n", now, "webhook")
	e.run(t, false, body, headers(time.Now().Add(-time.Hour)), "webhook")
}
