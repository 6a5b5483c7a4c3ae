package record_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/demo/demotest"
	"morepay/internal/needs"
	"morepay/internal/pay"
	"morepay/internal/scenario"
	"morepay/internal/scenario/chromium"
	"morepay/internal/scenario/record"
	"morepay/internal/trace"
)

func traceOf(t *testing.T, s *demotest.Demo, session string) *trace.Trace {
	t.Helper()
	var story trace.Trace
	s.Get(t, s.SimURL+"/qa/trace/"+session+"?format=json").Decode(t, &story)
	return &story
}

// named returns a row of the table.
func named(t *testing.T, name string) scenario.Scenario {
	t.Helper()
	rows := scenario.Table()
	i := slices.IndexFunc(rows, func(s scenario.Scenario) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no scenario %s", name)
	}
	return rows[i]
}

// again writes a record and reads it back, as a file of scenarios.
func again(t *testing.T, r record.Record) scenario.Scenario {
	t.Helper()
	var file bytes.Buffer
	if err := r.Write(&file); err != nil {
		t.Fatal(err)
	}
	rows, err := scenario.Read(file.Bytes())
	if err != nil || len(rows) != 1 {
		t.Fatalf("%v: %s", err, &file)
	}
	return rows[0]
}

// done lists what was done, without what was seen: who approves before the server has
// heard of the order sees no code.
func done(s scenario.Scenario) []string {
	return slices.DeleteFunc(slices.Clone(s.Steps), func(step string) bool { return strings.HasPrefix(step, "see ") })
}

// TestReplay plays rows of the table, records what happened, and plays the records: all
// end in the same way.
func TestReplay(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	o := scenario.Options{Seed: 1, Patience: 2 * time.Minute}
	for name, steps := range map[string][]string{
		"qr-desktop":           {"open", "choose wechat_pay qr", "approve", "await paid"},
		"h5-phone":             {"open", "choose wechat_pay deep_link", "approve", "await paid"},
		"one-5xx-then-fine-qr": {"open", "choose wechat_pay qr", "approve", "await paid"},
	} {
		t.Run(name, func(t *testing.T) {
			row := named(t, name)
			played := s.Stage().Run(t.Context(), row, o)
			if played.Err != nil {
				t.Fatal(played.Err)
			}
			first := again(t, record.Of(traceOf(t, s, played.Session)))
			if got := done(first); !cmp.Equal(got, steps) {
				t.Errorf("the steps are %q, want %q", got, steps)
			}
			if first.Merchant != row.Merchant || first.Device != row.Device || first.Via != row.Via || first.Ledger.Status != row.Ledger.Status || !cmp.Equal(first.Faults, row.Faults) {
				t.Errorf("the record is %+v, of %+v", first, row)
			}
			replay(t, s, first, o)
		})
	}
}

// replay plays a record: it must end as it did at first.
func replay(t *testing.T, s *demotest.Demo, first scenario.Scenario, o scenario.Options) {
	t.Helper()
	replayed := s.Stage().Run(t.Context(), first, o)
	if replayed.Err != nil {
		t.Fatalf("%s: %v\nof %q", replayed.Session, replayed.Err, first.Steps)
	}
	second := again(t, record.Of(traceOf(t, s, replayed.Session)))
	if !cmp.Equal(second.Ledger, first.Ledger) {
		t.Errorf("replayed it ends as %+v, at first as %+v", second.Ledger, first.Ledger)
	}
}

// TestReplayInBrowser does so with the real page: one row for each way on which a payer
// leaves a page and comes back to it.
func TestReplayInBrowser(t *testing.T) {
	needs.Bundle(t)
	browser, err := chromium.Start(needs.Chromium(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := browser.Close(); err != nil {
			t.Error(err)
		}
	})
	s := demotest.Start(t)
	o := scenario.Options{Seed: 1, Browser: browser}
	for _, name := range []string{
		"qr-without-script", "h5-phone", "page-qr-phone", "jsapi-wechat-turns-back", "meituan-phone", "another-way-paid-twice", "cashier-app-swallowed",
	} {
		t.Run(name, func(t *testing.T) {
			played := s.Stage().Run(t.Context(), named(t, name), o)
			if played.Err != nil {
				t.Fatal(played.Err)
			}
			replay(t, s, again(t, record.Of(traceOf(t, s, played.Session))), o)
		})
	}
}

// story is a trace to be recorded: each entry a second after the one before.
func story(entries ...trace.Entry) *trace.Trace {
	began := time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)
	s := &trace.Trace{
		Session: trace.Session{
			ID: "cs_1", Merchant: "bench", Amount: pay.Money{Currency: "CNY", Value: 5980}, Status: pay.SessionPaid,
			CreatedAt: began, ExpiresAt: began.Add(time.Hour),
		},
		Attempts: []trace.Attempt{
			{ID: "pa_1", Method: "wechat_pay", Rail: pay.RailDeepLink, Provider: "wechatpay", OutTradeNo: "N1", State: pay.AttemptClosed},
			{ID: "pa_2", Method: "alipay", Rail: pay.RailQR, Provider: "alipay", OutTradeNo: "N2", State: pay.AttemptSucceeded, PaidAt: began},
		},
		Refunds: []trace.Refund{{ID: "re_1", AttemptID: "pa_2", Amount: pay.Money{Currency: "CNY", Value: 80}, Origin: pay.RefundByMerchant, Status: pay.RefundSucceeded}},
	}
	for i, e := range entries {
		if e.At.IsZero() {
			e.At = began.Add(time.Duration(i+1) * time.Second)
		}
		s.Entries = append(s.Entries, e)
	}
	return s
}

