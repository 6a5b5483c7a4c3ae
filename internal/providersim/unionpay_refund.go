package providersim

import (
	"strconv"
	"time"
)

// refundUnionPay gives money back by a transaction of its own. Its answer says that it was
// accepted; a notification or query tells what came of it.
func refundUnionPay(s *Sim, c *unionPayCall) (unionPayFields, error) {
	if err := c.present(); err != nil {
		return nil, err
	}
	if s.books.find(c.account, c.number) != nil || s.books.withRefund(c.account, c.number) != nil {
		return nil, unionPayError{"12", "重复交易"}
	}
	o := s.books.findReference(c.account, c.p["origQryId"])
	if o == nil || o.paidAt.IsZero() {
		return nil, unionPayError{"34", "查无此交易"}
	}
	fen := c.fen()
	if o.refundedFen()+fen > o.fen {
		return nil, unionPayError{"36", "与原交易信息不符"}
	}
	r := &refund{
		number: c.number, moment: c.p["txnTime"], reference: unionPayNumber(c.now), fen: fen, notify: c.p["backUrl"],
		asked: c.p["reqReserved"], stuck: s.stuckBy(c.struck),
	}
	r.void = r.stuck > 0
	s.giveBack(o, r, s.options.RefundAfter)
	answer := unionPayFields{"queryId": r.reference, "origQryId": o.reference, "txnAmt": c.p["txnAmt"]}
	answer.says("resp", "00", "成功")
	return answer, nil
}

// unionPayState says where a refund stands.
func (r *refund) unionPayState(now time.Time) (code, text string) {
	if now.Before(r.settles) {
		return "05", "交易已受理，请稍后查询交易结果"
	}
	if r.void {
		return "63", "卡状态不正确"
	}
	return "00", "交易成功"
}

// refundStatement is what is said of a refund, beside its code.
func (a *unionPayAccount) refundStatement(o *order, r *refund) unionPayFields {
	at := r.created.In(china)
	f := unionPayFields{
		"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "bizType": "000201", "txnType": "04", "txnSubType": "00",
		"merId": a.MerID, "orderId": r.number, "txnTime": r.moment, "txnAmt": strconv.FormatInt(r.fen, 10), "currencyCode": "156",
		"queryId": r.reference, "origQryId": o.reference, "traceNo": r.reference[15:], "traceTime": at.Format("0102150405"), "settleDate": at.Format("0102"),
	}
	if r.asked != "" {
		f["reqReserved"] = r.asked
	}
	return f
}

// refund tells a merchant of a refund that has succeeded; of no other.
func (a *unionPayAccount) refund(o *order, r *refund, _ time.Time, n notice) *message {
	f := a.refundStatement(o, r)
	f["txnAmt"] = strconv.FormatInt(r.fen+n.fenOff, 10)
	f["respCode"], f["respMsg"] = "00", "success"
	address := r.notify
	if r.void {
		address = ""
	}
	return a.message("04 00", address, f)
}
