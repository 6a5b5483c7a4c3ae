package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	samples "morepay/internal/demo/merchants"
	"morepay/internal/device"
	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/qa"
	"morepay/internal/store/sqlstore"
)

// question holds the flags that say what to decide.
type question struct {
	Merchants string    `type:"path" help:"Folder of merchants to read; else those of --data or --database, else the samples."`
	Data      string    `type:"path" help:"Folder of the SQLite database to read merchants from."`
	Database  string    `help:"postgres://… to read merchants from."`
	Amount    int64     `default:"5980" help:"In minor units of --currency."`
	Currency  string    `default:"CNY" help:"ISO 4217."`
	Item      []string  `help:"An item of the order: a SKU, or category:NAME. Repeatable."`
	Payer     string    `help:"The merchant's id of the payer, for rollouts."`
	Region    string    `help:"ISO 3166-1 alpha-2."`
	At        time.Time `help:"The time of the decision (RFC 3339); now if absent."`
}

// Validate is called by kong before a command runs.
func (q question) Validate() error { return CheckDatabase("database", q.Database) }

func (q question) order() capability.Order {
	return qa.Order(pay.Money{Currency: q.Currency, Value: q.Amount}, q.Item, q.Payer, q.Region)
}

func (q question) at() time.Time {
	if q.At.IsZero() {
		return time.Now()
	}
	return q.At
}

// documents reads the documents of the merchants named, of all if none is.
func (q question) documents(ctx context.Context, ids []string) ([]*capability.Document, error) {
	all, err := q.all(ctx)
	if err != nil || len(ids) == 0 {
		return all, err
	}
	var known []string
	for _, d := range all {
		known = append(known, d.Merchant)
	}
	if err := allKnown("merchant", ids, known); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(d *capability.Document) bool { return !slices.Contains(ids, d.Merchant) }), nil
}

// allKnown refuses a name that a list does not have: a matrix of nothing would
// look like one without differences.
func allKnown[T ~string](flag string, names, known []T) error {
	for _, name := range names {
		if !slices.Contains(known, name) {
			return usage(flag, "unknown %s %q, known are %v", flag, name, known)
		}
	}
	return nil
}

// learnt returns what the servers on the database have learnt of the rails that
// documents offer, as of the time of the decision; nothing without a database.
func (q question) learnt(ctx context.Context, docs []*capability.Document) (list []qa.Learnt, err error) {
	if !q.stored() {
		return nil, nil
	}
	err = database{Data: q.Data, Database: q.Database}.with(ctx, func(db *sqlstore.DB) error {
		marks, err := db.Marks.Marks(ctx, q.at())
		list = qa.LearntOf(marks, docs, q.at())
		return err
	})
	return list, err
}

// stored reports whether the question is about what a database holds.
func (q question) stored() bool { return q.Merchants == "" && (q.Data != "" || q.Database != "") }

func (q question) all(ctx context.Context) (docs []*capability.Document, err error) {
	if q.stored() {
		err = database{Data: q.Data, Database: q.Database}.with(ctx, func(db *sqlstore.DB) error {
			docs, err = stored(ctx, db)
			return err
		})
		return docs, err
	}
	loaded, err := folder.LoadDocuments(samples.FS)
	if q.Merchants != "" {
		loaded, err = folder.LoadDocuments(os.DirFS(q.Merchants))
	}
	return folder.Documents(loaded), err
}

// stored reads every merchant's newest document.
func stored(ctx context.Context, db *sqlstore.DB) ([]*capability.Document, error) {
	var docs []*capability.Document
	err := eachStored(ctx, db, func(d merchant.Revision) error {
		full, err := db.Documents.Get(ctx, d.Merchant)
		if err != nil {
			return err
		}
		doc, err := document.DecodeStored(full.JSON)
		if err != nil {
			return err
		}
		doc.Version = full.Version
		docs = append(docs, doc)
		return nil
	})
	return docs, err
}

type matrix struct {
	question `embed:""`
	Merchant []string         `help:"Only these merchants."`
	Device   []device.Profile `help:"Only these device profiles, such as wechat-iphone, or wechat-iphone@8.0.1 for a version of the app."`
	Method   []pay.Method     `help:"Only these methods, such as wechat_pay."`
	Format   qa.Format        `default:"table" help:"table, csv, json or md."`
	Check    string           `type:"path" help:"Compare with a file written before in the same format; exit with status 1 if it differs."`
}

// errDiffers makes the program end with status 1.
var errDiffers = errors.New("the matrix differs")

func (m *matrix) Run(ctx context.Context) error {
	if err := allKnown("method", m.Method, method.IDs()); err != nil {
		return err
	}
	for _, p := range m.Device {
		if _, err := deviceOf(p); err != nil {
			return err
		}
	}
	docs, err := m.documents(ctx, m.Merchant)
	if err != nil {
		return err
	}
	profiles := m.Device
	if len(profiles) == 0 {
		profiles = device.Profiles()
	}
	learnt, err := m.learnt(ctx, docs)
	if err != nil {
		return err
	}
	cells, err := qa.Matrix(docs, profiles, m.order(), learnt, m.at())
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := qa.Write(&out, m.Format, qa.Only(cells, m.Method...)); err != nil {
		return err
	}
	if m.Check == "" {
		_, err = os.Stdout.Write(out.Bytes())
		return err
	}
	golden, err := os.ReadFile(m.Check)
	if err != nil {
		return err
	}
	diff := qa.Check(string(golden), out.String())
	for _, line := range diff {
		fmt.Println(line)
	}
	if len(diff) > 0 {
		return errDiffers
	}
	fmt.Println("the matrix is as", m.Check, "says")
	return nil
}

type explain struct {
	question  `embed:""`
	Merchant  string         `required:"" help:"The merchant."`
	Method    pay.Method     `required:"" help:"The method."`
	Device    device.Profile `required:"" xor:"device" help:"A device profile, as of morepay matrix."`
	UserAgent string         `required:"" xor:"device" help:"A browser's user agent, instead of --device."`
}

func (e *explain) Run(ctx context.Context) error {
	if err := allKnown("method", []pay.Method{e.Method}, method.IDs()); err != nil {
		return err
	}
	docs, err := e.documents(ctx, []string{e.Merchant})
	if err != nil {
		return err
	}
	dev, err := e.device()
	if err != nil {
		return err
	}
	learnt, err := e.learnt(ctx, docs)
	if err != nil {
		return err
	}
	lines, err := qa.Explain(docs[0], e.Method, e.order(), dev, learnt, e.at())
	if err != nil {
		return err
	}
	fmt.Println(strings.Join(lines, "\n"))
	return nil
}

func (e *explain) device() (device.Device, error) {
	if e.Device == "" {
		return device.Detect(e.UserAgent), nil
	}
	return deviceOf(e.Device)
}

// deviceOf returns the device of a flag.
func deviceOf(p device.Profile) (device.Device, error) {
	dev, ok := device.Of(p)
	if !ok {
		return dev, usage("device", "unknown device %q, known are %v, with @VERSION of the app behind where it has one", p, device.Profiles())
	}
	return dev, nil
}
