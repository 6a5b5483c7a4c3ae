package providersim

import (
	"encoding/json"
	"net/http"
	"time"
)

// paymentRefund asks to give money back.
type paymentRefund struct {
	Version int    `json:"version"`
	ID      string `json:"id"` // of the payment
	Refund  struct {
		ID     string `json:"id"`
		Amount money  `json:"amount"`
		Reason string `json:"reason"`
	} `json:"refund"`
	Total     money  `json:"total"` // of the payment
	NotifyURL string `json:"notify_url"`
}

func refundPayment(s *Sim, c *merchantLinkCall) (any, error) {
	var in paymentRefund
	if err := json.Unmarshal(c.body, &in); err != nil || in.Version != 2 || in.ID != c.number || in.Refund.ID == "" || in.Refund.ID != c.id {
		return nil, merchantLinkFailure(http.StatusBadRequest, "the message is not about a refund of this payment, in version 2")
	}
	o := s.books.find(c.account, in.ID)
	if o == nil || o.paidAt.IsZero() {
		return nil, merchantLinkRefusal(http.StatusUnprocessableEntity, "not_paid", "nothing was paid under this id")
	}
	fen := in.Refund.Amount.Value
	if in.Refund.Amount != *o.money(fen) || in.Total != *o.money(o.fen) || fen < 1 {
		return nil, merchantLinkRefusal(http.StatusUnprocessableEntity, "amount", "the amounts are not those of this payment")
	}
	if r := o.findRefund(in.Refund.ID); r != nil && r.fen != fen {
		return nil, merchantLinkRefusal(http.StatusUnprocessableEntity, "id_used", "the id was used for another refund")
	} else if r != nil {
		return c.merchant.refundStatement(o, r, c.now), nil
	}
	if o.refundedFen()+fen > o.fen {
		return nil, merchantLinkRefusal(http.StatusUnprocessableEntity, "exceeds", "so much is not left of this payment")
	}
	r := &refund{number: in.Refund.ID, fen: fen, notify: in.NotifyURL, stuck: s.stuckBy(c.struck)}
	s.giveBack(o, r, s.options.RefundAfter)
	return c.merchant.refundStatement(o, r, c.now), nil
}

// paymentRefundStatement says what became of a refund.
type paymentRefundStatement struct {
	ID     string              `json:"id"`
	Refund paymentRefundStatus `json:"refund"`
}

type paymentRefundStatus struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Failure   string `json:"failure,omitempty"`
	Amount    *money `json:"amount,omitempty"`
	Reference string `json:"reference,omitempty"`
}

func (a *merchantLinkAccount) refundStatement(o *order, r *refund, now time.Time) paymentRefundStatement {
	said := paymentRefundStatus{ID: r.number, Status: "succeeded", Amount: o.money(r.fen), Reference: r.id}
	switch {
	case now.Before(r.settles):
		said.Status = "pending"
	case r.isStuck(now):
		said.Status, said.Failure = "pending", "payer_account"
	}
	return paymentRefundStatement{o.number, said}
}

func tellPaymentRefund(s *Sim, c *merchantLinkCall) (any, error) {
	if c.r.PathValue("refund") != c.id {
		return nil, merchantLinkFailure(http.StatusBadRequest, "the message is about another refund")
	}
	if o := s.books.find(c.account, c.number); o != nil {
		if r := o.findRefund(c.id); r != nil {
			return c.merchant.refundStatement(o, r, c.now), nil
		}
	}
	return nil, &merchantLinkError{http.StatusNotFound, paymentRefundStatement{c.number, paymentRefundStatus{ID: c.id, Status: "absent"}}}
}

// arrivedFen returns the sum of the refunds that have reached the payer, in fen.
func (o *order) arrivedFen(now time.Time) (sum int64) {
	for _, r := range o.refunds {
		if !now.Before(r.settles) && !r.isStuck(now) && !r.void {
			sum += r.fen
		}
	}
	return sum
}

// refund tells the checkout what became of a refund; version 1 has no such message.
func (a *merchantLinkAccount) refund(o *order, r *refund, at time.Time, n notice) *message {
	st := a.refundStatement(o, r, at)
	st.Refund.Amount.Value += n.fenOff
	address := r.notify
	if o.version == 0 {
		address = ""
	}
	return a.message("refund."+st.Refund.Status, address, st)
}
