package providersim

import (
	"crypto/rand"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// alipaySchedule lists the pauses before each new try of Alipay.
var alipaySchedule = []time.Duration{
	4 * time.Minute, 10 * time.Minute, 10 * time.Minute, time.Hour, 2 * time.Hour, 6 * time.Hour, 15 * time.Hour,
}

// payment tells a merchant that a trade was paid or, for wap, closed.
func (a *alipayAccount) payment(o *order, n notice) *message {
	at := o.paidAt
	if at.IsZero() {
		at = o.closesAt
	}
	return a.message(o, a.statement(o, n, at), n.gbk)
}

// refund tells a merchant of a refund: it is the trade again, with what has
// been given back.
func (a *alipayAccount) refund(o *order, r *refund, at time.Time, n notice) *message {
	p := a.statement(o, n, at)
	p.Set("refund_fee", yuan(o.refundedFen()))
	p.Set("gmt_refund", at.In(china).Format("2006-01-02 15:04:05.000"))
	p.Set("out_biz_no", r.number)
	m := a.message(o, p, n.gbk)
	if r.void {
		m.url = "" // nothing went back that could be told of
	}
	return m
}

// statement returns a trade as a notification states it.
func (a *alipayAccount) statement(o *order, n notice, at time.Time) url.Values {
	app, merchant := a.caller.id, a.AppID
	if n.account != "" {
		app, merchant = n.account, n.account
	}
	p := url.Values{
		"notify_type": {"trade_status_sync"}, "notify_id": {notifyID()}, "app_id": {app}, "auth_app_id": {merchant},
		"version":  {"1.0"},
		"trade_no": {o.reference}, "out_trade_no": {o.number}, "subject": {o.description}, "trade_status": {tradeStatus(o, at)},
		"seller_id": {a.SellerID}, "buyer_id": {a.person(o.payer)}, "buyer_logon_id": {logon(o.payer)},
		"total_amount": {yuan(o.fen + n.fenOff)}, "gmt_create": {o.created.In(china).Format(time.DateTime)},
	}
	if o.attach != "" {
		p.Set("passback_params", o.attach)
	}
	if o.paidAt.IsZero() {
		p.Set("gmt_close", o.closesAt.In(china).Format(time.DateTime))
		if n.zeroFee {
			p.Set("refund_fee", "0.00")
		}
		return p
	}
	p.Set("receipt_amount", yuan(o.fen+n.fenOff))
	for _, name := range []string{"buyer_pay_amount", "invoice_amount"} {
		p.Set(name, yuan(o.payerFen(o.fen)+n.fenOff))
	}
	if vouchers := o.vouchers(); vouchers != "" {
		p.Set("voucher_detail_list", vouchers)
	}
	p.Set("point_amount", "0.00")
	p.Set("gmt_payment", o.paidAt.In(china).Format(time.DateTime))
	p.Set("fund_bill_list", o.funds(n.fenOff))
	return p
}

func notifyID() string {
	id := make([]byte, 17)
	rand.Read(id)
	return hex.EncodeToString(id)
}

func (a *alipayAccount) message(o *order, p url.Values, gbk bool) *message {
	charset := "utf-8"
	if gbk {
		charset = "GBK"
		p = formInGBK(p)
	}
	p.Set("charset", charset)
	return &message{
		id: p.Get("notify_id"), event: p.Get("trade_status"), url: o.notifyURL, schedule: alipaySchedule,
		request: func(now time.Time, how seal) (http.Header, []byte) {
			q := maps.Clone(p)
			q.Set("notify_time", now.In(china).Format(time.DateTime))
			signer := a.caller.signsBy(how)
			signature := how.signature(signer.key, unsignedText(q))
			q.Set("sign_type", alipayScheme)
			if signer.sn != "" && !a.Nameless {
				q.Set("alipay_cert_sn", signer.sn)
			}
			if signature != "" {
				q.Set("sign", signature)
			}
			return http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=" + charset}}, []byte(q.Encode())
		},
		// Anything but these seven characters is a failure.
		accepted: func(status int, answer []byte) bool { return status == http.StatusOK && string(answer) == "success" },
	}
}

func formInGBK(p url.Values) url.Values {
	q := url.Values{}
	for name := range p {
		q.Set(name, inGBK(p.Get(name)))
	}
	return q
}
