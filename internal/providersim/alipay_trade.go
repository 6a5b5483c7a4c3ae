package providersim

import (
	"crypto/rand"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// How long Alipay's things live unless a request says otherwise.
const (
	qrLife      = 2 * time.Hour       // of a QR nobody has scanned
	tradeLife   = 15 * 24 * time.Hour // of an unpaid trade
	finishAfter = 365 * 24 * time.Hour
)

var tradeNumberPattern = regexp.MustCompile(`^[0-9A-Za-z_]{1,64}$`)

// subjectPattern is a trade's title: the documents rule out /, = and &.
var subjectPattern = regexp.MustCompile(`^[^/=&]{1,256}$`)

// Limits of a trade's texts, in characters.
const (
	maxPassback      = 512
	maxAlipayAddress = 256 // of notify_url and return_url
)

// productCodes are what may be contracted for each way of paying; "" where it may be
// left out.
var productCodes = map[Product][]string{
	QRCode:  {"", "FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT", "QR_CODE_OFFLINE"},
	Bridge:  {"", "FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT", "JSAPI_PAY"},
	WapPay:  {"QUICK_WAP_WAY"},
	PagePay: {"FAST_INSTANT_TRADE_PAY"},
	SDKPay:  {"", "QUICK_MSECURITY_PAY"},
}

// yuanPattern is an amount as Alipay wants it: yuan with two decimals at most.
var yuanPattern = regexp.MustCompile(`^([0-9]{1,9})(?:\.([0-9]{1,2}))?$`)

// fenOf reads yuan, 0.01 to 100000000.
func fenOf(p price) (fen int64, ok bool) {
	m := yuanPattern.FindStringSubmatch(string(p))
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
	if o.tellsOfClosing() {
		s.at(o.closesAt, s.timeOut(o))
	}
}

// tradeFor finds the trade that was asked for before, or makes it.
func (s *Sim) tradeFor(c *alipayCall, product Product) (*order, error) {
	fen, ok := fenOf(c.biz.Total)
	if !ok || !c.orders(product) {
		return nil, errInvalidBusiness
	}
	if c.biz.SellerID != "" && c.biz.SellerID != c.merchant.SellerID {
		return nil, errSeller
	}
	asked := strings.Join([]string{string(product), c.biz.Subject, strconv.FormatInt(fen, 10), c.biz.BuyerID, c.biz.Extend.Instalments, c.biz.Extend.SellerPercent}, "\n")
	if o := s.books.find(c.merchant, c.biz.Number); o != nil {
		switch o.state(c.now) {
		case statePaid, stateRefunded:
			return nil, errTradePaid
		case stateClosed:
			return nil, errTradeClosed
		}
		if o.asked != asked {
			return nil, errTradeChanged
		}
		return o, nil
	}
	o := &order{
		account: c.merchant, number: c.biz.Number, product: product, description: c.biz.Subject, fen: fen, attach: c.biz.Passback,
		notifyURL: c.p.Get("notify_url"), returnURL: c.p.Get("return_url"), quitURL: c.biz.QuitURL, openid: c.biz.BuyerID,
		asked: asked, created: c.now, patience: tradeLife, closesAt: c.now.Add(tradeLife),
	}
	if err := c.setLimits(o); err != nil {
		return nil, err
	}
	s.books.add(o)
	return o, nil
}

// fits reports whether what an order may say besides is within its limits.
func (b *bizContent) fits() bool {
	for _, f := range []struct {
		text string
		most int // bytes
	}{{b.StoreID, 32}, {b.TerminalID, 32}, {b.OperatorID, 28}, {b.Enabled, 128}, {b.Disabled, 128}} {
		if len(f.text) > f.most {
			return false
		}
	}
	return (b.Enabled == "" || b.Disabled == "") && slices.Contains([]string{"", "0", "1"}, b.GoodsType)
}

// orders reports whether the call has what a trade needs, as the documents demand it.
func (c *alipayCall) orders(product Product) bool {
	return tradeNumberPattern.MatchString(c.biz.Number) && subjectPattern.MatchString(c.biz.Subject) &&
		slices.Contains(productCodes[product], c.biz.ProductCode) && utf8.RuneCountInString(c.biz.Passback) <= maxPassback &&
		c.inInstalments() && c.biz.fits() && len(c.p.Get("notify_url")) <= maxAlipayAddress && len(c.p.Get("return_url")) <= maxAlipayAddress
}

// inInstalments reports whether a trade is paid at once, or in instalments as the
// documents have them: by Huabei, the fee for one side alone.
func (c *alipayCall) inInstalments() bool {
	e := c.biz.Extend
	return e.Instalments == "" && e.SellerPercent == "" ||
		slices.Contains([]string{"3", "6", "12"}, e.Instalments) && slices.Contains([]string{"0", "100"}, e.SellerPercent)
}

// setLimits reads how long a trade may be paid.
func (c *alipayCall) setLimits(o *order) error {
	if c.biz.Timeout != "" {
		d, ok := patience(c.biz.Timeout, c.now)
		if !ok {
			return errInvalidBusiness
		}
		o.patience = d
	}
	if c.biz.Expire == "" {
		return nil
	}
	until, err := time.ParseInLocation(time.DateTime, c.biz.Expire, china)
	if err != nil || !until.After(c.now) {
		return errInvalidBusiness
	}
	o.payUntil = until
	return nil
}

// alipaySuccess is the head of every reply to a call that worked.
var alipaySuccess = businessError{Code: "10000", Message: "Success"}

type precreateReply struct {
	businessError
	Number string `json:"out_trade_no"`
	QRCode string `json:"qr_code"`
}

// precreate makes a QR. The trade comes into being when somebody scans it.
func precreate(s *Sim, c *alipayCall) (any, error) {
	life := qrLife
	if c.biz.QRTimeout != "" {
		d, ok := patience(c.biz.QRTimeout, c.now)
		if !ok {
			return nil, errInvalidBusiness
		}
		life = d
	}
	o, err := s.tradeFor(c, QRCode)
	if err != nil {
		return nil, err
	}
	p := s.books.issue(o, qrText(), c.now, life)
	return precreateReply{alipaySuccess, o.number, p.text}, nil
}

type createReply struct {
	businessError
	Number    string `json:"out_trade_no"`
	Reference string `json:"trade_no"`
}

// createTrade makes a trade for the bridge, for the buyer that it names.
func createTrade(s *Sim, c *alipayCall) (any, error) {
	buyer, ok := c.merchant.buyer(c.biz)
	if !ok {
		return nil, errBuyer
	}
	if c.biz.OpAppID != "" && c.biz.OpAppID != c.merchant.AppID {
		return nil, errInvalidBusiness
	}
	c.biz.BuyerID = c.merchant.person(buyer)
	o, err := s.tradeFor(c, Bridge)
	if err != nil {
		return nil, err
	}
	if err := s.open(o, buyer); err != nil {
		return nil, errTradeStatus
	}
	s.books.issue(o, o.reference, c.now, o.patience)
	o.launched = true
	return createReply{alipaySuccess, o.number, o.reference}, nil
}

// tradeNumber makes Alipay's number of a trade.
func tradeNumber(now time.Time) string {
	return now.In(china).Format("20060102") + "22001" + digits(15)
}

func qrText() string { return "https://qr.alipay.com/baxSIM" + strings.ToLower(rand.Text()[:12]) }