func browser(b trace.Browser) trace.Entry { return b.At(time.Time{}) }

func act(a trace.Act, number string) trace.Entry { return a.At(time.Time{}, number) }

func change(what pay.EventType, about string) trace.Entry {
	return trace.Entry{Kind: trace.Change, What: string(what), About: about}
}

// What a trace tells becomes a row, in its order; what it doesn't tell is said.
func TestOf(t *testing.T) {
	t.Parallel()
	const phone = "chrome-android"
	r := record.Of(story(
		act(trace.Act{Do: "phone", Wallet: "wechat", Opens: "absent"}, ""),
		act(trace.Act{Do: "fault", Fault: "slow", Percent: 50, Own: true, Seed: 7}, ""),
		act(trace.Act{Do: "fault", Fault: "reply-lost", Next: 5}, ""),
		act(trace.Act{Do: "fault", Fault: "hang", Next: 1}, ""),
		browser(trace.Browser{Did: trace.Draws, Device: phone, Locale: "zh-CN", Via: "drops", State: "select", Status: 200}),
		browser(trace.Browser{Did: trace.LoadsClient, Scripts: true, Via: "drops"}),
		browser(trace.Browser{Did: trace.Orders, Device: phone, Via: "drops", Method: "wechat_pay", Rail: pay.RailDeepLink, To: trace.Outside + "http", Status: 303}),
		change(pay.EventAttemptBegun, "pa_1"),
		trace.Entry{Kind: trace.Exchange, What: "POST /v3/pay/transactions/h5", About: "N1", Faults: []string{"reply-lost"}},
		change(pay.EventAttemptAwaiting, "pa_1"),
		browser(trace.Browser{Did: trace.Draws, Device: phone, Locale: "zh-CN", Via: "drops", State: "waiting", Status: 200}),
		browser(trace.Browser{Did: trace.Asks, Device: phone, Asked: "list", Status: 200}),
		browser(trace.Browser{Did: trace.Orders, Device: phone, Via: "drops", Method: "alipay", Rail: pay.RailQR, Scripts: true, Status: 200}),
		change(pay.EventAttemptBegun, "pa_2"),
		change(pay.EventAttemptAwaiting, "pa_2"),
		act(trace.Act{Do: "decline", User: "ming", Why: "risk"}, "N2"),
		act(trace.Act{Do: "advance", Seconds: 60}, ""),
		act(trace.Act{Do: "approve", User: "hong"}, "N2"),
		browser(trace.Browser{Did: trace.Checks, Device: phone, Asked: "by a tap", Status: 200}),
		change(pay.EventSessionPaid, ""),
		change(pay.EventRefundCreated, "re_1"),
	))
	want := []string{
		"open", "choose wechat_pay deep_link", "see fallback", "tap list", "choose alipay qr", "see code qr", "decline risk", "advance 60", "approve hong",
		"tap check", "await paid", "refund 80", "await paid",
	}
	row := again(t, r)
	if !cmp.Equal(row.Steps, want) {
		t.Errorf("the steps are %q, want %q", row.Steps, want)
	}
	if row.Device != phone || row.Locale != "zh-CN" || row.Via != "drops" || row.Scripts != scenario.AllScripts || r.Seed != 7 {
		t.Errorf("the row is %+v, seed %d", row, r.Seed)
	}
	if *row.Phone != (scenario.Phone{Wallet: "wechat", Opens: "absent"}) {
		t.Errorf("the phone is %+v", row.Phone)
	}
	if faults := []scenario.Fault{{Fault: "slow", Percent: 50}, {Fault: "reply-lost", Next: 1}}; !cmp.Equal(row.Faults, faults) {
		t.Errorf("the faults are %+v, want %+v", row.Faults, faults)
	}
	var order struct {
		Amount pay.Money `json:"amount"`
		Open   int       `json:"expires_in"`
	}
	if err := json.Unmarshal(row.Order, &order); err != nil || order.Amount.Value != 5980 || order.Open != 3600 {
		t.Errorf("%v: the order is %s", err, row.Order)
	}
	two := 2
	if end := (scenario.Ledger{Status: pay.SessionPaid, Attempts: &two, Paid: 1, Told: []string{"session.paid"}, Refunded: 80}); !cmp.Equal(row.Ledger, end) {
		t.Errorf("it ends as %+v, want %+v", row.Ledger, end)
	}
	unknown := strings.Join(r.Unknown, "\n")
	for _, part := range []string{"hang", "seed 7", "goods"} {
		if !strings.Contains(unknown, part) {
			t.Errorf("nothing is said of %s: %s", part, unknown)
		}
	}
}
