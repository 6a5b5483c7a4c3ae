package console

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"morepay/internal/device"
	"morepay/internal/pay"
)

// report is what a browser is and can do, by what it has sent.
type report struct {
	ID       string // "" while only its request is known
	At       time.Time
	Device   device.Device
	Plain    device.Device // without its hints
	App      device.Reason
	System   device.Reason
	Row      string // for the table of samples
	Known    bool   // the table has that profile already
	Sent     []fact // headers
	Facts    []fact // that only a script sees; none without one
	Matrix   string
	AgentCut bool // the user agent is longer than what is read
}

// fact is a line about a browser.
type fact struct{ Name, Says string }

// headers are those that tell of a browser.
var headers = []string{
	"User-Agent", "Accept-Language", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "Sec-Ch-Ua-Model", "Sec-Ch-Ua-Platform-Version",
	"X-Requested-With", "Accept", "Accept-Encoding", "Save-Data", "Via", "X-Forwarded-For",
}

// found are the fields that device.js fills in, with their names for people. The first
// holds [device.Hints] as the checkout's page sends them.
var found = []fact{
	{"hints", "Hints to the server"},
	{"viewport", "Viewport, CSS pixels"},
	{"screen", "Screen, CSS pixels × density"},
	{"languages", "Languages"},
	{"zone", "Time zone"},
	{"scheme", "Colours, motion"},
	{"wasm", "WebAssembly"},
	{"streams", "Streams"},
	{"storage", "Storage"},
	{"secure", "Secure context"},
	{"clipboard", "Clipboard"},
	{"share", "Share"},
	{"bridges", "Bridges of apps"},
	{"history", "History, page cache"},
	{"brands", "Brands and model"},
}

// Bounds of reports.
const (
	maxReports = 50
	maxFact    = 1 << 10 // bytes
)

func newReports() *lru.Cache[string, report] {
	kept, err := lru.New[string, report](maxReports)
	if err != nil {
		panic(err) // only for a size that isn't one
	}
	return kept
}

// read makes a report of a request. Its form, if it has one, is what device.js found.
func (c *Console) read(r *http.Request) report {
	agent := r.UserAgent()
	cut := agent[:min(len(agent), device.MaxUserAgent)]
	hints := device.ParseHints(r.PostFormValue("hints"))
	rep := report{At: c.Now(), Plain: device.Detect(agent), Row: line(device.SampleFrom(cut, hints)), AgentCut: cut != agent}
	rep.Device = rep.Plain.Refine(hints)
	rep.App, rep.System = device.Why(agent)
	for _, name := range headers {
		if says := strings.Join(r.Header.Values(name), ", "); says != "" {
			rep.Sent = append(rep.Sent, fact{name, says})
		}
	}
	for _, f := range found {
		if says := r.PostFormValue(f.Name); says != "" {
			rep.Facts = append(rep.Facts, fact{f.Says, says[:min(len(says), maxFact)]})
		}
	}
	profile := rep.Device.Profile
	if _, rep.Known = device.Of(profile); rep.Known {
		if rep.Device.HostVersion != "" {
			profile += device.Profile("@" + rep.Device.HostVersion)
		}
		rep.Matrix = "/qa/matrix?" + url.Values{"device": {string(profile)}}.Encode()
	}
	return rep
}

// devicePage is the page of a browser.
type devicePage struct {
	report
	Ask []fact // fields for device.js to fill in; none in a report that is kept
}

// device tells the browser that asks what it is. Its script, or its button, sends the
// rest.
func (c *Console) device(w http.ResponseWriter, r *http.Request) error {
	return draw(w, http.StatusOK, "device.html", devicePage{c.read(r), found})
}

// report keeps what a browser has sent, under an address that others can open.
func (c *Console) report(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return pay.Errorf(pay.CodeInvalid, "form", "can't be read: %v", err)
	}
	rep := c.read(r)
	rep.ID = rand.Text()
	c.reports.Add(rep.ID, rep)
	http.Redirect(w, r, "/qa/device/"+rep.ID, http.StatusSeeOther)
	return nil
}

// reported shows what a browser has sent.
func (c *Console) reported(w http.ResponseWriter, r *http.Request) error {
	rep, ok := c.reports.Get(r.PathValue("id"))
	if !ok {
		return pay.Errorf(pay.CodeNotFound, "device", "is not kept any more: open /qa/device there again")
	}
	return draw(w, http.StatusOK, "device.html", devicePage{report: rep})
}
