package checkout

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// NewRefund is a merchant's request for a refund.
type NewRefund struct {
	Amount  *pay.Money `json:"amount"`  // nil for all that is left
	Reason  string     `json:"reason"`  // shown to the payer by some providers
	Attempt string     `json:"attempt"` // id of the payment to take it from; "" for a surplus that was kept, else the winner

	// Key is the merchant's name of this request, or "". The refund's id and number
	// follow from it, so that a repeat after a crash finds the refund that was made.
	Key string `json:"-"`
}

// digest stands for what is asked for: the same key with another digest is a
// mistake of the caller.
func (n NewRefund) digest() string {
	asked, _ := json.Marshal(n) // plain values
	sum := sha256.Sum256(asked)
	return hex.EncodeToString(sum[:])
}

func sameRequest(made *pay.Refund, digest string) error {
	if made.Request != "" && made.Request != digest {
		return pay.Errorf(pay.CodeIdempotency, "Idempotency-Key", "was used for another refund of this session")
	}
	return nil
}

// maxNote is the longest reason, in characters (WeChat Pay allows 80 bytes of
// UTF-8, which is 26 Chinese characters at worst).
const maxNote = 26

// Refund gives back money of a paid session, in part or whole, from one payment. It is sent at once and followed to its end by the sweeper.
// Fails with conflict if the session was not paid, or refund_exceeds_receipts.
func (s *Service) Refund(ctx context.Context, merchant, sessionID string, n NewRefund) (*pay.Ledger, *pay.Refund, error) {
	if err := checkText("reason", n.Reason, maxNote, false); err != nil {
		return nil, nil, err
	}
	if _, err := s.Ledger(ctx, merchant, sessionID); err != nil {
		return nil, nil, err
	}
	name := merchant + "\x00" + sessionID + "\x00" + cmp.Or(n.Key, rand.Text())
	refund := pay.Refund{ID: idOf("rf_", 24, name), Number: idOf("mp", 30, name), Origin: pay.RefundByMerchant, Note: n.Reason, Request: n.digest()}
	_, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		if made := l.Refund(refund.ID); made != nil {
			return sameRequest(made, refund.Request)
		}
		if n.Attempt != "" && l.Attempt(n.Attempt) == nil {
			return pay.Errorf(pay.CodeInvalid, "attempt", "the session has no such attempt")
		}
		r := refund
		r.AttemptID = cmp.Or(n.Attempt, l.NextToRefund())
		r.Amount = l.Refundable(r.AttemptID)
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

// refundKeeper is where a refund is kept: in the ledger of a session, or in an
// entry of the desk.
type refundKeeper interface {
	load(ctx context.Context) (*pay.Ledger, error)
	update(ctx context.Context, change func(*pay.Ledger) error) error
}

// sessionKeeper keeps the refunds of a session.
type sessionKeeper struct {
	store Store
	id    string
}

func (k sessionKeeper) load(ctx context.Context) (*pay.Ledger, error) {
	return k.store.Ledger(ctx, k.id)
}

func (k sessionKeeper) update(ctx context.Context, change func(*pay.Ledger) error) error {
	_, err := k.store.Update(ctx, k.id, change)
	return err
}

func (s *Service) sendRefund(ctx context.Context, sessionID, refundID string) error {
	return s.pushRefund(ctx, sessionKeeper{s.store, sessionID}, refundID)
}

// pushRefund sends a pending refund, or asks what became of one that must not be
// sent again. The number stays the same, so that no retry refunds twice.
func (s *Service) pushRefund(ctx context.Context, kept refundKeeper, refundID string) error {
	l, err := kept.load(ctx)
	if err != nil {
		return err
	}
	r := l.Refund(refundID)
	if r.Status != pay.RefundPending {
		return nil
	}
	change := func(do func(*pay.Ledger)) error {
		return kept.update(ctx, func(l *pay.Ledger) error {
			do(l)
			return nil
		})
	}
	a := l.Attempt(r.AttemptID)
	acc := s.accounts.Named(a.Provider, a.Account)
	if acc == nil {
		return change(func(l *pay.Ledger) { l.RefundTried(refundID, "", s.now()) })
	}
	refunder, ok := acc.Provider.(provider.Refunder)
	if !ok {
		return change(func(l *pay.Ledger) { l.FailRefund(refundID, pay.FailureUnsupported, s.now()) })
	}
	ask := refunder.QueryRefund
	if !r.AskOnly() {
		ask = refunder.Refund
		if err := kept.update(ctx, func(l *pay.Ledger) error { return l.SendRefund(refundID, s.now()) }); err != nil {
			return err
		}
	}
	var state provider.RefundState
	err = acc.Call(ctx, "refund", func(ctx context.Context) (err error) {
		state, err = ask(ctx, provider.RefundOrder{
			OutTradeNo: a.OutTradeNo, Number: r.Number, Amount: r.Amount, Total: a.Amount,
			Note: r.Note, NotifyURL: s.notifyURL(acc),
		})
		return err
	})
	s.reached(PointRefundAnswered)
	switch {
	case errors.Is(err, provider.ErrRefused), errors.Is(err, provider.ErrAbsent):
		s.log.ErrorContext(ctx, "the provider refuses a refund", "refund", refundID, "err", err)
		failure := cmp.Or(r.Failure, pay.FailureRefused)
		return change(func(l *pay.Ledger) { l.FailRefund(refundID, failure, s.now()) })
	case errors.Is(err, provider.ErrLater):
		s.log.WarnContext(ctx, "the provider can't refund yet", "refund", refundID, "err", err)
		return change(func(l *pay.Ledger) { l.RefundTried(refundID, pay.FailureBalance, s.now()) })
	case err != nil:
		s.log.WarnContext(ctx, "outcome of a refund is unknown", "refund", refundID, "err", err)
		return change(func(l *pay.Ledger) { l.RefundTried(refundID, "", s.now()) })
	}
	_, err = s.recorder.Apply(ctx, acc, refundEvidence(acc, a.OutTradeNo, r.Number, pay.SourceRefund, state))
	if err != nil || state.Status != pay.RefundPending {
		return err
	}
	return change(func(l *pay.Ledger) { l.RefundTried(refundID, "", s.now()) })
}

// change is an update that can't be refused.
func (s *Service) change(ctx context.Context, sessionID string, do func(*pay.Ledger)) error {
	_, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		do(l)
		return nil
	})
	return err
}
