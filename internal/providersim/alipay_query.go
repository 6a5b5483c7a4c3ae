package providersim

import "time"

// known finds the trade that a call names; trade_no comes before
// out_trade_no. A trade that nobody has opened does not exist.
func (s *Sim) known(c *alipayCall) (*order, error) {
	o := s.named(c)
	if o == nil || o.payer == "" {
		return nil, errNoTrade
	}
	return o, nil
}

func (s *Sim) named(c *alipayCall) *order {
	if c.biz.Reference == "" {
		return s.books.find(c.merchant, c.biz.Number)
	}
	o := s.books.findReference(c.merchant, c.biz.Reference)
	if o != nil {
		c.number = o.number
	}
	return o
}

// tradeStatus returns Alipay's word for where a trade stands.
func tradeStatus(o *order, now time.Time) string {
	switch o.state(now) {
	case stateClosed:
		return "TRADE_CLOSED"
	case stateRefunded:
		if o.refundedFen() >= o.fen {
			return "TRADE_CLOSED"
		}
	case stateUnpaid:
		return "WAIT_BUYER_PAY"
	}
	if now.Sub(o.paidAt) > finishAfter {
		return "TRADE_FINISHED"
	}
	return "TRADE_SUCCESS"
}

type queryReply struct {
	businessError
	Reference   string `json:"trade_no"`
	Number      string `json:"out_trade_no"`
	BuyerLogon  string `json:"buyer_logon_id"`
	BuyerID     string `json:"buyer_user_id"`
	Status      string `json:"trade_status"`
	Total       string `json:"total_amount"`
	Receipt     string `json:"receipt_amount"`
	BuyerPay    string `json:"buyer_pay_amount"`
	Point       string `json:"point_amount"`
	Invoice     string `json:"invoice_amount"`
	SendPayDate string `json:"send_pay_date,omitempty"`
}

func queryTrade(s *Sim, c *alipayCall) (any, error) {
	o, err := s.known(c)
	if err != nil {
		return nil, err
	}
	r := queryReply{
		businessError: alipaySuccess, Reference: o.reference, Number: o.number, BuyerLogon: logon(o.payer), BuyerID: c.merchant.person(o.payer),
		Status: tradeStatus(o, c.now), Total: yuan(o.fen), Receipt: "0.00", BuyerPay: "0.00", Point: "0.00", Invoice: "0.00",
	}
	if !o.paidAt.IsZero() {
		r.Receipt, r.BuyerPay, r.Invoice = r.Total, yuan(o.payerFen(o.fen)), yuan(o.payerFen(o.fen))
		r.SendPayDate = o.paidAt.In(china).Format(time.DateTime)
	}
	for _, f := range c.struck {
		if f.tradeState != "" {
			r.Status = f.tradeState
		}
	}
	return r, nil
}

func logon(u User) string { return string(u)[:1] + "***@example.com" }

type closeReply struct {
	businessError
	Reference string `json:"trade_no"`
	Number    string `json:"out_trade_no"`
}

func closeTrade(s *Sim, c *alipayCall) (any, error) {
	o, err := s.known(c)
	if err != nil {
		return nil, err
	}
	if o.state(c.now) != stateUnpaid {
		return nil, errTradeStatus
	}
	_ = s.close(o) // it refuses a paid trade, which this is not
	s.tellClosed(o)
	return closeReply{alipaySuccess, o.reference, o.number}, nil
}

// tellsOfClosing reports whether Alipay tells of such a trade if it is closed unpaid.
func (o *order) tellsOfClosing() bool { return o.product == WapPay || o.product == SDKPay }

// tellClosed notifies of a trade that was closed unpaid.
func (s *Sim) tellClosed(o *order) {
	if o.tellsOfClosing() {
		s.notify(o, newsClosed, func(n notice) *message { return o.account.payment(o, n) })
	}
}

type cancelReply struct {
	businessError
	Reference string `json:"trade_no"`
	Number    string `json:"out_trade_no"`
	Retry     string `json:"retry_flag"`
	Action    string `json:"action"` // close, refund or nothing
}

// cancelTrade ends a trade whatever has become of it: an unpaid one is closed,
// a paid one given back, and one that is not there is fine too.
func cancelTrade(s *Sim, c *alipayCall) (any, error) {
	r := cancelReply{businessError: alipaySuccess, Number: c.biz.Number, Retry: "N"}
	o := s.named(c)
	if o == nil {
		return r, nil
	}
	r.Number, r.Reference = o.number, o.reference
	switch o.state(c.now) {
	case stateUnpaid:
		_ = s.close(o) // as above
		s.tellClosed(o)
		r.Action = "close"
	case statePaid, stateRefunded:
		if left := o.fen - o.refundedFen(); left > 0 {
			s.giveBack(o, &refund{number: "cancel-" + o.number, fen: left}, 0)
		}
		r.Action = "refund"
	}
	return r, nil
}
