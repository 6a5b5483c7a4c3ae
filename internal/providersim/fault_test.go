package providersim_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"pgregory.net/rapid"

	"morepay/internal/providersim"
)

func (fx *fixture) inject(rules ...providersim.Rule) {
	fx.t.Helper()
	if err := fx.sim.Inject(rules...); err != nil {
		fx.t.Fatal(err)
	}
}

// shopper takes one payment from prepay to its end as a correct client of
// WeChat Pay does, repeating what had no clear answer.
type shopper struct {
	w      *fixture
	number string
}

const patience = 5 // tries of one call

// start makes the order. It is refused only by an answer that says so.
func (s shopper) start() (refused bool, err error) {
	for range patience {
		_, _, err = s.w.native().Prepay(s.w.t.Context(), s.w.nativeRequest(s.number))
		var answer *core.APIError
		if err == nil || errors.As(err, &answer) && answer.Code == "ORDERPAID" {
			return false, nil
		}
		if errors.As(err, &answer) && (answer.Code == "NO_AUTH" || answer.Code == "SIGN_ERROR") {
			return true, nil
		}
	}
	return false, err
}

// ask queries until an answer can be trusted.
func (s shopper) ask() (state string, err error) {
	for range patience {
		t, _, err := s.w.native().QueryOrderByOutTradeNo(s.w.t.Context(), native.QueryOrderByOutTradeNoRequest{
			OutTradeNo: core.String(s.number), Mchid: core.String(mchID),
		})
		if err == nil {
			return *t.TradeState, nil
		}
	}
	return "", err
}

// finish returns the end of the payment, by query.
func (s shopper) finish() (providersim.End, error) {
	state, err := s.ask()
	if err != nil {
		return "", err
	}
	ends := map[string]providersim.End{"SUCCESS": providersim.EndsPaid, "REFUND": providersim.EndsReturned, "NOTPAY": "unpaid", "CLOSED": providersim.EndsClosed}
	if end, ok := ends[state]; ok {
		return end, nil
	}
	return providersim.EndsPending, nil
}

func (s shopper) close() {
	for range patience {
		_, err := s.w.native().CloseOrder(s.w.t.Context(), native.CloseOrderRequest{OutTradeNo: core.String(s.number), Mchid: core.String(mchID)})
		if err == nil {
			return
		}
	}
}

// faultsOf returns the rows that one wallet's company has.
func faultsOf(w providersim.Wallet) []providersim.Fault {
	return slices.DeleteFunc(providersim.Faults(), func(f providersim.Fault) bool { return !f.Concerns(w) })
}

