package checkout

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Recorder takes what providers say into the store, or into quarantine. It is
// safe for concurrent use.
type Recorder struct {
	store   Store
	now     func() time.Time
	log     *slog.Logger
	metrics *Metrics
	reached func(Point)
}

// NewRecorder makes a Recorder, for which Store is all that c must hold.
func NewRecorder(c Config) *Recorder {
	r := &Recorder{
		store: c.Store, now: clock(c.Now), log: cmp.Or(c.Log, slog.Default()),
		metrics: cmp.Or(c.Metrics, NewMetrics(nil)), reached: c.Reached,
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

// Apply is the only way by which a provider's word about a payment reaches the
// store: notifications, queries, closing and bills all end here. The evidence,
// the attempt, the session, the numbered event and the outbox row are one
// transaction. Evidence that contradicts what we know is quarantined and changes
// nothing. The ledger is nil if the evidence is about no session of ours. Fails
// with pay.ErrNotPaid if a refund is told of a payment that we have not heard of.
func (r *Recorder) Apply(ctx context.Context, acc *account.Account, ev pay.Evidence) (*pay.Ledger, error) {
	ev.Provider, ev.ReceivedAt = acc.ProviderID, r.now()
	if ev.Account != acc.Name() {
		return nil, r.quarantine(ctx, ev, "account is "+ev.Account+", want "+acc.Name())
	}
	sessionID, err := r.store.Find(ctx, Key{Provider: ev.Provider, Account: ev.Account, OutTradeNo: ev.OutTradeNo})
	if pay.CodeOf(err) == pay.CodeNotFound {
		return nil, r.quarantine(ctx, ev, "no attempt has this out_trade_no")
	}
	if err != nil {
		return nil, err
	}
	r.reached(PointEvidenceVerified)
	l, err := r.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		if l.Session.Merchant != acc.Merchant {
			return &pay.Mismatch{Field: "merchant", Got: acc.Merchant, Want: l.Session.Merchant}
		}
		return l.Apply(ev, r.now())
	})
	if mismatch, ok := errors.AsType[*pay.Mismatch](err); ok {
		return nil, r.quarantine(ctx, ev, mismatch.Error())
	}
	if err != nil {
		return nil, err
	}
	return l, nil
}

// refundEvidence is what a provider says about one refund.
func refundEvidence(acc *account.Account, outTradeNo, number string, source pay.Source, state provider.RefundState) pay.Evidence {
	return pay.Evidence{
		ID: "refund:" + number + ":" + string(state.Status), Source: source, Outcome: pay.OutcomeRefund,
		Provider: acc.ProviderID, Account: acc.Name(), OutTradeNo: outTradeNo,
		Returned: &pay.Returned{Number: number, Status: state.Status, Reference: state.Reference},
	}
}

func (r *Recorder) quarantine(ctx context.Context, ev pay.Evidence, reason string) error {
	r.metrics.quarantined.Inc()
	r.log.ErrorContext(ctx, "evidence quarantined: a person must look at it",
		"reason", reason, "provider", ev.Provider, "account", ev.Account, "out_trade_no", ev.OutTradeNo, "evidence", ev.ID)
	return r.store.Quarantine(ctx, Quarantined{Evidence: ev, Reason: reason, At: r.now()})
}
