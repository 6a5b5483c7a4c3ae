package pay

import (
	"fmt"
	"time"
)

// Returned is a provider's statement about money that went back to the payer:
// about one refund, about all of them so far, or both. Who asked for the refund
// makes no difference: we, the merchant, or somebody in the provider's console.
type Returned struct {
	Number    string // of one refund at the provider; "" where the statement only totals
	Status    RefundStatus
	Failure   RefundFailure
	Arrival   RefundArrival
	Reference string // the provider's number of that refund
	Amount    Money  // of that refund; zero where the statement does not say
	Total     Money  // of all refunds of the payment so far; zero where the statement does not say
	Unknown   bool   // some money went back, and the statement does not say how much
}

// one reports whether the statement names one refund that was made, and its amount.
func (r *Returned) one() bool {
	return r.Number != "" && r.Status == RefundSucceeded && r.Amount.Value > 0
}

// refundNext is the whole machine of a refund; a pair that is not in it changes
// nothing. A success after a failure is taken: the provider, not we, knows where
// the money is.
var refundNext = map[RefundStatus]map[RefundStatus]EventType{
	RefundPending: {RefundSucceeded: EventRefundSucceeded, RefundFailed: EventRefundFailed},
	RefundFailed:  {RefundSucceeded: EventRefundSucceeded},
}

// compareReturned refuses what contradicts our books: a refund of another amount
// than ours of that number, one that failed after it had succeeded, and more
// money than was received.
func (l *Ledger) compareReturned(a *Attempt, ev Evidence) error {
	r := ev.Returned
	for _, m := range []Money{r.Amount, r.Total} {
		if m != (Money{}) && m.Currency != a.Amount.Currency {
			return &Mismatch{"refund.currency", m.Currency, a.Amount.Currency}
		}
	}
	if r.Amount.Value < 0 || r.Total.Value < 0 || r.Total.Value > a.Amount.Value {
		return &Mismatch{"refund.total", r.Total.String(), "at most " + a.Amount.String()}
	}
	known := l.RefundByNumber(a.ID, r.Number)
	if known == nil {
		return l.compareForeign(a, r)
	}
	if r.Amount != (Money{}) && r.Amount != known.Amount {
		return &Mismatch{"refund.amount", r.Amount.String(), known.Amount.String()}
	}
	if known.Status == RefundSucceeded && r.Status == RefundFailed {
		return &Mismatch{"refund.status", string(r.Status), string(known.Status)}
	}
	if known.Status == RefundFailed && r.Status == RefundSucceeded {
		return l.fits(a, known.Amount)
	}
	return nil
}

// compareForeign looks at a refund whose number we don't know. One that may be a
// refund which we counted without a number is for a person.
func (l *Ledger) compareForeign(a *Attempt, r *Returned) error {
	if !r.one() {
		return nil
	}
	unnamed := l.unnamed(a)
	switch {
	case unnamed != nil && unnamed.Amount == r.Amount:
		return nil // the same money: it gets its number
	case unnamed != nil:
		return &Mismatch{"refund.number", r.Number, "a refund that is not counted yet"}
	}
	return l.fits(a, r.Amount)
}

// fits refuses a refund that together with those that succeeded is more than was
// received.
func (l *Ledger) fits(a *Attempt, more Money) error {
	if done := l.returned(a) + more.Value; done > a.Amount.Value {
		return &Mismatch{"refunds", Money{a.Amount.Currency, done}.String(), "at most " + a.Amount.String()}
	}
	return nil
}

// returned returns the sum that went back of an attempt for certain, in minor
// units.
func (l *Ledger) returned(a *Attempt) (value int64) {
	for _, r := range l.Refunds {
		if r.AttemptID == a.ID && r.Status == RefundSucceeded {
			value += r.Amount.Value
		}
	}
	return value
}

// unnamed finds a refund that we only know from a total; nil if there is none.
func (l *Ledger) unnamed(a *Attempt) *Refund {
	for i := range l.Refunds {
		r := &l.Refunds[i]
		if r.AttemptID == a.ID && r.Origin == RefundByProvider && r.Number == "" {
			return r
		}
	}
	return nil
}

