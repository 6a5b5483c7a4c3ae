package checkout

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
)

// Recorder takes what providers say into the store, or into quarantine. It is
// safe for concurrent use.
type Recorder struct {
	store   Store
	desk    DeskStore
	now     func() time.Time
	log     *slog.Logger
	metrics *Metrics
	reached func(Point)
}

// NewRecorder makes a Recorder, for which Store and Desk are all that c must hold.
func NewRecorder(c Config) *Recorder {
	log := cmp.Or(c.Log, slog.Default())
	metrics := cmp.Or(c.Metrics, NewMetrics(nil))
	ledgers := watched{c.Store, log, metrics}
	r := &Recorder{
		store: ledgers, desk: watchedDesk{c.Desk, ledgers}, now: clock(c.Now), log: log,
		metrics: metrics, reached: c.Reached,
	}
	if r.reached == nil {
		r.reached = func(Point) {}
	}
	return r
}

// clock returns the time as stores keep it; nil stands for the machine's clock.
func clock(now func() time.Time) func() time.Time {
	if now == nil {
		now = time.Now
	}
	return func() time.Time { return now().UTC().Truncate(time.Millisecond) }
}

// Apply is the only way by which a provider's word about a payment reaches
// the store: notifications, queries, closing and bills all end here. The
// evidence, the attempt, the session, the numbered event and the outbox row are
// one transaction. Evidence that contradicts what we know is quarantined and
// changes nothing. What tells of the refund of a quarantined payment settles
// that one's entry. The ledger is nil if the evidence is about no session of
// ours. Fails with pay.ErrNotPaid if a refund is told of a payment that we have
// not heard of.
func (r *Recorder) Apply(ctx context.Context, acc *account.Account, ev pay.Evidence) (*pay.Ledger, error) {
	ev.Provider, ev.ReceivedAt = acc.ProviderID, r.now()
	if ev.Account != acc.Name() {
		return nil, r.quarantine(ctx, acc.Merchant, ev, "account is "+ev.Account+", want "+acc.Name())
	}
	ev, err := r.numbered(ctx, ev)
	if err != nil {
		return nil, err
	}
	awaited, err := r.settleEntries(ctx, ev)
	if err != nil {
		return nil, err
	}
	l, acc, err := r.apply(ctx, acc, ev)
	switch mismatch, contradicts := errors.AsType[*pay.Mismatch](err); {
	case awaited && (contradicts || errors.Is(err, pay.ErrNotPaid) || errors.Is(err, pay.ErrUnknownAttempt)):
		return nil, nil // the desk has what nobody's books have
	case errors.Is(err, pay.ErrUnknownAttempt):
		return nil, r.unknown(ctx, acc, ev)
	case contradicts:
		return nil, r.quarantine(ctx, acc.Merchant, ev, mismatch.Error())
	case err != nil:
		return nil, err
	}
	if a := l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo); a.ReturnedUnknown && ev.Returned != nil && ev.Returned.Unknown {
		return l, r.quarantine(ctx, l.Session.Merchant, ev, ReasonReturnedUnknown)
	}
	return l, nil
}

// apply takes evidence into the ledger that it names. owner is the account as the
// session's merchant has it; it is acc if there is no such session or merchant.
func (r *Recorder) apply(ctx context.Context, acc *account.Account, ev pay.Evidence) (_ *pay.Ledger, owner *account.Account, _ error) {
	sessionID, err := r.sessionOf(ctx, ev)
	if err != nil {
		return nil, acc, err
	}
	r.reached(PointEvidenceVerified)
	owner = acc
	wasUnknown, refunds := false, 0
	l, err := r.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		owner = cmp.Or(acc.For(l.Session.Merchant), acc)
		refunds = len(l.Refunds)
		if a := l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo); a != nil {
			wasUnknown = a.ReturnedUnknown
		}
		return applyTo(l, acc, ev, r.now())
	})
	if pay.CodeOf(err) == pay.CodeNotFound { // pruned since it was found
		err = pay.ErrUnknownAttempt
	}
	if err != nil {
		return nil, owner, err
	}
	for _, made := range l.Refunds[refunds:] {
		if made.Origin == pay.RefundByProvider {
			r.log.WarnContext(ctx, "money went back to a payer without us", "session", sessionID, "refund", made.ID, "amount", made.Amount.String(),
				"provider", ev.Provider, "account", ev.Account, "source", ev.Source)
		}
	}
	if !wasUnknown {
		return l, owner, nil
	}
	return l, owner, r.ResolveUnknown(ctx, l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo))
}

// numbered puts our number of the payment into evidence of a refund that names the payment
// by the provider's number alone. Of one that nobody knows it is the refund's own, for a
// person to go by.
func (r *Recorder) numbered(ctx context.Context, ev pay.Evidence) (pay.Evidence, error) {
	if ev.OutTradeNo != "" || ev.Returned == nil {
		return ev, nil
	}
	ev.OutTradeNo = ev.Returned.Number
	if ev.Reference == "" {
		return ev, nil
	}
	id, err := r.store.Find(ctx, Key{Provider: ev.Provider, Account: ev.Account, Reference: ev.Reference})
	if pay.CodeOf(err) == pay.CodeNotFound {
		return ev, nil
	}
	if err != nil {
		return ev, err
	}
	l, err := r.store.Ledger(ctx, id)
	if err != nil {
		return ev, err
	}
	i := slices.IndexFunc(l.Attempts, func(a pay.Attempt) bool {
		return a.Provider == ev.Provider && a.Account == ev.Account && a.Reference == ev.Reference
	})
	if i >= 0 {
		ev.OutTradeNo = l.Attempts[i].OutTradeNo
	}
	return ev, nil
}

// sessionOf returns the id of the session that evidence is about. Fails with
// pay.ErrUnknownAttempt.
func (r *Recorder) sessionOf(ctx context.Context, ev pay.Evidence) (string, error) {
	id, err := r.store.Find(ctx, Key{Provider: ev.Provider, Account: ev.Account, OutTradeNo: ev.OutTradeNo})
	if pay.CodeOf(err) == pay.CodeNotFound {
		return "", pay.ErrUnknownAttempt
	}
	return id, err
}

func applyTo(l *pay.Ledger, acc *account.Account, ev pay.Evidence, now time.Time) error {
	if acc.For(l.Session.Merchant) == nil {
		return &pay.Mismatch{Field: "merchant", Got: acc.Merchant, Want: l.Session.Merchant}
	}
	return l.Apply(ev, now)
}
