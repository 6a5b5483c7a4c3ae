package checkout_test

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/providersim"
)

const (
	nativePrepay = "POST /v3/pay/transactions/native"
	wechat       = pay.Method("wechat_pay")
	alipay       = pay.Method("alipay")
)

func TestAttemptRefusesWhatThePageWouldNotOffer(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	for _, c := range []struct {
		name   string
		method pay.Method
		rail   pay.Rail
		code   pay.Code
		field  string
	}{
		{"unknown-method", "cash", pay.RailQR, pay.CodeInvalid, "method"},
		{"unknown-rail", wechat, "pigeon", pay.CodeInvalid, "rail"},
		{"rail-of-another-device", wechat, pay.RailJSAPI, pay.CodeMethodUnavailable, "rail"},
		{"rail-that-the-method-has-not", "unionpay", pay.RailDeepLink, pay.CodeMethodUnavailable, "rail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := fx.Choose(t.Context(), id, c.method, c.rail)
			checkCode(t, err, c.code, c.field, c.name)
		})
	}
	if l := fx.ledger(id); len(l.Attempts) != 0 || len(fx.Sim.Orders()) != 0 {
		t.Errorf("attempts %+v, orders %+v", l.Attempts, fx.Sim.Orders())
	}
}

// An amount over the method's limit names the reason.
func TestAttemptNamesTheReason(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	l, _, err := fx.Open(t.Context(), 50_000_01)
	fx.must(err)
	_, err = fx.Choose(t.Context(), l.Session.ID, wechat, pay.RailQR)
	fx.code(err, pay.CodeMethodUnavailable, "method", "too much")
	if want := string(capability.ReasonAmountAboveMax); !bytes.Contains([]byte(err.Error()), []byte(want)) {
		t.Errorf("%v does not name %s", err, want)
	}
}

func TestAttemptOfEveryRail(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for _, c := range []struct {
		method pay.Method
		rail   pay.Rail
		kind   pay.ActionKind
	}{
		{wechat, pay.RailQR, pay.ActionQRCode},
		{wechat, pay.RailDeepLink, pay.ActionRedirect},
		{alipay, pay.RailQR, pay.ActionQRCode},
		{alipay, pay.RailDeepLink, pay.ActionRedirect},
		{alipay, pay.RailRedirect, pay.ActionRedirect},
		{"unionpay", pay.RailRedirect, pay.ActionRedirect},
		{"jd_pay", pay.RailRedirect, pay.ActionRedirect},
	} {
		t.Run(string(c.method)+"-"+string(c.rail), func(t *testing.T) {
			id := fx.open()
			a := fx.choose(id, c.method, c.rail)
			if a.State != pay.AttemptAwaiting || a.Action == nil || a.Action.Kind != c.kind {
				t.Fatalf("the attempt is %s with %+v", a.State, a.Action)
			}
			fx.reachWallet(a)
			fx.pay(a)
			l := fx.awaitStatus(id, pay.SessionPaid)
			if l.Session.Winner != a.ID || l.Attempts[0].Reference == "" || fx.count(id, pay.EventSessionPaid) != 1 {
				t.Errorf("winner %q, %+v", l.Session.Winner, l.Attempts)
			}
		})
	}
}

// reachWallet follows a redirect, as the payer's browser does: some providers
// know of an order only then.
func (fx *fixture) reachWallet(a pay.Attempt) {
	fx.tb.Helper()
	if a.Action.Kind != pay.ActionRedirect || fx.postForm(a) {
		return
	}
	res, err := fx.Client.Get(a.Action.URL)
	fx.must(err)
	fx.must(res.Body.Close())
}

// postForm does what our page has the payer's browser do, and reports whether there is a
// form for the attempt.
func (fx *fixture) postForm(a pay.Attempt) bool {
	fx.tb.Helper()
	acc := fx.Accounts().Named(a.Provider, a.Account)
	if acc == nil || a.Rail != pay.RailRedirect {
		return false
	}
	poster, ok := acc.Provider.(provider.FormPoster)
	if !ok {
		return false
	}
	form, err := poster.Form(a.Request)
	fx.must(err)
	res, err := fx.Client.PostForm(form.Action, form.Fields)
	fx.must(err)
	fx.must(res.Body.Close())
	return true
}

func TestPageQRNeedsNoAttempt(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	l, err := fx.Choose(t.Context(), id, wechat, pay.RailPageQR)
	fx.must(err)
	if len(l.Attempts) != 0 || len(fx.Sim.Orders()) != 0 {
		t.Errorf("attempts %+v", l.Attempts)
	}
}