// giveBack records what a statement says about returned money, and reports
// whether that was news.
func (l *Ledger) giveBack(a *Attempt, r Returned, now time.Time) (news bool) {
	known := l.RefundByNumber(a.ID, r.Number)
	switch {
	case known != nil:
		news = l.settle(known, r, now)
	case r.one():
		news = l.addForeign(a, r.Amount.Value, r, now)
	}
	if r.Total.Value > a.ReturnedTotal {
		a.ReturnedTotal, news = r.Total.Value, true
	}
	if _, refunds := l.refunded(a.ID); r.Unknown && refunds == 0 && !a.ReturnedUnknown {
		a.ReturnedUnknown, news = true, true
	}
	l.endImpossible(a, now)
	return l.explainTotal(a, r, now) || news
}

// explainTotal adds what the provider has given back in all and no refund of ours
// accounts for. While one of ours is pending the difference may be that one, so it
// waits; once all of the payment went back, each pending one did.
func (l *Ledger) explainTotal(a *Attempt, r Returned, now time.Time) (news bool) {
	if a.ReturnedTotal <= l.returned(a) {
		return false
	}
	pending := l.pendingOf(a)
	if len(pending) > 0 && a.ReturnedTotal < a.Amount.Value {
		return false
	}
	for _, p := range pending {
		news = l.settle(p, Returned{Status: RefundSucceeded}, now) || news
	}
	if rest := a.ReturnedTotal - l.returned(a); rest > 0 {
		if known := l.RefundByNumber(a.ID, r.Number); known != nil {
			r = Returned{} // that number is another refund's
		}
		news = l.addForeign(a, rest, r, now)
	}
	return news
}

func (l *Ledger) pendingOf(a *Attempt) (pending []*Refund) {
	for i := range l.Refunds {
		if r := &l.Refunds[i]; r.AttemptID == a.ID && r.Status == RefundPending {
			pending = append(pending, r)
		}
	}
	return pending
}

// addForeign adds a refund that was made without us, or names one that was only
// known from a total.
func (l *Ledger) addForeign(a *Attempt, value int64, r Returned, now time.Time) bool {
	a.ReturnedUnknown = false
	if known := l.unnamed(a); known != nil && known.Amount.Value == value && r.Number != "" {
		known.Number, known.Reference = r.Number, r.Reference
		return true
	}
	_, count := l.refunded(a.ID)
	id := fmt.Sprintf("rf_%sP%d", a.ID, count)
	l.Refunds = append(l.Refunds, Refund{
		ID: id, AttemptID: a.ID, Number: r.Number, Amount: Money{a.Amount.Currency, value},
		Origin: RefundByProvider, Status: RefundSucceeded, Reference: r.Reference, CreatedAt: now,
	})
	l.emit(EventRefundSucceeded, a.ID, id, now)
	return true
}

// endImpossible ends pending refunds for which too little is left: a provider
// gives back no more than it received.
func (l *Ledger) endImpossible(a *Attempt, now time.Time) {
	for _, p := range l.pendingOf(a) {
		if p.Amount.Value > a.Amount.Value-l.returned(a) {
			l.settle(p, Returned{Status: RefundFailed, Failure: FailureExceeds}, now)
		}
	}
}

// settle records the provider's word on a known refund, and reports whether it
// was news.
func (l *Ledger) settle(r *Refund, said Returned, now time.Time) (news bool) {
	if said.Arrival != "" && said.Arrival != r.Arrival {
		r.Arrival, news = said.Arrival, true
	}
	if r.Status == RefundPending && said.Status == RefundPending && said.Failure != r.Failure && said.Failure != "" {
		r.Failure, news = said.Failure, true
	}
	event, ok := refundNext[r.Status][said.Status]
	if !ok {
		return news
	}
	r.Status, r.Failure, r.CheckAt, r.SilentAt = said.Status, said.Failure, time.Time{}, time.Time{}
	if said.Reference != "" {
		r.Reference = said.Reference
	}
	l.emit(event, r.AttemptID, r.ID, now)
	return true
}
