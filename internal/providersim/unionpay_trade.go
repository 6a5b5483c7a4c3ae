package providersim

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The products of UnionPay.
const (
	UnionPayPage Product = "frontTransReq"
	UnionPayQR   Product = "unionpay_qr"
)

// frontUnionPay is the page that a payer's browser posts a form to.
const frontUnionPay = "frontTransReq.do"

// newTransaction makes the order of a call. A number is used once.
func (s *Sim) newTransaction(c *unionPayCall, product Product) (*order, error) {
	if err := c.present(); err != nil {
		return nil, err
	}
	until, err := c.until()
	if err != nil {
		return nil, err
	}
	if s.books.find(c.account, c.number) != nil || s.books.withRefund(c.account, c.number) != nil {
		return nil, unionPayError{"12", "重复交易"}
	}
	o := &order{
		account: c.account, number: c.number, moment: c.p["txnTime"], product: product, description: "订单 " + c.number, fen: c.fen(),
		notifyURL: c.p["backUrl"], frontURL: c.p["frontUrl"], created: c.now, closesAt: until, payUntil: until, asked: c.p.text("signature"),
	}
	s.books.add(o)
	return o, nil
}

// applyForCode makes an order and the code that it is paid by.
func applyForCode(s *Sim, c *unionPayCall) (unionPayFields, error) {
	o, err := s.newTransaction(c, UnionPayQR)
	if err != nil {
		return nil, err
	}
	pass := s.books.issue(o, "https://qr.95516.com/00010000/62SIM"+digits(20), c.now, o.closesAt.Sub(c.now))
	answer := unionPayFields{"qrCode": pass.text}
	answer.says("resp", "00", "成功")
	return answer, nil
}

// openUnionPayPage opens a payment in the payer's browser: here, on the simulated phone.
// The form again, as after the browser's "back", opens the same one.
func (s *Sim) openUnionPayPage(w http.ResponseWriter, r *http.Request) {
	c := newUnionPayCall(w, r, frontUnionPay)
	id, err := s.launchUnionPay(c)
	rep := reply{status: http.StatusSeeOther}
	if err != nil {
		rep.status = http.StatusOK
	}
	s.recordCall(&c.call, rep, err)
	if err != nil {
		s.page(w, r, rep.status, "refused.html", err.Error())
		return
	}
	http.Redirect(w, r, "/phone/orders/"+id, rep.status)
}

func (s *Sim) launchUnionPay(c *unionPayCall) (id string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := c.authenticate(s); err != nil {
		return "", err
	}
	if struck := s.strike(c.account, c.number, func(r *rule) bool { return r.on&opPrepay != 0 && r.fault.refuse != "" }); len(struck) > 0 {
		c.struck = append(c.struck, struck[0].fault)
		return "", c.refusal(struck[0].fault.refuse)
	}
	o := s.books.find(c.account, c.number)
	if o == nil || o.asked != c.p.text("signature") {
		if o, err = s.newTransaction(c, UnionPayPage); err != nil {
			return "", err
		}
		s.books.issue(o, "page-"+o.id, c.now, o.closesAt.Sub(c.now))
	}
	if err := s.strikePage(o); err != nil {
		return "", unionPayError{"refused", inWords(UnionPay, err).Text}
	}
	o.launched = true
	return o.id, nil
}

// leaveUnionPayPage posts the outcome to the merchant's page by the payer's browser. It
// proves nothing there.
func (s *Sim) leaveUnionPayPage(w http.ResponseWriter, r *http.Request) {
	to, fields := s.wayBack(r.PathValue("id"))
	if to == "" {
		http.NotFound(w, r)
		return
	}
	s.page(w, r, http.StatusOK, "back.html", postBack{to, fields})
}

// postBack is a form that the payer's browser posts to the merchant.
type postBack struct {
	To     string
	Fields unionPayFields
}