// An attempt that nobody asked for is a session's first or none; asked for once more
// it is the same.
func TestFirstAttempt(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	unasked := checkout.AttemptRequest{
		Method: wechat, Rail: pay.RailQR, Device: device.Detect(harness.Agent(pay.RailQR)),
		PayerIP: netip.MustParseAddr("203.0.113.9"), ReturnURL: fx.BaseURL + "/return/sealed", First: true,
	}
	id := fx.open()
	for range 2 {
		_, err := fx.Service().Attempt(t.Context(), id, unasked)
		fx.must(err)
	}
	if l := fx.ledger(id); len(l.Attempts) != 1 {
		t.Errorf("attempts %+v", l.Attempts)
	}
	other := fx.open()
	fx.choose(other, alipay, pay.RailQR)
	_, err := fx.Service().Attempt(t.Context(), other, unasked)
	fx.code(err, pay.CodeConflict, "", "not the first")
	if l := fx.ledger(other); len(l.Attempts) != 1 {
		t.Errorf("attempts %+v", l.Attempts)
	}
}

// Two clicks can't pay twice: the same method and rail is the same order, and
// when the provider must be asked again, it is asked with the same bytes.
func TestResume(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	order := fx.Order(fen)
	order.ExpiresIn = int64((24 * time.Hour).Seconds()) // codes live shorter
	l, _, err := fx.Service().Create(t.Context(), harness.Merchant, order)
	fx.must(err)
	id := l.Session.ID
	first := fx.choose(id, wechat, pay.RailQR)
	if again := fx.choose(id, wechat, pay.RailQR); again.ID != first.ID || again.Action.Payload != first.Action.Payload {
		t.Errorf("again: %+v, first %+v", again, first)
	}
	if n := fx.calls(first.OutTradeNo, nativePrepay); n != 1 {
		t.Errorf("a code that is still good was asked for %d times", n)
	}
	fx.Advance(first.Action.ExpiresAt.Sub(fx.Now()) + time.Second)
	renewed := fx.choose(id, wechat, pay.RailQR)
	if renewed.ID != first.ID || renewed.OutTradeNo != first.OutTradeNo || !bytes.Equal(renewed.Request, first.Request) {
		t.Errorf("renewed as another order: %+v, first %+v", renewed, first)
	}
	if renewed.Action.Payload == first.Action.Payload {
		t.Errorf("the code was not renewed: %+v", renewed.Action)
	}
	if n := fx.calls(first.OutTradeNo, nativePrepay); n != 2 {
		t.Errorf("the provider was asked %d times", n)
	}
	if n := len(fx.Sim.Orders()); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// A payer who goes another way leaves an order behind, which is closed at the
// provider once that is allowed, and can be taken up again until then.
func TestSwitchClosesWhatWasLeft(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.still()
	id := fx.open()
	qr := fx.choose(id, wechat, pay.RailQR)
	other := fx.choose(id, alipay, pay.RailQR)
	if other.ID == qr.ID || !fx.ledger(id).Attempt(qr.ID).Abandoned {
		t.Fatalf("after switching: %+v", fx.ledger(id).Attempts)
	}
	fx.later(pay.CloseDelay - 10*time.Second)
	if got := fx.order(qr.OutTradeNo).State; got != "unpaid" {
		t.Fatalf("before the provider allows it, the order is %s", got)
	}
	fx.later(11 * time.Second)
	if got, order := fx.ledger(id).Attempt(qr.ID), fx.order(qr.OutTradeNo); got.State != pay.AttemptClosed || order.State != "closed" {
		t.Errorf("the attempt is %s, the order %s", got.State, order.State)
	}
	if l := fx.ledger(id); l.Session.Status != pay.SessionOpen || l.Current().ID != other.ID {
		t.Errorf("the session is %s on %s", l.Session.Status, l.Current().ID)
	}
	back := fx.choose(id, wechat, pay.RailQR)
	if back.ID == qr.ID {
		t.Error("a closed order was taken up again")
	}
}

func TestSwitchBackTakesTheSameOrder(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	qr := fx.choose(id, wechat, pay.RailQR)
	fx.choose(id, wechat, pay.RailDeepLink)
	back := fx.choose(id, wechat, pay.RailQR)
	if back.ID != qr.ID || back.Abandoned {
		t.Errorf("back on %+v", back)
	}
	fx.later(pay.CloseDelay + time.Second)
	if l := fx.ledger(id); l.Attempts[0].State != pay.AttemptAwaiting || l.Attempts[1].State != pay.AttemptClosed {
		t.Errorf("%s and %s", l.Attempts[0].State, l.Attempts[1].State)
	}
}

// Refused attempts moved nothing: they don't use up the session, and its payer can
// go another way.
func TestRefusalsUseUpNothing(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	for range pay.MaxAttempts {
		fx.inject("order-refused", 1)
		_, err := fx.Choose(t.Context(), id, "unionpay", pay.RailRedirect)
		fx.code(err, pay.CodeProviderRefused, "", "refused")
	}
	a := fx.choose(id, alipay, pay.RailQR)
	if a.State != pay.AttemptAwaiting {
		t.Errorf("the other method is %s", a.State)
	}
	fx.pay(a)
	fx.awaitStatus(id, pay.SessionPaid)
}

func TestTooManyAttempts(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	rails := []struct {
		method pay.Method
		rail   pay.Rail
	}{{wechat, pay.RailQR}, {wechat, pay.RailDeepLink}, {alipay, pay.RailQR}, {alipay, pay.RailDeepLink}, {alipay, pay.RailRedirect}}
	for _, r := range rails {
		fx.choose(id, r.method, r.rail)
	}
	_, err := fx.Choose(t.Context(), id, "unionpay", pay.RailRedirect)
	fx.code(err, pay.CodeTooManyAttempts, "", "one attempt too many")
	if n := len(fx.ledger(id).Attempts); n != pay.MaxAttempts {
		t.Errorf("%d attempts", n)
	}
}

func TestAttemptAfterExpiry(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.choose(id, wechat, pay.RailQR)
	fx.Advance(30*time.Minute + time.Second)
	_, err := fx.Choose(t.Context(), id, wechat, pay.RailQR)
	fx.code(err, pay.CodeSessionNotOpen, "", "resuming")
	_, err = fx.Choose(t.Context(), id, alipay, pay.RailQR)
	fx.code(err, pay.CodeSessionNotOpen, "", "a new one")
	if n := len(fx.ledger(id).Attempts); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

func TestProviderRefuses(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.inject("order-refused", 1)
	_, err := fx.Choose(t.Context(), id, "unionpay", pay.RailRedirect)
	fx.code(err, pay.CodeProviderRefused, "", "refused")
	if !errors.Is(err, provider.ErrRefused) {
		t.Errorf("the cause is lost: %v", err)
	}
	l := fx.ledger(id)
	if l.Attempts[0].State != pay.AttemptFailed || l.Session.Status != pay.SessionOpen {
		t.Errorf("the attempt is %s, the session %s", l.Attempts[0].State, l.Session.Status)
	}
	if a := fx.choose(id, "unionpay", pay.RailRedirect); a.State != pay.AttemptAwaiting {
		t.Errorf("the next attempt is %s", a.State)
	}
}

// When the outcome of a call is unknown, the attempt stays as it is; choosing
// again sends the same request, and a payment counts although we never had an
// answer.
func TestOutcomeUnknown(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"server-error", "rate-limited", "bad-gateway", "reply-lost", "reply-unsigned", "reply-forged", "reply-probe"} {
		t.Run(fault, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			fx.inject(fault, 1)
			l, err := fx.Choose(t.Context(), id, wechat, pay.RailQR)
			if err != nil {
				t.Fatalf("an unknown outcome is no error: %v", err)
			}
			unknown := *l.Current()
			if unknown.State != pay.AttemptSubmitting || unknown.Action != nil {
				t.Fatalf("the attempt is %s with %+v", unknown.State, unknown.Action)
			}
			again := fx.choose(id, wechat, pay.RailQR)
			if again.ID != unknown.ID || again.State != pay.AttemptAwaiting || !bytes.Equal(again.Request, unknown.Request) {
				t.Errorf("sent again: %+v", again)
			}
			fx.pay(again)
			fx.awaitStatus(id, pay.SessionPaid)
		})
	}
}

