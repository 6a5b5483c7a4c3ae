package pay

import (
	"fmt"
	"time"
)

// Refund is money on its way back from one attempt, whoever sent it.
type Refund struct {
	ID                string
	AttemptID         string
	MerchantReference string // the merchant's own name for it, or "": no two of a session have the same
	Number            string // the refund's number at the provider, the same on every retry; "" if it has none
	Amount            Money
	Origin            RefundOrigin
	Note              string // the words of who wanted it, or ""
	Author            string // the person who made or retried it, or ""
	Request           string // digest of what the merchant asked for, or "": the same key with another request is a mistake
	Status            RefundStatus
	Failure           RefundFailure // why it failed, or why a pending one is stuck
	Arrival           RefundArrival // where the money came to rest, if the provider said
	Reference         string        // the provider's number of the refund
	CreatedAt         time.Time
	SentAt            time.Time // when our newest request for it may have left; zero before the first
	SilentAt          time.Time // when the newest request left that may still arrive unanswered; zero if there is none
	Tries             int       // requests that may have left
	CheckAt           time.Time // when to send or ask again; zero once final
}

// RefundOrigin says who gave money back.
type RefundOrigin string

// The origins of refunds.
const (
	RefundByMerchant RefundOrigin = "merchant" // asked for through our API
	RefundOfSurplus  RefundOrigin = "surplus"  // ours: a second payment of the same session
	RefundByProvider RefundOrigin = "provider" // made at the provider without us, such as in its console
	RefundByHand     RefundOrigin = "hand"     // made elsewhere and recorded by a person
)

// RefundFailure says why a refund failed or is stuck.
type RefundFailure string

// The failures of refunds.
const (
	FailureBalance       RefundFailure = "balance"        // the merchant's balance is too low: it is sent again
	FailurePayerAccount  RefundFailure = "payer_account"  // the payer's account can't take it: a person must choose another
	FailureRefused       RefundFailure = "refused"        // a rule of the provider
	FailureNotPermitted  RefundFailure = "not_permitted"  // the merchant's account may not refund
	FailureTooLate       RefundFailure = "too_late"       // the payment is too old
	FailureExceeds       RefundFailure = "exceeds"        // more than is left of the payment at the provider
	FailureUnsupported   RefundFailure = "unsupported"    // the provider can't refund through us
	FailureClosed        RefundFailure = "closed"         // the provider took it and gave it up
	FailureMadeElsewhere RefundFailure = "made_elsewhere" // a person gave the money back another way
)

// RefundFailures lists all of them.
var RefundFailures = []RefundFailure{
	FailureBalance, FailurePayerAccount, FailureRefused, FailureNotPermitted, FailureTooLate, FailureExceeds,
	FailureUnsupported, FailureClosed, FailureMadeElsewhere,
}

// RefundArrival says where refunded money came to rest.
type RefundArrival string

// The arrivals of refunds, by Alipay's deposit-back message.
const (
	ArrivalBank    RefundArrival = "bank"    // in the payer's bank account
	ArrivalBalance RefundArrival = "balance" // the bank refused it: it is in the payer's wallet
)

// MaxRefunds limits the partial refunds of an attempt: WeChat Pay's own limit.
const MaxRefunds = 50

// AskOnly reports whether a refund is only asked about and not sent again: it is
// final, or was refused and may yet turn out to have been taken, or lies with
// the provider until a person acts.
func (r *Refund) AskOnly() bool {
	return r.Status != RefundPending || r.Failure != "" && r.Failure != FailureBalance
}

// NeedsPerson reports whether a refund stays as it is until a person acts.
func (l *Ledger) NeedsPerson(r *Refund) bool {
	switch r.Status {
	case RefundPending:
		return r.Failure == FailurePayerAccount
	case RefundFailed:
		return r.Origin == RefundOfSurplus && l.Refundable(r.AttemptID).Value > 0
	}
	return false
}

// AddRefund adds a refund in state pending, to be sent at once. Fails with
// refund_exceeds_receipts, conflict (nothing was received, or an unknown part of
// it went back) or invalid_request.
func (l *Ledger) AddRefund(r Refund, now time.Time) error {
	a := l.Attempt(r.AttemptID)
	if a == nil || !a.State.Received() {
		return errNothingPaid
	}
	if l.refundNamed(r.MerchantReference) {
		return Errorf(CodeConflict, "merchant_reference", "is that of another refund of this session")
	}
	if a.ReturnedUnknown {
		return Errorf(CodeConflict, "", "the provider says that money went back already, but not how much: record that first")
	}
	if err := l.mayRefund(a, r.Amount, l.Refundable(a.ID).Value); err != nil {
		return err
	}
	r.Status, r.CreatedAt, r.CheckAt = RefundPending, now, now
	l.Refunds = append(l.Refunds, r)
	l.emit(EventRefundCreated, r.AttemptID, r.ID, now)
	return nil
}

