package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/providersim"
)

// control calls the simulator's control API.
func control(t *testing.T, d *demo.Demo, path string, body any) string {
	t.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(d.SimURL+"/control/"+path, "application/json", bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d %s, %v", path, answer.StatusCode, text, err)
	}
	return string(text)
}

// TestOneClock: the server goes by the simulator's clock, so that an hour later its
// session has expired too, and one that stands expires never.
func TestOneClock(t *testing.T) {
	t.Parallel()
	d := open(t)
	path := checkout(t, d, "")
	control(t, d, "clock", map[string]any{"freeze": true})
	if before, after := d.Now(), d.Now(); !before.Equal(after) {
		t.Errorf("it was %v, then %v", before, after)
	}
	control(t, d, "clock", map[string]any{"advance_seconds": 3600})
	if _, page := visit(t, d, path); !strings.Contains(page, `data-state="expired"`) {
		t.Errorf("an hour later the page is %s", page[:min(len(page), 2000)])
	}
	control(t, d, "clock", map[string]any{"server_ahead_seconds": 90})
	if ahead := d.Now().Sub(d.Sim.Now()); ahead != 90*time.Second {
		t.Errorf("the server is %v ahead", ahead)
	}
	control(t, d, "reset", struct{}{})
	if off := time.Since(d.Now()).Abs(); off > time.Minute {
		t.Errorf("after the reset it is %v off", off)
	}
}

// TestReset: a case begins as the first one did, whatever the one before has done.
func TestReset(t *testing.T) {
	t.Parallel()
	d := open(t)
	offers := func() bool { // a code of WeChat Pay
		before := len(d.Sim.Codes())
		order(t, d, checkout(t, d, ""))
		return len(d.Sim.Codes()) > before
	}
	if !offers() {
		t.Fatal("WeChat Pay isn't offered")
	}
	for name, learn := range map[string]func(){
		"that a provider is down": func() {
			wechat := d.Accounts.Of("bench", "wechatpay")
			for !wechat.Down() {
				wechat.Call(t.Context(), "query", func(context.Context) error { return errors.New("no answer") })
			}
		},
		"that a rail isn't granted": func() {
			if err := d.Sim.Inject(providersim.Rule{Fault: "prepay-refused", Next: 1}); err != nil {
				t.Fatal(err)
			}
			order(t, d, checkout(t, d, ""))
		},
	} {
		learn()
		if offers() {
			t.Errorf("%s is not learnt", name)
		}
		control(t, d, "reset", struct{}{})
		if rules := d.Sim.Rules(); len(rules) > 0 || !offers() {
			t.Errorf("%s is not forgotten, or rules %v", name, rules)
		}
	}
}

// TestResetAsksTheFirstSite: a site that was down in one case is asked again in the next.
func TestResetAsksTheFirstSite(t *testing.T) {
	t.Parallel()
	d := open(t)
	for range 2 {
		if err := d.Sim.Inject(providersim.Rule{Fault: "primary-host-down", Next: 1}); err != nil {
			t.Fatal(err)
		}
		order(t, d, checkout(t, d, ""))
		if rules := d.Sim.Rules(); len(rules) > 0 {
			t.Fatalf("the first site was not asked: %+v", rules)
		}
		control(t, d, "reset", struct{}{})
	}
}

// TestResetGivesAllowancesBack: who has used up what a minute allows may go on.
func TestResetGivesAllowancesBack(t *testing.T) {
	t.Parallel()
	d := open(t)
	status := func() int {
		guess := "/pay/" + strings.Repeat("A", 43)
		answer, err := ask(t.Context(), d, guess, "X-Forwarded-For", "203.0.113.9") // this machine may guess
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		return answer.StatusCode
	}
	for n := 0; n < 100 && status() != http.StatusTooManyRequests; n++ {
	}
	if got := status(); got != http.StatusTooManyRequests {
		t.Fatalf("a hundred guesses in a minute end with %d", got)
	}
	control(t, d, "reset", struct{}{})
	if got := status(); got != http.StatusNotFound {
		t.Errorf("after the reset: %d", got)
	}
}
