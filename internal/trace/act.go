package trace

import (
	"strconv"
	"strings"
	"time"
)

// Act is what somebody did at the simulated providers, as their control API takes it.
type Act struct {
	Do      string `json:"do"`             // approve, cancel, decline, phone, advance, freeze, part, fault or calm
	User    string `json:"user,omitempty"` // of the wallet
	Why     string `json:"why,omitempty"`  // the wallet declined
	Seconds int64  `json:"seconds,omitempty"`

	Wallet string `json:"wallet,omitempty"` // on the phone
	Opens  string `json:"opens,omitempty"`
	After  int    `json:"after_seconds,omitempty"`

	Fault     string `json:"fault,omitempty"`
	Operation string `json:"operation,omitempty"`
	Next      int    `json:"next,omitempty"`
	Percent   int    `json:"percent,omitempty"`
	PerMille  int    `json:"per_mille,omitempty"`
	Own       bool   `json:"own,omitempty"`  // the rule is for this session or for one of its orders
	Seed      uint64 `json:"seed,omitempty"` // of the rule's chance
}

// At returns the entry of what somebody did, about the order of a number, or "".
func (a Act) At(at time.Time, number string) Entry {
	var what []string
	for _, word := range []string{a.Do, a.User, a.Why, count(a.Seconds), a.Wallet, a.Opens, count(int64(a.After)), a.Fault, a.Operation} {
		if word != "" {
			what = append(what, word)
		}
	}
	e := Entry{At: at, Kind: Hand, What: strings.Join(what, " "), About: number, Act: &a}
	switch {
	case a.Percent > 0:
		e.More = strconv.Itoa(a.Percent) + " percent, seed " + strconv.FormatUint(a.Seed, 10)
	case a.PerMille > 0:
		e.More = strconv.Itoa(a.PerMille) + " per mille, seed " + strconv.FormatUint(a.Seed, 10)
	case a.Next > 0:
		e.More = "next " + strconv.Itoa(a.Next)
	}
	return e
}

// count writes a number that is there, of seconds.
func count(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
