package providersim

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Fault is a named misbehaviour. Everything the simulator can do wrong is a
// row of the table below; a new one is a new row.
type Fault struct {
	Name  string   `json:"name"`
	Does  string   `json:"does"`           // what the provider does
	Ends  End      `json:"ends"`           // where a correct client ends up, once the payer has approved
	Shows Sight    `json:"shows"`          // what the payer sees of it on our page, the first time it strikes
	Only  []Wallet `json:"only,omitempty"` // whose companies alone do this; none for all
	On    []string `json:"on,omitempty"`   // the operations that it can strike; none for notifications
	// Certified faults strike accounts alone whose merchants verify by certificates.
	Certified bool `json:"certified,omitempty"`

	on         operations
	host       string                         // at which alone it strikes; "" for any
	refuse     refusalKind                    // answered instead of doing the work
	before     func(*Sim, *order)             // done just before the work
	after      func(*Sim, *order) wait        // done after the work, before the reply
	late       func(*rand.Rand) time.Duration // by how much the reply is held back
	reply      func(*reply)                   // done to the reply
	seal       seal                           // of the reply
	about      news                           // the notifications it can strike, if it has notify; none for all
	notify     func(*notice, *rand.Rand)      // done to the notification
	tradeState string                         // reported by a query in place of the truth
	stuck      time.Duration                  // how long a refund can't reach the payer, once it settles
	rotates    bool                           // the company's certificate is another from now on
	skew       time.Duration                  // by which the Date of the reply is ahead
	web        error                          // what the company's page tells the payer instead of opening the wallet
	decline    []error                        // what the wallet may say instead of paying
}

// Concerns reports whether a wallet's company does this at all.
func (f *Fault) Concerns(w Wallet) bool { return len(f.Only) == 0 || slices.Contains(f.Only, w) }

// wait is something that the reply is held back for; nil for nothing.
type wait = <-chan struct{}

// End names the state in which a correct client ends up in spite of a fault.
type End string

// The ends.
const (
	EndsPaid     End = "paid"     // the payment is known to be paid, exactly once
	EndsRefused  End = "refused"  // the payer is told to choose another way; no money moved
	EndsPending  End = "pending"  // the client keeps asking and raises an alarm; never paid, never failed
	EndsPerson   End = "person"   // a person must act
	EndsClosed   End = "closed"   // nobody paid, and the order is known to be closed
	EndsReturned End = "returned" // the payment is known to be paid, and what went back to be gone
)

// Sight is what the payer sees on the checkout's page because of a fault.
type Sight string

// The sights.
const (
	ShowsCode    Sight = "code"    // a code or link comes all the same, a little later, or that of the method's next way
	ShowsRetry   Sight = "retry"   // what was tapped can be tapped again
	ShowsReason  Sight = "reason"  // a sentence that says why not, and the other ways to pay
	ShowsNothing Sight = "nothing" // nothing changes
)

// operations is a set of what faults can strike besides notifications.
type operations uint16

const (
	opPrepay operations = 1 << iota
	opQuery
	opClose
	opCancel
	opRefund
	opRefundQuery
	opBill
	opCalls = 1<<iota - 1 // all API calls
)

const (
	opPage     operations      = 1 << (7 + iota) // the company's page that opens the wallet
	opIdentify                                   // the exchange of a code for who the payer is
	opApprove                                    // the payer's approval in the wallet
	opNone     = operations(0)                   // of a call that no fault strikes
)

// operationNames are in the order of the bits.
var operationNames = []string{"prepay", "query", "close", "cancel", "refund", "refund_query", "bill", "page", "identify", "approve"}

