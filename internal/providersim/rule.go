package providersim

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// Rule puts a fault into force: for the next so many opportunities, or for so
// many percent of them.
type Rule struct {
	Fault   string `json:"fault"`
	Account string `json:"account,omitempty"` // mchid or app id; "" for all

	// Session and Number narrow the rule to the payments of a checkout session, and to
	// one out_trade_no. Operation narrows a fault that can strike several calls.
	Session   string `json:"session,omitempty"`
	Number    string `json:"number,omitempty"`
	Operation string `json:"operation,omitempty"`

	Next     int `json:"next,omitempty"`      // strikes; then the rule is over
	Percent  int `json:"percent,omitempty"`   // of the opportunities, 1 to 100
	PerMille int `json:"per_mille,omitempty"` // of the opportunities, 1 to 1000, in the place of Percent
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
	on    operations // of the fault's, those that the rule leaves
	rand  *rand.Rand
}

// Inject puts rules into force, all or none of them.
func (s *Sim) Inject(rules ...Rule) error {
	checked := make([]*rule, len(rules))
	for i, r := range rules {
		var err error
		if checked[i], err = s.check(r); err != nil {
			return fmt.Errorf("fault %q: %w", r.Fault, err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range checked {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s %s %d", r.Fault, r.Account, s.injected)
		s.injected++
		r.rand = rand.New(rand.NewPCG(s.seed, h.Sum64()))
		s.options.Log.Info("fault in force", "rule", r.Rule, "seed", s.seed)
		s.rules = append(s.rules, r)
		s.acted(Act{Do: Injects, Rule: r.Rule, Seed: s.seed})
	}
	return nil
}

func (s *Sim) check(r Rule) (*rule, error) {
	at := slices.IndexFunc(faultTable, func(f Fault) bool { return f.Name == r.Fault })
	if at < 0 {
		return nil, errors.New("unknown fault")
	}
	if err := r.checkHowOften(); err != nil {
		return nil, err
	}
	if r.Session != "" && s.options.Numbers == nil {
		return nil, fmt.Errorf("%w; give number, the out_trade_no", errNoSessions)
	}
	f := &faultTable[at]
	on := f.on
	if r.Operation != "" {
		if on = f.on & operation(r.Operation); on == 0 {
			return nil, fmt.Errorf("operation: it can be one of %q", f.on.names())
		}
	}
	if (r.Session != "" || r.Number != "") && on != 0 && on&^withoutNumber == 0 {
		return nil, fmt.Errorf("session, number: %q is not about one order; give account", on.names())
	}
	return &rule{Rule: r, fault: f, on: on}, nil
}

// checkHowOften refuses a rule that does not say in one way how often it strikes.
func (r Rule) checkHowOften() error {
	ways := 0
	for _, w := range []struct{ value, most int }{{r.Next, math.MaxInt}, {r.Percent, 100}, {r.PerMille, 1000}} {
		if w.value < 0 || w.value > w.most {
			ways = 2
		}
		if w.value != 0 {
			ways++
		}
	}
	if ways != 1 {
		return errors.New("give next (1 or more) or percent (1 to 100) or per_mille (1 to 1000)")
	}
	return nil
}

// chance returns how many of a thousand opportunities are struck, 0 for a rule that counts.
func (r Rule) chance() int { return r.Percent*10 + r.PerMille }

// withoutNumber are the operations that no order is known in: payers are identified before
// there is one, and bills are of a day.
const withoutNumber = opIdentify | opBill

// Calm ends all rules and starts the random numbers again: what is injected
// next will go as it went after New.
func (s *Sim) Calm() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calm()
}

// calm does what Calm does. The caller holds the lock.
func (s *Sim) calm() {
	if len(s.rules) > 0 {
		s.acted(Act{Do: Calms})
	}
	s.rules, s.injected, s.rotated = nil, 0, map[certifier]bool{}
}

// operation returns what a name stands for; 0 for nothing.
func operation(name string) operations {
	at := slices.Index(operationNames, name)
	if at < 0 {
		return 0
	}
	return 1 << at
}

// Reseed does what Calm does, with another seed, to go through a run of faults again.
func (s *Sim) Reseed(seed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calm()
	s.seed = seed
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

// strike draws the faults that happen now to an account's payment, out of those that
// can. number is an out_trade_no or a refund's number, "" for neither. The caller holds
// the lock.
func (s *Sim) strike(a account, number string, can func(*rule) bool) (struck []*rule) {
	for _, r := range s.rules {
		if can(r) && r.concerns(a) && s.isAbout(r, a, number) && r.draw() {
			struck = append(struck, r)
			if r.fault.rotates {
				s.rotate(a)
			}
		}
	}
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return r.Next == 0 && r.chance() == 0 })
	return struck
}

// strikeOn draws the faults of one operation.
func (s *Sim) strikeOn(a account, number string, op operations) []*rule {
	return s.strike(a, number, func(r *rule) bool { return r.on&op != 0 })
}

func (r *rule) concerns(a account) bool {
	return (r.Account == "" || r.Account == a.id()) && r.fault.Concerns(a.wallet()) && (!r.fault.Certified || byCertificate(a))
}

// isAbout reports whether a rule is about a payment, by the payment's number or that of
// a refund of it.
func (s *Sim) isAbout(r *rule, a account, number string) bool {
	if r.Number == "" && r.Session == "" {
		return true
	}
	if o := s.books.withRefund(a, number); o != nil {
		number = o.number
	}
	if r.Number != "" && r.Number != number {
		return false
	}
	return r.Session == "" || number != "" && slices.Contains(s.options.Numbers(r.Session), number)
}

func (r *rule) draw() bool {
	if chance := r.chance(); chance > 0 {
		return r.rand.IntN(1000) < chance
	}
	r.Next--
	return r.Next >= 0
}

// strikeCall draws the faults of one API call.
func (s *Sim) strikeCall(c *call) {
	can := func(r *rule) bool { return r.on&c.op != 0 && (r.fault.host == "" || r.fault.host == c.host) }
	for _, r := range s.strike(c.account, c.number, can) {
		c.struck = append(c.struck, r.fault)
		if r.fault.late != nil {
			c.delays.least += time.Duration(float64(r.fault.late(r.rand)) * s.options.ReplyScale)
		}
	}
}

// strikeNotice draws the faults of one notification.
func (s *Sim) strikeNotice(o *order, about news) (n notice, names []string) {
	can := func(r *rule) bool { return r.fault.notify != nil && (r.fault.about == 0 || r.fault.about&about != 0) }
	for _, r := range s.strike(o.account, o.number, can) {
		r.fault.notify(&n, r.rand)
		names = append(names, r.Fault)
	}
	return n, names
}

// strikePage draws what the company's page tells the payer instead of opening the
// wallet; nil if no fault strikes.
func (s *Sim) strikePage(o *order) error {
	for _, r := range s.strikeOn(o.account, o.number, opPage) {
		return r.fault.web
	}
	return nil
}

// strikeApproval draws the words with which a wallet declines; nil if no fault strikes.
func (s *Sim) strikeApproval(o *order) error {
	for _, r := range s.strikeOn(o.account, o.number, opApprove) {
		if words := r.fault.decline; words != nil {
			return words[r.rand.IntN(len(words))]
		}
	}
	return nil
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