func (s *Sim) wayBack(id string) (to string, fields unionPayFields) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.books.byID[id]
	if o == nil || o.paidAt.IsZero() {
		return "", nil
	}
	a, ok := o.account.(*unionPayAccount)
	if !ok {
		return "", nil
	}
	fields = a.statement(o)
	fields.says("resp", "00", "success")
	a.sign(fields, genuine)
	return o.frontURL, fields
}

// statement is what is said of a paid order, beside its code.
func (a *unionPayAccount) statement(o *order) unionPayFields {
	at := o.paidAt.In(china)
	subType, business := "01", "000201"
	if o.product == UnionPayQR {
		subType, business = "07", "000000"
	}
	return unionPayFields{
		"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "bizType": business, "txnType": "01", "txnSubType": subType,
		"merId": a.MerID, "orderId": o.number, "txnTime": o.moment, "txnAmt": strconv.FormatInt(o.fen, 10), "currencyCode": "156",
		"queryId": o.reference, "traceNo": o.reference[15:], "traceTime": at.Format("0102150405"), "exchangeRate": "0",
		"settleAmt": strconv.FormatInt(o.fen, 10), "settleCurrencyCode": "156", "settleDate": at.Format("0102"),
	}
}

// queryUnionPay answers about a payment or refund, by its number and its time.
func queryUnionPay(s *Sim, c *unionPayCall) (unionPayFields, error) {
	answer, code, text, ok := c.find(s)
	if !ok {
		return nil, unionPayError{"34", "查无此交易"}
	}
	for _, f := range c.struck {
		if f.tradeState != "" {
			code = f.tradeState
		}
	}
	answer.says("resp", "00", "成功")
	answer.says("origResp", code, text)
	return answer, nil
}

// find returns what is said of the transaction that is asked about. One that ran out
// unpaid is not known any more.
func (c *unionPayCall) find(s *Sim) (answer unionPayFields, code, text string, ok bool) {
	if o := s.books.find(c.account, c.number); o != nil && o.moment == c.p["txnTime"] {
		switch o.state(c.now) {
		case stateClosed:
			return nil, "", "", false
		case stateUnpaid:
			return unionPayFields{"txnType": "01", "txnAmt": strconv.FormatInt(o.fen, 10), "currencyCode": "156"}, "05", "交易已受理，请稍后查询交易结果", true
		}
		return c.merchant.statement(o), "00", "交易成功", true
	}
	if o := s.books.withRefund(c.account, c.number); o != nil {
		if r := o.findRefund(c.number); r.moment == c.p["txnTime"] {
			code, text = r.unionPayState(c.now)
			return c.merchant.refundStatement(o, r), code, text, true
		}
	}
	return nil, "", "", false
}

// unionPaySchedule lists the pauses before each new try of UnionPay.
var unionPaySchedule = []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute}

// payment tells a merchant that an order was paid.
func (a *unionPayAccount) payment(o *order, n notice) *message {
	f := a.statement(o)
	f["txnAmt"] = strconv.FormatInt(o.fen+n.fenOff, 10)
	f["settleAmt"] = f["txnAmt"]
	if n.account != "" {
		f["merId"] = n.account + strings.Repeat("0", 15-len(n.account))
	}
	f["respCode"], f["respMsg"] = "00", "success"
	return a.message("01 00", o.notifyURL, f)
}

// message tells a merchant something. Nothing in it says which try it is.
func (a *unionPayAccount) message(event, address string, f unionPayFields) *message {
	return &message{
		id: rand.Text(), event: event, url: address, schedule: unionPaySchedule,
		request: func(_ time.Time, how seal) (http.Header, []byte) {
			signed := unionPayFields{}
			for name, value := range f {
				signed[name] = value
			}
			a.sign(signed, how)
			return http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=UTF-8"}}, []byte(signed.form().Encode())
		},
		accepted: func(status int, _ []byte) bool { return status == http.StatusOK || status == http.StatusFound },
	}
}
