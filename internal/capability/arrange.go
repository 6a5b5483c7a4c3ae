package capability

import (
	"cmp"
	"slices"

	"morepay/internal/pay"
)

// arrange puts choices into display order and groups. Primary methods come
// first; within a group the document's ranking decides, then the rank, then the
// id, so that no two choices tie. If fewer than doc.Visible of the primary
// methods are offered, the first that are offered of the others join them: a
// payer never has to open a list to find the only way to pay.
func arrange(doc *Document, choices []Choice) {
	places := make([]place, len(choices))
	offered := 0
	for i := range choices {
		m := &doc.Methods[i]
		places[i] = place{choice: choices[i], primary: m.Primary, ranking: rankingOf(doc, m.Method), rank: m.Rank}
		if m.Primary && choices[i].Offered() {
			offered++
		}
	}
	slices.SortFunc(places, place.compare)
	for i := range places {
		if p := &places[i]; offered < doc.Visible && !p.primary && p.choice.Offered() {
			p.primary = true
			offered++
		}
	}
	slices.SortFunc(places, place.compare)
	for i, p := range places {
		choices[i] = p.choice
		choices[i].Rank = i + 1
		if p.primary {
			choices[i].Group = GroupPrimary
		}
	}
}

// place is a choice with what its order depends on.
type place struct {
	choice  Choice
	primary bool
	ranking int
	rank    int
}

func (p place) compare(other place) int {
	if p.primary != other.primary {
		if p.primary {
			return -1
		}
		return +1
	}
	return cmp.Or(
		cmp.Compare(p.ranking, other.ranking),
		cmp.Compare(p.rank, other.rank),
		cmp.Compare(p.choice.Method, other.choice.Method),
	)
}

// rankingOf is a method's place in the document's ranking; one that is not in
// it comes after all that are.
func rankingOf(doc *Document, m pay.Method) int {
	if i := slices.Index(doc.Ranking, m); i >= 0 {
		return i
	}
	return len(doc.Ranking)
}
