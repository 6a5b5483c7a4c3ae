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

// sheet is the page of a matrix: one merchant, devices down, methods across.
type sheet struct {
	Ask       question
	Query     template.URL // of Ask, for links
	Merchants []*capability.Document
	Document  *capability.Document
	Methods   []pay.Method // the columns
	Known     []pay.Method // those of the document, to choose from
	Profiles  []device.Profile
	Rows      []row
	Offered   int // cells by which the order can be paid
	Cells     int
	Formats   []qa.Format
	Baseline  *baseline // what it is compared with, or nil
	Changed   int       // cells that differ from it
}

type row struct {
	Device device.Device
	Name   device.Profile // with the version that was asked for
	Cells  []cell
}

// cell is what one method is on one device.
type cell struct {
	capability.Choice
	Why   []string     // sentences, if it isn't offered
	Link  template.URL // of the page that explains it
	Was   string       // what the baseline says, if that is something else
	Isnt  bool         // the baseline says something else
	Known bool         // the document names the method
}

func (c *Console) matrix(w http.ResponseWriter, r *http.Request) error {
	docs, err := c.Documents(r.Context())
	if err != nil {
		return err
	}
	ask, doc, err := asked(docs, r.URL.Query())
	if err != nil {
		return err
	}
	base, err := c.baselines.find(r.URL.Query().Get("baseline"))
	if err != nil {
		return err
	}
	s := sheet{
		Ask: ask, Query: template.URL(ask.Query().Encode()), Merchants: docs, Document: doc,
		Methods: ask.Method, Profiles: device.Profiles(), Formats: qa.Formats(), Baseline: base,
	}
	for i := range doc.Methods {
		s.Known = append(s.Known, doc.Methods[i].Method)
	}
	if len(s.Methods) == 0 {
		s.Methods = s.Known
	}
	if err := s.fill(c.at(ask)); err != nil {
		return err
	}
	return draw(w, http.StatusOK, "matrix.html", s)
}

// asked reads what a page is about. Fails with *pay.Error invalid_request and the field.
func asked(docs []*capability.Document, q url.Values) (question, *capability.Document, error) {
	ask, err := read(q)
	if err != nil {
		return ask, nil, err
	}
	if len(docs) == 0 {
		return ask, nil, pay.Errorf(pay.CodeNotFound, "merchant", "there is no merchant here")
	}
	ask.Merchant = cmp.Or(ask.Merchant, docs[0].Merchant)
	i := slices.IndexFunc(docs, func(d *capability.Document) bool { return d.Merchant == ask.Merchant })
	if i < 0 {
		return ask, nil, pay.Errorf(pay.CodeInvalid, "merchant", "unknown merchant %q", ask.Merchant)
	}
	return ask, docs[i], nil
}

// at returns the time that a question is about.
func (c *Console) at(ask question) time.Time {
	if ask.At.IsZero() {
		return c.Now()
	}
	return ask.At
}

func (s *sheet) fill(now time.Time) error {
	for _, name := range s.Ask.devices() {
		dev, ok := device.Of(name)
		if !ok {
			return pay.Errorf(pay.CodeInvalid, "device", "unknown device %q, known are %v", name, device.Profiles())
		}
		decision := capability.Decide(s.Document, s.Ask.order(), dev, now)
		r := row{Device: dev, Name: name}
		for _, m := range s.Methods {
			r.Cells = append(r.Cells, s.cell(decision, m, name, dev, now))
		}
		s.Rows = append(s.Rows, r)
	}
	return nil
}

func (s *sheet) cell(decision capability.Decision, m pay.Method, name device.Profile, dev device.Device, now time.Time) cell {
	choice, known := decision.Choice(m)
	if !known {
		return cell{}
	}
	ask := s.Ask
	ask.Device, ask.Method, ask.Version = []device.Profile{name}, []pay.Method{m}, ""
	c := cell{Choice: choice, Known: true, Link: template.URL("/qa/cell?" + ask.Query().Encode())}
	c.Why = qa.Why(s.Document, choice, ask.order(), dev, now)
	s.Cells++
	if choice.Offered() {
		s.Offered++
	}
	if s.Baseline == nil {
		return c
	}
	said, was := s.Baseline.says(s.Document.Merchant, name, m)
	if c.Isnt = was && said != qa.Outcome(choice); c.Isnt {
		c.Was = said
		s.Changed++
	}
	return c
}

// download answers with the matrix as the command "morepay matrix" writes it.
func (c *Console) download(w http.ResponseWriter, r *http.Request) error {
	cells, err := c.cells(r.Context(), r.URL.Query())
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

// cells decides what a question asks about.
func (c *Console) cells(ctx context.Context, q url.Values) ([]qa.Cell, error) {
	docs, err := c.Documents(ctx)
	if err != nil {
		return nil, err
	}
	ask, doc, err := asked(docs, q)
	if err != nil {
		return nil, err
	}
	cells, err := qa.Matrix([]*capability.Document{doc}, ask.devices(), ask.order(), c.at(ask))
	return qa.Only(cells, ask.Method...), err
}