// TestEveryFaultEndsAsItSays runs the whole table: whatever strikes, a correct
// client ends where the row says.
func TestEveryFaultEndsAsItSays(t *testing.T) {
	t.Parallel()
	for _, f := range faultsOf(providersim.WeChat) {
		t.Run(f.Name, func(t *testing.T) {
			fx := newFixture(t)
			if elsewhere[f.Name] != nil {
				elsewhere[f.Name](fx, f)
				return
			}
			if f.Certified {
				if err := fx.sim.SetCertificates(mchID, true, certificate(t, 0xA1, -time.Hour, time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			fx.inject(providersim.Rule{Fault: f.Name, Account: mchID, Next: 1})
			s := shopper{fx, "fault-" + f.Name}
			refused, err := s.start()
			if err != nil {
				t.Fatal(err)
			}
			if refused != (f.Ends == providersim.EndsRefused) {
				t.Fatalf("refused is %v", refused)
			}
			if refused {
				return
			}
			if closing := f.Name == "close-race" || f.Name == "close-202"; closing {
				s.close()
			}
			fx.paysInSpite(f.Name, s.number)
			if f.Name == "refund-abnormal" {
				fx.refundIsStuck(s.number)
				return
			}
			if f.Name == "abnormal-then-success" {
				fx.refundIsStuck(s.number)
				fx.hearsOfRefund("REFUND.SUCCESS", "SUCCESS")
				return
			}
			end, err := s.finish()
			if err != nil || end != f.Ends {
				t.Errorf("it ends %q (%v), the table says %q", end, err, f.Ends)
			}
			if len(fx.sim.Rules()) != 0 {
				t.Errorf("%s never struck", f.Name)
			}
		})
	}
}

// paysInSpite has the payer approve, again if the wallet declines.
func (fx *fixture) paysInSpite(fault, number string) {
	fx.t.Helper()
	_, err := fx.sim.Approve(providersim.Ming, number)
	if fault == "declined" {
		if _, ok := errors.AsType[*providersim.Refusal](err); !ok {
			fx.t.Errorf("the wallet said %v, want that it declines", err)
		}
		_, err = fx.sim.Approve(providersim.Ming, number)
	}
	if err != nil {
		wantRefusal(fx.t, err, "order_paid") // only a payer who was there before
	}
}

// elsewhere are the courses of the faults that strike no API call, but the payer on
// their way to the wallet.
var elsewhere = map[string]func(*fixture, providersim.Fault){
	"link-dead":     (*fixture).pageRefuses,
	"h5-ip-refused": (*fixture).pageRefuses,
	"code-reused":   (*fixture).codeIsRefused,
}

// pageRefuses opens an H5 link twice: the first time the page refuses.
func (fx *fixture) pageRefuses(f providersim.Fault) {
	fx.inject(providersim.Rule{Fault: f.Name, Next: 1})
	link, from := fx.h5Link("struck-1"), http.Header{"Referer": {"https://pay.example/"}}
	if got := fx.visit(link, from); strings.Contains(got, `data-result="launched"`) || !strings.Contains(got, `data-result="refused"`) {
		fx.t.Errorf("the page says %s", got)
	}
	if len(fx.sim.Launched()) != 0 {
		fx.t.Error("the wallet was opened all the same")
	}
	if got := fx.visit(link, from); !strings.Contains(got, `data-result="launched"`) {
		fx.t.Errorf("again, the page says %s", got)
	}
	if end, err := (shopper{fx, "struck-1"}).finish(); end != "unpaid" {
		fx.t.Errorf("it is %s, %v", end, err)
	}
	fx.approve(providersim.Ming, "struck-1")
	if end, err := (shopper{fx, "struck-1"}).finish(); end != f.Ends {
		fx.t.Errorf("it ends %s, %v", end, err)
	}
}

// codeIsRefused exchanges an OAuth code twice: the first time it was used already.
func (fx *fixture) codeIsRefused(f providersim.Fault) {
	fx.inject(providersim.Rule{Fault: f.Name, Next: 1})
	_, back := fx.authorize(authorizeQuery())
	if got := fx.exchange(back.Query().Get("code"), appSecret); got["errcode"] != 40163.0 {
		fx.t.Errorf("the exchange gave %v", got)
	}
	if fx.openid(providersim.Ming) == "" {
		fx.t.Error("the next code gives nobody")
	}
}

func (fx *fixture) refundIsStuck(number string) {
	fx.t.Helper()
	fx.merchant.next(fx.t)
	if _, err := fx.refund(number, "R1", 5980); err != nil {
		fx.t.Fatal(err)
	}
	fx.hearsOfRefund("REFUND.ABNORMAL", "ABNORMAL")
}

// hearsOfRefund expects a refund's notification next.
func (fx *fixture) hearsOfRefund(event, status string) {
	fx.t.Helper()
	var told struct {
		Status string `json:"refund_status"`
	}
	n, err := fx.notifyHandler().ParseNotifyRequest(fx.t.Context(), fx.merchant.next(fx.t).request(), &told)
	if err != nil || n.EventType != event || told.Status != status {
		fx.t.Errorf("notification: %+v, %v, want %s", told, err, event)
	}
}

func TestFaultsOfReplies(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault  string
		status int // of the answer; 0 for none that the SDK trusts
		made   bool
	}{
		{"server-error", 500, false},
		{"rate-limited", 429, false},
		{"prepay-refused", 403, false},
		{"bad-gateway", 502, true},
		{"reply-lost", 0, true},
		{"reply-unsigned", 0, true},
		{"reply-forged", 0, true},
		{"reply-probe", 0, true},
		{"hang", 0, true},
		{"clock-off", 401, false},
		{"no-connection", 0, false},
		{"unknown-code", 400, false},
	} {
		t.Run(c.fault, func(t *testing.T) {
			fx := newFixture(t)
			fx.inject(providersim.Rule{Fault: c.fault, Next: 1})
			_, _, err := fx.native().Prepay(t.Context(), fx.nativeRequest("replies-1"))
			if err == nil {
				t.Fatal("the SDK saw nothing wrong")
			}
			status := 0
			var answer *core.APIError
			if errors.As(err, &answer) {
				status = answer.StatusCode
			}
			if status != c.status {
				t.Errorf("status is %d, want %d (%v)", status, c.status, err)
			}
			if made := len(fx.sim.Orders()) == 1; made != c.made {
				t.Errorf("the order was made: %v, want %v", made, c.made)
			}
			last := fx.sim.History(mchID, "")[0]
			if !slices.Equal(last.Faults, []string{c.fault}) {
				t.Errorf("the history says %v", last.Faults)
			}
		})
	}
}

// TestFaultsOfNotifications lists what a merchant that checks everything makes
// of each try.
func TestFaultsOfNotifications(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault string
		tries []string
	}{
		{"notify-duplicate", []string{"5980", "5980", "5980"}},
		{"notify-never", nil},
		{"notify-delayed", []string{"5980"}},
		{"notify-reordered", []string{"5980"}},
		{"notify-forged", []string{"forged", "5980"}},
		{"notify-probe", []string{"forged", "5980"}},
		{"xml-notice", []string{"forged", "5980"}},
		{"notify-stale", []string{"forged", "5980"}},
		{"notify-wrong-amount", []string{"5981"}},
		{"notify-wrong-account", []string{"of 1999999999"}},
		{"notify-before-reply", []string{"5980"}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			fx := newFixture(t)
			seen := fx.verdicts()
			fx.inject(providersim.Rule{Fault: c.fault, Next: 1})
			fx.order("struck-1")
			if _, err := fx.sim.Approve(providersim.Ming, "struck-1"); err != nil {
				wantRefusal(t, err, "order_paid")
			}
			for range c.tries {
				fx.merchant.next(t)
			}
			fx.approve(providersim.Ming, fx.order("honest-1")) // its notification ends the waiting
			fx.merchant.next(t)
			if got := seen("struck-1"); !slices.Equal(got, c.tries) {
				t.Errorf("tries are %q, want %q", got, c.tries)
			}
			if got := seen("honest-1"); !slices.Equal(got, []string{"5980"}) {
				t.Errorf("the next payment's tries are %q", got)
			}
		})
	}
}

