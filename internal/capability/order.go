package capability

import (
	"cmp"
	"slices"

	"morepay/internal/pay"
)

// displayOrder returns the document's methods, by index, as they are displayed:
// primary ones first; among these and among the others the ranking decides,
// then the rank, then the id, so that no two tie.
func displayOrder(doc *Document) []int {
	order := make([]int, len(doc.Methods))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &doc.Methods[i], &doc.Methods[j]
		return cmp.Or(
			byGroup(groupOf(a), groupOf(b)),
			cmp.Compare(rankingOf(doc, a.Method), rankingOf(doc, b.Method)),
			cmp.Compare(a.Rank, b.Rank),
			cmp.Compare(a.Method, b.Method),
		)
	})
	return order
}

// rankingOf returns a method's place in the document's ranking; one that is not
// in it comes after all that are.
func rankingOf(doc *Document, m pay.Method) int {
	if i := slices.Index(doc.Ranking, m); i >= 0 {
		return i
	}
	return len(doc.Ranking)
}

func groupOf(m *Method) Group {
	if m.Primary {
		return GroupPrimary
	}
	return GroupMore
}

// byGroup puts the primary group before the other.
func byGroup(a, b Group) int {
	switch {
	case a == b:
		return 0
	case a == GroupPrimary:
		return -1
	}
	return +1
}

// fillUp lets choices move up if fewer than visible of the primary ones are
// offered: the first of the others that are offered follow them, so that a
// payer never has to open a list to find the only way to pay.
func fillUp(choices []Choice, visible int) {
	for _, c := range choices {
		if c.Group == GroupPrimary && c.Offered() {
			visible--
		}
	}
	for i := range choices {
		if c := &choices[i]; visible > 0 && c.Group == GroupMore && c.Offered() {
			c.Group = GroupPrimary
			visible--
		}
	}
	slices.SortStableFunc(choices, func(a, b Choice) int { return byGroup(a.Group, b.Group) })
}
