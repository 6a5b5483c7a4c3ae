package providersim

import (
	"slices"
	"time"
)

// Act is what somebody has done at the simulator: in a wallet, with the phone, the clock
// or the faults. Only what came about is kept.
type Act struct {
	At     time.Time
	Do     string // one of the words below
	Number string // out_trade_no of the order that it was about, or ""
	User   User   // of the wallet
	Why    string // the wallet declined

	Wallet    Wallet // on the phone
	Installed Installation

	Moved time.Duration // the clock
	Rule  Rule
	Seed  uint64 // of the rule's chance
}

// What somebody does.
const (
	Approves = "approve"
	Cancels  = "cancel"
	Declines = "decline"
	Installs = "phone"   // says how a wallet is there on the phone
	Moves    = "advance" // the clock of both sides
	Freezes  = "freeze"  // stops the clock, or lets it go
	Parts    = "part"    // puts the server's clock ahead
	Injects  = "fault"   // puts a rule into force
	Calms    = "calm"    // ends all rules
	Resets   = "reset"
)

// maxActs is the number of acts that are kept, the newest.
const maxActs = 2000

// acted keeps an act. The caller holds the lock.
func (s *Sim) acted(a Act) {
	a.At = s.now()
	if len(s.acts) >= maxActs {
		s.acts = slices.Delete(s.acts, 0, maxActs/10)
	}
	s.acts = append(s.acts, a)
}

// decided keeps what a payer has decided about an order. The caller holds the lock.
func (s *Sim) decided(do string, o *order, user User, why string) {
	s.acted(Act{Do: do, Number: o.number, User: user, Why: why})
}

// turned keeps an act about the clock, before or after it has moved.
func (s *Sim) turned(do string, by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.acted(Act{Do: do, Moved: by})
}

// Acts lists what people did, in the order in which they did it.
func (s *Sim) Acts() []Act {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.acts)
}
