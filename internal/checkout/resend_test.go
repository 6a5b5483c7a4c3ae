package checkout_test

import (
	"fmt"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// transient faults leave the outcome of one call unknown, and are over with it.
var transient = []string{
	"server-error", "rate-limited", "bad-gateway", "reply-lost", "reply-unsigned", "reply-forged", "reply-probe",
	"no-connection", "unknown-code",
}

// One transient answer never leaves a payer without a code: the identical request
// is sent again by itself, and the code is there before they have done anything.
func TestSubmittingEnds(t *testing.T) {
	t.Parallel()
	ways := []way{{wechat, pay.RailQR}, {wechat, pay.RailDeepLink}, {alipay, pay.RailQR}, {"unionpay", pay.RailRedirect}}
	for i, fault := range transient {
		t.Run(fault, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			fx.inject(fault, 1)
			way := ways[i%len(ways)]
			l, err := fx.Choose(t.Context(), id, way.method, way.rail)
			fx.must(err)
			first := *l.Current()
			if first.State != pay.AttemptSubmitting { // the fault does not concern this way
				t.Skipf("%s answered %s at once", way.method, first.State)
			}
			fx.later(2 * time.Second)
			a := fx.ledger(id).Current()
			if a.ID != first.ID || a.State != pay.AttemptAwaiting || a.Action == nil || a.Sends != 2 || string(a.Request) != string(first.Request) {
				t.Fatalf("two seconds later it is %s, sent %d times, with %+v", a.State, a.Sends, a.Action)
			}
			fx.pay(*a)
			fx.awaitStatus(id, pay.SessionPaid)
		})
	}
}

// A provider that stays silent is asked four times in all, and then no more; the
// attempt is still looked after.
func TestSubmittingGivesUp(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	fx.inject("server-error", 1000)
	if _, err := fx.Choose(t.Context(), id, wechat, pay.RailQR); err != nil {
		t.Fatal(err)
	}
	for _, pause := range []time.Duration{2 * time.Second, 4 * time.Second, 11 * time.Second} {
		fx.later(pause)
	}
	a := fx.ledger(id).Current()
	if a.State != pay.AttemptSubmitting || a.Sends != 4 || !a.SendAt.IsZero() || a.CheckAt.IsZero() {
		t.Errorf("it is %s, sent %d times, again at %v, asked about at %v", a.State, a.Sends, a.SendAt, a.CheckAt)
	}
	fx.Sim.Calm()
	fx.must(fx.Restart())                      // a provider that failed so often is left alone for a while
	again := fx.choose(id, wechat, pay.RailQR) // the payer's own tap
	if again.ID != a.ID || again.State != pay.AttemptAwaiting {
		t.Errorf("tapped again it is %s", again.State)
	}
}

// A server that dies while it asks a provider is made up for by the next one.
func TestSubmittingEndsAfterACrash(t *testing.T) {
	t.Parallel()
	for _, at := range []checkout.Point{checkout.PointProviderAnswered} {
		t.Run(string(at), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			fx.crashAt(at, func() { _, _ = fx.Choose(t.Context(), id, wechat, pay.RailQR) })
			before := fx.ledger(id).Current()
			if before == nil || before.State != pay.AttemptSubmitting {
				t.Fatalf("after the crash the attempt is %+v", before)
			}
			fx.later(11 * time.Second)
			a := fx.ledger(id).Current()
			if a.ID != before.ID || a.State != pay.AttemptAwaiting {
				t.Errorf("the attempt is %s", a.State)
			}
		})
	}
}

// Clicks together are one order: whether to resume or begin is decided inside the
// ledger's transaction, and the click that begins nothing waits for the other's code.
func TestOneClickOneOrder(t *testing.T) {
	t.Parallel()
	for _, way := range []way{{wechat, pay.RailQR}, {wechat, pay.RailDeepLink}, {alipay, pay.RailQR}, {"unionpay", pay.RailRedirect}} {
		t.Run(fmt.Sprintf("%s-%s", way.method, way.rail), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			const clicks = 8
			together := make(chan struct{})
			ids, errs := make(chan string, clicks), make(chan error, clicks)
			for range clicks {
				go func() {
					<-together
					l, err := fx.Choose(t.Context(), id, way.method, way.rail)
					errs <- err
					if err == nil {
						a := l.Current()
						if a.Action == nil {
							errs <- fmt.Errorf("a click got no action: %s", a.State)
						}
						ids <- a.ID
					}
				}()
			}
			close(together)
			for range clicks {
				if err := <-errs; err != nil {
					t.Fatal(err)
				}
			}
			l := fx.ledger(id)
			if len(l.Attempts) != 1 {
				t.Fatalf("%d clicks made %d attempts", clicks, len(l.Attempts))
			}
			for range clicks {
				if got := <-ids; got != l.Attempts[0].ID {
					t.Errorf("a click was answered about %s", got)
				}
			}
			if n := l.Attempts[0].Sends; n != 1 {
				t.Errorf("the request was sent %d times", n)
			}
		})
	}
}
