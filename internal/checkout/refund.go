package checkout

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// NewRefund is a merchant's request for a refund.
type NewRefund struct {
	Amount *pay.Money `json:"amount"` // nil for all that is left
	Reason string     `json:"reason"` // shown to the payer by some providers

	// Key is the merchant's name of this request, or "". The refund's id and number
	// follow from it, so that a repeat after a crash finds the refund that was made.
	Key string `json:"-"`
}

// maxNote is the longest reason, in characters (WeChat Pay allows 80 bytes of
// UTF-8, which is 26 Chinese characters at worst).
const maxNote = 26

// Refund gives back money of a paid session: from the winning attempt, in part
// or whole. It is sent at once and followed to its end by the sweeper.
// Fails with conflict if the session was not paid, or refund_exceeds_receipts.
func (s *Service) Refund(ctx context.Context, merchant, sessionID string, n NewRefund) (*pay.Ledger, *pay.Refund, error) {
	if err := checkText("reason", n.Reason, maxNote, false); err != nil {
		return nil, nil, err
	}
	if _, err := s.Ledger(ctx, merchant, sessionID); err != nil {
		return nil, nil, err
	}
	name := merchant + "\x00" + sessionID + "\x00" + cmp.Or(n.Key, rand.Text())
	refund := pay.Refund{ID: idOf("rf_", 24, name), Number: idOf("mp", 30, name), Reason: pay.RefundMerchant, Note: n.Reason}
	_, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		if l.Refund(refund.ID) != nil {
			return nil
		}
		r := refund
		r.AttemptID, r.Amount = l.Session.Winner, l.Refundable(l.Session.Winner)
		if n.Amount != nil {
			r.Amount = *n.Amount
		}
		return l.AddRefund(r, s.now())
	})
	if err != nil {
		return nil, nil, err
	}
	if err := s.sendRefund(context.WithoutCancel(ctx), sessionID, refund.ID); err != nil {
		s.log.WarnContext(ctx, "refund is stored and will be sent again", "refund", refund.ID, "err", err)
	}
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return nil, nil, err
	}
	return l, l.Refund(refund.ID), nil
}

// sendRefund sends a pending refund. Sending it again asks what became of it:
// the number stays the same, so that no retry refunds twice.
func (s *Service) sendRefund(ctx context.Context, sessionID, refundID string) error {
	l, err := s.store.Ledger(ctx, sessionID)
	if err != nil {
		return err
	}
	r := l.Refund(refundID)
	if r.Status != pay.RefundPending {
		return nil
	}
	a := l.Attempt(r.AttemptID)
	acc := s.accounts.Named(a.Provider, a.Account)
	if acc == nil {
		return s.refundTried(ctx, sessionID, refundID)
	}
	refunder, ok := acc.Provider.(provider.Refunder)
	if !ok {
		return s.settleRefund(ctx, sessionID, refundID, provider.RefundState{Status: pay.RefundFailed})
	}
	order := provider.RefundOrder{
		OutTradeNo: a.OutTradeNo, Number: r.Number, Amount: r.Amount, Total: a.Amount,
		Note: r.Note, NotifyURL: s.notifyURL(acc),
	}
	var state provider.RefundState
	err = acc.Call(ctx, "refund", func(ctx context.Context) (err error) {
		state, err = refunder.Refund(ctx, order)
		return err
	})
	s.reached(PointRefundAnswered)
	switch {
	case errors.Is(err, provider.ErrRefused):
		s.log.ErrorContext(ctx, "the provider refuses a refund: a person must look at it", "refund", refundID, "err", err)
		return s.settleRefund(ctx, sessionID, refundID, provider.RefundState{Status: pay.RefundFailed})
	case err != nil:
		s.log.WarnContext(ctx, "outcome of a refund is unknown", "refund", refundID, "err", err)
		return s.refundTried(ctx, sessionID, refundID)
	case state.Status == pay.RefundPending:
		return s.refundTried(ctx, sessionID, refundID)
	}
	return s.settleRefund(ctx, sessionID, refundID, state)
}

func (s *Service) refundTried(ctx context.Context, sessionID, refundID string) error {
	_, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		l.RefundTried(refundID, s.now())
		return nil
	})
	return err
}

func (s *Service) settleRefund(ctx context.Context, sessionID, refundID string, state provider.RefundState) error {
	_, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		l.SettleRefund(refundID, state.Status, state.Reference, s.now())
		return nil
	})
	return err
}
