package providersim

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// How long Alipay's things live unless a request says otherwise.
const (
	qrLife      = 2 * time.Hour       // of a QR nobody has scanned
	tradeLife   = 15 * 24 * time.Hour // of an unpaid trade
	finishAfter = 365 * 24 * time.Hour
)

var tradeNumberPattern = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)

// yuanPattern is an amount as Alipay wants it: yuan with two decimals at most.
var yuanPattern = regexp.MustCompile(`^([0-9]{1,9})(?:\.([0-9]{1,2}))?$`)

// fenOf reads yuan, 0.01 to 100000000.
func fenOf(text string) (fen int64, ok bool) {
	m := yuanPattern.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	whole, err := strconv.ParseInt(m[1], 10, 64)
	if err != nil {
		return 0, false
	}
	part, err := strconv.ParseInt((m[2] + "00")[:2], 10, 64)
	if err != nil {
		return 0, false
	}
	fen = whole*100 + part
	return fen, fen >= 1 && fen <= 100_000_000_00
}

var timeoutPattern = regexp.MustCompile(`^(?:([1-9][0-9]{0,4})([mhd])|1c)$`)

// patience reads timeout_express, 1m to 15d, or 1c for "until midnight".
func patience(text string, now time.Time) (time.Duration, bool) {
	m := timeoutPattern.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	if text == "1c" {
		y, month, d := now.In(china).Date()
		return time.Date(y, month, d+1, 0, 0, 0, 0, china).Sub(now), true
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return 0, false
	}
	d := time.Duration(n) * map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}[m[2]]
	return d, d <= tradeLife
}

// opened starts the clock of a trade: until its payer has it on screen, it does
// not exist for the merchant.
func (a *alipayAccount) opened(s *Sim, o *order) {
	now := s.now()
	o.reference = tradeNumber(now)
	o.closesAt = now.Add(o.patience)
	if !o.payUntil.IsZero() && o.payUntil.Before(o.closesAt) {
		o.closesAt = o.payUntil
	}
	if o.product == WapPay {
		s.at(o.closesAt, s.timeOut(o))
	}
}

// tradeFor finds the trade that was asked for before, or makes it.
func (s *Sim) tradeFor(t *trade, product Product) (*order, error) {
	fen, ok := fenOf(t.biz.Total)
	if !ok || t.biz.Subject == "" || !tradeNumberPattern.MatchString(t.biz.Number) {
		return nil, errInvalidBusiness
	}
	asked := strings.Join([]string{string(product), t.biz.Subject, strconv.FormatInt(fen, 10), t.biz.BuyerID}, "\n")
	if o := s.books.find(t.account, t.biz.Number); o != nil {
		switch o.state(t.now) {
		case paid, refunded:
			return nil, errTradePaid
		case closed:
			return nil, errTradeClosed
		}
		if o.asked != asked {
			return nil, errTradeChanged
		}
		return o, nil
	}
	o := &order{
		account: t.account, number: t.biz.Number, product: product, description: t.biz.Subject, fen: fen, attach: t.biz.Passback,
		notifyURL: t.p.Get("notify_url"), returnURL: t.p.Get("return_url"), quitURL: t.biz.QuitURL, openid: t.biz.BuyerID,
		asked: asked, created: t.now, patience: tradeLife, closesAt: t.now.Add(tradeLife),
	}
	if err := t.setLimits(o); err != nil {
		return nil, err
	}
	s.books.add(o)
	return o, nil
}

// setLimits reads how long a trade may be paid.
func (t *trade) setLimits(o *order) error {
	if t.biz.Timeout != "" {
		d, ok := patience(t.biz.Timeout, t.now)
		if !ok {
			return errInvalidBusiness
		}
		o.patience = d
	}
	if t.biz.Expire == "" {
		return nil
	}
	until, err := time.ParseInLocation(time.DateTime, t.biz.Expire, china)
	if err != nil || !until.After(t.now) {
		return errInvalidBusiness
	}
	o.payUntil = until
	return nil
}

// accepted is the head of every reply to a call that worked.
var accepted = businessError{Code: "10000", Message: "Success"}

type precreateReply struct {
	businessError
	Number string `json:"out_trade_no"`
	QRCode string `json:"qr_code"`
}

// precreate makes a QR. The trade comes into being when somebody scans it.
func precreate(s *Sim, t *trade) (any, error) {
	life := qrLife
	if t.biz.QRTimeout != "" {
		d, ok := patience(t.biz.QRTimeout, t.now)
		if !ok {
			return nil, errInvalidBusiness
		}
		life = d
	}
	o, err := s.tradeFor(t, QRCode)
	if err != nil {
		return nil, err
	}
	p := s.books.issue(o, qrText(), t.now, life)
	return precreateReply{accepted, o.number, p.text}, nil
}

type createReply struct {
	businessError
	Number    string `json:"out_trade_no"`
	Reference string `json:"trade_no"`
}

// createTrade makes a trade for the bridge, for the buyer that it names.
func createTrade(s *Sim, t *trade) (any, error) {
	at := slices.IndexFunc(Users, func(u User) bool { return t.account.person(u) == t.biz.BuyerID })
	if at < 0 {
		return nil, errBuyer
	}
	o, err := s.tradeFor(t, Bridge)
	if err != nil {
		return nil, err
	}
	if err := s.open(o, Users[at]); err != nil {
		return nil, errTradeStatus
	}
	s.books.issue(o, o.reference, t.now, o.patience)
	return createReply{accepted, o.number, o.reference}, nil
}

