package checkout

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"morepay/internal/account"
	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/funnel"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// AttemptRequest says how a payer wants to pay.
type AttemptRequest struct {
	Method        pay.Method
	Rail          pay.Rail
	Device        device.Device
	PayerIP       netip.Addr // the payer's own; WeChat H5 refuses others
	Instalments   int        // in which the payer wants to pay; 0 for at once
	WalletPayerID string     // the provider's id of the payer, needed by rails for one payer
	Invitation    string     // id of the invitation by which the payer came, "" for the session's own
	First         bool       // nobody asked: only if it is the session's first attempt, else conflict

	// ReturnURL is the address to which the wallet brings the payer back. It is
	// kept with the attempt, so it must not hold the token in the open.
	ReturnURL string

	// FormPage is the address of our page that posts the payer's browser to a provider;
	// the attempt's id is added to it. It is kept as ReturnURL is.
	FormPage string
}

// Attempted is the result of a payer's choice.
type Attempted struct {
	Ledger    *pay.Ledger
	AttemptID string   // of the attempt that was made or taken up; "" for page_qr
	Rail      pay.Rail // that was asked for, or the one in its place
}

// Attempt sends the payer of an open session on their way. Asking again for the
// method and rail that they are on resumes the attempt, with the same request byte
// for byte, so that two clicks can't pay twice, however close together: which of
// the two it is is decided inside the ledger's transaction. page_qr needs no
// attempt: the ledger comes back as it was, and no id. A rail that turns out not to
// be granted gives way to the next one that is shown in place; one that leaves the
// page is for the payer to choose.
//
// Fails with session_not_open, method_unavailable (naming the reasons),
// too_many_attempts, provider_refused or provider_unavailable. When the provider
// left the outcome unknown there is no error: the attempt is submitting, and is
// sent again.
func (s *Service) Attempt(ctx context.Context, sessionID string, r AttemptRequest) (Attempted, error) {
	for {
		l, attemptID, err := s.attempt(ctx, sessionID, r)
		if pay.CodeOf(err) != pay.CodeProviderRefused {
			return Attempted{l, attemptID, r.Rail}, err
		}
		next := s.nextInPlace(ctx, sessionID, r)
		if next == "" {
			return Attempted{l, attemptID, r.Rail}, err
		}
		r.Rail = next
	}
}

// inPlace are the rails that a page can show without being left.
var inPlace = []pay.Rail{pay.RailQR, pay.RailPageQR}

// nextInPlace is the rail that takes the place of one which is not offered any more,
// if it is shown in place; else "".
func (s *Service) nextInPlace(ctx context.Context, sessionID string, r AttemptRequest) pay.Rail {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return ""
	}
	decision, err := s.decide(ctx, l, r)
	if err != nil || decision.Allows(r.Method, r.Rail) {
		return ""
	}
	ladder := method.Find(r.Method).Ladder(r.Device)
	for _, next := range ladder[slices.Index(ladder, r.Rail)+1:] {
		if !decision.Allows(r.Method, next) {
			continue
		}
		if slices.Contains(inPlace, next) {
			return next
		}
		return ""
	}
	return ""
}

func (s *Service) attempt(ctx context.Context, sessionID string, r AttemptRequest) (l *pay.Ledger, attemptID string, err error) {
	if l, err = s.store.Ledger(ctx, sessionID); err != nil {
		return nil, "", err
	}
	if err := s.MayAttempt(ctx, l, r); err != nil {
		return nil, "", err
	}
	if r.Rail == pay.RailPageQR {
		s.metrics.fellBack(l.Attempts, r.Invitation, funnel.Place{Method: r.Method, Rail: r.Rail, Container: r.Device.Container})
		return l, "", nil
	}
	acc, err := s.accountFor(l.Session.Merchant, r.Method)
	if err != nil {
		return nil, "", err
	}
	l, attemptID, err = s.take(ctx, l, acc, r, "")
	if errors.Is(err, provider.ErrClosed) || errors.Is(err, provider.ErrSpent) { // the order that was taken up is over, or of no use: make another
		l, attemptID, err = s.take(ctx, l, acc, r, attemptID)
	}
	return l, attemptID, err
}