// verdicts makes the merchant check each notification, refuse the forged ones,
// and keep its verdicts. What it can't read it counts to the first payment.
func (fx *fixture) verdicts() (seen func(number string) []string) {
	var mu sync.Mutex
	verdicts, ids := map[string][]string{}, map[string]string{}
	fx.merchant.answer = func(_ int, d delivery, rw http.ResponseWriter) {
		mu.Lock()
		defer mu.Unlock()
		n, paid, err := fx.read(d)
		if err != nil {
			verdicts["struck-1"] = append(verdicts["struck-1"], "forged")
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		verdict := fmt.Sprint(*paid.Amount.Total)
		if *paid.Mchid != mchID {
			verdict = "of " + *paid.Mchid
		}
		if first, again := ids[*paid.OutTradeNo]; again && first != n.ID {
			verdict += " under another id"
		}
		ids[*paid.OutTradeNo] = n.ID
		verdicts[*paid.OutTradeNo] = append(verdicts[*paid.OutTradeNo], verdict)
		rw.WriteHeader(http.StatusNoContent)
	}
	return func(number string) []string {
		mu.Lock()
		defer mu.Unlock()
		return verdicts[number]
	}
}

func TestNotificationBeforeReply(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.inject(providersim.Rule{Fault: "notify-before-reply", Next: 1})
	fx.order("early-1")
	select {
	case d := <-fx.merchant.got:
		if _, paid, err := fx.read(d); err != nil || *paid.OutTradeNo != "early-1" {
			t.Errorf("notification: %v, %v", paid, err)
		}
	default:
		t.Error("the reply came first")
	}
}

// A slow reply comes in the end, and nothing is wrong with it.
func TestSlow(t *testing.T) {
	t.Parallel()
	fx := newFixture(t, func(o *providersim.Options) { o.ReplyScale = 0.02 })
	fx.inject(providersim.Rule{Fault: "slow", Next: 1})
	began := time.Now()
	fx.order("slow-1")
	if took := time.Since(began); took < 40*time.Millisecond {
		t.Errorf("it took %v, want two seconds or more at a scale of 0.02", took)
	}
}

// A close that is answered 202 has closed nothing.
func TestClose202(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.order("paying-1")
	fx.inject(providersim.Rule{Fault: "close-202", Next: 1})
	result, err := fx.native().CloseOrder(t.Context(), native.CloseOrderRequest{OutTradeNo: core.String("paying-1"), Mchid: core.String(mchID)})
	if err != nil || result.Response.StatusCode != http.StatusAccepted {
		t.Fatalf("answered %v, %v", result, err)
	}
	if state, err := (shopper{fx, "paying-1"}).ask(); err != nil || state != "NOTPAY" {
		t.Errorf("the order is %s, %v", state, err)
	}
}

// The first news of a payment may be that it was given back, under a number that
// nobody here has made.
func TestRefundNoticeFirst(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.inject(providersim.Rule{Fault: "refund-notice-first", Next: 1})
	fx.approve(providersim.Ming, fx.order("returned-1"))
	fx.hearsOfRefund("REFUND.SUCCESS", "SUCCESS")
	if state, err := (shopper{fx, "returned-1"}).ask(); err != nil || state != "REFUND" {
		t.Errorf("the order is %s, %v", state, err)
	}
}

func TestReordered(t *testing.T) {
	t.Parallel()
	fx := newFixture(t, func(o *providersim.Options) { o.RetryScale = 1 })
	fx.inject(providersim.Rule{Fault: "notify-reordered", Next: 1})
	for _, number := range []string{"first-1", "second-1"} {
		fx.approve(providersim.Ming, fx.order(number))
	}
	var order []string
	for range 2 {
		_, paid, err := fx.read(fx.merchant.next(t))
		if err != nil {
			t.Fatal(err)
		}
		order = append(order, *paid.OutTradeNo)
	}
	if !slices.Equal(order, []string{"second-1", "first-1"}) {
		t.Errorf("they came as %v", order)
	}
}

func TestInjectRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule providersim.Rule
		want string
	}{
		"unknown":       {providersim.Rule{Fault: "nothing", Next: 1}, "unknown fault"},
		"neither":       {providersim.Rule{Fault: "server-error"}, "next (1 or more) or percent"},
		"both":          {providersim.Rule{Fault: "server-error", Next: 1, Percent: 1}, "next (1 or more) or percent"},
		"over-hundred":  {providersim.Rule{Fault: "server-error", Percent: 101}, "next (1 or more) or percent"},
		"two-shares":    {providersim.Rule{Fault: "server-error", Percent: 1, PerMille: 1}, "next (1 or more) or percent"},
		"over-thousand": {providersim.Rule{Fault: "server-error", PerMille: 1001}, "next (1 or more) or percent"},
		"negative":      {providersim.Rule{Fault: "server-error", Next: -1}, "next (1 or more) or percent"},
	} {
		t.Run(name, func(t *testing.T) {
			sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1"})
			err := sim.Inject(providersim.Rule{Fault: "reply-lost", Next: 1}, c.rule)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v", err)
			}
			if len(sim.Rules()) != 0 {
				t.Error("half of the rules are in force")
			}
		})
	}
}

