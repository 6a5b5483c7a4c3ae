package providersim

import (
	"slices"
	"time"
)

// kept is the number of exchanges that the history holds; older ones are forgotten.
const kept = 10_000

// Exchange is one entry of the history: an API call that came in, or one try
// of a notification that went out. It holds no keys and no signatures.
type Exchange struct {
	Sequence int       `json:"sequence"` // 1, 2, 3, … without gaps
	At       time.Time `json:"at"`
	Out      bool      `json:"out"` // a notification
	Account  string    `json:"account"`
	Number   string    `json:"number"`        // out_trade_no, or "" if the call names none
	Name     string    `json:"name"`          // method and path of a call, event of a notification
	ID       string    `json:"id,omitempty"`  // Request-ID of a call, id of a notification
	URL      string    `json:"url,omitempty"` // where a notification was sent
	Try      int       `json:"try,omitempty"` // of a notification, from 1
	Status   int       `json:"status"`        // HTTP status of the answer; 0 if there was none
	Problem  string    `json:"problem,omitempty"`
	Faults   []string  `json:"faults,omitempty"` // that struck it
}

// record is the history.
type record struct {
	last int
	list []Exchange
}

func (r *record) add(e Exchange) {
	r.last++
	e.Sequence = r.last
	r.list = append(r.list, e)
	if len(r.list) > kept {
		r.list = slices.Delete(r.list, 0, kept/10)
	}
}

// History lists what happened, oldest first. account and number narrow it;
// "" takes all.
func (s *Sim) History(account, number string) []Exchange {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []Exchange{}
	for _, e := range s.record.list {
		if (account == "" || account == e.Account) && (number == "" || number == e.Number) {
			list = append(list, e)
		}
	}
	return list
}

// Forget empties the history. Sequence numbers go on.
func (s *Sim) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.list = nil
}
