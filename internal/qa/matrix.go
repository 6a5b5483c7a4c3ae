// Package qa shows on purpose, and repeatably, what a payer would meet: the
// matrix of merchant × device × method, and the trace of one decision in
// sentences. It reads the same tables and calls the same decision as the
// product, so it can't drift from it.
//
// What must not live here: rules of its own about who may pay how.
package qa

import (
	"slices"
	"strings"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// Cell is one choice of the matrix.
type Cell struct {
	Merchant string              `json:"merchant"`
	Device   device.Profile      `json:"device"`
	Method   pay.Method          `json:"method"`
	Group    capability.Group    `json:"group"`
	Rank     int                 `json:"rank"`
	Ladder   []pay.Rail          `json:"ladder,omitempty"`
	Reasons  []capability.Reason `json:"reasons,omitempty"`
	Learnt   []Learnt            `json:"learnt,omitempty"` // rails that were left out of the ladder for it
}

// Order returns the order that a tester asks about. An item is a SKU, or category:NAME.
func Order(amount pay.Money, items []string, payer, region string) capability.Order {
	o := capability.Order{Amount: amount, Payer: capability.PayerKey(payer), Region: region}
	for _, item := range items {
		if category, ok := strings.CutPrefix(item, "category:"); ok {
			o.Items = append(o.Items, pay.Item{Category: category})
			continue
		}
		o.Items = append(o.Items, pay.Item{SKU: item})
	}
	return o
}

// Matrix decides the same order for every merchant on every device, and lists
// the choices in display order. learnt is what is known of the merchants' rails
// beyond their documents. Fails with *pay.Error invalid_request for a profile that
// has no sample.
func Matrix(docs []*capability.Document, profiles []device.Profile, order capability.Order, learnt []Learnt, now time.Time) ([]Cell, error) {
	var cells []Cell
	for _, doc := range docs {
		for _, p := range profiles {
			dev, ok := device.Of(p)
			if !ok {
				return nil, pay.Errorf(pay.CodeInvalid, "device", "unknown device %q, known are %v", p, device.Profiles())
			}
			for _, c := range capability.Decide(doc, knowing(order, learnt, doc.Merchant), dev, now).Choices {
				cells = append(cells, Cell{doc.Merchant, p, c.Method, c.Group, c.Rank, c.Ladder, c.Reasons, missed(doc, c.Method, dev, learnt)})
			}
		}
	}
	return cells, nil
}

// missed returns what was learnt of the rails that could work on a device.
func missed(doc *capability.Document, m pay.Method, dev device.Device, learnt []Learnt) []Learnt {
	if len(learnt) == 0 {
		return nil
	}
	rails := doc.Method(m).Ladder(dev)
	return slices.DeleteFunc(learntOf(learnt, doc.Merchant, m), func(l Learnt) bool { return !slices.Contains(rails, l.Rail) })
}

// Only keeps the cells of some methods; with none named, all.
func Only(cells []Cell, methods ...pay.Method) []Cell {
	if len(methods) == 0 {
		return cells
	}
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return !slices.Contains(methods, c.Method) })
}