// known finds the trade that a call names; trade_no comes before
// out_trade_no. A trade that nobody has opened does not exist.
func (s *Sim) known(t *trade) (*order, error) {
	o := s.named(t)
	if o == nil || o.payer == "" {
		return nil, errNoTrade
	}
	return o, nil
}

func (s *Sim) named(t *trade) *order {
	if t.biz.Reference == "" {
		return s.books.find(t.account, t.biz.Number)
	}
	o := s.books.findReference(t.account, t.biz.Reference)
	if o != nil {
		t.biz.Number = o.number
	}
	return o
}

// tradeStatus is Alipay's word for where a trade stands.
func tradeStatus(o *order, now time.Time) string {
	switch o.state(now) {
	case closed:
		return "TRADE_CLOSED"
	case refunded:
		if o.refundedFen() >= o.fen {
			return "TRADE_CLOSED"
		}
	case unpaid:
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

func queryTrade(s *Sim, t *trade) (any, error) {
	o, err := s.known(t)
	if err != nil {
		return nil, err
	}
	r := queryReply{
		businessError: accepted, Reference: o.reference, Number: o.number, BuyerLogon: logon(o.payer), BuyerID: t.account.person(o.payer),
		Status: tradeStatus(o, t.now), Total: yuan(o.fen), Receipt: "0.00", BuyerPay: "0.00", Point: "0.00", Invoice: "0.00",
	}
	if !o.paidAt.IsZero() {
		r.Receipt, r.BuyerPay, r.Invoice = r.Total, r.Total, r.Total
		r.SendPayDate = o.paidAt.In(china).Format(time.DateTime)
	}
	for _, f := range t.struck {
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

func closeTrade(s *Sim, t *trade) (any, error) {
	o, err := s.known(t)
	if err != nil {
		return nil, err
	}
	if o.state(t.now) != unpaid {
		return nil, errTradeStatus
	}
	s.close(o)
	s.tellClosed(o)
	return closeReply{accepted, o.reference, o.number}, nil
}

// tellClosed notifies of a trade that was closed unpaid, which only wap does.
func (s *Sim) tellClosed(o *order) {
	if o.product == WapPay {
		s.notify(o, func(n notice) *message { return o.account.payment(o, n) })
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
func cancelTrade(s *Sim, t *trade) (any, error) {
	r := cancelReply{businessError: accepted, Number: t.biz.Number, Retry: "N"}
	o := s.named(t)
	if o == nil {
		return r, nil
	}
	r.Number, r.Reference = o.number, o.reference
	switch o.state(t.now) {
	case unpaid:
		s.close(o)
		s.tellClosed(o)
		r.Action = "close"
	case paid, refunded:
		if left := o.fen - o.refundedFen(); left > 0 {
			s.giveBack(o, &refund{number: "cancel-" + o.number, fen: left}, 0)
		}
		r.Action = "refund"
	}
	return r, nil
}

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

func refundTrade(s *Sim, t *trade) (any, error) {
	o, err := s.known(t)
	if err != nil {
		return nil, err
	}
	fen, ok := fenOf(t.biz.RefundAmount)
	if !ok {
		return nil, errInvalidBusiness
	}
	if o.paidAt.IsZero() {
		return nil, errTradeStatus
	}
	number := t.biz.RequestNo
	if number == "" {
		number = o.number
	}
	reply := refundTradeReply{
		businessError: accepted, Reference: o.reference, Number: o.number, BuyerLogon: logon(o.payer), BuyerID: t.account.person(o.payer),
		Changed: "N", PaidBackAt: t.now.In(china).Format(time.DateTime),
	}
	if r := o.findRefund(number); r != nil {
		if r.fen != fen {
			return nil, errRefundDiffers
		}
		reply.Fee = yuan(o.refundedFen())
		return reply, nil
	}
	if err := t.checkRefund(o, fen); err != nil {
		return nil, err
	}
	r := &refund{
		number: number, fen: fen,
		abnormal: slices.ContainsFunc(t.struck, func(f *Fault) bool { return f.abnormal }),
	}
	s.giveBack(o, r, 0)
	if !r.abnormal {
		reply.Changed = "Y"
	}
	reply.Fee = yuan(o.refundedFen())
	return reply, nil
}

func (t *trade) checkRefund(o *order, fen int64) error {
	if tradeStatus(o, t.now) == "TRADE_FINISHED" {
		return errTradeFinished
	}
	left := o.fen - o.refundedFen()
	if fen > left || t.biz.RequestNo == "" && fen != o.fen {
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
func queryTradeRefund(s *Sim, t *trade) (any, error) {
	o, err := s.known(t)
	if err != nil {
		return nil, err
	}
	r := o.findRefund(t.biz.RequestNo)
	if r == nil {
		return refundQueryReply{businessError: accepted}, nil
	}
	reply := refundQueryReply{accepted, o.reference, o.number, r.number, yuan(o.fen), yuan(r.fen), "REFUND_SUCCESS"}
	if r.abnormal {
		reply.Status = "REFUND_FAIL"
	}
	return reply, nil
}
