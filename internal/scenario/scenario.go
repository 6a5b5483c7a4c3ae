// Package scenario knows what can happen to a payment by name: a merchant, a device, a
// language, a fault, a network, a phone, the steps of payer and merchant, and the screen
// and the ledger that must come of it. A QA engineer runs the rows of the table by name,
// from the command line or the console; the project's own tests run the same rows.
//
// A run speaks to a whole demo over HTTP and to the real page in a browser, as people do.
// Without a browser the payer's part is played by the page's forms, and what the screen
// shows is not judged.
//
// What must not live here: how a browser is driven (package chromium), and any rule of
// the product: a row says what must be seen, not why.
package scenario

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// Scenario is a row of the table.
type Scenario struct {
	Name  string `json:"name"`
	Says  string `json:"says"`            // what happens and what must come of it, in a sentence
	Group string `json:"group,omitempty"` // the file of the table that it stands in

	Merchant string          `json:"merchant,omitempty"` // of the demo's; bench if left out
	Order    json.RawMessage `json:"order,omitempty"`    // fields of POST /v1/sessions, laid over those of an ordinary order
	Device   device.Profile  `json:"device,omitempty"`   // chrome-windows if left out; @VERSION of its app may follow
	Locale   string          `json:"locale,omitempty"`   // en if left out
	Scripts  Scripts         `json:"scripts,omitempty"`
	Via      string          `json:"via,omitempty"`   // the network, see demo.Modes
	Query    string          `json:"query,omitempty"` // what the shop's page puts into the page's address, such as remove=alipay
	At       string          `json:"at,omitempty"`    // the time, RFC 3339, on both clocks when the session is opened; now if left out
	Phone    *Phone          `json:"phone,omitempty"`
	Faults   []Fault         `json:"faults,omitempty"`

	Steps  []string `json:"steps"` // see Verbs
	Ledger Ledger   `json:"ledger"`
}

// Scripts says what a browser runs of the page's scripts.
type Scripts string

// All, but for the client in WebAssembly, and nothing.
const (
	AllScripts Scripts = ""
	NoWASM     Scripts = "no-wasm"
	NoScripts  Scripts = "none"
)

// Phone is how the payer's phone opens a wallet, see providersim.Installation.
type Phone struct {
	Wallet string `json:"wallet"`
	Opens  string `json:"opens"`
	After  int    `json:"after_seconds,omitempty"`
}

// Fault is a rule of the simulated providers, see providersim.Rule. It strikes the
// scenario's own session, unless it is for everybody.
type Fault struct {
	Fault     string `json:"fault"`
	Operation string `json:"operation,omitempty"`
	Next      int    `json:"next,omitempty"`
	Percent   int    `json:"percent,omitempty"`
	PerMille  int    `json:"per_mille,omitempty"`
	Everybody bool   `json:"everybody,omitempty"` // who is not known yet when it strikes
}

// Ledger is what the merchant must see in the end.
type Ledger struct {
	Status   pay.SessionStatus `json:"status"`
	Attempts *int              `json:"attempts,omitempty"` // how many there are; nil if it doesn't matter
	Paid     int               `json:"paid,omitempty"`     // attempts that took money
	Told     []string          `json:"told,omitempty"`     // types of the webhooks that the merchant must have taken
	Refunded int64             `json:"refunded,omitempty"` // fen that went back, and arrived
}

//go:embed table
var files embed.FS

// table is read once: a row that can't be read is a mistake of the program.
var table = func() []Scenario {
	entries, err := files.ReadDir("table")
	if err != nil {
		panic(err)
	}
	var all []Scenario
	for _, e := range entries {
		b, err := files.ReadFile(path.Join("table", e.Name()))
		if err != nil {
			panic(err)
		}
		rows, err := Read(b)
		if err != nil {
			panic(fmt.Sprintf("scenario: %s: %v", e.Name(), err))
		}
		for i := range rows {
			rows[i].Group = strings.TrimSuffix(e.Name(), ".json")
		}
		all = append(all, rows...)
	}
	return all
}()

// Table lists the scenarios, group by group.
func Table() []Scenario { return slices.Clone(table) }

// maxFile limits a file of scenarios, in bytes.
const maxFile = 1 << 20

// Read reads scenarios: a JSON array of rows, or one row. The error names each field
// that is wrong.
func Read(b []byte) ([]Scenario, error) {
	var rows []Scenario
	if text := strings.TrimSpace(string(b)); strings.HasPrefix(text, "{") {
		b = []byte("[" + text + "]")
	}
	if err := strictjson.Decode(b, &rows, maxFile); err != nil {
		return nil, err
	}
	for i := range rows {
		if err := rows[i].check(); err != nil {
			return nil, fmt.Errorf("scenario %q: %w", cmp.Or(rows[i].Name, fmt.Sprint(i)), err)
		}
	}
	return rows, nil
}

// check fills in what a row leaves out and refuses what can't be run.
func (s *Scenario) check() error {
	s.Merchant, s.Device, s.Locale = cmp.Or(s.Merchant, "bench"), cmp.Or(s.Device, "chrome-windows"), cmp.Or(s.Locale, "en")
	if s.Name == "" || strings.ContainsAny(s.Name, " /") {
		return fmt.Errorf("name: needed, without blanks and slashes")
	}
	if _, ok := device.Of(s.Device); !ok {
		return fmt.Errorf("device: there is no %q, known are %v", s.Device, device.Profiles())
	}
	if !slices.Contains([]Scripts{AllScripts, NoWASM, NoScripts}, s.Scripts) {
		return fmt.Errorf("scripts: %s, %s, or left out", NoWASM, NoScripts)
	}
	if _, err := s.moment(); err != nil {
		return fmt.Errorf("at: %w", err)
	}
	if _, err := url.ParseQuery(s.Query); err != nil {
		return fmt.Errorf("query: %w", err)
	}
	if len(s.Steps) == 0 {
		return fmt.Errorf("steps: needed")
	}
	for i, step := range s.Steps {
		if _, err := parse(step); err != nil {
			return fmt.Errorf("steps[%d]: %w", i, err)
		}
	}
	if s.Ledger.Status == "" {
		return fmt.Errorf("ledger.status: needed")
	}
	if err := knownEvents(s.Ledger.Told); err != nil {
		return fmt.Errorf("ledger.told: %w", err)
	}
	return nil
}

// knownEvents fails if one of these is never told to a merchant.
func knownEvents(types []string) error {
	for _, t := range types {
		if !pay.EventType(t).Webhook() {
			return fmt.Errorf("merchants are not told %q, but %q", t, pay.WebhookEvents)
		}
	}
	return nil
}

// moment is when it begins; the zero time if that is now.
func (s *Scenario) moment() (time.Time, error) {
	if s.At == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, s.At)
}

// Select returns the scenarios whose group/name has one of the words, split by commas; all
// if there is none. A word that is the whole of one means that one only.
func Select(rows []Scenario, filter string) []Scenario {
	words := strings.FieldsFunc(filter, func(r rune) bool { return r == ',' || r == ' ' })
	if len(words) == 0 {
		return rows
	}
	whole := make(map[string]bool, len(rows))
	for _, s := range rows {
		whole[s.Group+"/"+s.Name] = true
	}
	return slices.DeleteFunc(slices.Clone(rows), func(s Scenario) bool {
		name := s.Group + "/" + s.Name
		return !slices.ContainsFunc(words, func(w string) bool { return w == name || !whole[w] && strings.Contains(name, w) })
	})
}
