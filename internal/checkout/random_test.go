package checkout_test

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/providersim"
	"morepay/internal/reconcile"
)

// story is a random course of events for a few sessions: payers, a merchant,
// providers that misbehave, time, and a server that is restarted now and then.
// Every step goes to the real service, and every rule is looked at after each.
type story struct {
	*fixture
	sessions []string
	seen     map[string]*pay.Ledger // as of the step before
	told     []harness.Notification // what could be told again
	began    time.Time
	billed   map[string]string // amounts of refunds that were found to be other ones in the bills, by number
}

// allowed are the errors that a caller may meet without anything being wrong.
var allowed = map[string][]pay.Code{
	"attempt": {pay.CodeSessionNotOpen, pay.CodeTooManyAttempts, pay.CodeProviderRefused, pay.CodeMethodUnavailable, pay.CodeProviderDown},
	"check":   {},
	"cancel":  {pay.CodeConflict},
	"refund":  {pay.CodeConflict, pay.CodeRefundExceeds, pay.CodeInvalid},
}

func (s *story) fine(t *rapid.T, what string, err error) {
	if err != nil && !slices.Contains(allowed[what], pay.CodeOf(err)) {
		t.Fatalf("%s: %v", what, err)
	}
}

func (s *story) session(t *rapid.T) string {
	if len(s.sessions) == 0 {
		t.Skip("there is no session")
	}
	return s.sessions[rapid.IntRange(0, len(s.sessions)-1).Draw(t, "session")]
}

func (s *story) create(t *rapid.T) {
	if len(s.sessions) == 4 {
		t.Skip("there are enough sessions")
	}
	s.sessions = append(s.sessions, s.open())
}

// arrive is a payer who comes to a new session and chooses.
func (s *story) arrive(t *rapid.T) {
	s.create(t)
	s.choose(t, s.sessions[len(s.sessions)-1])
}

func (s *story) attempt(t *rapid.T) { s.choose(t, s.session(t)) }

func (s *story) choose(t *rapid.T, id string) {
	ways := []way{
		{wechat, pay.RailQR}, {wechat, pay.RailDeepLink}, {alipay, pay.RailQR}, {alipay, pay.RailDeepLink}, {"jd_pay", pay.RailRedirect},
	}
	w := ways[rapid.IntRange(0, len(ways)-1).Draw(t, "way")]
	_, err := s.Choose(s.ctx(), id, w.method, w.rail)
	s.fine(t, "attempt", err)
}

// phone has somebody do something with any attempt of a session, also one that
// the page no longer shows. What was never shown nobody can pay.
func (s *story) phone(t *rapid.T, do func(providersim.User, string) (providersim.Payment, error)) {
	l := s.ledger(s.session(t))
	shown := slices.DeleteFunc(l.Attempts, func(a pay.Attempt) bool { return a.Action == nil })
	if len(shown) == 0 {
		t.Skip("the payer was shown nothing yet")
	}
	a := shown[rapid.IntRange(0, len(shown)-1).Draw(t, "attempt")]
	user := rapid.SampledFrom(providersim.Users).Draw(t, "user")
	ref := a.Action.Payload
	if a.Action.Kind != pay.ActionQRCode {
		s.reachWallet(a)
		ref = a.OutTradeNo
	}
	_, err := do(user, ref)
	if _, refused := errors.AsType[*providersim.Refusal](err); err != nil && !refused {
		t.Fatalf("the phone: %v", err)
	}
}

func (s *story) approve(t *rapid.T)  { s.phone(t, s.Sim.Approve) }
func (s *story) turnAway(t *rapid.T) { s.phone(t, s.Sim.Cancel) }

// misbehave has the providers do something wrong at their next opportunity. A
// refund that gets stuck is left out: no program can bring that to an end.
func (s *story) misbehave(t *rapid.T) {
	var names []string
	for _, f := range providersim.Faults() {
		if f.Ends != providersim.EndsPerson {
			names = append(names, f.Name)
		}
	}
	s.inject(rapid.SampledFrom(names).Draw(t, "fault"), rapid.IntRange(1, 3).Draw(t, "times"))
}

