package watch

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	br "github.com/andybalholm/brotli"

	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/trace"
	"morepay/internal/view"
)

// hearing is a request to a page's routes, and what its answer adds to it.
type hearing struct {
	book    *Book
	session string
	request *http.Request
	parsed  page.Request
	answer  *answer
	body    *kept
	began   trace.Browser // what was known before there was an answer
	fact    *fact         // of it, in the book
}

// routes say what is heard in a request, by method and the path below the page's. Each
// is called once the answer is there.
var routes = map[string]func(*hearing, *story, *trace.Browser){
	"GET ":               (*hearing).page,
	"GET events":         (*hearing).events,
	"GET return":         did(trace.Returns),
	"GET reason":         did(trace.AsksWhy),
	"GET page.png":       did(trace.SavesCode),
	"GET friend":         did(trace.AsksFriend),
	"POST attempts":      (*hearing).order,
	"POST return":        (*hearing).check,
	"POST friend":        did(trace.Invites),
	"POST friend/revoke": did(trace.Revokes),
}

func did(what string) func(*hearing, *story, *trace.Browser) {
	return func(h *hearing, _ *story, b *trace.Browser) { b.Did = what }
}

// first is what is known before there is an answer.
func (h *hearing) first(friend bool) trace.Browser {
	return trace.Browser{
		Did: trace.Asks, Device: profile(h.parsed.Device), Forced: h.parsed.Words.Device != "", Via: h.book.Via(h.request), Friend: friend,
		Scripts: h.asJSON() || h.request.Header.Get("Sec-Fetch-Dest") == "empty",
	}
}

func (h *hearing) asJSON() bool {
	return strings.Contains(h.request.Header.Get("Accept"), "application/json")
}

// end writes the answer down.
func (h *hearing) end(hear func(*hearing, *story, *trace.Browser)) {
	heard := h.began
	h.read(&heard)
	h.book.finish(h.session, h.fact, func(s *story, b *trace.Browser) {
		heard.Lasted = b.Lasted // a stream may be over already
		hear(h, s, &heard)
		*b = heard
	})
}

// profile names a device, with the version of its app where it isn't the sample's.
func profile(d device.Device) string {
	sample, _ := device.Of(d.Profile)
	if d.HostVersion == "" || d.HostVersion == sample.HostVersion {
		return string(d.Profile)
	}
	return string(d.Profile) + "@" + d.HostVersion
}

// page hears of a page that was drawn, or of a client that asks how the session stands.
func (h *hearing) page(s *story, b *trace.Browser) {
	p := &h.parsed
	if p.Choose {
		b.Asked = "list"
	}
	if h.asJSON() {
		return
	}
	switch {
	case p.PageQR != "":
		b.Asked = "code of our page"
		b.Method, b.Rail = p.PageQR, pay.RailPageQR
	case !p.ReturnedAt.IsZero():
		b.Asked = "after the return"
	case p.Asked:
		b.Asked = "after asking"
	case p.Open != "":
		b.Asked, b.Method = "panel", p.Open
	}
	b.Did = trace.Draws
	b.Framed = h.request.Header.Get("Sec-Fetch-Dest") == "iframe"
	b.Other = s.device != "" && s.device != b.Device
	s.device = b.Device
}

// order hears of a form that asks for a code, a link or a window.
func (h *hearing) order(s *story, b *trace.Browser) {
	form := h.form()
	h.parsed = h.parsed.InFrame(form)
	b.Did = trace.Orders
	b.Device, b.Forced = profile(h.parsed.Refined(device.ParseHints(form.Get("hints")))), h.parsed.Words.Device != ""
	if m := pay.Method(form.Get("method")); method.Find(m) != nil {
		b.Method = m
	}
	if r := pay.Rail(form.Get("rail")); slices.Contains(pay.Rails, r) {
		b.Rail = r
	}
	now := string(b.Method) + " " + string(b.Rail)
	if s.order != "" && s.order != now {
		b.After = s.order
	}
	s.order = now
}

// check hears of a page that asks whether it was paid, by a tap or by itself.
func (h *hearing) check(_ *story, b *trace.Browser) {
	b.Did = trace.Checks
	if h.form().Has("asked") {
		b.Asked = "by a tap"
	}
}

