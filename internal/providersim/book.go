package providersim

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// Wallet is an app on the simulated phone.
type Wallet string

// The wallets.
const (
	WeChat       Wallet = "wechat"
	Alipay       Wallet = "alipay"
	UnionPay     Wallet = "unionpay"     // Cloud QuickPass
	MerchantLink Wallet = "merchantlink" // the web page of a merchant's own cashier
)

// Product is the way of paying that an order was made for, in its company's word.
type Product string

// The products.
const (
	Native  Product = "NATIVE" // WeChat Pay: a QR for the camera
	H5      Product = "MWEB"   // WeChat Pay: a link for mobile browsers
	JSAPI   Product = "JSAPI"  // WeChat Pay: the bridge in WeChat's own browser, and mini programs
	AppPay  Product = "APP"    // WeChat Pay: its SDK in a shop's own app
	QRCode  Product = "precreate"
	WapPay  Product = "wap"
	PagePay Product = "page"
	Bridge  Product = "create" // Alipay: the bridge in Alipay's own browser
	SDKPay  Product = "app"    // Alipay: its SDK in a shop's own app

	MerchantPage   Product = "merchantlink" // the page of a merchant's own cashier
	MerchantApp    Product = "merchantlink_deep_link"
	MerchantQR     Product = "merchantlink_qr"
	MerchantBridge Product = "merchantlink_jsapi"
)

// User is a person who may hold the simulated phone. Two of them are enough
// to break the rule that one order has one payer.
type User string

// The users.
const (
	Ming User = "ming"
	Hong User = "hong"
)

// Users lists them.
var Users = []User{Ming, Hong}

// account is a merchant's account at one company: what the books and the phone
// must know about it, whatever the company's protocol.
type account interface {
	id() string                // mchid or app id
	payee() string             // the name shown to payers
	wallet() Wallet            // which app pays
	names(*order, User) string // how an order names a person

	// payment and refund make the message about a change, as n says. Of a refund
	// it tells where that stands at a time.
	payment(o *order, n notice) *message
	refund(o *order, r *refund, at time.Time, n notice) *message

	// opened is told when an order gets its payer.
	opened(s *Sim, o *order)

	// back returns where the payer's browser goes once the order is paid; "" for
	// nowhere.
	back(o *order, now time.Time) string
}

// order is one payment in a company's books.
type order struct {
	id          string // names the order in the phone's links
	account     account
	appID       string // that it was made under, where one account has several: the one that its payer meets
	subAppID    string // of a merchant under a service provider, if the order names it
	number      string // out_trade_no
	product     Product
	description string
	fen         int64
	currency    string // of fen, which then are its hundredths; "" for CNY
	attach      string
	notifyURL   string
	returnURL   string // where the payer's browser goes once paid, or ""
	quitURL     string // where it goes until then, or ""
	openid      string // whom the merchant made the order for, or ""
	version     int    // of the protocol of a merchant's own cashier
	moment      string // UnionPay: the time that is part of the order's identity
	frontURL    string // UnionPay: where the payer's browser posts the outcome, or ""
	asked       string // the creating request in canonical form: a repeat must equal it
	created     time.Time
	payUntil    time.Time     // from here on no payment is taken; zero for never
	closesAt    time.Time     // from here on the order is closed, unless it was paid
	patience    time.Duration // from the payer's arrival to closesAt; zero if that is fixed

	launched  bool  // a browser's link has brought it to the phone
	payer     User  // who opened it first, or ""
	coupon    int64 // fen that a coupon of the company's pays for the payer
	paidAt    time.Time
	reference string // the company's number of the payment
	refunds   []*refund
	pass      *pass // the newest
}

// pass opens an order when a payer presents it: a QR's text or the id in a
// link. It lives shorter than its order.
type pass struct {
	text    string
	secret  string // second half of an H5 link
	order   *order
	expires time.Time
}

