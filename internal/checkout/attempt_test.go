package checkout_test

import (
	"bytes"
	"errors"
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
	w := newWorld(t)
	id := w.open()
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
		{"rail-that-the-method-has-not", "unionpay", pay.RailQR, pay.CodeMethodUnavailable, "rail"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := w.Choose(t.Context(), id, c.method, c.rail)
			checkCode(t, err, c.code, c.field, c.name)
		})
	}
	if l := w.ledger(id); len(l.Attempts) != 0 || len(w.Sim.Orders()) != 0 {
		t.Errorf("attempts %+v, orders %+v", l.Attempts, w.Sim.Orders())
	}
}

// An amount over the method's limit names the reason.
func TestAttemptNamesTheReason(t *testing.T) {
	w := newWorld(t)
	l, _, err := w.Open(t.Context(), 50_000_01)
	w.must(err)
	_, err = w.Choose(t.Context(), l.Session.ID, wechat, pay.RailQR)
	w.code(err, pay.CodeMethodUnavailable, "method", "too much")
	if want := string(capability.ReasonAmountAboveMax); !bytes.Contains([]byte(err.Error()), []byte(want)) {
		t.Errorf("%v does not name %s", err, want)
	}
}

func TestAttemptOfEveryRail(t *testing.T) {
	w := newWorld(t)
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
			id := w.open()
			a := w.choose(id, c.method, c.rail)
			if a.State != pay.AttemptAwaiting || a.Action == nil || a.Action.Kind != c.kind {
				t.Fatalf("the attempt is %s with %+v", a.State, a.Action)
			}
			w.reachWallet(a)
			w.pay(a)
			l := w.awaitStatus(id, pay.SessionPaid)
			if l.Session.Winner != a.ID || l.Attempts[0].Reference == "" || w.count(id, pay.EventSessionPaid) != 1 {
				t.Errorf("winner %q, %+v", l.Session.Winner, l.Attempts)
			}
		})
	}
}

// reachWallet follows a redirect, as the payer's browser does: some providers
// know of an order only then.
func (w *world) reachWallet(a pay.Attempt) {
	w.tb.Helper()
	if a.Action.Kind != pay.ActionRedirect {
		return
	}
	res, err := w.Client.Get(a.Action.URL)
	w.must(err)
	w.must(res.Body.Close())
}

func TestPageQRNeedsNoAttempt(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	l, err := w.Choose(t.Context(), id, wechat, pay.RailPageQR)
	w.must(err)
	if len(l.Attempts) != 0 || len(w.Sim.Orders()) != 0 {
		t.Errorf("attempts %+v", l.Attempts)
	}
}

// Two clicks can't pay twice: the same method and rail is the same order, and
// when the provider must be asked again, it is asked with the same bytes.
func TestResume(t *testing.T) {
	w := newWorld(t)
	order := w.Order(fen)
	order.ExpiresIn = int64((24 * time.Hour).Seconds()) // codes live shorter
	l, _, err := w.Service().Create(t.Context(), harness.Merchant, order)
	w.must(err)
	id := l.Session.ID
	first := w.choose(id, wechat, pay.RailQR)
	if again := w.choose(id, wechat, pay.RailQR); again.ID != first.ID || again.Action.Payload != first.Action.Payload {
		t.Errorf("again: %+v, first %+v", again, first)
	}
	if n := w.calls(first.OutTradeNo, nativePrepay); n != 1 {
		t.Errorf("a code that is still good was asked for %d times", n)
	}
	w.Advance(first.Action.ExpiresAt.Sub(w.Now()) + time.Second)
	renewed := w.choose(id, wechat, pay.RailQR)
	if renewed.ID != first.ID || renewed.OutTradeNo != first.OutTradeNo || !bytes.Equal(renewed.Request, first.Request) {
		t.Errorf("renewed as another order: %+v, first %+v", renewed, first)
	}
	if renewed.Action.Payload == first.Action.Payload {
		t.Errorf("the code was not renewed: %+v", renewed.Action)
	}
	if n := w.calls(first.OutTradeNo, nativePrepay); n != 2 {
		t.Errorf("the provider was asked %d times", n)
	}
	if n := len(w.Sim.Orders()); n != 1 {
		t.Errorf("%d orders", n)
	}
}

