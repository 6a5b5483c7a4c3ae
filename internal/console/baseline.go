package console

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/qa"
)

// baseline is a matrix of before.
type baseline struct {
	ID    string
	At    time.Time
	From  string // name of the file it came from; "" if it was decided here
	cells map[place]string
}

type place struct {
	merchant string
	device   device.Profile
	method   pay.Method
}

// Size returns how many cells it has.
func (b *baseline) Size() int { return len(b.cells) }

// says returns the outcome of a cell. ok is false for one that it doesn't have.
func (b *baseline) says(c qa.Cell) (outcome string, ok bool) {
	outcome, ok = b.cells[place{c.Merchant, c.Device, c.Method}]
	return outcome, ok
}

// baselines are the newest ones. Each has an address of its own, so that two testers
// don't compare with each other's.
type baselines struct{ kept *lru.Cache[string, *baseline] }

// Bounds of baselines.
const (
	maxBaselines    = 50
	maxBaselineFile = 4 << 20 // bytes
)

func newBaselines() *baselines {
	kept, err := lru.New[string, *baseline](maxBaselines)
	if err != nil {
		panic(err) // only for a size that isn't one
	}
	return &baselines{kept}
}

func (b *baselines) find(id string) (*baseline, error) {
	if id == "" {
		return nil, nil
	}
	if found, ok := b.kept.Get(id); ok {
		return found, nil
	}
	return nil, pay.Errorf(pay.CodeNotFound, "baseline", "is not kept any more: save one again, or load it from a file")
}

// keep takes a file of "morepay matrix --format json", or what is so now, to compare
// later matrices with.
func (c *Console) keep(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxBaselineFile)
	if err := r.ParseMultipartForm(maxBaselineFile); err != nil {
		return pay.Errorf(pay.CodeInvalid, "file", "can't be read: %v", err)
	}
	query, err := url.ParseQuery(r.FormValue("query"))
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "query", "is no query: %v", err)
	}
	b := &baseline{ID: rand.Text(), At: c.Now(), cells: map[place]string{}}
	cells, err := uploaded(r, b)
	if err == nil && cells == nil {
		cells, err = c.decide(r.Context(), query)
	}
	if err != nil {
		return err
	}
	for _, cell := range cells {
		b.cells[place{cell.Merchant, cell.Device, cell.Method}] = cell.Outcome()
	}
	c.baselines.kept.Add(b.ID, b)
	query.Set("baseline", b.ID)
	http.Redirect(w, r, "/qa/matrix?"+query.Encode(), http.StatusSeeOther)
	return nil
}

// decide decides what a query asks about.
func (c *Console) decide(ctx context.Context, query url.Values) ([]qa.Cell, error) {
	a, err := c.asked(ctx, query)
	if err != nil {
		return nil, err
	}
	return a.cells()
}

// uploaded reads the file of a form; nil if there is none.
func uploaded(r *http.Request, b *baseline) ([]qa.Cell, error) {
	file, header, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "file", "can't be read: %v", err)
	}
	defer file.Close()
	b.From = header.Filename
	text, err := io.ReadAll(file)
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "file", "can't be read: %v", err)
	}
	cells := []qa.Cell{}
	if err := json.Unmarshal(text, &cells); err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "file", "must be of morepay matrix --format json: %v", err)
	}
	return cells, nil
}