var (
	errNothingPaid = Errorf(CodeConflict, "", "nothing has been paid that could be refunded")
	errNoRefund    = Errorf(CodeNotFound, "", "there is no such refund")
)

// mayRefund refuses an amount that can't be one of an attempt of which left minor
// units are left.
func (l *Ledger) mayRefund(a *Attempt, amount Money, left int64) error {
	if amount.Currency != a.Amount.Currency {
		return Errorf(CodeInvalid, "amount.currency", "must be %s, the currency of the payment", a.Amount.Currency)
	}
	if amount.Value < 1 {
		return Errorf(CodeInvalid, "amount.value", "must be at least 1")
	}
	if _, count := l.refunded(a.ID); count >= MaxRefunds {
		return Errorf(CodeRefundExceeds, "", "a payment takes at most %d refunds", MaxRefunds)
	}
	if amount.Value > left {
		return Errorf(CodeRefundExceeds, "amount.value", "at most %d is left to refund", left)
	}
	return nil
}

// refundSurplus gives back what is left of a second payment, once: as soon as it is
// known how much that is. Id and number follow from the attempt's, so that no
// crash or repeat can refund it twice.
func (l *Ledger) refundSurplus(a *Attempt, now time.Time) {
	id, left := "rf_"+a.ID, l.Refundable(a.ID)
	if a.State != AttemptSurplus || left.Value == 0 || l.Refund(id) != nil {
		return
	}
	l.Refunds = append(l.Refunds, Refund{
		ID: id, AttemptID: a.ID, Number: a.OutTradeNo + "S", Amount: left,
		Origin: RefundOfSurplus, Status: RefundPending, CreatedAt: now, CheckAt: now,
	})
	l.emit(EventRefundCreated, a.ID, id, now)
}

// RetryRefund makes a refund anew that failed, under a number of its own: a
// provider does not take one again that it has given up. Of a surplus it is over
// what is left, because some may have gone back by another hand. author is who
// wants it. Fails with not_found, conflict if the refund did not fail, and as AddRefund
// does, such as when its money has gone back meanwhile.
func (l *Ledger) RetryRefund(id, author string, now time.Time) (retry string, err error) {
	failed := l.Refund(id)
	if failed == nil {
		return "", errNoRefund
	}
	if failed.Status != RefundFailed {
		return "", Errorf(CodeConflict, "", "the refund is %s: only a failed one can be made anew", failed.Status)
	}
	a := l.Attempt(failed.AttemptID)
	_, count := l.refunded(a.ID)
	r := Refund{
		ID: fmt.Sprintf("rf_%sR%d", a.ID, count), AttemptID: a.ID, Number: fmt.Sprintf("%sR%d", a.OutTradeNo, count),
		Amount: failed.Amount, Origin: failed.Origin, Note: failed.Note, Author: author,
	}
	if left := l.Refundable(a.ID); failed.Origin == RefundOfSurplus && left.Value > 0 && left.Value < r.Amount.Value {
		r.Amount = left
	}
	return r.ID, l.AddRefund(r, now)
}

// MayRedirect reports whether a refund lies with the provider until a person names
// another account for it. Fails with not_found, or conflict if it does not.
func (l *Ledger) MayRedirect(id string) error {
	r := l.Refund(id)
	if r == nil {
		return errNoRefund
	}
	if r.Status != RefundPending || r.Failure != FailurePayerAccount {
		return Errorf(CodeConflict, "", "the refund is %s and not stuck: only one that the payer's account can't take goes to another", r.Status)
	}
	return nil
}

// RedirectRefund records that author has sent a stuck refund on to another account,
// and plans to ask where it stands.
func (l *Ledger) RedirectRefund(id, author string, now time.Time) {
	if r := l.Refund(id); r != nil && r.Status == RefundPending {
		r.Author, r.CheckAt = author, now.Add(5*time.Second)
	}
}