// A payer who goes another way leaves an order behind, which is closed at the
// provider once that is allowed, and can be taken up again until then.
func TestSwitchClosesWhatWasLeft(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	qr := w.choose(id, wechat, pay.RailQR)
	other := w.choose(id, alipay, pay.RailQR)
	if other.ID == qr.ID || !w.ledger(id).Attempt(qr.ID).Abandoned {
		t.Fatalf("after switching: %+v", w.ledger(id).Attempts)
	}
	w.later(pay.CloseDelay - 10*time.Second)
	if got := w.order(qr.OutTradeNo).State; got != "unpaid" {
		t.Fatalf("before the provider allows it, the order is %s", got)
	}
	w.later(11 * time.Second)
	if got, order := w.ledger(id).Attempt(qr.ID), w.order(qr.OutTradeNo); got.State != pay.AttemptClosed || order.State != "closed" {
		t.Errorf("the attempt is %s, the order %s", got.State, order.State)
	}
	if l := w.ledger(id); l.Session.Status != pay.SessionOpen || l.Current().ID != other.ID {
		t.Errorf("the session is %s on %s", l.Session.Status, l.Current().ID)
	}
	back := w.choose(id, wechat, pay.RailQR)
	if back.ID == qr.ID {
		t.Error("a closed order was taken up again")
	}
}

func TestSwitchBackTakesTheSameOrder(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	qr := w.choose(id, wechat, pay.RailQR)
	w.choose(id, wechat, pay.RailDeepLink)
	back := w.choose(id, wechat, pay.RailQR)
	if back.ID != qr.ID || back.Abandoned {
		t.Errorf("back on %+v", back)
	}
	w.later(pay.CloseDelay + time.Second)
	if l := w.ledger(id); l.Attempts[0].State != pay.AttemptAwaiting || l.Attempts[1].State != pay.AttemptClosed {
		t.Errorf("%s and %s", l.Attempts[0].State, l.Attempts[1].State)
	}
}

// Refused attempts moved nothing: they don't use up the session, and its payer can
// go another way.
func TestRefusalsUseUpNothing(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	for range pay.MaxAttempts {
		w.inject("prepay-refused", 1)
		_, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
		w.code(err, pay.CodeProviderRefused, "", "refused")
	}
	a := w.choose(id, alipay, pay.RailQR)
	if a.State != pay.AttemptAwaiting {
		t.Errorf("the other method is %s", a.State)
	}
	w.pay(a)
	w.awaitStatus(id, pay.SessionPaid)
}

func TestTooManyAttempts(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	rails := []struct {
		method pay.Method
		rail   pay.Rail
	}{{wechat, pay.RailQR}, {wechat, pay.RailDeepLink}, {alipay, pay.RailQR}, {alipay, pay.RailDeepLink}, {alipay, pay.RailRedirect}}
	for _, r := range rails {
		w.choose(id, r.method, r.rail)
	}
	_, err := w.Choose(t.Context(), id, "unionpay", pay.RailRedirect)
	w.code(err, pay.CodeTooManyAttempts, "", "one attempt too many")
	if n := len(w.ledger(id).Attempts); n != pay.MaxAttempts {
		t.Errorf("%d attempts", n)
	}
}

