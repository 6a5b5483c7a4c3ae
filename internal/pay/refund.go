package pay

import "time"

// Refund is money on its way back from one attempt.
type Refund struct {
	ID        string
	AttemptID string
	Number    string // our number at the provider (its out_refund_no); the same on every retry
	Amount    Money
	Reason    RefundReason
	Note      string // the merchant's words, or ""
	Status    RefundStatus
	Reference string // the provider's number of the refund
	CreatedAt time.Time
	Tries     int
	CheckAt   time.Time // when to send or ask again; zero once final
}

// RefundReason says who wanted a refund.
type RefundReason string

// The reasons of refunds.
const (
	RefundMerchant RefundReason = "merchant"
	RefundSurplus  RefundReason = "surplus" // a second payment of the same session
)

// MaxRefunds limits the partial refunds of an attempt: WeChat Pay's own limit.
const MaxRefunds = 50

// AddRefund adds a refund in state pending, to be sent at once. Fails with
// refund_exceeds_receipts, conflict (nothing was received) or invalid_request.
func (l *Ledger) AddRefund(r Refund, now time.Time) error {
	a := l.Attempt(r.AttemptID)
	if a == nil || !a.State.Received() {
		return Errorf(CodeConflict, "", "nothing has been paid that could be refunded")
	}
	if r.Amount.Currency != a.Amount.Currency {
		return Errorf(CodeInvalid, "amount.currency", "must be %s, the currency of the payment", a.Amount.Currency)
	}
	if r.Amount.Value < 1 {
		return Errorf(CodeInvalid, "amount.value", "must be at least 1")
	}
	given, count := l.refunded(a.ID)
	if count >= MaxRefunds {
		return Errorf(CodeRefundExceeds, "", "a payment takes at most %d refunds", MaxRefunds)
	}
	if r.Amount.Value > a.Amount.Value-given {
		return Errorf(CodeRefundExceeds, "amount.value", "at most %d is left to refund", a.Amount.Value-given)
	}
	r.Status, r.CreatedAt, r.CheckAt = RefundPending, now, now
	l.Refunds = append(l.Refunds, r)
	l.emit(EventRefundCreated, a.ID, r.ID, now)
	return nil
}

// refundSurplus gives a second payment back. Id and number follow from the
// attempt's, so that no crash or repeat can refund it twice.
func (l *Ledger) refundSurplus(a *Attempt, now time.Time) {
	l.Refunds = append(l.Refunds, Refund{
		ID: "rf_" + a.ID, AttemptID: a.ID, Number: a.OutTradeNo + "S", Amount: a.Amount,
		Reason: RefundSurplus, Status: RefundPending, CreatedAt: now, CheckAt: now,
	})
	l.emit(EventRefundCreated, a.ID, "rf_"+a.ID, now)
}

// refunded is what has been or is being given back of an attempt, in minor
// units, and in how many refunds. A failed refund gave nothing back.
func (l *Ledger) refunded(attemptID string) (value int64, count int) {
	for _, r := range l.Refunds {
		if r.AttemptID != attemptID {
			continue
		}
		count++
		if r.Status != RefundFailed {
			value += r.Amount.Value
		}
	}
	return value, count
}

// Refund finds a refund by id; nil if there is none.
func (l *Ledger) Refund(id string) *Refund {
	for i := range l.Refunds {
		if l.Refunds[i].ID == id {
			return &l.Refunds[i]
		}
	}
	return nil
}

// RefundByNumber finds a refund by our number of it; nil if there is none.
func (l *Ledger) RefundByNumber(number string) *Refund {
	for i := range l.Refunds {
		if l.Refunds[i].Number == number {
			return &l.Refunds[i]
		}
	}
	return nil
}

// Refundable is what is left to refund of an attempt; nothing if it was not paid.
func (l *Ledger) Refundable(attemptID string) Money {
	a := l.Attempt(attemptID)
	if a == nil || !a.State.Received() {
		return Money{Currency: l.Session.Amount.Currency}
	}
	given, _ := l.refunded(attemptID)
	return Money{Currency: a.Amount.Currency, Value: a.Amount.Value - given}
}

// refundEvents are the final statuses of refunds, with the event of each.
var refundEvents = map[RefundStatus]EventType{
	RefundSucceeded: EventRefundSucceeded,
	RefundFailed:    EventRefundFailed,
}

// SettleRefund records the provider's final word on a refund. A word that is not
// final or not known, a repeat, and one that contradicts the first change nothing.
func (l *Ledger) SettleRefund(id string, status RefundStatus, reference string, now time.Time) {
	r := l.Refund(id)
	event, final := refundEvents[status]
	if r == nil || r.Status != RefundPending || !final {
		return
	}
	r.Status, r.Reference, r.CheckAt = status, reference, time.Time{}
	l.emit(event, r.AttemptID, r.ID, now)
}