// MayAttempt decides again, on the server, what the page decided when it was
// drawn. It fails as Attempt does, and sends nothing. While a provider is down no
// attempt is begun, but one that waits for its answer can be taken up: its payer is
// told how things stand, and its order is sent when the provider is back.
func (s *Service) MayAttempt(ctx context.Context, l *pay.Ledger, r AttemptRequest) error {
	if status := l.StatusFor(r.Invitation, s.now()); status != pay.SessionOpen {
		return pay.Errorf(pay.CodeSessionNotOpen, "", "the session is %s", status)
	}
	if method.Find(r.Method) == nil {
		return pay.Errorf(pay.CodeInvalid, "method", "unknown method %q", r.Method)
	}
	if !knownRail(r.Rail) {
		return pay.Errorf(pay.CodeInvalid, "rail", "unknown rail %q", r.Rail)
	}
	decision, err := s.decide(ctx, l, r)
	if err != nil {
		return err
	}
	choice, ok := decision.Choice(r.Method)
	if !ok {
		return pay.Errorf(pay.CodeMethodUnavailable, "method", "the merchant does not offer %s", r.Method)
	}
	if onlyDown(choice) && s.takesUp(l, r) {
		return nil
	}
	if choice.Barred() && r.Rail == pay.RailPageQR { // it leads out of the app
		return nil
	}
	if !choice.Offered() {
		return pay.Errorf(pay.CodeMethodUnavailable, "method", "%s is not available: %s", r.Method, codes(choice))
	}
	if !decision.Allows(r.Method, r.Rail) {
		return pay.Errorf(pay.CodeMethodUnavailable, "rail", "%s can't be paid by %s on this device", r.Method, r.Rail)
	}
	if !choice.PaidIn(r.Instalments) {
		return pay.Errorf(pay.CodeMethodUnavailable, "instalments", "%s can't be paid in %d instalments", r.Method, r.Instalments)
	}
	return nil
}

// onlyDown reports whether nothing but its provider's outage keeps a method from being used.
func onlyDown(c capability.Choice) bool {
	return len(c.Reasons) == 1 && c.Reasons[0].Code == capability.ReasonProviderUnavailable
}

// takesUp reports whether a request goes on with an attempt of the session.
func (s *Service) takesUp(l *pay.Ledger, r AttemptRequest) bool {
	acc, err := s.accountFor(l.Session.Merchant, r.Method)
	return err == nil && s.resumable(l, acc, r, "") != nil
}

func codes(c capability.Choice) string {
	var list []string
	for _, r := range c.Reasons {
		list = append(list, string(r.Code))
	}
	return strings.Join(list, ", ")
}

func knownRail(r pay.Rail) bool {
	return slices.Contains(pay.Rails, r)
}

func (s *Service) accountFor(merchant string, m pay.Method) (*account.Account, error) {
	a := s.accounts.ByMethod(merchant, m)
	if a == nil {
		return nil, pay.Errorf(pay.CodeMethodUnavailable, "method", "the merchant has no account at %s", method.Find(m).Provider)
	}
	return a, nil
}

// step says what a click asks for, once its ledger is known.
type step int

const (
	stepNone step = iota // the attempt has its action
	stepSend             // this click sends the request
	stepWait             // another click or the sweeper is sending it
)

// take resumes the attempt that the payer is on, or begins one, and brings it to
// its action. An attempt of the id closed is not taken up.
func (s *Service) take(ctx context.Context, l *pay.Ledger, acc *account.Account, r AttemptRequest, closed string) (_ *pay.Ledger, attemptID string, err error) {
	if a := s.resumable(l, acc, r, closed); a != nil && nextStep(a, s.now()) == stepNone && !a.Abandoned {
		return l, a.ID, nil
	}
	var next step
	l, err = s.store.Update(ctx, l.Session.ID, func(l *pay.Ledger) error {
		if a := s.resumable(l, acc, r, closed); a != nil {
			attemptID = a.ID
			next = nextStep(a, s.now())
			if next == stepSend || a.Abandoned {
				return l.Resume(a.ID, s.now())
			}
			return nil
		}
		if r.First && len(l.Attempts) > 0 {
			return pay.Errorf(pay.CodeConflict, "", "the session has an attempt")
		}
		if acc.Down() {
			return pay.Errorf(pay.CodeProviderDown, "method", "the provider of %s can't be reached", r.Method)
		}
		fresh, err := s.newAttempt(l, acc, r)
		if err != nil {
			return err
		}
		attemptID, next = fresh.ID, stepSend
		return l.Begin(fresh, s.now())
	})
	if err != nil {
		return nil, "", err
	}
	switch next {
	case stepSend:
		l, err = s.send(ctx, l, acc, attemptID)
	case stepWait:
		l, err = s.awaitAnswer(ctx, l, attemptID)
	}
	return l, attemptID, err
}

