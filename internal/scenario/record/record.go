// Package record makes a scenario of what happened to a session, out of its trace, so
// that what a tester came upon can be played again. What a trace doesn't tell is said,
// not made up.
//
// What must not live here: how a scenario is played.
package record

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/scenario"
	"morepay/internal/trace"
)

// Record is a scenario made of a trace.
type Record struct {
	Scenario scenario.Scenario
	Seed     uint64   // of the faults that struck by chance; 0 if none did
	Unknown  []string // what the trace does not tell, in sentences
}

// Write writes the scenario as a file of scenarios has it.
func (r Record) Write(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r.Scenario)
}

// recorder is a record in the making.
type recorder struct {
	Record
	trace *trace.Trace

	drawn    bool            // the payer has seen the page
	coming   bool            // a page that an answer leads to
	away     bool            // the payer was handed off and is not back
	way      *trace.Browser  // the form of the way that the payer is on
	posted   time.Time       // when
	before   map[string]bool // sentences in Unknown
	attempts int             // that have begun
	orders   int             // forms since the last attempt began
	answered string          // id of the attempt whose payment window was answered
}

// Of makes a scenario of a trace of the demo's.
func Of(t *trace.Trace) Record {
	r := &recorder{trace: t, before: map[string]bool{}}
	r.setting()
	r.faults()
	for i := range t.Entries {
		r.entry(i)
	}
	r.ending()
	r.unheard()
	return r.Record
}

// unsaid notes what the trace doesn't tell, once.
func (r *recorder) unsaid(format string, args ...any) {
	sentence := fmt.Sprintf(format, args...)
	if !r.before[sentence] {
		r.before[sentence] = true
		r.Unknown = append(r.Unknown, sentence)
	}
}

// do adds a step.
func (r *recorder) do(words ...string) {
	r.Scenario.Steps = append(r.Scenario.Steps, strings.Join(words, " "))
}

// heard lists what browsers did.
func (r *recorder) heard() (list []*trace.Browser) {
	for _, e := range r.trace.Entries {
		if e.Browser != nil {
			list = append(list, e.Browser)
		}
	}
	return list
}

// aSession is how long a session is open unless its merchant says otherwise.
const aSession = 30 * time.Minute

// setting says who ordered what, on which device and network.
func (r *recorder) setting() {
	s, row := &r.trace.Session, &r.Scenario
	row.Name = "recorded-" + s.ID
	row.Says = fmt.Sprintf("As session %s of merchant %s went, recorded from its trace: %s in the end.", s.ID, s.Merchant, s.Status)
	row.Merchant = s.Merchant
	order := map[string]any{"amount": s.Amount}
	if open := s.ExpiresAt.Sub(s.CreatedAt).Round(time.Second); open != aSession {
		order["expires_in"] = int(open / time.Second)
	}
	row.Order, _ = json.Marshal(order) // of a map of numbers: can't fail
	for _, b := range r.heard() {
		r.seen(b)
	}
	if row.Device == "" {
		r.unsaid("on which device the payer was: no page was drawn")
	} else if _, ok := device.Of(row.Device); !ok {
		r.unsaid("which device %s is: there is no such profile, the ordinary desktop stands for it", row.Device)
		row.Device = ""
	}
	row.Scripts = r.scripts()
}

// seen takes device, language and network from the first that tells them.
func (r *recorder) seen(b *trace.Browser) {
	row := &r.Scenario
	if b.Friend {
		r.unsaid("what a friend did: scenarios have no friends")
		return
	}
	if b.Did != trace.Draws && b.Did != trace.Orders {
		return
	}
	row.Device = cmp.Or(row.Device, device.Profile(b.Device))
	row.Locale = cmp.Or(row.Locale, b.Locale)
	if row.Via == "" {
		row.Via = b.Via
	}
	if string(row.Device) != b.Device {
		r.unsaid("what was done on another device, %s: a scenario has one", b.Device)
	}
	if b.Via != "" && b.Via != row.Via {
		r.unsaid("when the network became %s: a scenario has one", b.Via)
	}
}

// scripts says what the browser ran of the page's scripts, as far as it shows.
func (r *recorder) scripts() scenario.Scripts {
	streams, client := false, false
	for _, b := range r.heard() {
		client = client || b.Did == trace.LoadsClient || b.Scripts && (b.Did == trace.Orders || b.Did == trace.Asks)
		streams = streams || b.Did == trace.Streams
	}
	switch {
	case client:
		return scenario.AllScripts
	case streams:
		r.unsaid("whether the client in WebAssembly ran: it may have come from the browser's cache")
		return scenario.AllScripts
	}
	return scenario.NoScripts
}

// faults takes the rules that struck, and those that were for this session alone.
func (r *recorder) faults() {
	struck := map[string]int{}
	for _, e := range r.trace.Entries {
		for _, name := range e.Faults {
			struck[name]++
		}
	}
	for _, e := range r.trace.Entries {
		switch a := e.Act; {
		case a == nil:
		case a.Do == "phone":
			r.phone(a)
		case a.Do == "fault":
			r.fault(a, struck[a.Fault])
		}
	}
}

func (r *recorder) fault(a *trace.Act, strikes int) {
	f := scenario.Fault{Fault: a.Fault, Operation: a.Operation, Next: a.Next, Percent: a.Percent, PerMille: a.PerMille}
	switch {
	case a.Own:
	case strikes == 0:
		r.unsaid("whether %s, which was in force for everybody, struck this session: it is left out", a.Fault)
		return
	case a.Percent+a.PerMille > 0:
		r.unsaid("which of the chances of %s others have used up: it was in force for everybody", a.Fault)
	default:
		f.Next = min(f.Next, strikes)
	}
	if a.Percent+a.PerMille > 0 {
		r.Seed = a.Seed
	}
	r.Scenario.Faults = append(r.Scenario.Faults, f)
}

func (r *recorder) phone(a *trace.Act) {
	if r.Scenario.Phone != nil && r.Scenario.Phone.Wallet != a.Wallet {
		r.unsaid("how both %s and %s are on the phone: a scenario has one wallet", r.Scenario.Phone.Wallet, a.Wallet)
		return
	}
	r.Scenario.Phone = &scenario.Phone{Wallet: a.Wallet, Opens: a.Opens, After: a.After}
}

// ending says what the merchant sees in the end.
func (r *recorder) ending() {
	t, l := r.trace, &r.Scenario.Ledger
	l.Status = t.Session.Status
	n := len(t.Attempts)
	l.Attempts = &n
	for _, a := range t.Attempts {
		if !a.PaidAt.IsZero() {
			l.Paid++
		}
	}
	for _, f := range t.Refunds {
		if f.Status == pay.RefundSucceeded {
			l.Refunded += f.Amount.Value
		}
	}
	for _, e := range t.Entries {
		if e.Kind == trace.Change && pay.EventType(e.What).Webhook() && !slices.Contains(l.Told, e.What) {
			l.Told = append(l.Told, e.What)
		}
	}
	if l.Status != pay.SessionOpen {
		r.do("await", string(l.Status))
	}
}

// unheard says what no trace tells.
func (r *recorder) unheard() {
	r.unsaid("the order's goods, payer and region: nothing of the payer stands in a trace")
	if len(r.Scenario.Steps) == 0 || !r.drawn {
		r.Scenario.Steps = append([]string{"open"}, r.Scenario.Steps...)
	}
	if r.Seed != 0 {
		r.unsaid("that seed %d is to be given to the run, for the faults that strike by chance", r.Seed)
	}
}