func TestAttemptAfterExpiry(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.choose(id, wechat, pay.RailQR)
	w.Advance(30*time.Minute + time.Second)
	_, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
	w.code(err, pay.CodeSessionNotOpen, "", "resuming")
	_, err = w.Choose(t.Context(), id, alipay, pay.RailQR)
	w.code(err, pay.CodeSessionNotOpen, "", "a new one")
	if n := len(w.ledger(id).Attempts); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

func TestProviderRefuses(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.inject("prepay-refused", 1)
	_, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
	w.code(err, pay.CodeProviderRefused, "", "refused")
	if !errors.Is(err, provider.ErrRefused) {
		t.Errorf("the cause is lost: %v", err)
	}
	l := w.ledger(id)
	if l.Attempts[0].State != pay.AttemptFailed || l.Session.Status != pay.SessionOpen {
		t.Errorf("the attempt is %s, the session %s", l.Attempts[0].State, l.Session.Status)
	}
	if a := w.choose(id, wechat, pay.RailQR); a.State != pay.AttemptAwaiting {
		t.Errorf("the next attempt is %s", a.State)
	}
}

// When the outcome of a call is unknown, the attempt stays as it is; choosing
// again sends the same request, and a payment counts although we never had an
// answer.
func TestOutcomeUnknown(t *testing.T) {
	for _, fault := range []string{"server-error", "rate-limited", "bad-gateway", "reply-lost", "reply-unsigned", "reply-forged", "reply-probe"} {
		t.Run(fault, func(t *testing.T) {
			w := newWorld(t)
			id := w.open()
			w.inject(fault, 1)
			l, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
			if err != nil {
				t.Fatalf("an unknown outcome is no error: %v", err)
			}
			unknown := *l.Current()
			if unknown.State != pay.AttemptSubmitting || unknown.Action != nil {
				t.Fatalf("the attempt is %s with %+v", unknown.State, unknown.Action)
			}
			again := w.choose(id, wechat, pay.RailQR)
			if again.ID != unknown.ID || again.State != pay.AttemptAwaiting || !bytes.Equal(again.Request, unknown.Request) {
				t.Errorf("sent again: %+v", again)
			}
			w.pay(again)
			w.awaitStatus(id, pay.SessionPaid)
		})
	}
}

// A refusal of a request that was sent again proves nothing about the first.
func TestRefusalOfARepeatProvesNothing(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.inject("reply-lost", 1)
	l, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
	w.must(err)
	w.inject("prepay-refused", 1)
	_, err = w.Choose(t.Context(), id, wechat, pay.RailQR)
	w.code(err, pay.CodeProviderRefused, "", "the repeat")
	if got := w.ledger(id).Attempts[0]; got.State != pay.AttemptSubmitting || got.CheckAt.IsZero() {
		t.Errorf("the attempt is %s, to be checked at %v", got.State, got.CheckAt)
	}
	w.pay(*l.Current())
	w.awaitStatus(id, pay.SessionPaid)
}

// A provider that is down is noticed once, and is not asked by every payer.
func TestBreaker(t *testing.T) {
	w := newWorld(t)
	w.must(w.Sim.Inject(providersim.Rule{Fault: "server-error", Percent: 100, Account: w.account(wechat)}))
	for range 5 {
		if _, err := w.Choose(t.Context(), w.open(), wechat, pay.RailQR); err != nil {
			t.Fatal(err)
		}
	}
	before := len(w.Sim.History("", ""))
	id := w.open()
	_, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
	w.code(err, pay.CodeMethodUnavailable, "method", "a provider that is down")
	if down := w.Accounts().Down("bench"); len(down) != 1 || down[0] != wechat {
		t.Errorf("down are %v", down)
	}
	if len(w.Sim.History("", "")) != before || len(w.ledger(id).Attempts) != 0 {
		t.Error("the provider was asked all the same")
	}
	if a := w.choose(id, alipay, pay.RailQR); a.State != pay.AttemptAwaiting {
		t.Errorf("another provider's attempt is %s", a.State)
	}
}

// account is the bench merchant's account with the provider of a method, as the
// simulator's faults name it.
func (w *world) account(m pay.Method) string {
	w.tb.Helper()
	id := w.open()
	a := w.choose(id, m, pay.RailQR)
	return w.order(a.OutTradeNo).Account
}

// A payer who has closed the page leaves the money's story to be told.
func TestPayerGoesWhileTheProviderIsAsked(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	w.inject("notify-before-reply", 1) // the payer pays before the provider answers
	l, err := w.Choose(t.Context(), id, wechat, pay.RailQR)
	w.must(err)
	if l.Session.Status != pay.SessionPaid || l.Attempts[0].State != pay.AttemptSucceeded {
		t.Errorf("the reply wrote over the success: %s, %s", l.Session.Status, l.Attempts[0].State)
	}
}

func TestAttemptIsStoredBeforeTheProviderHears(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	seen := make(chan pay.AttemptState, 1)
	w.onPoint(func(p checkout.Point) {
		if p == checkout.PointProviderAnswered {
			seen <- w.ledger(id).Attempts[0].State
		}
	})
	w.choose(id, wechat, pay.RailQR)
	if got := <-seen; got != pay.AttemptSubmitting {
		t.Errorf("when the provider answered, the stored attempt was %s", got)
	}
}

func TestMayAttemptSendsNothing(t *testing.T) {
	w := newWorld(t)
	l := w.ledger(w.open())
	request := checkout.AttemptRequest{Method: wechat, Rail: pay.RailQR, Device: device.Detect("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36")}
	w.must(w.Service().MayAttempt(t.Context(), l, request))
	if n := len(w.Sim.Orders()) + len(w.ledger(l.Session.ID).Attempts); n != 0 {
		t.Errorf("%d orders and attempts", n)
	}
}
