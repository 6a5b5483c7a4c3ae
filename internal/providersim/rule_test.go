package providersim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"

	"morepay/internal/providersim"
)

// prepays makes an order once and reports whether that worked.
func (fx *fixture) prepays(number string) bool {
	fx.t.Helper()
	_, _, err := fx.native().Prepay(fx.t.Context(), fx.nativeRequest(number))
	return err == nil
}

// queries asks once and reports whether that was answered.
func (fx *fixture) queries(number string) bool {
	fx.t.Helper()
	_, _, err := fx.native().QueryOrderByOutTradeNo(fx.t.Context(), native.QueryOrderByOutTradeNoRequest{
		OutTradeNo: core.String(number), Mchid: core.String(mchID),
	})
	return err == nil
}

// TestRuleOfOneNumber: a rule for one payment strikes its calls, its refund's and its
// notification, from the first one on, and nobody else's.
func TestRuleOfOneNumber(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.inject(providersim.Rule{Fault: "server-error", Number: "mine-1", Percent: 100})
	if fx.prepays("mine-1") || !fx.prepays("yours-1") {
		t.Error("the order was struck that the rule isn't about, or its own wasn't")
	}
	fx.sim.Calm()
	fx.approve(providersim.Ming, fx.order("mine-1"))
	fx.approve(providersim.Ming, fx.order("yours-2"))
	for range 2 {
		fx.merchant.next(t)
	}
	for _, number := range []string{"mine-1", "yours-2"} {
		if _, err := fx.refund(number, "R-"+number, 5980); err != nil {
			t.Fatal(err)
		}
	}
	fx.inject(providersim.Rule{Fault: "server-error", Number: "mine-1", Percent: 100})
	for number, want := range map[string]bool{"R-mine-1": false, "R-yours-2": true} {
		if got := fx.asksOfRefund(number); got != want {
			t.Errorf("the query of refund %s was answered: %v", number, got)
		}
	}
}

// TestRuleOfOneSession: a session's payments are those that its server says it has made
// so far.
func TestRuleOfOneSession(t *testing.T) {
	t.Parallel()
	numbers := map[string][]string{"cs_mine": {"mine-1", "mine-2"}, "cs_yours": {"yours-1"}}
	fx := newFixture(t, func(o *providersim.Options) {
		o.Numbers = func(session string) []string { return numbers[session] }
	})
	fx.inject(providersim.Rule{Fault: "no-connection", Session: "cs_mine", Percent: 100})
	for number, want := range map[string]bool{"mine-1": false, "mine-2": false, "yours-1": true} {
		if got := fx.prepays(number); got != want {
			t.Errorf("%s came through: %v", number, got)
		}
	}
}

// TestRuleOfOneOperation: a fault that can strike any call waits for the one that is
// meant, however many others come first.
func TestRuleOfOneOperation(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.order("made-1")
	fx.inject(providersim.Rule{Fault: "server-error", Operation: "prepay", Next: 1})
	if !fx.queries("made-1") {
		t.Error("a query was struck")
	}
	if fx.prepays("struck-1") || !fx.prepays("struck-1") {
		t.Error("the next order wasn't struck, or the one after that was too")
	}
}

// TestInjectRefusesScopes: what can never strike is told at once.
func TestInjectRefusesScopes(t *testing.T) {
	t.Parallel()
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1"})
	for want, r := range map[string]providersim.Rule{
		`operation: it can be one of ["prepay"]`: {Fault: "prepay-refused", Operation: "query", Next: 1},
		`operation: it can be one of []`:         {Fault: "notify-never", Operation: "prepay", Next: 1},
		`operation: it can be one of ["close"]`:  {Fault: "close-race", Operation: "shut", Next: 1},
		"doesn't know sessions":                  {Fault: "prepay-refused", Session: "cs_1", Next: 1},
		`["identify"] is not about one order`:    {Fault: "code-reused", Number: "mine-1", Next: 1},
		`["bill"] is not about one order`:        {Fault: "server-error", Operation: "bill", Number: "mine-1", Next: 1},
	} {
		if err := sim.Inject(r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", r, err, want)
		}
	}
}

// TestDeclinesSayWhy: a wallet has its own words for each reason to decline.
func TestDeclinesSayWhy(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.order("declined-1")
	fx.inject(providersim.Rule{Fault: "declined", Percent: 100})
	var codes []string
	for range 50 {
		_, err := fx.sim.Approve(providersim.Ming, "declined-1")
		refusal, ok := err.(*providersim.Refusal)
		if !ok || refusal.Text == "" || refusal.English == "" {
			t.Fatalf("the wallet said %v", err)
		}
		codes = append(codes, refusal.Code)
	}
	slices.Sort(codes)
	if got := slices.Compact(codes); !slices.Equal(got, []string{"limit", "no_balance", "risk"}) {
		t.Errorf("the reasons were %q", got)
	}
}

// TestFaultsSayWhatTheyStrike: the table that consoles show names operations, and what
// the payer sees.
func TestFaultsSayWhatTheyStrike(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	var answer struct {
		Faults []struct {
			Name, Does, Ends, Shows string
			On                      []string
		}
	}
	fx.control("GET", "/control/faults", nil, &answer)
	for _, f := range answer.Faults {
		if f.Does == "" || f.Ends == "" || f.Shows == "" {
			t.Errorf("%+v has an empty column", f)
		}
		if f.Name == "prepay-refused" && !slices.Equal(f.On, []string{"prepay"}) {
			t.Errorf("%s strikes %q", f.Name, f.On)
		}
	}
}