func (o operations) names() (list []string) {
	for i, name := range operationNames {
		if o&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	return list
}

// news is a set of what notifications tell of.
type news uint8

const (
	newsPaid news = 1 << iota
	newsClosed
	newsRefund
)

// forever is longer than any simulator runs.
const forever = 100 * 365 * 24 * time.Hour

// notice says how a notification departs from the truth and from the usual way.
// Zero is the honest one, posted once.
type notice struct {
	fenOff    int64         // added to the true amount
	account   string        // named in place of the true account, unless ""
	extra     int           // copies besides the first
	lost      bool          // never posted
	delay     time.Duration // before the first try, in the provider's time
	overtaken bool          // held until the account's next message was posted
	seal      seal          // of the first try; retries are genuine
	age       time.Duration // by which the first try's signature is too old
	gbk       bool          // written in GBK
	zeroFee   bool          // says that nothing was given back where the honest one says nothing of it
	oldStyle  bool          // the first try is in the XML of API v2
	console   int64         // percent of the payment that somebody gives back in the company's console
}

// refusalKind is a reason to refuse a call. Each company has its own words for
// it.
type refusalKind string

const (
	refuseSystem    refusalKind = "system"    // the company has troubles of its own
	refuseRate      refusalKind = "rate"      // too many calls
	refuseForbidden refusalKind = "forbidden" // the merchant may not use this product
	refuseOrder     refusalKind = "order"     // this order, for a reason that isn't said
	refuseUnlisted  refusalKind = "unlisted"  // a code that no document lists
	refusePaying    refusalKind = "paying"    // not now: the payer is paying
	refuseClock     refusalKind = "clock"     // the caller's clock is off, or the company's
)

// wechatFirstHost is where WeChat Pay's API is asked, as long as it answers.
const wechatFirstHost = "api.mch.weixin.qq.com"

// withClose are the wallets of companies that close orders when they are told to.
var withClose = []Wallet{WeChat, Alipay}

// withCertificates are the wallets of companies that sign by certificates, for some
// accounts or for all.
var withCertificates = []Wallet{WeChat, Alipay, UnionPay}

// tellsOfConsole are the wallets of companies that tell of what was given back in their
// console, and of which payment.
var tellsOfConsole = []Wallet{WeChat, Alipay, MerchantLink}

// Faults returns the table.
func Faults() []Fault {
	list := slices.Clone(faultTable)
	for i := range list {
		list[i].On = list[i].on.names()
	}
	return list
}

var faultTable = []Fault{
	{
		Name: "notify-duplicate", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "posts each notification three times, with the same id",
		notify: func(n *notice, _ *rand.Rand) { n.extra = 2 },
	}, {
		Name: "notify-before-reply", Ends: EndsPaid, Shows: ShowsNothing,
		Does:  "the payer pays at once: the notification arrives before the reply to the prepay call",
		on:    opPrepay,
		after: payAtOnce,
	}, {
		Name: "notify-never", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "never posts the notification: only a query tells",
		notify: func(n *notice, _ *rand.Rand) { n.lost = true },
	}, {
		Name: "notify-delayed", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "posts the notification 0 to 15 seconds late, compressed like the retries",
		notify: func(n *notice, r *rand.Rand) { n.delay = time.Duration(r.Int64N(int64(15 * time.Second))) },
	}, {
		Name: "notify-reordered", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "holds the notification back until the account's next one was posted, 15 seconds at most",
		notify: func(n *notice, _ *rand.Rand) { n.overtaken = true },
	}, {
		Name: "notify-forged", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "signs the first try with a key that nobody knows; the retry is genuine",
		notify: func(n *notice, _ *rand.Rand) { n.seal = forged },
	}, {
		Name: "notify-probe", Ends: EndsPaid, Shows: ShowsNothing, Only: []Wallet{WeChat},
		Does:   "sends WECHATPAY/SIGNTEST/ as the first try's signature, which must be refused; the retry is genuine",
		notify: func(n *notice, _ *rand.Rand) { n.seal = probe },
	}, {
		Name: "notify-stale", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "signs the first try ten minutes ago, as a replay would be; the retry is fresh (Alipay signs no time: it is accepted)",
		notify: func(n *notice, _ *rand.Rand) { n.age = 10 * time.Minute },
	}, {
		Name: "notify-wrong-amount", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "states one fen too much under a genuine signature; a query tells the truth",
		notify: func(n *notice, _ *rand.Rand) { n.fenOff = 1 },
	}, {
		Name: "notify-wrong-account", Ends: EndsPaid, Shows: ShowsNothing,
		Does:   "names another merchant under a genuine signature; a query tells the truth",
		notify: func(n *notice, _ *rand.Rand) { n.account = "1999999999" },
	}, {
		Name: "server-error", Ends: EndsPaid, Shows: ShowsCode,
		Does:   "answers 500 SYSTEM_ERROR (Alipay: code 20000) and does not do the work",
		on:     opCalls,
		refuse: refuseSystem,
	}, {
		Name: "rate-limited", Ends: EndsPaid, Shows: ShowsCode,
		Does:   "answers 429 (Alipay: code 40005) and does not do the work",
		on:     opCalls,
		refuse: refuseRate,
	}, {
		Name: "bad-gateway", Ends: EndsPaid, Shows: ShowsCode,
		Does: "does the work, but a proxy on the way answers 502 with a web page",
		on:   opCalls,
		reply: func(r *reply) {
			*r = reply{status: 502, body: []byte("<html>502 Bad Gateway</html>"), contentType: "text/html"}
		},
	}, {
		Name: "reply-lost", Ends: EndsPaid, Shows: ShowsCode,
		Does:  "does the work, then cuts the connection without a reply",
		on:    opCalls,
		reply: func(r *reply) { r.cut = true },
	}, {
		Name: "reply-unsigned", Ends: EndsPaid, Shows: ShowsCode,
		Does: "does the work and leaves the signature out of the reply",
		on:   opCalls,
		seal: unsigned,
	}, {
		Name: "reply-forged", Ends: EndsPaid, Shows: ShowsCode,
		Does: "does the work and signs the reply with a key that nobody knows",
		on:   opCalls,
		seal: forged,
	}, {
		Name: "reply-probe", Ends: EndsPaid, Shows: ShowsCode, Only: []Wallet{WeChat},
		Does: "does the work and sends WECHATPAY/SIGNTEST/ as the reply's signature",
		on:   opCalls,
		seal: probe,
	}, {
		Name: "prepay-refused", Ends: EndsRefused, Shows: ShowsCode,
		Does:   "refuses the order for good: the merchant may not use this product",
		on:     opPrepay,
		refuse: refuseForbidden,
	}, {
		Name: "order-refused", Ends: EndsRefused, Shows: ShowsReason, Only: []Wallet{MerchantLink},
		Does:   "refuses this order for good and says no reason: the next one may be taken",
		on:     opPrepay,
		refuse: refuseOrder,
	}, {
		Name: "unknown-trade-state", Ends: EndsPending, Shows: ShowsNothing,
		Does:       "a query answers a state that no document lists",
		on:         opQuery,
		tradeState: "SETTLING",
	}, {
		Name: "close-race", Ends: EndsPaid, Shows: ShowsNothing, Only: withClose,
		Does:   "the payer pays in the moment before the order is closed",
		on:     opClose,
		before: func(s *Sim, o *order) { payAtOnce(s, o) },
	}, {
		Name: "refund-abnormal", Ends: EndsPerson, Shows: ShowsNothing,
		Does:  "takes the refund, but the payer's account can't receive it",
		on:    opRefund,
		stuck: forever,
	}, {
		Name: "abnormal-then-success", Ends: EndsPaid, Shows: ShowsNothing, Only: []Wallet{WeChat},
		Does:  "takes the refund, reports it abnormal, and successful once somebody has named another account: a minute later, compressed like the retries",
		on:    opRefund,
		stuck: time.Minute,
	}, {
		Name: "slow", Ends: EndsPaid, Shows: ShowsCode,
		Does: "does the work and answers 2 to 7 seconds late",
		on:   opCalls,
		late: func(r *rand.Rand) time.Duration { return 2*time.Second + time.Duration(r.Int64N(int64(5*time.Second))) },
	}, {
		Name: "hang", Ends: EndsPaid, Shows: ShowsCode,
		Does:  "does the work, says nothing for a minute, then cuts the connection",
		on:    opCalls,
		late:  func(*rand.Rand) time.Duration { return time.Minute },
		reply: func(r *reply) { r.cut = true },
	}, {
		Name: "no-connection", Ends: EndsPaid, Shows: ShowsCode,
		Does:   "cuts the connection and does not do the work",
		on:     opCalls,
		refuse: refuseSystem,
		reply:  func(r *reply) { r.cut = true },
	}, {
		Name: "primary-host-down", Ends: EndsPaid, Shows: ShowsCode, Only: []Wallet{WeChat},
		Does:   "api.mch.weixin.qq.com cuts the connection and does not do the work; api2.mch.weixin.qq.com does it",
		on:     opCalls,
		host:   wechatFirstHost,
		refuse: refuseSystem,
		reply:  func(r *reply) { r.cut = true },
	}, {
		Name: "primary-host-unavailable", Ends: EndsPaid, Shows: ShowsCode, Only: []Wallet{WeChat},
		Does:   "api.mch.weixin.qq.com answers 503 with a web page and does not do the work; api2.mch.weixin.qq.com does it",
		on:     opCalls,
		host:   wechatFirstHost,
		refuse: refuseSystem,
		reply: func(r *reply) {
			*r = reply{status: 503, body: []byte("<html>503 Service Unavailable</html>"), contentType: "text/html"}
		},
	}, {
		Name: "unknown-code", Ends: EndsPaid, Shows: ShowsCode,
		Does:   "answers an error code that no document lists and does not do the work",
		on:     opCalls,
		refuse: refuseUnlisted,
	}, {
		Name: "close-202", Ends: EndsPaid, Shows: ShowsNothing, Only: []Wallet{WeChat},
		Does:   "answers 202 USERPAYING to the close, signed, and closes nothing",
		on:     opClose,
		refuse: refusePaying,
	}, {
		Name: "cancel-race", Ends: EndsReturned, Shows: ShowsNothing, Only: []Wallet{Alipay},
		Does:   "the payer pays in the moment before the trade is canceled: the cancel gives the money back",
		on:     opCancel,
		before: func(s *Sim, o *order) { payAtOnce(s, o) },
	}, {
		Name: "closed-notice", Ends: EndsClosed, Shows: ShowsNothing, Only: []Wallet{Alipay},
		Does:   "tells of a trade that ended unpaid with refund_fee=0.00, as production does",
		about:  newsClosed,
		notify: func(n *notice, _ *rand.Rand) { n.zeroFee = true },
	}, {
		Name: "refund-notice-first", Ends: EndsReturned, Shows: ShowsNothing, Only: tellsOfConsole,
		Does:   "the payment's notification is lost and all is given back in the company's console: the first news is of the refund",
		about:  newsPaid,
		notify: func(n *notice, _ *rand.Rand) { n.lost, n.console = true, 100 },
	}, {
		Name: "console-refund", Ends: EndsReturned, Shows: ShowsNothing, Only: tellsOfConsole,
		Does:   "half of the payment is given back in the company's console, under a number that the merchant has never seen",
		about:  newsPaid,
		notify: func(n *notice, _ *rand.Rand) { n.console = 50 },
	}, {
		Name: "gbk", Ends: EndsPaid, Shows: ShowsNothing, Only: []Wallet{Alipay},
		Does:   "writes the notification in GBK",
		notify: func(n *notice, _ *rand.Rand) { n.gbk = true },
	}, {
		Name: "clock-off", Ends: EndsRefused, Shows: ShowsReason, Only: withClose,
		Does:   "finds the order's timestamp ten minutes off and refuses it (401 SIGN_ERROR; Alipay: isv.invalid-timestamp), as its own Date says",
		on:     opPrepay,
		refuse: refuseClock,
		skew:   10 * time.Minute,
	}, {
		Name: "declined", Ends: EndsPaid, Shows: ShowsNothing,
		Does:    "the wallet declines what the payer has approved: no balance, risk control or a limit; the order stays open",
		on:      opApprove,
		decline: declines,
	}, {
		Name: "link-dead", Ends: EndsPaid, Shows: ShowsRetry,
		Does: "the link has expired by the time that the payer's browser gets there",
		on:   opPage,
		web:  errDeadLink,
	}, {
		Name: "h5-ip-refused", Ends: EndsPaid, Shows: ShowsRetry, Only: []Wallet{WeChat},
		Does: "the page behind an H5 link finds the payer at another address than the order names",
		on:   opPage,
		web:  errOtherNetwork,
	}, {
		Name: "code-reused", Ends: EndsPaid, Shows: ShowsRetry, Only: []Wallet{WeChat, Alipay},
		Does: "says that the OAuth code was used (errcode 40163, isv.code-invalid), at its first use",
		on:   opIdentify,
	}, {
		Name: "coupon", Ends: EndsPaid, Shows: ShowsNothing, Only: []Wallet{WeChat, Alipay},
		Does:  "a coupon of the company's pays a tenth of the amount: what the payer pays is stated beside it, and is less",
		on:    opPrepay,
		after: couponPays,
	}, {
		Name: "xml-notice", Ends: EndsPaid, Shows: ShowsNothing, Only: []Wallet{WeChat},
		Does:   "posts the first try in the XML of API v2, without a signature of v3; the retry is genuine",
		notify: func(n *notice, _ *rand.Rand) { n.oldStyle = true },
	}, {
		Name: "serial-rotated", Ends: EndsPaid, Shows: ShowsNothing, Only: withCertificates,
		Does:      "signs by another certificate from now on, to merchants who verify by certificates; where it must be asked for, it is given out",
		Certified: true,
		on:        opCalls | opApprove, rotates: true,
	}, {
		Name: "certificate-expired", Ends: EndsPaid, Shows: ShowsNothing, Only: withCertificates,
		Does:      "signs the first try by a certificate that is over, to merchants who verify by certificates; the retry is genuine",
		Certified: true,
		notify:    func(n *notice, _ *rand.Rand) { n.seal = expired },
	}, {
		Name: "certificate-forged", Ends: EndsPaid, Shows: ShowsNothing, Only: withCertificates,
		Does:   "signs the first try by a certificate that the company has not issued (Alipay in public-key mode: by no key of its own); the retry is genuine",
		notify: func(n *notice, _ *rand.Rand) { n.seal = unissued },
	}, {
		Name: "reply-expired", Ends: EndsPaid, Shows: ShowsCode, Only: withCertificates,
		Does:      "does the work and signs the reply by a certificate that is over, to merchants who verify by certificates",
		Certified: true,
		on:        opCalls,
		seal:      expired,
	}, {
		Name: "callbacks-moved", Ends: EndsPaid, Shows: ShowsNothing, Only: []Wallet{WeChat},
		Does:   "signs the notification by the public key in the place of a certificate, or by a certificate in the place of the public key, all tries: percent and per_mille are the share of callbacks that a merchant has moved",
		notify: func(n *notice, _ *rand.Rand) { n.seal = moved },
	},
}

// payAtOnce pays an order as the first user allowed to; it does nothing if nobody
// is.
func payAtOnce(s *Sim, o *order) wait {
	for _, u := range Users {
		if told, err := s.pay(o, u); err == nil {
			return told
		}
	}
	return nil
}
