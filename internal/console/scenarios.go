package console

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"morepay/internal/pay"
	"morepay/internal/scenario"
	"morepay/internal/scenario/chromium"
)

// Scenarios are played here on the demo that the tester looks at, one after another:
// clock and phone are everybody's.

const (
	waitingRuns = 5  // that may wait for their turn
	keptRuns    = 20 // that can be looked at
)

// rehearsal is one press of a button: some scenarios, and what has come of them so far.
type rehearsal struct {
	ID     int
	Filter string
	Seed   uint64
	Rows   []scenario.Scenario

	// What follows is guarded by rehearsals.mu.
	Results []scenario.Result
	Ended   bool
	Ledger  bool   // there is no browser: only the ledger is judged
	Problem string // why it could not be played, or not to its end
}

// rehearsals are those that wait, that are played and that were.
type rehearsals struct {
	queue chan *rehearsal

	mu   sync.Mutex
	last int
	kept []*rehearsal // newest first
}

func newRehearsals() *rehearsals { return &rehearsals{queue: make(chan *rehearsal, waitingRuns)} }

// add puts a rehearsal into the queue. Fails if too many wait.
func (s *rehearsals) add(filter string, seed uint64, rows []scenario.Scenario) (*rehearsal, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &rehearsal{ID: s.last + 1, Filter: filter, Seed: seed, Rows: rows}
	select {
	case s.queue <- r:
	default:
		return nil, pay.Errorf(pay.CodeInvalid, "filter", "%d runs are waiting already: let them end", waitingRuns)
	}
	s.last++
	s.kept = slices.Insert(s.kept, 0, r)[:min(len(s.kept)+1, keptRuns)]
	return r, nil
}

// get returns a copy, which the rehearsal under way does not change.
func (s *rehearsals) get(id int) (rehearsal, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.kept, func(r *rehearsal) bool { return r.ID == id })
	if i < 0 {
		return rehearsal{}, false
	}
	r := *s.kept[i]
	r.Results = slices.Clone(r.Results)
	return r, true
}

func (s *rehearsals) all() []rehearsal {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]rehearsal, len(s.kept))
	for i, r := range s.kept {
		list[i] = *r
		list[i].Results = slices.Clone(r.Results)
	}
	return list
}

func (s *rehearsals) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

// Run plays what testers ask for until the context ends.
func (c *Console) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-c.rehearsals.queue:
			err := c.rehearse(ctx, r)
			c.rehearsals.change(func() {
				r.Ended = true
				if err != nil {
					r.Problem = err.Error()
				}
			})
		}
	}
}

// rehearse plays one, in a browser of its own if this machine has one.
func (c *Console) rehearse(ctx context.Context, r *rehearsal) (err error) {
	options := scenario.Options{Seed: r.Seed}
	if path := chromium.Find(); path != "" {
		browser, err := chromium.Start(path)
		if err != nil {
			return err
		}
		defer browser.Close() // what it has shown is kept; how it ended tells nothing
		options.Browser = browser
	} else {
		c.rehearsals.change(func() { r.Ledger = true })
	}
	for _, row := range r.Rows {
		result := c.Stage.Run(ctx, row, options)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.rehearsals.change(func() { r.Results = append(r.Results, result) })
	}
	return nil
}

// Failed counts the results that are not as they should be.
func (r rehearsal) Failed() (n int) {
	for _, result := range r.Results {
		if result.Err != nil {
			n++
		}
	}
	return n
}

// Command is the command line that does the same, on a demo of its own.
func (r rehearsal) Command() string {
	command := "morepay qa run --seed " + strconv.FormatUint(r.Seed, 10)
	if r.Filter != "" {
		command += " --filter " + quoted(r.Filter)
	}
	return command
}

// image is the picture of a result for the page.
func image(png []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))
}

// indented is a row as it stands in a file.
func indented(row scenario.Scenario) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(row)
	return b.String(), err
}

type scenarioPage struct {
	Filter string
	Rows   []scenario.Scenario
	All    int
	Runs   []rehearsal
}

func (c *Console) scenarios(w http.ResponseWriter, r *http.Request) error {
	filter := strings.TrimSpace(r.URL.Query().Get("filter"))
	all := scenario.Table()
	return draw(w, http.StatusOK, "scenarios.html", scenarioPage{filter, scenario.Select(all, filter), len(all), c.rehearsals.all()})
}

// start puts the scenarios of a filter into the queue and leads to what comes of them.
func (c *Console) start(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return pay.Errorf(pay.CodeInvalid, "form", "can't be read: %v", err)
	}
	filter := strings.TrimSpace(r.PostForm.Get("filter"))
	rows := scenario.Select(scenario.Table(), filter)
	if len(rows) == 0 {
		return pay.Errorf(pay.CodeInvalid, "filter", "no scenario has %q in its group or name", filter)
	}
	seed, err := strconv.ParseUint(strings.TrimSpace(r.PostForm.Get("seed")), 10, 64)
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "seed", "must be a whole number, is %q", r.PostForm.Get("seed"))
	}
	added, err := c.rehearsals.add(filter, seed, rows)
	if err != nil {
		return err
	}
	http.Redirect(w, r, fmt.Sprintf("/qa/runs/%d", added.ID), http.StatusSeeOther)
	return nil
}

// run shows what has come of a rehearsal so far.
func (c *Console) run(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.Atoi(r.PathValue("run"))
	if err != nil {
		return pay.Errorf(pay.CodeNotFound, "run", "there is no such run")
	}
	found, ok := c.rehearsals.get(id)
	if !ok {
		return pay.Errorf(pay.CodeNotFound, "run", "there is no such run, or it is not kept any more")
	}
	return draw(w, http.StatusOK, "run.html", found)
}