// resumable finds a payable attempt by the same method, rail, instalments and account, of the same
// payer: wallets refuse an order that another account has touched. One that was made
// for one payer of the wallet can't be taken up, nor one whose time is over at the
// provider while the session was extended.
func (s *Service) resumable(l *pay.Ledger, acc *account.Account, r AttemptRequest, closed string) *pay.Attempt {
	if r.Rail.ForOnePayer() {
		return nil
	}
	now, until := s.now(), s.payableUntil(l, r).Truncate(time.Second)
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		a := &l.Attempts[i]
		if over := !now.Before(a.ExpiresAt) && a.ExpiresAt.Before(until); over {
			continue
		}
		if a.State.Payable() && a.ID != closed && a.Method == r.Method && a.Rail == r.Rail && a.Instalments == r.Instalments && a.Provider == acc.ProviderID && a.Account == acc.Name() && a.Invitation == r.Invitation {
			return a
		}
	}
	return nil
}

// nextStep says how an attempt that is taken up gets its action: it may have it,
// it may be used up or never have come, or somebody may be asking for it now.
func nextStep(a *pay.Attempt, now time.Time) step {
	if a.Action != nil && now.Before(a.Action.ExpiresAt) {
		return stepNone
	}
	if a.UnderWay(now) && !a.Abandoned {
		return stepWait
	}
	return stepSend
}

// awaitAnswer waits until the attempt that somebody else is sending has its
// answer, for as long as a call may take; then the payer sees what there is.
func (s *Service) awaitAnswer(ctx context.Context, l *pay.Ledger, attemptID string) (*pay.Ledger, error) {
	news, stop := s.hub.Wait(l.Session.ID)
	defer stop()
	timeout := time.NewTimer(provider.CallTimeout)
	defer timeout.Stop()
	for {
		latest, err := s.store.Ledger(ctx, l.Session.ID)
		if err != nil {
			return nil, err
		}
		a := latest.Attempt(attemptID)
		if a.State == pay.AttemptFailed {
			return latest, pay.Errorf(pay.CodeProviderRefused, "", "the provider refused the payment")
		}
		if !a.State.Payable() || nextStep(a, s.now()) != stepWait {
			return latest, nil
		}
		select {
		case _, open := <-news:
			if !open {
				return latest, nil
			}
		case <-timeout.C:
			return latest, nil
		case <-ctx.Done():
			return latest, ctx.Err()
		}
	}
}

func (s *Service) newAttempt(l *pay.Ledger, acc *account.Account, r AttemptRequest) (pay.Attempt, error) {
	a := pay.Attempt{
		ID: newAttemptID(), Method: r.Method, Rail: r.Rail,
		Provider: acc.ProviderID, Account: acc.Name(), App: acc.Provider.App(r.Rail),
		Invitation: r.Invitation, Container: string(r.Device.Container), OutTradeNo: newNumber(), Amount: l.Session.Amount, Instalments: r.Instalments,
		// Providers keep whole seconds: rounded down, none takes money after our expiry.
		ExpiresAt: s.payableUntil(l, r).Truncate(time.Second),
	}
	var err error
	a.Request, err = acc.Provider.Request(provider.Order{
		OutTradeNo: a.OutTradeNo, AttemptID: a.ID, Reference: l.Session.Reference, Method: r.Method, Rail: r.Rail, Amount: a.Amount, Instalments: a.Instalments,
		Description: l.Session.Description, ExpiresAt: a.ExpiresAt,
		NotifyURL: s.notifyURL(acc), ReturnURL: r.ReturnURL, FormPage: r.FormPage + "/" + a.ID,
		PayerIP: r.PayerIP.String(), WalletPayerID: r.WalletPayerID, OS: string(r.Device.OS),
	})
	return a, err
}

