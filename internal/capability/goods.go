//go:build !js

package capability

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"morepay/internal/pay"
)

// AmongGoods reports whether one of a list of SKUs or categories means the same as s.
// Case, blanks around them and the way in which letters are composed make no difference:
// the systems of one merchant disagree about these, and an exclusion that misses fails
// open.
func AmongGoods(list []string, s string) bool {
	return slices.ContainsFunc(list, func(name string) bool { return name == s || folded(name) == folded(s) })
}

func folded(s string) string {
	return strings.ToLower(strings.ToUpper(norm.NFC.String(strings.TrimSpace(s))))
}

// ForBrowser returns a document and the items of an order with one spelling of all goods
// that are the same, because the tables that tell them would be a large part of the
// browser's bundle. Decisions stay as they are.
func ForBrowser(doc *Document, items []pay.Item) (*Document, []pay.Item) {
	if !slices.ContainsFunc(doc.Methods, func(m Method) bool { return m.Products != nil }) {
		return doc, items
	}
	spelled := *doc
	spelled.Methods = slices.Clone(doc.Methods)
	for i := range spelled.Methods {
		if p := spelled.Methods[i].Products; p != nil {
			spelled.Methods[i].Products = &Products{p.Allowed.folded(), p.Excluded.folded()}
		}
	}
	items = slices.Clone(items)
	for i := range items {
		items[i].SKU, items[i].Category = folded(items[i].SKU), folded(items[i].Category)
	}
	return &spelled, items
}

func (g *Goods) folded() *Goods {
	if g == nil {
		return nil
	}
	return &Goods{foldedAll(g.Categories), foldedAll(g.SKUs)}
}

func foldedAll(list []string) []string {
	var all []string
	for _, s := range list {
		all = append(all, folded(s))
	}
	return all
}