// A refusal of a request that was sent again proves nothing about the first.
func TestRefusalOfARepeatProvesNothing(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.inject("reply-lost", 1)
	l, err := fx.Choose(t.Context(), id, "unionpay", pay.RailRedirect)
	fx.must(err)
	fx.inject("prepay-refused", 1)
	_, err = fx.Choose(t.Context(), id, "unionpay", pay.RailRedirect)
	fx.code(err, pay.CodeProviderRefused, "", "the repeat")
	if got := fx.ledger(id).Attempts[0]; got.State != pay.AttemptSubmitting || got.CheckAt.IsZero() {
		t.Errorf("the attempt is %s, to be checked at %v", got.State, got.CheckAt)
	}
	fx.pay(*l.Current())
	fx.awaitStatus(id, pay.SessionPaid)
}

// A provider that is down is noticed once, and is not asked by every payer.
func TestBreaker(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "server-error", Percent: 100, Account: fx.account(wechat)}))
	for range 5 {
		if _, err := fx.Choose(t.Context(), fx.open(), wechat, pay.RailQR); err != nil {
			t.Fatal(err)
		}
	}
	before := len(fx.Sim.History("", ""))
	id := fx.open()
	_, err := fx.Choose(t.Context(), id, wechat, pay.RailQR)
	fx.code(err, pay.CodeMethodUnavailable, "method", "a provider that is down")
	if down := fx.Accounts().Down("bench"); len(down) != 1 || down[0] != wechat {
		t.Errorf("down are %v", down)
	}
	if len(fx.Sim.History("", "")) != before || len(fx.ledger(id).Attempts) != 0 {
		t.Error("the provider was asked all the same")
	}
	if a := fx.choose(id, alipay, pay.RailQR); a.State != pay.AttemptAwaiting {
		t.Errorf("another provider's attempt is %s", a.State)
	}
}

