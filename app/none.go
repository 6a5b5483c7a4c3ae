package app

import (
	"slices"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"morepay/internal/capability"
)

// cause explains why no method can be used: what a payer can do about it depends
// on that and on nothing else.
type cause struct {
	key   string // catalogue prefix of its title and help
	codes []capability.ReasonCode
	shop  bool // only the shop can help
}

// causes are looked through in this order; the first that alone keeps some method
// from being used is the one that is told. The last has no codes: it is told if
// there is nothing that the payer could do here.
var causes = []cause{
	{"none.outage", []capability.ReasonCode{capability.ReasonProviderUnavailable}, false},
	{"none.device", []capability.ReasonCode{capability.ReasonBlockedInContainer, capability.ReasonHostUpdateRequired}, false},
	{"none.amount", []capability.ReasonCode{capability.ReasonAmountBelowMin, capability.ReasonAmountAboveMax}, true},
	{"none.later", []capability.ReasonCode{capability.ReasonNotYetOpen}, true},
	{"none.closed", nil, true},
}

// keeps reports whether the cause alone keeps a method from being used.
func (c cause) keeps(choice capability.Choice) bool {
	return !slices.ContainsFunc(choice.Reasons, func(r capability.Reason) bool { return !slices.Contains(c.codes, r.Code) })
}

func causeOf(d capability.Decision) cause {
	for _, c := range causes {
		if slices.ContainsFunc(d.Choices, c.keeps) {
			return c
		}
	}
	return causes[len(causes)-1]
}

// none says why there is nothing to choose, and what the payer can do.
func (s *screen) none(d capability.Decision) []goapp.UI {
	c := causeOf(d)
	var back goapp.UI
	if c.shop && s.Parent == "" {
		back = s.goOn("continue")
	}
	return []goapp.UI{
		card("stage", seal("", markPath), s.title(c.key+".title", ""), s.note(c.key+".help", ""), back),
		s.unavailable(d.Of(capability.GroupUnavailable)),
	}
}
