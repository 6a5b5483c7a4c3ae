package httpd

import (
	"context"
	"errors"
	"net/http"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/page"
	"morepay/internal/pay"
)

// payerPatience is for how long a payer waits for an answer of ours while a provider is
// asked. Then they get the page of what is known, and news when there is more.
const payerPatience = 3 * time.Second

// errSlow says that work goes on, after the payer's patience.
var errSlow = errors.New("a provider has not answered yet")

// patiently does a payer's work, which goes on though the payer leaves. Fails with
// errSlow if it takes longer than a payer waits.
func patiently[T any](s *Server, r *http.Request, work func(context.Context) (T, error)) (T, error) {
	type outcome struct {
		result T
		err    error
	}
	done := make(chan outcome, 1)
	ctx := context.WithoutCancel(r.Context())
	s.open.Go(func() {
		var o outcome
		o.err = s.guard(ctx, func() (err error) {
			o.result, err = work(ctx)
			return err
		})
		done <- o
	})
	slow := time.NewTimer(s.patience)
	defer slow.Stop()
	var none T
	select {
	case o := <-done:
		return o.result, o.err
	case <-slow.C:
		return none, errSlow
	case <-r.Context().Done():
		return none, r.Context().Err()
	}
}

// makeAttempt makes the attempt that a payer chose. While the provider has not
// answered, the ledger is as it is by now, and no attempt is named.
func (s *Server) makeAttempt(r *http.Request, request page.Request, sessionID string, choice checkout.AttemptRequest) (checkout.Attempted, error) {
	done, err := patiently(s, r, func(ctx context.Context) (checkout.Attempted, error) {
		return s.service.Attempt(ctx, sessionID, choice)
	})
	if errors.Is(err, errSlow) {
		done.Rail = choice.Rail
		done.Ledger, err = s.ledger(r.Context(), request)
	}
	return done, err
}

// checked returns the ledger after its providers were asked, or as it is by now if
// they have not answered yet.
func (s *Server) checked(r *http.Request, l *pay.Ledger) (*pay.Ledger, error) {
	asked, err := patiently(s, r, func(ctx context.Context) (*pay.Ledger, error) {
		return s.service.Check(ctx, l.Session.ID)
	})
	if errors.Is(err, errSlow) {
		return l, nil
	}
	return asked, err
}
