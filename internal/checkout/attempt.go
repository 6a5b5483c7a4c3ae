package checkout

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"morepay/internal/account"
	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// AttemptRequest says how a payer wants to pay.
type AttemptRequest struct {
	Method        pay.Method
	Rail          pay.Rail
	Device        device.Device
	PayerIP       string // the payer's own address; WeChat H5 refuses others
	WalletPayerID string // the provider's id of the payer, needed by the jsapi rail

	// ReturnURL is where the wallet brings the payer back. It is kept with the
	// attempt, so it must not hold the token in the open.
	ReturnURL string
}

// Attempt sends the payer of an open session on their way. Asking again for the
// method and rail that they are on resumes the attempt, with the same request
// byte for byte, so that two clicks can't pay twice. page_qr needs no attempt:
// the ledger comes back as it was.
//
// Fails with session_not_open, method_unavailable (naming the reasons),
// too_many_attempts, provider_refused or provider_unavailable. When the provider
// left the outcome unknown there is no error: the attempt is submitting.
func (s *Service) Attempt(ctx context.Context, sessionID string, r AttemptRequest) (*pay.Ledger, error) {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return nil, err
	}
	if err := s.MayAttempt(ctx, l, r); err != nil {
		return nil, err
	}
	if r.Rail == pay.RailPageQR {
		return l, nil
	}
	acc, err := s.accountFor(l.Session.Merchant, r.Method)
	if err != nil {
		return nil, err
	}
	if a := resumable(l, acc, r); a != nil {
		l, err = s.resume(ctx, l, acc, a)
		if !errors.Is(err, provider.ErrClosed) {
			return l, err
		}
	}
	return s.begin(ctx, l, acc, r)
}

// MayAttempt decides again, on the server, what the page decided when it was
// drawn. It fails as Attempt does, and sends nothing.
func (s *Service) MayAttempt(ctx context.Context, l *pay.Ledger, r AttemptRequest) error {
	if status := l.StatusAt(s.now()); status != pay.SessionOpen {
		return pay.Errorf(pay.CodeSessionNotOpen, "", "the session is %s", status)
	}
	if method.Find(r.Method) == nil {
		return pay.Errorf(pay.CodeInvalid, "method", "unknown method %q", r.Method)
	}
	if !knownRail(r.Rail) {
		return pay.Errorf(pay.CodeInvalid, "rail", "unknown rail %q", r.Rail)
	}
	decision, err := s.decide(ctx, l, r.Device)
	if err != nil {
		return err
	}
	choice, ok := decision.Choice(r.Method)
	if !ok {
		return pay.Errorf(pay.CodeMethodUnavailable, "method", "the merchant does not offer %s", r.Method)
	}
	if !choice.Offered() {
		return pay.Errorf(pay.CodeMethodUnavailable, "method", "%s is not available: %s", r.Method, codes(choice))
	}
	if !decision.Allows(r.Method, r.Rail) {
		return pay.Errorf(pay.CodeMethodUnavailable, "rail", "%s can't be paid by %s on this device", r.Method, r.Rail)
	}
	return nil
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
	id := method.Find(m).Provider
	a := s.accounts.Of(merchant, id)
	if a == nil {
		return nil, pay.Errorf(pay.CodeMethodUnavailable, "method", "the merchant has no account at %s", id)
	}
	return a, nil
}

// resumable finds a live attempt by the same method, rail and account. One that
// was made for another payer's bridge can't be taken up.
func resumable(l *pay.Ledger, acc *account.Account, r AttemptRequest) *pay.Attempt {
	if r.Rail == pay.RailJSAPI {
		return nil
	}
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		a := &l.Attempts[i]
		if a.State.Payable() && a.Method == r.Method && a.Rail == r.Rail && a.Account == acc.Name() {
			return a
		}
	}
	return nil
}

// resume hands out the action that the attempt has, or asks for a new one when
// that is used up or never came.
func (s *Service) resume(ctx context.Context, l *pay.Ledger, acc *account.Account, a *pay.Attempt) (*pay.Ledger, error) {
	now, id := s.now(), a.ID
	fresh := a.Action != nil && now.Before(a.Action.ExpiresAt)
	if fresh && !a.Abandoned {
		return l, nil
	}
	l, err := s.store.Update(ctx, l.Session.ID, func(l *pay.Ledger) error { return l.Resume(id, now) })
	if err != nil || fresh {
		return l, err
	}
	return s.send(ctx, l, acc, id)
}

// begin commits a new attempt before its provider hears of it: a notification
// that outruns the provider's reply finds its row, and a crash leaves something
// to ask about.
func (s *Service) begin(ctx context.Context, l *pay.Ledger, acc *account.Account, r AttemptRequest) (*pay.Ledger, error) {
	if acc.Down() {
		return nil, pay.Errorf(pay.CodeProviderDown, "method", "the provider of %s can't be reached", r.Method)
	}
	attempt, err := s.newAttempt(l, acc, r)
	if err != nil {
		return nil, err
	}
	l, err = s.store.Update(ctx, l.Session.ID, func(l *pay.Ledger) error { return l.Begin(attempt, s.now()) })
	if err != nil {
		return nil, err
	}
	s.metrics.attempts.WithLabelValues(string(r.Method), string(r.Rail)).Inc()
	return s.send(ctx, l, acc, attempt.ID)
}

func (s *Service) newAttempt(l *pay.Ledger, acc *account.Account, r AttemptRequest) (pay.Attempt, error) {
	a := pay.Attempt{
		ID: newAttemptID(), Method: r.Method, Rail: r.Rail,
		Provider: acc.ProviderID, Account: acc.Name(), App: acc.Provider.App(),
		OutTradeNo: newNumber(), Amount: l.Session.Amount,
		// Providers keep whole seconds: rounded down, none takes money after our expiry.
		ExpiresAt: l.Session.ExpiresAt.Truncate(time.Second),
	}
	var err error
	a.Request, err = acc.Provider.Request(provider.Order{
		OutTradeNo: a.OutTradeNo, AttemptID: a.ID, Method: r.Method, Rail: r.Rail, Amount: a.Amount,
		Description: l.Session.Description, ExpiresAt: a.ExpiresAt,
		NotifyURL: s.notifyURL(acc), ReturnURL: r.ReturnURL,
		PayerIP: r.PayerIP, WalletPayerID: r.WalletPayerID, OS: string(r.Device.OS),
	})
	return a, err
}

func (s *Service) notifyURL(acc *account.Account) string {
	return fmt.Sprintf("%s/notify/%s/%s", s.baseURL, acc.ProviderID, url.PathEscape(acc.Name()))
}

// send asks the provider and records its answer. An answer that never came
// leaves the attempt as it is: the sweeper asks what became of it.
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
		l, storeErr := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
			l.Refuse(id, s.now())
			return nil
		})
		if storeErr != nil {
			return nil, storeErr
		}
		return l, pay.Wrap(pay.CodeProviderRefused, err, "the provider refused the payment")
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
	s.log.WarnContext(ctx, "outcome of a provider call is unknown", "attempt", id, "provider", acc.ProviderID, "err", err)
	return l, nil
}
