package console

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/qa"
)

// sheet is the page of a matrix: one merchant, a row a device, with its methods in the
// order in which its payer sees them.
type sheet struct {
	asked
	Query    template.URL // of Ask, for links
	Known    []pay.Method // those of the document, to choose from
	Profiles []device.Profile
	Rows     []row
	Offered  int // cells by which the order can be paid
	Cells    int
	Formats  []qa.Format
	Baseline *baseline // what it is compared with, or nil
	Changed  int       // cells that differ from it
}

type row struct {
	Device device.Device
	Name   device.Profile // with the version that was asked for
	Cells  []cell
}

// cell is what one method is on one device.
type cell struct {
	qa.Cell
	Why  []string     // sentences, if it isn't offered
	Link template.URL // of the page that explains it
	Was  string       // what the baseline says, if that is something else
}

// Offered reports whether the method can be used.
func (c cell) Offered() bool { return len(c.Ladder) > 0 }

// Shown reports whether the payer sees the method.
func (c cell) Shown() bool { return capability.Choice{Ladder: c.Ladder, Reasons: c.Reasons}.Shown() }

func (c *Console) matrix(w http.ResponseWriter, r *http.Request) error {
	a, err := c.asked(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	base, err := c.baselines.find(r.URL.Query().Get("baseline"))
	if err != nil {
		return err
	}
	s := sheet{
		asked: a, Query: template.URL(a.Ask.Query().Encode()), Profiles: device.Profiles(), Formats: qa.Formats(), Baseline: base,
	}
	for i := range a.Document.Methods {
		s.Known = append(s.Known, a.Document.Methods[i].Method)
	}
	if err := s.fill(); err != nil {
		return err
	}
	return draw(w, http.StatusOK, "matrix.html", s)
}

// asked is a question with what it is about.
type asked struct {
	Ask       question
	Merchants []*capability.Document
	Document  *capability.Document
	learnt    []qa.Learnt
	at        time.Time
}

// asked reads what a page is about. Fails with *pay.Error invalid_request and the field.
func (c *Console) asked(ctx context.Context, q url.Values) (asked, error) {
	ask, err := read(q)
	if err != nil {
		return asked{}, err
	}
	merchants, err := c.Merchants(ctx)
	if err != nil {
		return asked{}, err
	}
	docs := merchants.Documents
	if len(docs) == 0 {
		return asked{}, pay.Errorf(pay.CodeNotFound, "merchant", "there is none here")
	}
	ask.Merchant = cmp.Or(ask.Merchant, docs[0].Merchant)
	i := slices.IndexFunc(docs, func(d *capability.Document) bool { return d.Merchant == ask.Merchant })
	if i < 0 {
		return asked{}, pay.Errorf(pay.CodeInvalid, "merchant", "unknown merchant %q", ask.Merchant)
	}
	a := asked{ask, docs, docs[i], merchants.Learnt, ask.At}
	if a.at.IsZero() {
		a.at = c.Now()
	}
	return a, nil
}

// cells decides what is asked about.
func (a *asked) cells() ([]qa.Cell, error) {
	cells, err := qa.Matrix([]*capability.Document{a.Document}, a.Ask.devices(), a.Ask.order(), a.learnt, a.at)
	return qa.Only(cells, a.Ask.Method...), err
}

// fill makes a row of each device's cells.
func (s *sheet) fill() error {
	cells, err := s.cells()
	if err != nil {
		return err
	}
	for _, made := range cells {
		dev, _ := device.Of(made.Device)
		if len(s.Rows) == 0 || s.Rows[len(s.Rows)-1].Name != made.Device {
			s.Rows = append(s.Rows, row{Device: dev, Name: made.Device})
		}
		c, err := s.cell(made, dev)
		if err != nil {
			return err
		}
		last := &s.Rows[len(s.Rows)-1]
		last.Cells = append(last.Cells, c)
	}
	return nil
}

func (s *sheet) cell(made qa.Cell, dev device.Device) (cell, error) {
	ask := s.Ask
	ask.Device, ask.Method, ask.Version = []device.Profile{made.Device}, []pay.Method{made.Method}, ""
	c := cell{Cell: made, Link: template.URL("/qa/cell?" + ask.Query().Encode())}
	var err error
	if c.Why, err = qa.Why(s.Document, made.Method, ask.order(), dev, s.learnt, s.at); err != nil {
		return c, err
	}
	s.Cells++
	if c.Offered() {
		s.Offered++
	}
	if s.Baseline == nil {
		return c, nil
	}
	if said, was := s.Baseline.says(made); was && said != made.Outcome() {
		c.Was = said
		s.Changed++
	}
	return c, nil
}

// download answers with the matrix as the command "morepay matrix" writes it.
func (c *Console) download(w http.ResponseWriter, r *http.Request) error {
	a, err := c.asked(r.Context(), r.URL.Query())
	if err != nil {
		return err
	}
	cells, err := a.cells()
	if err != nil {
		return err
	}
	format := qa.Format(r.PathValue("format"))
	if !slices.Contains(qa.Formats(), format) {
		return pay.Errorf(pay.CodeInvalid, "format", "unknown format %q, known are %v", format, qa.Formats())
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	return qa.Write(w, format, cells)
}
