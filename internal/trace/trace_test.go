package trace_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/providersim"
	"morepay/internal/trace"
)

// paidOnce opens a session, has its code paid, and waits until its page and the shop are
// told.
func paidOnce(t *testing.T, s *demotest.Demo) demotest.Session {
	t.Helper()
	body := s.JSON(t, demotest.Order{Merchant: "bench"}, map[string]any{"payer": map[string]string{"id": "member-4711"}})
	created := s.Do(t, demotest.Request(t, http.MethodPost, s.Origin+"/v1/sessions", body,
		"Authorization", "Bearer "+s.Shop(t, "bench").Key, "Content-Type", demotest.TypeJSON, "Idempotency-Key", t.Name()))
	var open demotest.Session
	created.Decode(t, &open)
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", s.Payments(t, "codes")[0].ID) })
	return open
}

func of(t *testing.T, s *demotest.Demo, id string) *trace.Trace {
	t.Helper()
	story, err := trace.Of(t.Context(), s.Stores.Ledgers, s.Stores.Outbox, id)
	if err != nil {
		t.Fatal(err)
	}
	return story
}

// A trace tells what changed, what the provider said and what the merchant was told, in
// the order of time, and nothing of the payer.
func TestTrace(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	open := paidOnce(t, s)
	story := of(t, s, open.ID)
	a := story.Attempts[0]
	if len(story.Attempts) != 1 || a.State != pay.AttemptSucceeded || a.Method != "wechat_pay" || a.Rail != pay.RailQR || a.Reference == "" {
		t.Errorf("attempts: %+v", story.Attempts)
	}
	if story.Session.Status != pay.SessionPaid || story.Session.ID != open.ID || story.Session.Merchant != "bench" {
		t.Errorf("session: %+v", story.Session)
	}
	var told []string
	for i, e := range story.Entries {
		told = append(told, string(e.Kind)+" "+e.What)
		if i > 0 && e.At.Before(story.Entries[i-1].At) {
			t.Errorf("%s stands before its time", e.What)
		}
	}
	for _, want := range []string{
		"change session.created", "change attempt.submitting", "change attempt.awaiting", "statement paid 1234 CNY", "change session.paid",
	} {
		if !slices.Contains(told, want) {
			t.Errorf("%q is not told: %q", want, told)
		}
	}
	for _, format := range trace.Formats() {
		var out bytes.Buffer
		if err := story.Write(&out, format); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{open.ID, a.OutTradeNo, "session.paid", a.Reference} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: %q is missing", format, want)
			}
		}
		for _, secret := range []string{open.Token, "member-4711", "openid", "mug", "127.0.0.1", s.Shop(t, "bench").Key} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s: tells %q", format, secret)
			}
		}
	}
}

// What contradicts the books is told beside what does not, and a webhook with its answer.
func TestTraceOfTrouble(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	if err := s.Sim.Inject(providersim.Rule{Fault: "notify-wrong-amount", Next: 1}); err != nil {
		t.Fatal(err)
	}
	open := paidOnce(t, s)
	kinds := map[trace.Kind]int{}
	for _, e := range of(t, s, open.ID).Entries {
		kinds[e.Kind]++
		if e.Kind == trace.Quarantine && !strings.Contains(e.More, "open") {
			t.Errorf("on the desk: %+v", e)
		}
	}
	if kinds[trace.Quarantine] == 0 || kinds[trace.Statement] == 0 {
		t.Errorf("kinds of entries: %v", kinds)
	}
}

// A story has the same shape whatever happened: lists are lists, and what people typed is
// no markup.
func TestFormats(t *testing.T) {
	t.Parallel()
	story := &trace.Trace{
		Session: trace.Session{ID: "cs_1", Reference: "<b>A & B</b>"}, Attempts: []trace.Attempt{}, Refunds: []trace.Refund{},
		Entries: []trace.Entry{{Kind: trace.Change, What: "session.created"}},
	}
	var out bytes.Buffer
	if err := story.Write(&out, "json"); err != nil {
		t.Fatal(err)
	}
	var back trace.Trace
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Attempts == nil || back.Refunds == nil {
		t.Errorf("%v: %s", err, out.String())
	}
	out.Reset()
	if err := story.Write(&out, "html"); err != nil {
		t.Fatal(err)
	}
	if _, err := html.Parse(bytes.NewReader(out.Bytes())); err != nil || strings.Contains(out.String(), "<b>A") {
		t.Errorf("%v: %s", err, out.String())
	}
	if err := story.Write(&out, "pdf"); pay.CodeOf(err) != pay.CodeInvalid {
		t.Errorf("an unknown format: %v", err)
	}
	if _, err := trace.Of(t.Context(), demotest.Start(t).Stores.Ledgers, nil, "cs_none"); pay.CodeOf(err) != pay.CodeNotFound {
		t.Errorf("a session that there isn't: %v", err)
	}
}