// strikes draws one rule n times and tells which calls it struck.
func (fx *fixture) strikes(percent, n int) (pattern string) {
	fx.t.Helper()
	fx.inject(providersim.Rule{Fault: "server-error", Percent: percent})
	for range n {
		_, _, err := fx.native().QueryOrderByOutTradeNo(fx.t.Context(), native.QueryOrderByOutTradeNoRequest{
			OutTradeNo: core.String("never-made"), Mchid: core.String(mchID),
		})
		var answer *core.APIError
		if !errors.As(err, &answer) {
			fx.t.Fatal(err)
		}
		pattern += map[int]string{404: ".", 500: "x"}[answer.StatusCode]
	}
	return pattern
}

func TestFaultsAreReplayable(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	first := fx.strikes(30, 100)
	fx.sim.Calm()
	again := fx.strikes(30, 100)
	fx.sim.Reseed(8)
	other := fx.strikes(30, 100)
	fx.sim.Reseed(1)
	back := fx.strikes(30, 100)
	if first != again || first != back {
		t.Errorf("the same seed made\n%s\n%s\n%s", first, again, back)
	}
	if first == other {
		t.Error("another seed made the same")
	}
	if n := strings.Count(first, "x"); n < 15 || n > 45 {
		t.Errorf("30 percent struck %d of 100 times", n)
	}
}

