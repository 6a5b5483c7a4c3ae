package pay_test

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"morepay/internal/pay"
)

// model explores, breadth first, every state that can follow from an open
// session, and remembers how it got there.
type model struct {
	mutant
	scene    scene
	attempts int // attempts a session may have

	ledgers map[string]*pay.Ledger // one of each that the rules can tell apart
	done    map[update]stored
	nodes   []node // in the order of discovery
	seen    map[modelState]bool
	settles map[modelState]bool // states from which our side, left alone, settles everything
	taken   []int               // how often each rule led to another state
}

type node struct {
	state  modelState
	parent int
	step   step
}

// step is one rule as it was applied to one payment.
type step struct{ rule, n int }

func (s step) String() string {
	text := rules[s.rule].text
	if !strings.Contains(text, "%d") {
		return text
	}
	return fmt.Sprintf(text, s.n)
}

// counterexample is a way to a broken invariant.
type counterexample struct {
	steps []step
	err   error
}

func (c *counterexample) String() string {
	var b strings.Builder
	for i, s := range c.steps {
		fmt.Fprintf(&b, "%3d. %s\n", i+1, s)
	}
	fmt.Fprintf(&b, "   ⇒ %v", c.err)
	return b.String()
}

func newModel(s scene, attempts int, wrong mutant) *model {
	return &model{
		mutant: wrong, scene: s, attempts: attempts,
		ledgers: map[string]*pay.Ledger{}, done: map[update]stored{}, seen: map[modelState]bool{}, settles: map[modelState]bool{},
		taken: make([]int, len(rules)),
	}
}

func (m *model) start() modelState {
	l := openLedger()
	if m.invites() {
		l = invitedLedger()
	}
	return modelState{ledger: m.intern(clone(l))}
}

// invites reports whether a friend was asked.
func (m *model) invites() bool { return m.scene == inviting || m.scene == everywhere }

// explore visits every state until one breaks the named invariant, any for "";
// nil if none does.
func (m *model) explore(invariant string) *counterexample {
	m.discover(node{m.start(), -1, step{}})
	for i := 0; i < len(m.nodes); i++ {
		w := m.nodes[i].state
		if err := m.broken(w); err != nil && strings.HasPrefix(err.Error(), invariant) {
			return m.trace(i, err)
		}
		for s, next := range m.steps(w) {
			m.taken[s.rule]++
			m.discover(node{next, i, s})
		}
	}
	return nil
}

// steps are those that lead from a state to another.
func (m *model) steps(w modelState) iter.Seq2[step, modelState] {
	return func(yield func(step, modelState) bool) {
		for r, rule := range rules {
			if !m.has(rule) {
				continue
			}
			for n := range m.scope(rule) {
				if next := rule.do(m, w, n); next != w && !yield(step{r, n}, next) {
					return
				}
			}
		}
	}
}

// has reports whether a rule belongs to the scene.
func (m *model) has(r rule) bool {
	return r.only == everywhere || m.scene == everywhere || r.only == m.scene || r.only == paying && m.scene == inviting
}

// walk takes random steps until an invariant is broken; nil if none is within
// most steps.
func (m *model) walk(random *rand.Rand, most int) *counterexample {
	w, taken := m.start(), []step(nil)
	for range most {
		if err := m.broken(w); err != nil {
			return &counterexample{taken, err}
		}
		m.seen[w] = true
		var possible []node
		for s, next := range m.steps(w) {
			if !rules[s.rule].rare || random.IntN(20) == 0 {
				possible = append(possible, node{state: next, step: s})
			}
		}
		if len(possible) == 0 {
			continue
		}
		chosen := possible[random.IntN(len(possible))]
		w, taken = chosen.state, append(taken, chosen.step)
	}
	return nil
}

// broken returns an error if a state breaks a rule, or if no good end can be
// reached from it.
func (m *model) broken(w modelState) error {
	if err := m.check(w); err != nil {
		return err
	}
	return m.settle(w)
}

// scope returns the number of payments that a rule must be applied to.
func (m *model) scope(r rule) int {
	if strings.Contains(r.text, "%d") {
		return m.attempts
	}
	return 1
}

func (m *model) discover(n node) {
	if m.seen[n.state] {
		return
	}
	m.seen[n.state] = true
	m.nodes = append(m.nodes, n)
}

func (m *model) trace(i int, err error) *counterexample {
	c := &counterexample{err: err}
	for ; m.nodes[i].parent >= 0; i = m.nodes[i].parent {
		c.steps = append([]step{m.nodes[i].step}, c.steps...)
	}
	return c
}

// settle follows the only course on which we may rely: our process starts again
// and sweeps, time passes, and no notification ever comes. It must end in a
// state where our ledger knows where all money is and no more than the price was
// kept.
func (m *model) settle(w modelState) error {
	w = m.crash(w, 0)
	var course []modelState
	for !m.settles[w] {
		if err := m.check(w); err != nil {
			return err
		}
		course = append(course, w)
		next := m.sweep(w)
		if next == w {
			next = m.tick(w, 0)
		}
		if next != w && len(course) < 1000 {
			w = next
			continue
		}
		if err := m.ended(w); err != nil {
			return err
		}
		break
	}
	for _, w := range course {
		m.settles[w] = true
	}
	return nil
}

// sweep is one round of the sweeper over everything that is planned.
func (m *model) sweep(w modelState) modelState {
	w = m.expire(w, 0)
	for n := range m.attempts {
		w = m.query(w, n)
		w = m.applyAbsence(w, n)
		w = m.closeAndStore(w, n)
		w = m.refund(w, n)
	}
	return w
}

// intern returns the one ledger that stands for all that the rules can't tell
// apart from l. They can't see how many events or checks there were, nor when
// the next check is, only that there is one: a check that is planned at all may
// come at any time from then on. When an attempt that is over was begun or sent,
// and whether it was abandoned, matters no more.
func (m *model) intern(l *pay.Ledger) *pay.Ledger {
	key := make([]byte, 0, 256)
	key = append(key, l.Session.Status...)
	key = append(key, l.Session.Winner...)
	for _, a := range l.Attempts {
		key = append(key, '|')
		key = append(key, a.State...)
		key = append(key, flag(a.Action != nil), flag(!a.CheckAt.IsZero()), flag(!a.SendAt.IsZero()))
		key = append(key, flag(a.ReturnedTotal > 0), flag(a.ReturnedUnknown))
		if !a.State.Payable() {
			continue
		}
		key = append(key, flag(a.Abandoned))
		key = appendTime(key, a.CreatedAt)
		key = appendTime(key, a.SentAt)
	}
	for _, i := range l.Invitations {
		key = append(key, '|', flag(i.RevokedAt.IsZero()))
	}
	for _, r := range l.Refunds {
		key = append(key, '|')
		key = append(key, r.ID...)
		key = append(key, r.Number...)
		key = append(key, r.Status...)
		key = append(key, r.Failure...)
		key = append(key, flag(!r.CheckAt.IsZero()))
		if r.Status == pay.RefundPending {
			key = appendTime(key, r.SentAt)
			key = appendTime(key, r.SilentAt)
		}
	}
	if known, ok := m.ledgers[string(key)]; ok {
		return known
	}
	l.Events, l.Evidence = nil, nil
	m.ledgers[string(key)] = l
	return l
}

func appendTime(key []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(key, uint64(t.UnixMilli()))
}

func flag(b bool) byte {
	if b {
		return '1'
	}
	return '0'
}