// RecordRefund adds a refund that a person made elsewhere, such as in the
// provider's console or by bank. Author and note are needed. insteadOf is the id
// of a stuck refund whose place it takes and which then counts as failed, or "".
// Fails with invalid_request, not_found, conflict or refund_exceeds_receipts.
func (l *Ledger) RecordRefund(r Refund, insteadOf string, now time.Time) error {
	a := l.Attempt(r.AttemptID)
	switch {
	case r.Author == "":
		return Errorf(CodeInvalid, "author", "is missing")
	case r.Note == "":
		return Errorf(CodeInvalid, "note", "is missing")
	case a == nil || !a.State.Received():
		return errNothingPaid
	}
	given, _ := l.refunded(a.ID)
	left := a.Amount.Value - given
	stuck := l.Refund(insteadOf)
	if insteadOf != "" {
		if stuck == nil || stuck.AttemptID != a.ID {
			return errNoRefund
		}
		if !l.NeedsPerson(stuck) {
			return Errorf(CodeConflict, "instead_of", "that refund does not wait for a person")
		}
		if stuck.Status == RefundPending {
			left += stuck.Amount.Value
		}
	}
	if err := l.mayRefund(a, r.Amount, left); err != nil {
		return err
	}
	if stuck != nil {
		l.settle(stuck, Returned{Status: RefundFailed, Failure: FailureMadeElsewhere}, now)
	}
	a.ReturnedUnknown = false
	r.Origin, r.Status, r.CreatedAt, r.CheckAt = RefundByHand, RefundSucceeded, now, time.Time{}
	l.Refunds = append(l.Refunds, r)
	l.emit(EventRefundSucceeded, r.AttemptID, r.ID, now)
	l.refundSurplus(a, now)
	return nil
}

// SendRefund records that a pending refund is about to be sent, again or for the
// first time. It is stored before the request leaves, so that "not found" is not
// believed while one may still arrive. Fails with conflict if the refund is only
// to be asked about.
func (l *Ledger) SendRefund(id string, now time.Time) error {
	r := l.Refund(id)
	if r == nil {
		return errNoRefund
	}
	if r.AskOnly() {
		return Errorf(CodeConflict, "", "the refund is not sent again")
	}
	r.SilentAt, r.SentAt = r.SentAt, now
	r.Tries++
	r.CheckAt = r.nextCheck(now)
	return nil
}

// RefundTried records that a refund was sent or asked about and not settled, and
// plans the next time. failure says what holds it up, "" for nothing that is known.
func (l *Ledger) RefundTried(id string, failure RefundFailure, now time.Time) {
	r := l.Refund(id)
	if r == nil || r.Status != RefundPending {
		return
	}
	if failure != "" {
		r.Failure = failure
	}
	r.CheckAt = r.nextCheck(now)
}

// DoubtRefund records that a refund was answered in a way that nobody knows. It is
// not sent again but asked about, and "not found" proves nothing while the request
// may be under way all the same.
func (l *Ledger) DoubtRefund(id string, failure RefundFailure, now time.Time) {
	r := l.Refund(id)
	if r == nil || r.Status != RefundPending {
		return
	}
	r.Failure, r.SilentAt = failure, r.SentAt
	r.CheckAt = r.nextCheck(now)
}

// FailRefund ends a refund that was refused and that the provider does not know
// of. While an earlier request may still arrive that proves nothing: the refund
// stays pending, and is asked about when it does.
func (l *Ledger) FailRefund(id string, failure RefundFailure, now time.Time) {
	r := l.Refund(id)
	if r == nil || r.Status != RefundPending {
		return
	}
	r.Failure = failure
	if proof := r.SilentAt.Add(AbsenceDelay); !r.SilentAt.IsZero() && !now.After(proof) {
		r.CheckAt = proof.Add(time.Second)
		return
	}
	l.settle(r, Returned{Status: RefundFailed, Failure: failure}, now)
	a := l.Attempt(r.AttemptID)
	l.explainTotal(a, Returned{}, now)
}

// refunded returns the sum of an attempt's refunds, done or under way, in minor
// units, and their number. A failed refund gave nothing back.
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

// refundNamed reports whether there is a refund with the merchant's name.
func (l *Ledger) refundNamed(reference string) bool {
	for i := range l.Refunds {
		if reference != "" && l.Refunds[i].MerchantReference == reference {
			return true
		}
	}
	return false
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

// RefundByNumber finds a refund of an attempt by its number at the provider; nil
// if there is none.
func (l *Ledger) RefundByNumber(attemptID, number string) *Refund {
	for i := range l.Refunds {
		r := &l.Refunds[i]
		if r.AttemptID == attemptID && r.Number == number && number != "" {
			return r
		}
	}
	return nil
}

// Refundable returns the amount of an attempt that can still be refunded:
// nothing if it was not paid, or if some of it went back and nobody knows how
// much.
func (l *Ledger) Refundable(attemptID string) Money {
	a := l.Attempt(attemptID)
	if a == nil || !a.State.Received() || a.ReturnedUnknown {
		return Money{Currency: l.Session.Amount.Currency}
	}
	given, _ := l.refunded(attemptID)
	return Money{Currency: a.Amount.Currency, Value: a.Amount.Value - given}
}

// NextToRefund returns the attempt whose money a merchant's refund takes first:
// a surplus that has not gone back, because at most one payment may be kept,
// then the winner. "" if nothing was paid.
func (l *Ledger) NextToRefund() string {
	for _, a := range l.Attempts {
		if a.State == AttemptSurplus && l.Refundable(a.ID).Value > 0 {
			return a.ID
		}
	}
	return l.Session.Winner
}
