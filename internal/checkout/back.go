package checkout

import (
	"context"

	"morepay/internal/funnel"
	"morepay/internal/pay"
)

// CameBack records that a wallet has brought who came by an invitation, or the session's
// own payer, back from the attempt that they are on. It proves nothing, and no payer
// fails with it: what can't be stored is only logged.
func (s *Service) CameBack(ctx context.Context, l *pay.Ledger, invitation string) {
	a := l.CurrentFor(invitation)
	if a == nil || !a.BackAt.IsZero() {
		return
	}
	first := false
	l, err := s.store.Update(ctx, l.Session.ID, func(l *pay.Ledger) error {
		first = l.CameBack(a.ID, s.now())
		return nil
	})
	switch {
	case err != nil:
		s.log.WarnContext(ctx, "that a payer came back can't be stored", "attempt", a.ID, "err", err)
	case first:
		s.metrics.Funnel.Count(funnel.CameBack, placeOf(l.Attempt(a.ID)))
	}
}
