package providersim

import (
	"time"
)

const maxRefundNumber = 64 // characters of out_request_no

type refundTradeReply struct {
	businessError
	Reference  string `json:"trade_no"`
	Number     string `json:"out_trade_no"`
	BuyerLogon string `json:"buyer_logon_id"`
	BuyerID    string `json:"buyer_user_id"`
	Changed    string `json:"fund_change"` // Y if this call moved money
	Fee        string `json:"refund_fee"`  // all refunds of the trade so far
	PaidBackAt string `json:"gmt_refund_pay"`
}

func refundTrade(s *Sim, c *alipayCall) (any, error) {
	o, err := s.known(c)
	if err != nil {
		return nil, err
	}
	fen, ok := fenOf(c.biz.RefundAmount)
	if !ok || len(c.biz.RequestNo) > maxRefundNumber {
		return nil, errInvalidBusiness
	}
	if o.paidAt.IsZero() {
		return nil, errTradeStatus
	}
	number := c.biz.RequestNo
	if number == "" {
		number = o.number
	}
	reply := refundTradeReply{
		businessError: alipaySuccess, Reference: o.reference, Number: o.number, BuyerLogon: logon(o.payer), BuyerID: c.merchant.person(o.payer),
		Changed: "N", PaidBackAt: c.now.In(china).Format(time.DateTime),
	}
	if r := o.findRefund(number); r != nil {
		if r.fen != fen {
			return nil, errRefundDiffers
		}
		reply.Fee = yuan(o.refundedFen())
		return reply, nil
	}
	if err := c.checkRefund(o, fen); err != nil {
		return nil, err
	}
	r := &refund{number: number, fen: fen, stuck: s.stuckBy(c.struck)}
	r.void = r.stuck > 0
	s.giveBack(o, r, 0)
	if !r.void {
		reply.Changed = "Y"
	}
	reply.Fee = yuan(o.refundedFen())
	return reply, nil
}

func (c *alipayCall) checkRefund(o *order, fen int64) error {
	if tradeStatus(o, c.now) == "TRADE_FINISHED" {
		return errTradeFinished
	}
	left := o.fen - o.refundedFen()
	if fen > left || c.biz.RequestNo == "" && fen != o.fen {
		return errRefundAmount
	}
	return nil
}

type refundQueryReply struct {
	businessError
	Reference string `json:"trade_no,omitempty"`
	Number    string `json:"out_trade_no,omitempty"`
	RequestNo string `json:"out_request_no,omitempty"`
	Total     string `json:"total_amount,omitempty"`
	Amount    string `json:"refund_amount,omitempty"`
	Status    string `json:"refund_status,omitempty"`
}

// queryTradeRefund answers with success and no refund in it when there is none.
func queryTradeRefund(s *Sim, c *alipayCall) (any, error) {
	o, err := s.known(c)
	if err != nil {
		return nil, err
	}
	r := o.findRefund(c.biz.RequestNo)
	if r == nil {
		return refundQueryReply{businessError: alipaySuccess}, nil
	}
	reply := refundQueryReply{alipaySuccess, o.reference, o.number, r.number, yuan(o.fen), yuan(r.fen), "REFUND_SUCCESS"}
	if r.isStuck(c.now) {
		reply.Status = "REFUND_FAIL"
	}
	return reply, nil
}