// payableUntil is when who asks can't pay any more.
func (s *Service) payableUntil(l *pay.Ledger, r AttemptRequest) time.Time {
	if live := l.LiveInvitation(s.now()); r.Invitation != "" && live != nil {
		return live.ExpiresAt
	}
	return l.Session.ExpiresAt
}

func (s *Service) notifyURL(acc *account.Account) string {
	return fmt.Sprintf("%s/notify/%s/%s", s.baseURL, acc.ProviderID, url.PathEscape(acc.Name()))
}

// send asks the provider and records its answer. An answer that never came
// leaves the attempt as it is: the sweeper sends the same request again, and asks
// what became of it.
func (s *Service) send(ctx context.Context, l *pay.Ledger, acc *account.Account, attemptID string) (*pay.Ledger, error) {
	a := l.Attempt(attemptID)
	var action pay.Action
	// The payer may close the page now; the money's story must go on.
	ctx = context.WithoutCancel(ctx)
	err := acc.Call(ctx, "start", func(ctx context.Context) (err error) {
		action, err = acc.Provider.Start(ctx, a.Rail, a.Request)
		return err
	})
	s.reached(PointProviderAnswered)
	id, sessionID := a.ID, l.Session.ID
	switch {
	case err == nil:
		return s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
			l.Accept(id, action, s.now())
			return nil
		})
	case errors.Is(err, provider.ErrRefused):
		s.markIfNotGranted(ctx, l.Session.Merchant, acc, a.Method, a.Rail, err)
		l, storeErr := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
			l.Refuse(id, s.now())
			return nil
		})
		if storeErr != nil {
			return nil, storeErr
		}
		return l, pay.Wrap(pay.CodeProviderRefused, err, "the provider refused the payment")
	case errors.Is(err, provider.ErrSpent):
		l, storeErr := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
			l.Drop(id, s.now())
			return nil
		})
		return l, errors.Join(storeErr, err)
	case errors.Is(err, provider.ErrPaid):
		return s.check(ctx, l, id)
	case errors.Is(err, provider.ErrClosed):
		checked, checkErr := s.check(ctx, l, id)
		if checkErr != nil {
			return nil, checkErr
		}
		if checked.Attempt(id).State.Payable() {
			return checked, nil // its own query disagrees: wait for it to settle
		}
		return checked, err
	}
	s.unanswered(ctx, acc, "the outcome of an order is unknown", err, "attempt", id, "tries", a.Sends)
	return s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		l.Unanswered(id, pauseBeforeNext(l.Attempt(id), err), s.now())
		return nil
	})
}

// pauseBeforeNext returns the pause after a try that brought no definite
// answer: as long as the provider asks for, else a little more each time, and
// never in step with other sessions.
func pauseBeforeNext(a *pay.Attempt, err error) time.Duration {
	pause, _ := pay.PauseAfter(a.Sends)
	if busy, ok := errors.AsType[*provider.Busy](err); ok {
		pause = max(pause, busy.RetryAfter)
	}
	return pause + rand.N(pause/4+1)
}

// sendAgain sends the identical request of an attempt whose last try brought no
// answer. Another server that is faster makes it a conflict, which is fine.
func (s *Service) sendAgain(ctx context.Context, l *pay.Ledger, acc *account.Account, attemptID string) error {
	sessionID := l.Session.ID
	later := func(l *pay.Ledger) { l.Unanswered(attemptID, account.DownFor, s.now()) }
	if acc == nil || acc.Down() {
		return s.change(ctx, sessionID, later)
	}
	l, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error { return l.Resend(attemptID, s.now()) })
	switch pay.CodeOf(err) {
	case pay.CodeConflict:
		return nil
	case pay.CodeSessionNotOpen: // too late by now: nothing is sent any more
		return s.change(ctx, sessionID, later)
	}
	if err != nil {
		return err
	}
	_, err = s.send(ctx, l, acc, attemptID)
	if pay.CodeOf(err) == pay.CodeProviderRefused || errors.Is(err, provider.ErrClosed) || errors.Is(err, provider.ErrSpent) {
		return nil // recorded: the payer's page says so
	}
	return err
}
