package capability

import (
	"cmp"
	"slices"

	"morepay/internal/device"
	"morepay/internal/pay"
)

// standing is how well a method serves this payer here. It comes before every
// wish of the merchant: a payer looks for what works.
type standing int

// The standings, best first.
const (
	worksHere standing = iota
	worksElsewhere
	unavailable
	hidden
)

func standingOf(c *Choice) standing {
	if !c.Shown() {
		return hidden
	}
	if !c.Offered() {
		return unavailable
	}
	if c.Ladder[0] == pay.RailPageQR {
		return worksElsewhere
	}
	return worksHere
}

// place is a choice with what its place in the list depends on.
type place struct {
	Choice
	standing standing
	home     bool // the page stands in this method's own app
	primary  bool
	ranking  int
	rank     int
}

// arrange puts choices, which stand in the document's order, into display order
// and gives each its group and its rank.
func (f *facts) arrange(choices []Choice) []Choice {
	places := make([]place, 0, len(choices))
	for i, c := range choices {
		m := &f.doc.Methods[i]
		home := rowOf(c.Method).AtHome(f.device)
		p := place{c, standingOf(&c), home, m.Primary || home, rankingOf(f.doc, m.Method), m.Rank}
		// Few methods are put in order one by one; a sort would be as much code again in the browser.
		places = slices.Insert(places, placeOf(places, p), p)
	}
	f.group(places)
	for i := range places {
		places[i].Rank = i + 1
		choices[i] = places[i].Choice
	}
	return choices
}

// placeOf returns where one more place stands among sorted ones: after its equals.
func placeOf(places []place, p place) int {
	i := len(places)
	for i > 0 && byDisplay(p, places[i-1]) < 0 {
		i--
	}
	return i
}

// byDisplay is the display order: by standing; among equals a wallet in its own
// app, then the primary ones, then by ranking, then by rank. Ties stay in the
// order of the document, in which every developer writes.
func byDisplay(a, b place) int {
	return cmp.Or(
		cmp.Compare(a.standing, b.standing),
		trueFirst(a.home, b.home),
		trueFirst(a.primary, b.primary),
		cmp.Compare(a.ranking, b.ranking),
		cmp.Compare(a.rank, b.rank),
	)
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return +1
}

// rankingOf returns a method's place in the document's ranking; one that is not
// in it comes after all that are.
func rankingOf(doc *Document, m pay.Method) int {
	if i := slices.Index(doc.Ranking, m); i >= 0 {
		return i
	}
	return len(doc.Ranking)
}

// group deals sorted places out. At least visible of the offered ones come before
// "More", so that a payer never has to open a list to find the only way to pay;
// nor is a single one folded away.
func (f *facts) group(places []place) {
	var more []*place
	visible := f.doc.Visible
	for i := range places {
		p := &places[i]
		p.Group = f.groupOf(p, visible)
		switch p.Group {
		case GroupPrimary:
			visible--
		case GroupMore:
			more = append(more, p)
		}
	}
	if len(more) == 1 {
		more[0].Group = GroupPrimary
	}
}

// groupOf returns the group of the next place if visible more are to be seen at
// once. A phone has one row for all methods that work elsewhere only.
func (f *facts) groupOf(p *place, visible int) Group {
	onPhone := f.device.Form != device.Desktop
	switch {
	case p.standing == hidden:
		return GroupHidden
	case p.standing == unavailable:
		return GroupUnavailable
	case p.standing == worksElsewhere && onPhone:
		return GroupElsewhere
	case visible > 0, p.standing == worksHere && p.primary:
		return GroupPrimary
	}
	return GroupMore
}
