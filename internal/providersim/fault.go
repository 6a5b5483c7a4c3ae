package providersim

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"
)

// Fault is a named misbehaviour. Everything the simulator can do wrong is a
// row of the table below; a new one is a new row.
type Fault struct {
	Name string   `json:"name"`
	Does string   `json:"does"`           // what the provider does
	Ends End      `json:"ends"`           // where a correct client ends up, once the payer has approved
	Only []Wallet `json:"only,omitempty"` // whose companies alone do this; none for all

	on         operations                     // the calls it can strike; none for notifications
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

// operations is a set of API calls.
type operations uint8

const (
	opPrepay operations = 1 << iota
	opQuery
	opClose
	opCancel
	opRefund
	opRefundQuery
	opBill
	opAny  = 1<<iota - 1
	opNone = operations(0) // of a call that no fault strikes
)

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
)

// withClose are the wallets of companies that close orders when they are told to.
var withClose = []Wallet{WeChat, Alipay}

// Faults returns the table.
func Faults() []Fault { return slices.Clone(faultTable) }

var faultTable = []Fault{
	{
		Name: "notify-duplicate", Ends: EndsPaid,
		Does:   "posts each notification three times, with the same id",
		notify: func(n *notice, _ *rand.Rand) { n.extra = 2 },
	}, {
		Name: "notify-before-reply", Ends: EndsPaid,
		Does:  "the payer pays at once: the notification arrives before the reply to the prepay call",
		on:    opPrepay,
		after: payAtOnce,
	}, {
		Name: "notify-never", Ends: EndsPaid,
		Does:   "never posts the notification: only a query tells",
		notify: func(n *notice, _ *rand.Rand) { n.lost = true },
	}, {
		Name: "notify-delayed", Ends: EndsPaid,
		Does:   "posts the notification 0 to 15 seconds late, compressed like the retries",
		notify: func(n *notice, r *rand.Rand) { n.delay = time.Duration(r.Int64N(int64(15 * time.Second))) },
	}, {
		Name: "notify-reordered", Ends: EndsPaid,
		Does:   "holds the notification back until the account's next one was posted, 15 seconds at most",
		notify: func(n *notice, _ *rand.Rand) { n.overtaken = true },
	}, {
		Name: "notify-forged", Ends: EndsPaid,
		Does:   "signs the first try with a key that nobody knows; the retry is genuine",
		notify: func(n *notice, _ *rand.Rand) { n.seal = forged },
	}, {
		Name: "notify-probe", Ends: EndsPaid, Only: []Wallet{WeChat},
		Does:   "sends WECHATPAY/SIGNTEST/ as the first try's signature, which must be refused; the retry is genuine",
		notify: func(n *notice, _ *rand.Rand) { n.seal = probe },
	}, {
		Name: "notify-stale", Ends: EndsPaid,
		Does:   "signs the first try ten minutes ago, as a replay would be; the retry is fresh (Alipay signs no time: it is accepted)",
		notify: func(n *notice, _ *rand.Rand) { n.age = 10 * time.Minute },
	}, {
		Name: "notify-wrong-amount", Ends: EndsPaid,
		Does:   "states one fen too much under a genuine signature; a query tells the truth",
		notify: func(n *notice, _ *rand.Rand) { n.fenOff = 1 },
	}, {
		Name: "notify-wrong-account", Ends: EndsPaid,
		Does:   "names another merchant under a genuine signature; a query tells the truth",
		notify: func(n *notice, _ *rand.Rand) { n.account = "1999999999" },
	}, {
		Name: "server-error", Ends: EndsPaid,
		Does:   "answers 500 SYSTEM_ERROR (Alipay: code 20000) and does not do the work",
		on:     opAny,
		refuse: refuseSystem,
	}, {
		Name: "rate-limited", Ends: EndsPaid,
		Does:   "answers 429 (Alipay: code 40005) and does not do the work",
		on:     opAny,
		refuse: refuseRate,
	}, {
		Name: "bad-gateway", Ends: EndsPaid,
		Does: "does the work, but a proxy on the way answers 502 with a web page",
		on:   opAny,
		reply: func(r *reply) {
			*r = reply{status: 502, body: []byte("<html>502 Bad Gateway</html>"), contentType: "text/html"}
		},
	}, {
		Name: "reply-lost", Ends: EndsPaid,
		Does:  "does the work, then cuts the connection without a reply",
		on:    opAny,
		reply: func(r *reply) { r.cut = true },
	}, {
		Name: "reply-unsigned", Ends: EndsPaid,
		Does: "does the work and leaves the signature out of the reply",
		on:   opAny,
		seal: unsigned,
	}, {
		Name: "reply-forged", Ends: EndsPaid,
		Does: "does the work and signs the reply with a key that nobody knows",
		on:   opAny,
		seal: forged,
	}, {
		Name: "reply-probe", Ends: EndsPaid, Only: []Wallet{WeChat},
		Does: "does the work and sends WECHATPAY/SIGNTEST/ as the reply's signature",
		on:   opAny,
		seal: probe,
	}, {
		Name: "prepay-refused", Ends: EndsRefused,
		Does:   "refuses the order for good: the merchant may not use this product",
		on:     opPrepay,
		refuse: refuseForbidden,
	}, {
		Name: "order-refused", Ends: EndsRefused, Only: []Wallet{MerchantLink},
		Does:   "refuses this order for good and says no reason: the next one may be taken",
		on:     opPrepay,
		refuse: refuseOrder,
	}, {
		Name: "unknown-trade-state", Ends: EndsPending,
		Does:       "a query answers a state that no document lists",
		on:         opQuery,
		tradeState: "SETTLING",
	}, {
		Name: "close-race", Ends: EndsPaid, Only: withClose,
		Does:   "the payer pays in the moment before the order is closed",
		on:     opClose,
		before: func(s *Sim, o *order) { payAtOnce(s, o) },
	}, {
		Name: "refund-abnormal", Ends: EndsPerson,
		Does:  "takes the refund, but the payer's account can't receive it",
		on:    opRefund,
		stuck: forever,
	}, {
		Name: "abnormal-then-success", Ends: EndsPaid, Only: []Wallet{WeChat},
		Does:  "takes the refund, reports it abnormal, and successful once somebody has named another account: a minute later, compressed like the retries",
		on:    opRefund,
		stuck: time.Minute,
	}, {
		Name: "slow", Ends: EndsPaid,
		Does: "does the work and answers 2 to 7 seconds late",
		on:   opAny,
		late: func(r *rand.Rand) time.Duration { return 2*time.Second + time.Duration(r.Int64N(int64(5*time.Second))) },
	}, {
		Name: "hang", Ends: EndsPaid,
		Does:  "does the work, says nothing for a minute, then cuts the connection",
		on:    opAny,
		late:  func(*rand.Rand) time.Duration { return time.Minute },
		reply: func(r *reply) { r.cut = true },
	}, {
		Name: "no-connection", Ends: EndsPaid,
		Does:   "cuts the connection and does not do the work",
		on:     opAny,
		refuse: refuseSystem,
		reply:  func(r *reply) { r.cut = true },
	}, {
		Name: "unknown-code", Ends: EndsPaid,
		Does:   "answers an error code that no document lists and does not do the work",
		on:     opAny,
		refuse: refuseUnlisted,
	}, {
		Name: "close-202", Ends: EndsPaid, Only: []Wallet{WeChat},
		Does:   "answers 202 USERPAYING to the close, signed, and closes nothing",
		on:     opClose,
		refuse: refusePaying,
	}, {
		Name: "cancel-race", Ends: EndsReturned, Only: []Wallet{Alipay},
		Does:   "the payer pays in the moment before the trade is canceled: the cancel gives the money back",
		on:     opCancel,
		before: func(s *Sim, o *order) { payAtOnce(s, o) },
	}, {
		Name: "closed-notice", Ends: EndsClosed, Only: []Wallet{Alipay},
		Does:   "tells of a trade that ended unpaid with refund_fee=0.00, as production does",
		about:  newsClosed,
		notify: func(n *notice, _ *rand.Rand) { n.zeroFee = true },
	}, {
		Name: "refund-notice-first", Ends: EndsReturned,
		Does:   "the payment's notification is lost and all is given back in the company's console: the first news is of the refund",
		about:  newsPaid,
		notify: func(n *notice, _ *rand.Rand) { n.lost, n.console = true, 100 },
	}, {
		Name: "console-refund", Ends: EndsReturned,
		Does:   "half of the payment is given back in the company's console, under a number that the merchant has never seen",
		about:  newsPaid,
		notify: func(n *notice, _ *rand.Rand) { n.console = 50 },
	}, {
		Name: "gbk", Ends: EndsPaid, Only: []Wallet{Alipay},
		Does:   "writes the notification in GBK",
		notify: func(n *notice, _ *rand.Rand) { n.gbk = true },
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

// Rule puts a fault into force: for the next so many opportunities, or for so
// many percent of them.
type Rule struct {
	Fault   string `json:"fault"`
	Account string `json:"account,omitempty"` // mchid or app id; "" for all
	Next    int    `json:"next,omitempty"`    // strikes; then the rule is over
	Percent int    `json:"percent,omitempty"` // of the opportunities, 1 to 100
}

// Chaos is a rough day at the provider, for runs that must survive one.
var Chaos = []Rule{
	{Fault: "server-error", Percent: 5},
	{Fault: "reply-lost", Percent: 5},
	{Fault: "notify-duplicate", Percent: 10},
	{Fault: "notify-reordered", Percent: 5},
	{Fault: "notify-forged", Percent: 5},
	{Fault: "notify-delayed", Percent: 100},
}

// rule is a Rule in force. Each has its own random numbers, made from the seed
// and its place, so that its n-th opportunity always ends the same.
type rule struct {
	Rule
	fault *Fault
	rand  *rand.Rand
}

// Inject puts rules into force, all or none of them.
func (s *Sim) Inject(rules ...Rule) error {
	checked := make([]*Fault, len(rules))
	for i, r := range rules {
		at := slices.IndexFunc(faultTable, func(f Fault) bool { return f.Name == r.Fault })
		if at < 0 {
			return fmt.Errorf("unknown fault %q", r.Fault)
		}
		if (r.Next > 0) == (r.Percent > 0) || r.Next < 0 || r.Percent < 0 || r.Percent > 100 {
			return fmt.Errorf("fault %q: give next (1 or more) or percent (1 to 100)", r.Fault)
		}
		checked[i] = &faultTable[at]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, r := range rules {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s %s %d", r.Fault, r.Account, s.injected)
		s.injected++
		s.options.Log.Info("fault in force", "fault", r.Fault, "account", r.Account, "next", r.Next, "percent", r.Percent, "seed", s.seed)
		s.rules = append(s.rules, &rule{Rule: r, fault: checked[i], rand: rand.New(rand.NewPCG(s.seed, h.Sum64()))})
	}
	return nil
}

// Calm ends all rules and starts the random numbers again: what is injected
// next will go as it went after New.
func (s *Sim) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.injected = nil, 0
}

// Reseed does what Calm does, with another seed, to go through a run of faults again.
func (s *Sim) Reseed(seed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules, s.injected, s.seed = nil, 0, seed
}

// Seed returns the seed of the faults.
func (s *Sim) Seed() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seed
}

// Rules lists the rules in force, with the strikes that are left.
func (s *Sim) Rules() []Rule {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Rule{}
	for _, r := range s.rules {
		list = append(list, r.Rule)
	}
	return list
}

// strike draws the faults that happen now to an account, out of those that can.
// The caller holds the lock.
func (s *Sim) strike(a account, can func(*Fault) bool) (struck []*rule) {
	for _, r := range s.rules {
		if r.concerns(a) && can(r.fault) && r.draw() {
			struck = append(struck, r)
		}
	}
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return r.Next == 0 && r.Percent == 0 })
	return struck
}