func (h *hearing) events(_ *story, b *trace.Browser) {
	if h.answer.taken {
		b.Did, b.Status, b.Scripts = trace.Streams, http.StatusOK, true
	}
}

// streamed hears how long a stream stood.
func (h *hearing) streamed(took time.Duration) {
	h.book.finish(h.session, h.fact, func(_ *story, b *trace.Browser) { b.Lasted = max(1, took.Milliseconds()) })
}

// form is what was posted.
func (h *hearing) form() url.Values {
	values, err := url.ParseQuery(h.body.read.String())
	if err != nil {
		return nil
	}
	return values
}

var (
	stateOf = regexp.MustCompile(` data-state="([a-z]+)"`)
	tagOf   = regexp.MustCompile(`<html lang="([A-Za-z0-9-]+)"`)
)

// read takes from an answer where it leads, and what it shows.
func (h *hearing) read(b *trace.Browser) {
	header := h.answer.Header()
	b.Status = h.answer.status
	b.To = h.leads(header.Get("Location"))
	body := unpacked(header.Get("Content-Encoding"), h.answer.body.Bytes())
	if strings.HasPrefix(header.Get("Content-Type"), "application/json") {
		var p view.Progress
		if json.Unmarshal(body, &p) == nil && p.State != "" {
			b.State = string(p.State)
			if p.Payment != nil && p.Payment.Bridge != nil {
				b.To = "the bridge of " + p.Payment.Bridge.Name
			}
		}
		return
	}
	if tag := tagOf.FindSubmatch(body); tag != nil {
		b.Locale = string(tag[1])
	}
	if states := stateOf.FindAllSubmatch(body, -1); states != nil {
		b.State = string(states[len(states)-1][1]) // the list comes first where a code follows it
	}
}

// leads says what kind of address a redirect goes to.
func (h *hearing) leads(location string) string {
	to, err := h.request.URL.Parse(location)
	if location == "" || err != nil {
		return ""
	}
	if token, _, _ := split(to.Path); token != "" && (to.Host == "" || to.Host == h.request.Host) {
		return trace.OurPage
	}
	return trace.Outside + to.Scheme
}

// maxKept bounds what is read along of a form and of an answer, in bytes.
const maxKept = 64 << 10

// kept is the beginning of a form, read along.
type kept struct {
	io.ReadCloser
	read bytes.Buffer
}

// keep reads a request's form along with its handler.
func keep(r *http.Request) *kept {
	k := &kept{ReadCloser: r.Body}
	if r.Method == http.MethodPost {
		r.Body = k
	}
	return k
}

// Read implements [io.Reader].
func (k *kept) Read(p []byte) (int, error) {
	n, err := k.ReadCloser.Read(p)
	k.read.Write(p[:min(n, maxKept-k.read.Len())])
	return n, err
}

// answer is an answer, read along.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
	taken  bool                // by the handler, as a connection
	ended  func(time.Duration) // told how long it had it
}

// Unwrap implements what [http.ResponseController] asks for.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader implements [http.ResponseWriter].
func (a *answer) WriteHeader(status int) {
	if status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements [http.ResponseWriter].
func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	a.body.Write(p[:min(len(p), maxKept-a.body.Len())])
	return a.ResponseWriter.Write(p)
}

// Hijack implements [http.Hijacker].
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffers, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	a.taken = true
	began := time.Now()
	return &taken{conn, sync.OnceFunc(func() { a.ended(time.Since(began)) })}, buffers, nil
}

// taken is a connection whose end is told.
type taken struct {
	net.Conn
	ended func()
}

// Close implements [net.Conn].
func (t *taken) Close() error {
	t.ended()
	return t.Conn.Close()
}

// unpacked returns a body without its coding, as far as it goes.
func unpacked(coding string, body []byte) []byte {
	var from io.Reader = bytes.NewReader(body)
	switch coding {
	case "br":
		from = br.NewReader(from)
	case "gzip":
		zip, err := gzip.NewReader(from)
		if err != nil {
			return nil
		}
		from = zip
	}
	plain, _ := io.ReadAll(io.LimitReader(from, 1<<20)) // what was cut off is missing
	return plain
}