// refund is money on its way back.
type refund struct {
	id      string
	number  string // out_refund_no
	fen     int64
	asked   string
	moment  string // UnionPay: the time that is part of its identity
	notify  string
	created time.Time
	settles time.Time     // when it succeeds or gets stuck
	stuck   time.Duration // from then on, until it succeeds after all
	void    bool          // it fails for good: the merchant keeps the money

	reference string // UnionPay: its number of the refund

	redirected *redirection // to another account, after it had been stuck; nil for not
}

// state is the state of an order, computed from the facts.
type state int

const (
	stateUnpaid state = iota
	statePaid
	stateClosed
	stateRefunded // wholly or in part
)

func (o *order) state(now time.Time) state {
	if !o.paidAt.IsZero() {
		if o.refundedFen() > 0 {
			return stateRefunded
		}
		return statePaid
	}
	if !now.Before(o.closesAt) {
		return stateClosed
	}
	return stateUnpaid
}

// refundedFen returns the sum of the refunds, in fen. An abnormal one counts:
// its money has left the merchant.
func (o *order) refundedFen() (sum int64) {
	for _, r := range o.refunds {
		if !r.void {
			sum += r.fen
		}
	}
	return sum
}

func (o *order) findRefund(number string) *refund {
	for _, r := range o.refunds {
		if r.number == number {
			return r
		}
	}
	return nil
}

// books are the orders of all accounts.
type books struct {
	orders   []*order // oldest first
	byID     map[string]*order
	byNumber map[orderKey]*order
	passes   map[string]*pass // by text, the dead ones too
}

// orderKey identifies an order: an out_trade_no is unique within its account.
type orderKey struct {
	account account
	number  string
}

func newBooks() books {
	return books{
		byID:     map[string]*order{},
		byNumber: map[orderKey]*order{},
		passes:   map[string]*pass{},
	}
}

func (b *books) find(a account, number string) *order { return b.byNumber[orderKey{a, number}] }

func (b *books) findReference(a account, reference string) *order {
	for _, o := range b.orders {
		if o.account == a && o.reference == reference && reference != "" {
			return o
		}
	}
	return nil
}

// withRefund finds the order of an account that a refund's number is of.
func (b *books) withRefund(a account, refund string) *order {
	for _, o := range b.orders {
		if o.account == a && o.findRefund(refund) != nil {
			return o
		}
	}
	return nil
}

// numbered finds the newest order with an out_trade_no, at any account.
func (b *books) numbered(number string) *order {
	for _, o := range slices.Backward(b.orders) {
		if o.number == number {
			return o
		}
	}
	return nil
}

// add enters an order into the books.
func (b *books) add(o *order) {
	o.id = rand.Text()
	b.orders = append(b.orders, o)
	b.byID[o.id] = o
	b.byNumber[orderKey{o.account, o.number}] = o
}

// issue gives an order a new pass.
func (b *books) issue(o *order, text string, now time.Time, life time.Duration) *pass {
	p := &pass{text: text, secret: digits(10), order: o, expires: now.Add(life)}
	b.passes[text] = p
	o.pass = p
	return p
}

// The reasons why a wallet does not take a payment. Each wallet has its own
// words for them.
var (
	errUnknownCode  = errors.New("unknown_code")
	errDeadCode     = errors.New("code_dead")
	errClosed       = errors.New("order_closed")
	errTooLate      = errors.New("order_expired")
	errPaid         = errors.New("order_paid")
	errOtherPayer   = errors.New("other_payer")
	errWrongPerson  = errors.New("wrong_person")
	errFromAlbum    = errors.New("from_album")
	errLongPress    = errors.New("long_press")
	errAsLink       = errors.New("as_link")
	errNotScannable = errors.New("not_scannable")
	errSharedLink   = errors.New("shared_link")
	errBadBridge    = errors.New("bad_bridge")
	errDeadLink     = errors.New("link_dead")
	errOtherNetwork = errors.New("other_network")
)

// declines are the reasons for which a wallet declines what its user has approved.
var declines = []error{errNoBalance, errRisk, errLimit}

var (
	errNoBalance = errors.New("no_balance")
	errRisk      = errors.New("risk")
	errLimit     = errors.New("limit")
	errNoNetwork = errors.New("no_network") // of the phone
)