// TestRetryWhileTheProviderIsDown: a payer who asks again for what they wait for is
// not refused because others have found the provider down meanwhile. Nothing is sent,
// no order is made beside the first, and when the provider is back it is the first
// that gets its code.
func TestRetryWhileTheProviderIsDown(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.must(fx.Sim.Inject(providersim.Rule{Fault: "server-error", Percent: 100, Account: fx.account(wechat)}))
	id := fx.open()
	for _, id := range []string{id, fx.open(), fx.open(), fx.open(), fx.open()} {
		if _, err := fx.Choose(t.Context(), id, wechat, pay.RailQR); err != nil {
			t.Fatal(err)
		}
	}
	if down := fx.Accounts().Down("bench"); len(down) != 1 {
		t.Fatalf("down are %v", down)
	}
	first, asked := fx.ledger(id).Attempts[0], len(fx.Sim.History("", ""))
	for range 2 {
		l, err := fx.Choose(t.Context(), id, wechat, pay.RailQR)
		fx.must(err)
		if len(l.Attempts) != 1 || l.Attempts[0].OutTradeNo != first.OutTradeNo || l.Attempts[0].State != pay.AttemptSubmitting {
			t.Fatalf("after asking again the attempts are %+v", l.Attempts)
		}
	}
	if got := len(fx.Sim.History("", "")); got != asked {
		t.Errorf("the provider was asked %d times while it was down", got-asked)
	}
	_, err := fx.Choose(t.Context(), id, wechat, pay.RailDeepLink)
	fx.code(err, pay.CodeMethodUnavailable, "method", "another rail of a provider that is down")
}

// account returns the bench merchant's account with the provider of a method,
// as the simulator's faults name it.
func (fx *fixture) account(m pay.Method) string {
	fx.tb.Helper()
	id := fx.open()
	a := fx.choose(id, m, pay.RailQR)
	return fx.order(a.OutTradeNo).Account
}

// A payer who has closed the page leaves the money's story to be told.
// The payer may close the page while the provider is asked: what it answers is
// stored all the same.
func TestPayerGoesWhileTheProviderIsAsked(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	ctx, leave := context.WithCancel(t.Context())
	fx.onPoint(func(p checkout.Point) {
		if p == checkout.PointProviderAnswered {
			leave()
		}
	})
	_, err := fx.Choose(ctx, id, wechat, pay.RailQR)
	fx.must(err)
	if a := fx.ledger(id).Attempts[0]; a.State != pay.AttemptAwaiting || a.Action == nil {
		t.Errorf("the attempt is %s with %+v", a.State, a.Action)
	}
}

func TestPayerIsFasterThanTheReply(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	fx.inject("notify-before-reply", 1) // the payer pays before the provider answers
	l, err := fx.Choose(t.Context(), id, wechat, pay.RailQR)
	fx.must(err)
	if l.Session.Status != pay.SessionPaid || l.Attempts[0].State != pay.AttemptSucceeded {
		t.Errorf("the reply wrote over the success: %s, %s", l.Session.Status, l.Attempts[0].State)
	}
}

func TestAttemptIsStoredBeforeTheProviderHears(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	seen := make(chan pay.AttemptState, 1)
	fx.onPoint(func(p checkout.Point) {
		if p == checkout.PointProviderAnswered {
			seen <- fx.ledger(id).Attempts[0].State
		}
	})
	fx.choose(id, wechat, pay.RailQR)
	if got := <-seen; got != pay.AttemptSubmitting {
		t.Errorf("when the provider answered, the stored attempt was %s", got)
	}
}

func TestMayAttemptSendsNothing(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	l := fx.ledger(fx.open())
	request := checkout.AttemptRequest{Method: wechat, Rail: pay.RailQR, Device: device.Detect("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")}
	fx.must(fx.Service().MayAttempt(t.Context(), l, request))
	if n := len(fx.Sim.Orders()) + len(fx.ledger(l.Session.ID).Attempts); n != 0 {
		t.Errorf("%d orders and attempts", n)
	}
}
