package retention

import (
	"strconv"
	"strings"
	"time"

	"morepay/internal/pay"
)

// Kind names something that is kept for a while. Erasing is not: it is the rest of
// erasures that found a payment under way.
type Kind string

// The kinds, in the order in which they are pruned: a session goes only when the
// messages about it are gone.
const (
	Erasing Kind = "erasing" // data of payers that are to be erased
	Events  Kind = "events"  // messages to merchants, and their deliveries
	Unpaid  Kind = "unpaid"  // sessions that were never paid
	Ledgers Kind = "ledgers" // sessions that were paid
	Raw     Kind = "raw"     // requests to providers, with payers' addresses and ids, and what providers said
)

// Kinds lists all of them.
var Kinds = []Kind{Erasing, Events, Unpaid, Ledgers, Raw}

// kept lists those that have a time.
var kept = []Kind{Unpaid, Raw, Events, Ledgers}

const day = 24 * time.Hour

// shortest is the least that anything is kept: providers send a notification again,
// and merchants may repeat a request, for about a day.
const shortest = 2 * day

// longest keeps a time within what can be subtracted from today.
const longest = 100 * 365 * day

// Policy says how long each kind is kept; 0 means for ever.
type Policy map[Kind]time.Duration

// Default returns what holds where nobody says otherwise.
func Default() Policy {
	return Policy{Unpaid: 30 * day, Events: 30 * day, Raw: 90 * day, Ledgers: 400 * day}
}

// Parse reads a policy such as unpaid=30d,ledgers=never. What it does not name is
// kept as by default. Fails with invalid_request, naming the kind.
func Parse(text string) (Policy, error) {
	p := Default()
	named := map[Kind]bool{}
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		kind := Kind(name)
		if _, known := p[kind]; !ok || !known {
			return nil, pay.Errorf(pay.CodeInvalid, name, "is no kind: write %s, and = and how long after it, such as 90d", list())
		}
		if named[kind] {
			return nil, pay.Errorf(pay.CodeInvalid, name, "is there twice")
		}
		named[kind] = true
		d, err := parseTime(name, value)
		if err != nil {
			return nil, err
		}
		p[kind] = d
	}
	return p, p.check()
}

func list() string {
	names := make([]string, len(kept))
	for i, k := range kept {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

func parseTime(name, value string) (time.Duration, error) {
	if value == "never" || value == "0" {
		return 0, nil
	}
	digits, ok := strings.CutSuffix(value, "d")
	days, err := strconv.ParseUint(digits, 10, 16)
	d := time.Duration(days) * day
	if !ok || err != nil || d < shortest || d > longest {
		return 0, pay.Errorf(pay.CodeInvalid, name, "must be days from 2d to 36500d, or never, is %q", value)
	}
	return d, nil
}

// check demands that sessions can go when it is their time.
func (p Policy) check() error {
	for _, k := range []Kind{Unpaid, Ledgers} {
		if p[k] != 0 && (p[Events] == 0 || p[Events] > p[k]) {
			return pay.Errorf(pay.CodeInvalid, string(Events), "must not be kept longer than %s: a session stays as long as its events", k)
		}
	}
	return nil
}

// Before returns the time before which a kind is old at now, and reports whether
// there is one.
func (p Policy) Before(k Kind, now time.Time) (time.Time, bool) {
	if k == Erasing {
		return now, true
	}
	return now.Add(-p[k]), p[k] > 0
}

// Text returns how long a kind is kept, as people write it.
func (p Policy) Text(k Kind) string {
	switch d := p[k]; {
	case k == Erasing:
		return "-"
	case d == 0:
		return "never"
	default:
		return strconv.Itoa(int(d/day)) + "d"
	}
}
