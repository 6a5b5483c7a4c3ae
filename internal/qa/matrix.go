// Package qa shows on purpose, and repeatably, what a payer would meet: the
// matrix of merchant × device × method, and the trace of one decision in
// sentences. It reads the same tables and calls the same decision as the
// product, so it can't drift from it.
//
// What must not live here: rules of its own about who may pay how.
package qa

import (
	"slices"
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
}

// Matrix decides the same order for every merchant on every device, and lists
// the choices in display order. Fails with *pay.Error invalid_request for a
// profile that has no sample.
func Matrix(docs []*capability.Document, profiles []device.Profile, order capability.Order, now time.Time) ([]Cell, error) {
	var cells []Cell
	for _, doc := range docs {
		for _, p := range profiles {
			dev, ok := device.Of(p)
			if !ok {
				return nil, pay.Errorf(pay.CodeInvalid, "device", "unknown device %q, known are %v", p, device.Profiles())
			}
			for _, c := range capability.Decide(doc, order, dev, now).Choices {
				cells = append(cells, Cell{doc.Merchant, p, c.Method, c.Group, c.Rank, c.Ladder, c.Reasons})
			}
		}
	}
	return cells, nil
}

// Only keeps the cells of some methods; with none named, all.
func Only(cells []Cell, methods ...pay.Method) []Cell {
	if len(methods) == 0 {
		return cells
	}
	return slices.DeleteFunc(slices.Clone(cells), func(c Cell) bool { return !slices.Contains(methods, c.Method) })
}