func (s *story) wait(t *rapid.T) {
	waits := []time.Duration{
		time.Second, 4 * time.Second, 20 * time.Second, time.Minute, 2 * time.Minute, pay.CloseDelay, pay.CloseDelay, 12 * time.Minute, 31 * time.Minute,
	}
	s.Advance(rapid.SampledFrom(waits).Draw(t, "wait"))
}

func (s *story) sweep(*rapid.T) { s.Service().SweepOnce(s.ctx()) }

func (s *story) restart(*rapid.T) { s.must(s.Restart()) }

func (s *story) check(t *rapid.T) {
	_, err := s.Service().Check(s.ctx(), s.session(t))
	s.fine(t, "check", err)
}

func (s *story) cancel(t *rapid.T) {
	_, err := s.Service().Cancel(s.ctx(), harness.Merchant, s.session(t))
	s.fine(t, "cancel", err)
}

func (s *story) giveBack(t *rapid.T) {
	_, err := s.refund(s.session(t), cny(rapid.Int64Range(1, fen).Draw(t, "value")))
	s.fine(t, "refund", err)
}

// repeat tells something again that was told before.
func (s *story) repeat(t *rapid.T) {
	for {
		select {
		case h := <-s.heard:
			s.told = append(s.told, h.Notification)
			continue
		default:
		}
		break
	}
	if len(s.told) == 0 {
		t.Skip("nothing was told yet")
	}
	_, err := s.told[rapid.IntRange(0, len(s.told)-1).Draw(t, "told")].Post(s.ctx(), s.Client)
	s.must(err)
}

// invariants looks at every session.
func (s *story) invariants(t *rapid.T) {
	for _, id := range s.sessions {
		l := s.ledger(id)
		events := slices.DeleteFunc(s.events(id), func(e pay.Event) bool { return e.Number > l.Session.LastEvent })
		for _, rule := range rules {
			if problem := rule.broken(s, l, events); problem != "" {
				t.Fatalf("%s: %s\nthe session is %s, won by %q, events %v", rule.name, problem, l.Session.Status, l.Session.Winner, events)
			}
		}
		s.seen[id] = l
	}
}

// end lets everything settle and holds our books against the simulator's: of the
// payments at once, of what went back when the bills have come.
func (s *story) end(t *rapid.T) {
	s.Sim.Calm()
	s.must(s.Restart())
	s.rest()
	// A code that never reached us can't be closed at every provider. It dies with
	// its session's time.
	s.later(30*time.Minute + pay.CloseDelay)
	s.invariants(t)
	s.each(func(l *pay.Ledger, a pay.Attempt) { s.knows(t, l, a) })
	s.readBills(t)
	s.people(t)
	s.rest()
	s.invariants(t)
	for _, id := range s.sessions {
		if l := s.ledger(id); !l.Due().IsZero() {
			t.Fatalf("the session is %s and still due: %+v", l.Session.Status, l.Due())
		}
	}
	s.each(func(l *pay.Ledger, a pay.Attempt) {
		if s.misbilled(t, l, a) {
			return
		}
		if problem := s.disagreement(l, a); problem != "" {
			t.Fatal(problem)
		}
	})
}

// misbilled reports whether a person has been told that a refund of an attempt went back
// with another amount than in our books. A signed notice of a refund that nobody here made
// can't be compared with anything before the bill is there; then the books differ by
// just what the bill says.
func (s *story) misbilled(t *rapid.T, l *pay.Ledger, a pay.Attempt) (told bool) {
	returned := explained(l, a)
	for _, r := range l.Refunds {
		theirs, ok := s.billed[r.Number]
		if !ok || r.AttemptID != a.ID || r.Origin != pay.RefundByProvider {
			continue
		}
		told = true
		var fen int64
		if _, err := fmt.Sscanf(theirs, "%d CNY", &fen); err != nil {
			t.Fatalf("the bill says %q of refund %s: %v", theirs, r.Number, err)
		}
		returned += fen - r.Amount.Value
	}
	if o := s.order(a.OutTradeNo); told && o.Returned != returned {
		t.Fatalf("I11: %d of attempt %s went back, by our books and the bills %d: %+v", o.Returned, a.ID, returned, l.Refunds)
	}
	return told
}

