package checkout

import (
	"context"
	"time"

	"morepay/internal/pay"
)

// FollowDesk looks after the refunds that people have decided about at the desk,
// until ctx ends, as Sweep does after those of sessions. Several servers may do
// so: a refund keeps its number whoever sends it.
func (s *Service) FollowDesk(ctx context.Context, pace time.Duration) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s.followDesk(ctx)
	}
}

// followDesk does what is due for entries.
func (s *Service) followDesk(ctx context.Context) {
	entries, err := s.recorder.desk.Quarantined(ctx, QuarantineFilter{Status: QuarantineRefunding, Limit: maxRefunding})
	if err != nil {
		s.log.ErrorContext(ctx, "desk: list", "err", err)
		return
	}
	var tasks []func() error
	for _, q := range entries {
		if q.Refund.Status != pay.RefundPending || q.Refund.CheckAt.After(s.now()) {
			continue
		}
		acc := s.accounts.Named(q.Evidence.Provider, q.Evidence.Account)
		tasks = append(tasks, func() error {
			return acc.InBackground(ctx, func() error {
				return s.pushRefund(ctx, entryKeeper{s.recorder, q.ID}, q.Refund.ID)
			})
		})
	}
	if err := together(tasks); err != nil && ctx.Err() == nil {
		s.log.ErrorContext(ctx, "desk: refund", "err", err)
	}
}

// maxRefunding bounds the entries whose refunds are looked after in one round.
const maxRefunding = 1000

// entryKeeper keeps the refund of an entry.
type entryKeeper struct {
	*Recorder
	id string
}

func (k entryKeeper) load(ctx context.Context) (*pay.Ledger, error) {
	q, err := k.desk.Entry(ctx, k.id)
	if err != nil {
		return nil, err
	}
	return q.ledger(), nil
}

func (k entryKeeper) update(ctx context.Context, change func(*pay.Ledger) error) error {
	_, err := k.desk.UpdateEntry(ctx, k.id, func(q *Quarantined) error { return q.ChangeRefund(k.now(), change) })
	return err
}
