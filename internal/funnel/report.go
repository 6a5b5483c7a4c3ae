package funnel

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"morepay/internal/pay"
)

// Session is what came of a session whose page was seen.
type Session struct {
	Visit
	Merchant string
	Open     bool // it may still be paid
	Tries    []Try
}

// Try is an attempt of a session, by whomever.
type Try struct {
	Method                    pay.Method
	Rail                      pay.Rail
	HandedOff, CameBack, Paid bool // Paid: it paid the session
}

// By says in what groups sessions are counted.
type By string

// The groups.
const (
	ByNothing  By = ""       // all together
	ByMethod   By = "method" // a session is in the group of each method that it offered or that was tried
	ByDevice   By = "device" // form and container of the page that was seen first
	ByMerchant By = "merchant"
)

// Count counts sessions by how far their payers got, each once in every step.
type Count struct{ Shown, Chosen, HandedOff, CameBack, Paid int }

// Conversion returns how many of those that were shown something have paid.
func (c Count) Conversion() Share { return Share{c.Paid, c.Shown} }

// Missing is why a method was not offered, and to how many sessions.
type Missing struct {
	Hidden
	Sessions int
	Bare     int // of these, those that offered no method at all
}

// Report is the funnel of the sessions whose pages were first seen in a time.
type Report struct {
	From, To time.Time
	Sessions int
	Open     int              // of these, those that may still be paid
	Bare     int              // of these, those that offered no method
	Counts   map[string]Count // by group; ByNothing has one, named "all"
	Missing  []Missing        // the most first
}

// all is the only group of [ByNothing].
const all = "all"

// Read makes the report of the sessions, of one merchant or of all (""), whose pages
// were first seen at from or later, and before to.
func Read(ctx context.Context, s Store, from, to time.Time, merchant string, by By) (Report, error) {
	r := Report{From: from, To: to, Counts: map[string]Count{}}
	missing := map[Hidden]*Missing{}
	err := s.Visited(ctx, from, to, func(v Session) {
		if merchant == "" || v.Merchant == merchant {
			r.add(v, by, missing)
		}
	})
	for _, m := range missing {
		r.Missing = append(r.Missing, *m)
	}
	slices.SortFunc(r.Missing, func(a, b Missing) int {
		return cmp.Or(cmp.Compare(b.Sessions, a.Sessions), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Reason, b.Reason))
	})
	return r, err
}

// Groups lists the groups, those of the most sessions first.
func (r Report) Groups() []string {
	return slices.SortedFunc(maps.Keys(r.Counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Counts[b].Shown, r.Counts[a].Shown), cmp.Compare(a, b))
	})
}

func (r *Report) add(v Session, by By, missing map[Hidden]*Missing) {
	bare := one(len(v.Shown) == 0)
	r.Sessions++
	r.Open += one(v.Open)
	r.Bare += bare
	for name, tries := range groups(v, by) {
		r.Counts[name] = r.Counts[name].plus(tries)
	}
	for _, h := range v.Hidden {
		m := missing[h]
		if m == nil {
			m = &Missing{Hidden: h}
			missing[h] = m
		}
		m.Sessions++
		m.Bare += bare
	}
}

// groups returns the groups of a session, each with the attempts that count there.
func groups(v Session, by By) map[string][]Try {
	switch by {
	case ByDevice:
		return map[string][]Try{string(v.Form) + " " + string(v.Container): v.Tries}
	case ByMerchant:
		return map[string][]Try{v.Merchant: v.Tries}
	case ByMethod:
		of := map[string][]Try{}
		for _, o := range v.Shown {
			of[string(o.Method)] = nil
		}
		for _, t := range v.Tries {
			of[string(t.Method)] = append(of[string(t.Method)], t)
		}
		return of
	}
	return map[string][]Try{all: v.Tries}
}

// plus returns a count with one more session.
func (c Count) plus(tries []Try) Count {
	var handedOff, cameBack, paid bool
	for _, t := range tries {
		handedOff, cameBack, paid = handedOff || t.HandedOff, cameBack || t.CameBack, paid || t.Paid
	}
	c.Shown++
	c.Chosen += one(len(tries) > 0)
	c.HandedOff += one(handedOff)
	c.CameBack += one(cameBack)
	c.Paid += one(paid)
	return c
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