// open binds an order to the user who has it on screen. A second user is
// turned away: one order, one payer.
func (s *Sim) open(o *order, user User) error {
	if err := s.payable(o); err != nil {
		return err
	}
	if o.openid != "" && o.openid != o.account.names(o, user) {
		return errWrongPerson
	}
	if o.payer != "" && o.payer != user {
		if o.product == H5 {
			return errSharedLink
		}
		return errOtherPayer
	}
	if o.payer == "" {
		o.payer = user
		o.account.opened(s, o)
	}
	return nil
}

func (s *Sim) payable(o *order) error {
	now := s.now()
	switch o.state(now) {
	case statePaid, stateRefunded:
		return errPaid
	case stateClosed:
		return errClosed
	}
	if !o.payUntil.IsZero() && !now.Before(o.payUntil) {
		return errTooLate
	}
	return nil
}

// pay moves the money of an order that user has opened, and plans the
// notification. What it returns is closed after the first try of that.
func (s *Sim) pay(o *order, user User) (told <-chan struct{}, err error) {
	if err := s.open(o, user); err != nil {
		return nil, err
	}
	if err := s.strikeApproval(o); err != nil {
		return nil, err
	}
	now := s.now()
	o.paidAt = now
	if o.reference == "" {
		o.reference = "42000" + now.In(china).Format("20060102") + digits(15)
	}
	o.returnURL = o.account.back(o, now)
	s.options.Log.Info("paid", "account", o.account.id(), "number", o.number, "fen", o.fen)
	n, told := s.notify(o, newsPaid, func(n notice) *message { return o.account.payment(o, n) })
	if n.console > 0 {
		s.giveBack(o, &refund{number: "console_" + o.id, fen: max(1, o.fen*n.console/100), notify: o.notifyURL}, s.options.RefundAfter)
	}
	return told, nil
}

// close ends an unpaid order; closing it again is fine. Fails with errPaid.
func (s *Sim) close(o *order) error {
	if !o.paidAt.IsZero() {
		return errPaid
	}
	if o.state(s.now()) == stateUnpaid {
		o.closesAt = s.now()
	}
	return nil
}

// china is the zone in which both companies write times.
var china = time.FixedZone("CST", 8*3600)

// stamp returns a time as WeChat Pay writes it.
func stamp(t time.Time) string { return t.In(china).Format(time.RFC3339) }

// digits returns n random decimal digits.
func digits(n int) string {
	var b strings.Builder
	for range n {
		d, err := rand.Int(rand.Reader, big.NewInt(10))
		if err != nil {
			panic(fmt.Sprintf("providersim: no randomness: %v", err))
		}
		b.WriteByte('0' + byte(d.Int64()))
	}
	return b.String()
}

// yuan writes an amount of fen with two decimals.
func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

// newestFirst returns the orders for which keep holds.
func (b *books) newestFirst(keep func(*order) bool) []*order {
	var found []*order
	for _, o := range slices.Backward(b.orders) {
		if keep(o) {
			found = append(found, o)
		}
	}
	return found
}

// giveBack starts a refund, which settles by itself after a while.
func (s *Sim) giveBack(o *order, r *refund, after time.Duration) {
	r.id = "503" + s.now().In(china).Format("20060102") + digits(18)
	r.created = s.now()
	r.settles = r.created.Add(after)
	o.refunds = append(o.refunds, r)
	s.tellRefund(o, r, r.settles)
	if r.stuck > 0 && r.stuck < forever {
		s.tellRefund(o, r, r.succeeds())
	}
}

// tellRefund plans the notification of where a refund stands at a time.
func (s *Sim) tellRefund(o *order, r *refund, at time.Time) {
	s.at(at, func(context.Context) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.notify(o, newsRefund, func(n notice) *message { return o.account.refund(o, r, at, n) })
	})
}

func (r *refund) isStuck(now time.Time) bool {
	return !now.Before(r.settles) && now.Before(r.succeeds())
}

func (r *refund) succeeds() time.Time { return r.settles.Add(r.stuck) }
