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

// inTheWay is told where only the app around the page keeps methods from being used.
const inTheWay = "none.device"

// causes are looked through in this order; the first that alone keeps some method
// from being used is the one that is told. The last has no codes: it is told if
// there is nothing that the payer could do here.
var causes = []cause{
	{"none.outage", []capability.ReasonCode{capability.ReasonProviderUnavailable}, false},
	{inTheWay, []capability.ReasonCode{capability.ReasonBlockedInContainer, capability.ReasonHostUpdateRequired}, false},
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
	closed := d.Of(capability.GroupUnavailable)
	stage := []goapp.UI{seal("", markPath), s.title(c.key+".title", "")}
	if c.key == inTheWay && s.ShareURL != "" {
		stage = append(stage, s.note(s.wayOut(), ""), s.copyButton("main", "link"), s.link("link"), s.shared(d))
		return []goapp.UI{card("stage", stage...), s.unavailable(closed, nil)}
	}
	stage = append(stage, s.note(c.key+".help", ""))
	if c.shop && s.Parent == "" {
		stage = append(stage, s.goOn("continue"))
	}
	return []goapp.UI{card("stage", stage...), s.unavailable(closed, s.tips(closed))}
}

// wayOut is the key of the sentence that leads out of the app around the page. Only
// of WeChat is it known what its menu says.
func (s *screen) wayOut() string {
	if s.Device.Host == "wechat" {
		return "select.browser"
	}
	return inTheWay + ".help"
}
