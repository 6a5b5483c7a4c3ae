package providersim

import (
	"time"
)

// What the rules say about refunds of one order.
const (
	refundsAtMost = 50
	refundPause   = time.Minute // between two partial ones
	refundWithin  = 365 * 24 * time.Hour
)

var refundSchema = schema{
	{path: "sub_mchid", be: isText(1, 32)},
	{path: "transaction_id", be: isText(1, 32)},
	{path: "out_trade_no", be: isLike(numberPattern)},
	{path: "out_refund_no", need: everyProduct, be: isLike(`^[0-9A-Za-z_\-|*@]{1,64}$`)},
	{path: "reason", be: isText(1, 80)},
	{path: "notify_url", be: isNotifyURL},
	{path: "funds_account", be: isOneOf("AVAILABLE", "UNSETTLED")},
	{path: "amount", need: everyProduct, be: isObject},
	{path: "amount.refund", need: everyProduct, be: isAtLeast(1)},
	{path: "amount.total", need: everyProduct, be: isAtLeast(1)},
	{path: "amount.currency", need: everyProduct, be: isOneOf("CNY")},
	{path: "amount.from", be: isListOf(isObject)},
	{path: "amount.from.account", need: everyProduct, be: isOneOf("AVAILABLE", "UNAVAILABLE")},
	{path: "amount.from.amount", need: everyProduct, be: isAtLeast(1)},
	{path: "goods_detail", be: isListOf(isObject)},
	{path: "goods_detail.merchant_goods_id", need: everyProduct, be: isText(1, 32)},
	{path: "goods_detail.wechatpay_goods_id", be: isText(1, 32)},
	{path: "goods_detail.goods_name", be: isText(1, 256)},
	{path: "goods_detail.unit_price", need: everyProduct, be: isAtLeast(0)},
	{path: "goods_detail.refund_amount", need: everyProduct, be: isAtLeast(1)},
	{path: "goods_detail.refund_quantity", need: everyProduct, be: isAtLeast(1)},
}

func createRefund(s *Sim, c *wechatCall) (any, error) {
	v, canonical, err := refundSchema.decode(c.body, Native)
	if err != nil {
		return nil, err
	}
	if err := c.checkSub("body", v.text("sub_mchid")); err != nil {
		return nil, err
	}
	o, err := s.refundable(c, v)
	if err != nil {
		return nil, err
	}
	if r := o.findRefund(v.text("out_refund_no")); r != nil {
		if r.asked != canonical {
			return nil, errRefundChanged
		}
		return c.merchant.refundReply(o, r, c.now), nil
	}
	fen := v.integer("amount.refund")
	if err := c.checkRefund(o, fen, v.integer("amount.total")); err != nil {
		return nil, err
	}
	r := &refund{
		number: v.text("out_refund_no"), fen: fen, notify: v.text("notify_url"), asked: canonical,
		stuck: s.stuckBy(c.struck),
	}
	s.giveBack(o, r, s.options.RefundAfter)
	return c.merchant.refundReply(o, r, c.now), nil
}

// refundable finds the order that a refund names, by either number.
func (s *Sim) refundable(c *wechatCall, v values) (*order, error) {
	number, reference := v.text("out_trade_no"), v.text("transaction_id")
	if (number == "") == (reference == "") {
		return nil, errRequest.at("body", "/out_trade_no", number, "transaction_id和out_trade_no二选一")
	}
	o := s.books.find(c.merchant, number)
	if o == nil {
		o = s.books.findReference(c.merchant, reference)
	}
	if o == nil {
		return nil, errNoOrder
	}
	c.number = o.number
	if o.paidAt.IsZero() {
		return nil, errRefundUnpaid
	}
	return o, nil
}

func (c *wechatCall) checkRefund(o *order, fen, total int64) error {
	if total != o.fen {
		return errRefundTotal
	}
	if c.now.Sub(o.paidAt) > refundWithin {
		return errRefundTooLate
	}
	if len(o.refunds) >= refundsAtMost {
		return errRefundTooMany
	}
	if o.refundedFen()+fen > o.fen {
		return errRefundExceeds
	}
	if n := len(o.refunds); n > 0 && c.now.Sub(o.refunds[n-1].created) < refundPause {
		return errFrequency
	}
	return nil
}