func (r *rule) concerns(a account) bool {
	return (r.Account == "" || r.Account == a.id()) && r.fault.Concerns(a.wallet())
}

func (r *rule) draw() bool {
	if r.Percent > 0 {
		return r.rand.IntN(100) < r.Percent
	}
	r.Next--
	return r.Next >= 0
}

// strikeCall draws the faults of one API call.
func (s *Sim) strikeCall(c *call) {
	for _, r := range s.strike(c.account, func(f *Fault) bool { return f.on&c.op != 0 }) {
		c.struck = append(c.struck, r.fault)
		if r.fault.late != nil {
			c.delays.least += time.Duration(float64(r.fault.late(r.rand)) * s.options.ReplyScale)
		}
	}
}

// strikeNotice draws the faults of one notification.
func (s *Sim) strikeNotice(a account, about news) (n notice, names []string) {
	can := func(f *Fault) bool { return f.notify != nil && (f.about == 0 || f.about&about != 0) }
	for _, r := range s.strike(a, can) {
		r.fault.notify(&n, r.rand)
		names = append(names, r.Fault)
	}
	return n, names
}

// stuckBy returns for how long these faults keep a refund from the payer.
func (s *Sim) stuckBy(struck []*Fault) time.Duration {
	for _, f := range struck {
		if f.stuck == forever {
			return forever
		}
		if f.stuck > 0 {
			return s.scaled(f.stuck)
		}
	}
	return 0
}

// sealFor returns the seal of a reply that these faults struck.
func sealFor(struck []*Fault) seal {
	for _, f := range struck {
		if f.seal != genuine {
			return f.seal
		}
	}
	return genuine
}

func names(faults []*Fault) (list []string) {
	for _, f := range faults {
		list = append(list, f.Name)
	}
	return list
}