func (s *story) each(do func(*pay.Ledger, pay.Attempt)) {
	for _, id := range s.sessions {
		l := s.ledger(id)
		for _, a := range l.Attempts {
			do(l, a)
		}
	}
}

// rest lets time pass until nothing is due.
func (s *story) rest() {
	for range 60 {
		if s.settled() {
			return
		}
		s.later(20 * time.Minute)
	}
}

// readBills compares books and bills of every day of the story, as the server does
// each morning.
func (s *story) readBills(t *rapid.T) {
	s.Advance(36 * time.Hour)
	r := reconcile.Reconciler{Books: s.Stores().Ledgers, Accounts: s.Accounts(), Recorder: s.Service().Recorder()}
	for _, result := range r.Run(s.ctx(), s.began, s.Now().Add(-24*time.Hour)) {
		if result.Outcome == reconcile.Failed {
			t.Fatalf("the bill of %s of %s: %s", result.Account, result.Day, result.Problem)
		}
		for _, d := range result.Differences {
			if d.Kind == reconcile.RefundAmount {
				s.billed[d.Refund] = d.Theirs
			}
		}
	}
}

// people make anew what could not be given back.
func (s *story) people(t *rapid.T) {
	s.each(func(l *pay.Ledger, a pay.Attempt) {
		for i := range l.Refunds {
			r := &l.Refunds[i]
			if r.AttemptID != a.ID || s.refunder(a) == nil || !l.NeedsPerson(r) {
				continue
			}
			_, err := s.Stores().Ledgers.Update(s.ctx(), l.Session.ID, func(l *pay.Ledger) error {
				_, err := l.RetryRefund(r.ID, "ann", s.Now())
				return err
			})
			if err != nil {
				t.Fatalf("refund %+v can't be made anew: %v", r, err)
			}
			return
		}
	})
}

func (s *story) settled() bool {
	for _, id := range s.sessions {
		if !s.ledger(id).Due().IsZero() {
			return false
		}
	}
	return true
}

// knows demands that our side knows of an attempt's payment without any bill, and that
// nobody can pay it any more.
func (s *story) knows(t *rapid.T, l *pay.Ledger, a pay.Attempt) {
	if a.Action != nil {
		s.reachWallet(a) // a link may make an order only now
	}
	o := s.order(a.OutTradeNo)
	if problem := misheard(o, a); problem != "" {
		t.Fatal(problem)
	}
	if o == nil || a.State.Received() {
		return
	}
	if _, err := s.Sim.Approve(cmp.Or(o.Payer, providersim.Ming), a.OutTradeNo); err == nil {
		t.Fatalf("I7: attempt %s can be paid although its session is %s", a.ID, l.Session.Status)
	}
}

// TestAnyStory lets random things happen and holds the rules of money after
// each of them.
func TestAnyStory(t *testing.T) {
	t.Parallel()
	fewer(t, "25")
	fx := newFixture(t)
	rapid.Check(t, func(t *rapid.T) {
		s := &story{fixture: fx, seen: map[string]*pay.Ledger{}, began: fx.Now(), billed: map[string]string{}}
		fx.Sim.Calm()
		s.arrive(t)
		t.Repeat(map[string]func(*rapid.T){
			"create": s.create, "arrive": s.arrive, "attempt": s.attempt, "approve": s.approve, "approve-another": s.approve, "turn-away": s.turnAway,
			"misbehave": s.misbehave, "misbehave-more": s.misbehave, "wait": s.wait, "sweep": s.sweep, "restart": s.restart, "check": s.check,
			"cancel": s.cancel, "refund": s.giveBack, "repeat": s.repeat, "": s.invariants,
		})
		s.end(t)
	})
}

// fewer has rapid make n checks unless the command line says how many: each is
// hundreds of requests.
func fewer(t *testing.T, n string) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := flag.Set("rapid.checks", n); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { flag.Set("rapid.checks", f.DefValue) })
}