func queryRefund(s *Sim, c *wechatCall) (any, error) {
	if err := c.checkSub("query", c.r.URL.Query().Get("sub_mchid")); err != nil {
		return nil, err
	}
	number := c.r.PathValue("number")
	c.number = ""
	for _, o := range s.books.orders {
		if r := o.findRefund(number); r != nil && o.account == c.merchant {
			c.number = o.number
			return c.merchant.refundReply(o, r, c.now), nil
		}
	}
	return nil, errNoRefund
}

// status returns WeChat Pay's word for where a refund stands.
func (r *refund) status(now time.Time) string {
	if now.Before(r.settles) {
		return "PROCESSING"
	}
	if r.isStuck(now) {
		return "ABNORMAL"
	}
	return "SUCCESS"
}

// refundReply is a refund as the API states it.
type refundReply struct {
	ID          string       `json:"refund_id"`
	Number      string       `json:"out_refund_no"`
	Reference   string       `json:"transaction_id"`
	OrderNumber string       `json:"out_trade_no"`
	Channel     string       `json:"channel"`
	Account     string       `json:"user_received_account"`
	SuccessTime string       `json:"success_time,omitempty"`
	CreateTime  string       `json:"create_time"`
	Status      string       `json:"status"`
	Funds       string       `json:"funds_account"`
	Amount      refundAmount `json:"amount"`
	Promotions  []string     `json:"promotion_detail"`
}

type refundAmount struct {
	Total            int64  `json:"total"`
	Refund           int64  `json:"refund"`
	PayerTotal       int64  `json:"payer_total"`
	PayerRefund      int64  `json:"payer_refund"`
	SettlementRefund int64  `json:"settlement_refund"`
	SettlementTotal  int64  `json:"settlement_total"`
	DiscountRefund   int64  `json:"discount_refund"`
	Currency         string `json:"currency"`
}

func (a *wechatAccount) refundReply(o *order, r *refund, now time.Time) refundReply {
	reply := refundReply{
		ID: r.id, Number: r.number, Reference: o.reference, OrderNumber: o.number,
		Channel: r.redirected.channel(), Account: r.redirected.account(), CreateTime: stamp(r.created), Status: r.status(now), Funds: "AVAILABLE",
		Amount: refundAmount{
			Total: o.fen, Refund: r.fen, PayerTotal: o.payerFen(o.fen), PayerRefund: o.payerFen(r.fen),
			SettlementRefund: r.fen, SettlementTotal: o.fen, DiscountRefund: r.fen - o.payerFen(r.fen), Currency: "CNY",
		},
		Promotions: []string{},
	}
	if reply.Status == "SUCCESS" {
		reply.SuccessTime = stamp(r.succeeds())
	}
	return reply
}

// refundNotice is a refund as a notification states it: other fields, and
// refund_status instead of status.
type refundNotice struct {
	MchID       string             `json:"mchid,omitempty"`
	SpMchID     string             `json:"sp_mchid,omitempty"` // instead, with the next, about a refund of a service provider
	SubMchID    string             `json:"sub_mchid,omitempty"`
	OrderNumber string             `json:"out_trade_no"`
	Reference   string             `json:"transaction_id"`
	Number      string             `json:"out_refund_no"`
	ID          string             `json:"refund_id"`
	Status      string             `json:"refund_status"`
	SuccessTime string             `json:"success_time,omitempty"`
	Account     string             `json:"user_received_account"`
	Amount      refundNoticeAmount `json:"amount"`
}

type refundNoticeAmount struct {
	Total       int64 `json:"total"`
	Refund      int64 `json:"refund"`
	PayerTotal  int64 `json:"payer_total"`
	PayerRefund int64 `json:"payer_refund"`
}

func (a *wechatAccount) refundNotice(o *order, r *refund, at time.Time) refundNotice {
	n := refundNotice{
		MchID: a.MchID, OrderNumber: o.number, Reference: o.reference, Number: r.number, ID: r.id,
		Status: r.status(at), Account: r.redirected.account(),
		Amount: refundNoticeAmount{Total: o.fen, Refund: r.fen, PayerTotal: o.payerFen(o.fen), PayerRefund: o.payerFen(r.fen)},
	}
	if a.isPartner() {
		n.MchID, n.SpMchID, n.SubMchID = "", a.Under.MchID, a.MchID
	}
	if n.Status == "SUCCESS" {
		n.SuccessTime = stamp(r.succeeds())
	}
	return n
}