// TestChaos: on a rough day every payment still ends paid, and is told of.
func TestChaos(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	const payments, atOnce = 120, 8
	var mu sync.Mutex
	told := map[string]bool{}
	fx.merchant.got = make(chan delivery, 10*payments)
	fx.merchant.answer = func(_ int, d delivery, rw http.ResponseWriter) {
		_, paid, err := fx.read(d)
		if err != nil {
			rw.WriteHeader(http.StatusUnauthorized)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		told[*paid.OutTradeNo] = true
		rw.WriteHeader(http.StatusNoContent)
	}
	fx.inject(providersim.Chaos...)
	var shoppers sync.WaitGroup
	for lane := range atOnce {
		shoppers.Go(func() {
			for i := lane; i < payments; i += atOnce {
				s := shopper{fx, fmt.Sprintf("chaos-%d", i)}
				if refused, err := s.start(); refused || err != nil {
					t.Errorf("%s: refused %v, %v", s.number, refused, err)
					continue
				}
				if _, err := fx.sim.Approve(providersim.Ming, s.number); err != nil {
					t.Error(err)
				}
				if end, err := s.finish(); end != providersim.EndsPaid {
					t.Errorf("%s ends %q, %v", s.number, end, err)
				}
			}
		})
	}
	shoppers.Wait()
	for {
		mu.Lock()
		n := len(told)
		mu.Unlock()
		if n == payments {
			return
		}
		fx.merchant.next(t)
	}
}

// TestNextStrikesExactlySoOften: a rule strikes the next n calls and no more.
func TestNextStrikesExactlySoOften(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	rapid.Check(t, func(t *rapid.T) {
		n, calls := rapid.IntRange(1, 5).Draw(t, "n"), rapid.IntRange(1, 8).Draw(t, "calls")
		fx.sim.Calm()
		if err := fx.sim.Inject(providersim.Rule{Fault: "server-error", Next: n}); err != nil {
			t.Fatal(err)
		}
		struck := 0
		for range calls {
			_, _, err := fx.native().QueryOrderByOutTradeNo(fx.t.Context(), native.QueryOrderByOutTradeNoRequest{
				OutTradeNo: core.String("never-made"), Mchid: core.String(mchID),
			})
			var answer *core.APIError
			if errors.As(err, &answer) && answer.StatusCode == 500 {
				struck++
			}
		}
		if struck != min(n, calls) {
			t.Fatalf("%d of %d calls struck by a rule for %d", struck, calls, n)
		}
	})
}
