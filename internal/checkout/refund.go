package checkout

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"morepay/internal/account"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// NewRefund is a merchant's request for a refund.
type NewRefund struct {
	Amount  *pay.Money `json:"amount"`  // nil for all that is left
	Reason  string     `json:"reason"`  // shown to the payer by some providers
	Attempt string     `json:"attempt"` // id of the payment to take it from; "" for a surplus that was kept, else the winner

	MerchantReference string `json:"merchant_reference,omitempty"` // the merchant's own name for it; absent, digests are as they were before there was any

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

// referenceText is what a merchant may call their own refunds.
var referenceText = textRule{max: 64}

// Refund gives back money of a paid session, in part or whole, from one payment. It is sent at once and followed to its end by the sweeper.
// Fails with conflict if the session was not paid, or refund_exceeds_receipts.
func (s *Service) Refund(ctx context.Context, merchant, sessionID string, n NewRefund) (*pay.Ledger, *pay.Refund, error) {
	if err := (textRule{max: maxNote, prose: true}).check("reason", n.Reason); err != nil {
		return nil, nil, err
	}
	if err := referenceText.check("merchant_reference", n.MerchantReference); err != nil {
		return nil, nil, err
	}
	if _, err := s.Ledger(ctx, merchant, sessionID); err != nil {
		return nil, nil, err
	}
	name := merchant + "\x00" + sessionID + "\x00" + cmp.Or(n.Key, rand.Text())
	refund := pay.Refund{ID: idOf("rf_", 24, name), Number: idOf("mp", 30, name), Origin: pay.RefundByMerchant, Note: n.Reason, MerchantReference: n.MerchantReference, Request: n.digest()}
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

// refundKeeper keeps a refund: the ledger of a session, or an entry of the desk.
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
	a := l.Attempt(r.AttemptID)
	task := refundTask{Service: s, kept: kept, refund: *r, acc: s.accounts.Named(a.Provider, a.Account), payment: orderOf(a), order: provider.RefundOrder{
		OutTradeNo: a.OutTradeNo, Reference: a.Reference, Number: r.Number, Amount: r.Amount, Total: a.Amount, Note: r.Note, MadeAt: r.CreatedAt,
	}}
	if task.acc == nil {
		return task.tried(ctx, "")
	}
	task.order.NotifyURL = s.notifyURL(task.acc)
	var ok bool
	if task.refunder, ok = task.acc.Provider.(provider.Refunder); !ok {
		return task.fail(ctx, pay.FailureUnsupported)
	}
	if r.AskOnly() {
		return task.ask(ctx, r.Failure)
	}
	return task.send(ctx)
}

// refundTask is one refund on its way.
type refundTask struct {
	*Service
	kept     refundKeeper
	refund   pay.Refund // as it was
	acc      *account.Account
	refunder provider.Refunder
	payment  provider.QueryOrder
	order    provider.RefundOrder
}

// send sends the refund. It is recorded before the request leaves.
func (t *refundTask) send(ctx context.Context) error {
	err := t.kept.update(ctx, func(l *pay.Ledger) error { return l.SendRefund(t.refund.ID, t.now()) })
	if err != nil {
		return err
	}
	var ev pay.Evidence
	err = t.acc.Call(ctx, "refund", func(ctx context.Context) (err error) {
		ev, err = t.refunder.Refund(ctx, t.order)
		return err
	})
	t.reached(PointRefundAnswered)
	switch {
	case err == nil:
		return t.apply(ctx, ev)
	case errors.Is(err, provider.ErrLater):
		t.log.WarnContext(ctx, "the provider can't refund yet", "refund", t.refund.ID, "err", err)
		return t.tried(ctx, pay.FailureBalance)
	}
	t.unanswered(ctx, t.acc, "a refund was not taken", err, "refund", t.refund.ID)
	if refusal, ok := errors.AsType[*provider.Refusal](err); ok {
		// It says nothing of an earlier request, which may have been taken.
		return t.ask(ctx, cmp.Or(refusal.Failure, pay.FailureRefused))
	}
	if _, ok := errors.AsType[*provider.Strange](err); ok {
		err := t.change(ctx, func(l *pay.Ledger) { l.DoubtRefund(t.refund.ID, pay.FailureRefused, t.now()) })
		return errors.Join(err, t.ask(ctx, pay.FailureRefused))
	}
	return t.tried(ctx, "")
}

// ask asks what became of the refund. One that the provider does not know of fails
// as soon as that proves something; before, the payment is looked at, because its
// money may have gone back by another hand.
func (t *refundTask) ask(ctx context.Context, failure pay.RefundFailure) error {
	var ev pay.Evidence
	err := t.acc.Call(ctx, "query_refund", func(ctx context.Context) (err error) {
		ev, err = t.refunder.QueryRefund(ctx, t.order)
		return err
	})
	switch {
	case err == nil:
		return t.apply(ctx, ev)
	case !errors.Is(err, provider.ErrAbsent):
		t.unanswered(ctx, t.acc, "the provider did not say what became of a refund", err, "refund", t.refund.ID)
		return t.tried(ctx, failure)
	}
	if payment, err := query(ctx, t.acc, t.payment); err == nil && payment.Returned != nil {
		if _, err := t.recorder.Apply(ctx, t.acc, payment); err != nil {
			return err
		}
	}
	return t.fail(ctx, failure)
}

func (t *refundTask) fail(ctx context.Context, failure pay.RefundFailure) error {
	return t.change(ctx, func(l *pay.Ledger) { l.FailRefund(t.refund.ID, failure, t.now()) })
}

// apply records the provider's word. While that is not final, the refund is looked
// at again.
func (t *refundTask) apply(ctx context.Context, ev pay.Evidence) error {
	_, err := t.recorder.Apply(ctx, t.acc, ev)
	if err != nil || ev.Returned.Status != pay.RefundPending {
		return err
	}
	return t.tried(ctx, "")
}

func (t *refundTask) tried(ctx context.Context, failure pay.RefundFailure) error {
	return t.change(ctx, func(l *pay.Ledger) { l.RefundTried(t.refund.ID, failure, t.now()) })
}

// change makes an update that can't be refused.
func (t *refundTask) change(ctx context.Context, do func(*pay.Ledger)) error {
	return t.kept.update(ctx, func(l *pay.Ledger) error {
		do(l)
		return nil
	})
}

// change makes an update that can't be refused.
func (s *Service) change(ctx context.Context, sessionID string, do func(*pay.Ledger)) error {
	_, err := s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		do(l)
		return nil
	})
	return err
}
