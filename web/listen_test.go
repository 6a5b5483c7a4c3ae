package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/view"
)

// The script and the server agree on how often the server gives a sign of life.
func TestListenKnowsTheBeat(t *testing.T) {
	source, err := os.ReadFile(Listen)
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("deadAfter = %d * second", 2*view.Beat/time.Second+2); !strings.Contains(string(source), want) {
		t.Errorf("the server's beat comes every %v, so there should be: %s", view.Beat, want)
	}
}

// session is a page that only listen.js follows, with the routes that it asks.
type session struct {
	*httptest.Server

	mu      sync.Mutex
	view    view.Checkout
	changed chan struct{} // closed when something has
	streams string        // how they are treated: "" well, or held, headless, refused
	down    bool          // nothing answers
	pages   int           // how often the page was loaded
	open    int           // streams
	closed  int           // streams that have ended
	asked   int
	checked []string      // the forms posted to …/return
	back    int           // how often the payer came back as from the wallet
	answer  chan struct{} // closed when the page has heard of the attempt
}

func serveSession(t *testing.T, live view.Progress) *session {
	t.Helper()
	live.LastEvent, live.Status, live.FormToken = 3, "open", "form-token"
	live.ServerTime = time.Now()
	if live.ExpiresAt.IsZero() {
		live.ExpiresAt = time.Now().Add(24 * time.Hour)
	}
	s := &session{
		changed: make(chan struct{}),
		answer:  make(chan struct{}),
		view:    view.Checkout{Path: "/pay/token", Parent: "https://shop.example", Locale: "en", Progress: live},
	}
	assets := newAssets(sources, fstest.MapFS{})
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", assets)
	mux.HandleFunc("GET /pay/token", func(w http.ResponseWriter, r *http.Request) { s.page(w, assets) })
	mux.HandleFunc("GET /pay/token/events", s.events)
	mux.HandleFunc("POST /pay/token/return", func(w http.ResponseWriter, r *http.Request) {
		s.change(func() { s.checked = append(s.checked, r.FormValue("form_token")) })
		json.NewEncoder(w).Encode(s.now())
	})
	mux.HandleFunc("GET /pay/token/return", func(w http.ResponseWriter, r *http.Request) {
		s.change(func() { s.back++ })
		http.Redirect(w, r, "/pay/token?returned=1", http.StatusSeeOther)
	})
	mux.HandleFunc("POST /pay/token/attempts", func(w http.ResponseWriter, r *http.Request) {
		s.tell(view.StateSubmitting)
		select {
		case <-s.answer:
			http.Redirect(w, r, "/other", http.StatusSeeOther)
		case <-r.Context().Done():
			t.Error("the payer's own request was cut off")
		}
	})
	mux.HandleFunc("POST /pay/token/heard", func(http.ResponseWriter, *http.Request) { close(s.answer) })
	mux.HandleFunc("GET /other", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>other</title>`)
	})
	s.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		s.CloseClientConnections() // streams don't end by themselves
		s.Close()
	})
	return s
}

// change changes what is served and wakes the streams.
func (s *session) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// tell is news of the session.
func (s *session) tell(state view.State) {
	s.change(func() {
		s.view.Progress.State = state
		s.view.Progress.LastEvent++
	})
}

func (s *session) now() view.Progress {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view.Progress
}

func (s *session) page(w http.ResponseWriter, assets *Assets) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages++
	data, err := json.Marshal(s.view)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Security-Policy", policy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><html lang="en"><head><title>checkout</title><link rel="icon" href="data:,"></head><body>`+
		`<main id="checkout" data-state="%s"><h1>%d</h1><input id="link" value="https://pay.example/x"><button data-copy="link">Copy</button>`+
		`<form method="post" action="/pay/token/attempts"><button id="pay">Pay</button></form><button data-bridge="weixin">Again</button><p class="status"></p>`+
		`<a class="main" href="/other" target="_top">Shop</a><p class="onward">in 3 seconds</p></main>`+
		`<script type="application/json" id="view">%s</script><script defer src="%s" data-offline="Connection lost" data-copied="Copied"></script></body></html>`,
		s.view.Progress.State, s.pages, data, assets.URL(Listen))
}

func (s *session) events(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	streams, down, live := s.streams, s.down, s.view.Progress
	s.mu.Unlock()
	streaming := strings.Contains(r.Header.Get("Accept"), "event-stream")
	switch {
	case down, streaming && streams == "refused":
		w.WriteHeader(http.StatusNoContent) // of which no console complains
	case !streaming:
		s.change(func() { s.asked++ })
		json.NewEncoder(w).Encode(live)
	default:
		s.change(func() { s.open++ })
		s.stream(w, r, streams)
		s.change(func() { s.open--; s.closed++ })
	}
}

// stream tells what is newer than the page until the client leaves, or the server
// goes down.
func (s *session) stream(w http.ResponseWriter, r *http.Request, how string) {
	if how == "held" {
		<-r.Context().Done()
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.(http.Flusher).Flush()
	if how == "headless" {
		<-r.Context().Done()
		return
	}
	fmt.Fprint(w, "event: beat\ndata: 1\n\n")
	for {
		s.mu.Lock()
		live, changed, down := s.view.Progress, s.changed, s.down
		s.mu.Unlock()
		if down {
			return
		}
		if fmt.Sprint(live.LastEvent) != r.URL.Query().Get("after") {
			data, err := json.Marshal(live)
			if err != nil {
				panic(err)
			}
			fmt.Fprintf(w, "event: live\ndata: %s\n\n", data)
		}
		w.(http.Flusher).Flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// count reads one of the counters.
func (s *session) count(of *int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *of
}

// until waits until something is true of the session.
func (s *session) until(t *testing.T, what string, is func() bool) {
	t.Helper()
	late := time.After(browsertest.Patience)
	for {
		s.mu.Lock()
		ok, changed := is(), s.changed
		s.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("it never came true: %s", what)
		}
	}
}

// visit opens the page, with a script that runs before each page's own.
func (s *session) visit(t *testing.T, browser *browsertest.Browser, script string) *browsertest.Tab {
	t.Helper()
	tab := browser.Open(t, before(script))
	tab.Go(s.URL + "/pay/token")
	return tab
}

// hurry makes the page's clock, and what waits by it, run fifty times as fast.
const hurry = `(() => {
	const now = Date.now, since = now(), every = setInterval;
	Date.now = () => since + (now() - since) * 50;
	window.setInterval = (f, ms) => every(f, ms / 50);
})();`

func shows(state view.State) string {
	return `document.getElementById("checkout").dataset.state === "` + string(state) + `"`
}

// What has happened shows whatever is done to the stream.
func TestListenHearsNews(t *testing.T) {
	browser := browsertest.Start(t)
	for _, test := range []struct{ name, streams, script string }{
		{"stream", "", ""},
		{"held", "held", hurry},
		{"headless", "headless", hurry},
		{"refused", "refused", hurry},
		{"no-streams", "", hurry + "delete window.EventSource"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serveSession(t, view.Progress{State: view.StateWaiting})
			s.change(func() { s.streams = test.streams })
			tab := s.visit(t, browser, test.script)
			if test.streams != "refused" && !strings.Contains(test.script, "delete") {
				s.until(t, "a stream is open", func() bool { return s.open == 1 })
			}
			s.tell(view.StatePaid)
			tab.Wait(shows(view.StatePaid))
			s.until(t, "no stream is left", func() bool { return s.open == 0 })
			if n := s.count(&s.pages); n != 2 {
				t.Errorf("the page was loaded %d times", n)
			}
		})
	}
}

// A client that takes over finds no stream beside its own, and gives back what it
// can't follow any more.
func TestListenGivesWay(t *testing.T) {
	s := serveSession(t, view.Progress{State: view.StateWaiting})
	tab := s.visit(t, browsertest.Start(t), "")
	s.until(t, "a stream is open", func() bool { return s.open == 1 })
	tab.Eval(`morepay.hush()`, nil)
	s.until(t, "no stream is left", func() bool { return s.open == 0 })
	s.tell(view.StateWaiting)
	if got := tab.Text(`document.querySelector("h1").textContent`); got != "1" {
		t.Errorf("the page was loaded %s times", got)
	}
	tab.Eval(`morepay.listen()`, nil)
	tab.Wait(`document.querySelector("h1").textContent === "2"`)
}

// What the browser is sure of is said at once, else what nobody answers to; and it
// is taken back.
func TestListenTellsOfLostConnection(t *testing.T) {
	browser := browsertest.Start(t)
	for _, test := range []struct{ name, script, event string }{
		{"offline", "", `Object.defineProperty(navigator, "onLine", { configurable: true, value: false }); dispatchEvent(new Event("offline"))`},
		{"nobody-answers", hurry, "0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := serveSession(t, view.Progress{State: view.StateWaiting})
			tab := s.visit(t, browser, test.script)
			s.until(t, "a stream is open", func() bool { return s.open == 1 })
			s.change(func() { s.down = true })
			tab.Eval(test.event, nil)
			tab.Wait(`document.querySelector(".status").textContent === "Connection lost"`)
			s.change(func() { s.down = false })
			tab.Eval(`Object.defineProperty(navigator, "onLine", { configurable: true, value: true }); dispatchEvent(new Event("online"))`, nil)
			tab.Wait(`document.querySelector(".status").textContent === ""`)
			if n := s.count(&s.pages); n != 1 {
				t.Errorf("the page was loaded %d times", n)
			}
		})
	}
}

// A page that nobody sees holds no stream, and still learns what happens.
func TestListenHoldsNoStreamUnseen(t *testing.T) {
	s := serveSession(t, view.Progress{State: view.StateWaiting})
	tab := s.visit(t, browsertest.Start(t), hurry)
	s.until(t, "a stream is open", func() bool { return s.open == 1 })
	tab.Eval(`Object.defineProperty(document, "hidden", { configurable: true, value: true }); document.dispatchEvent(new Event("visibilitychange"))`, nil)
	s.until(t, "the stream is let go", func() bool { return s.open == 0 })
	asked := s.count(&s.asked)
	s.until(t, "it asks", func() bool { return s.asked > asked })
	s.tell(view.StatePaid)
	tab.Wait(shows(view.StatePaid))
}

// A page from the back-forward cache shows the past, whatever it is.
func TestListenLooksAfterBack(t *testing.T) {
	s := serveSession(t, view.Progress{State: view.StateSelect})
	tab := s.visit(t, browsertest.Start(t), "")
	s.until(t, "a stream is open", func() bool { return s.open == 1 })
	tab.Eval(`dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }))`, nil)
	s.until(t, "the stream is let go", func() bool { return s.closed == 1 }) // this page lives on, and may listen again
	tab.Eval(`dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }))`, nil)
	tab.Wait(`document.querySelector("h1").textContent === "2"`)
}

// News of what the payer has just done do not cut off what comes of it.
func TestListenLetsPayerLeave(t *testing.T) {
	s := serveSession(t, view.Progress{State: view.StateSelect})
	tab := s.visit(t, browsertest.Start(t), `(() => {
		const now = Date.now(), Stream = EventSource;
		Date.now = () => now; // however slow this machine is
		window.EventSource = function (address) {
			const stream = new Stream(address);
			setTimeout(() => stream.addEventListener("live", () => navigator.sendBeacon("/pay/token/heard")));
			return stream;
		};
	})()`)
	s.until(t, "a stream is open", func() bool { return s.open == 1 })
	tab.Run(chromedp.Click("#pay"))
	tab.Wait(`location.pathname === "/other"`)
	if n := s.count(&s.pages); n != 1 {
		t.Errorf("the page was loaded %d times", n)
	}
}

// Where nothing came of the tap, the page shows what is.
func TestListenGoesOnAfterTap(t *testing.T) {
	s := serveSession(t, view.Progress{State: view.StateSelect})
	tab := s.visit(t, browsertest.Start(t), hurry+`addEventListener("submit", (e) => e.preventDefault())`)
	s.until(t, "a stream is open", func() bool { return s.open == 1 })
	tab.Run(chromedp.Click("#pay"))
	s.tell(view.StateWaiting)
	tab.Wait(shows(view.StateWaiting))
}

// What runs out is drawn anew, though no event says so.
func TestListenSeesWhatRunsOut(t *testing.T) {
	browser := browsertest.Start(t)
	soon := time.Now().Add(30 * time.Second)
	for name, live := range map[string]view.Progress{
		"session": {State: view.StateWaiting, ExpiresAt: soon},
		"code":    {State: view.StateWaiting, Payment: &view.Payment{AttemptID: "a1", ExpiresAt: soon}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serveSession(t, live)
			s.visit(t, browser, hurry)
			s.until(t, "the page is loaded again", func() bool { return s.pages == 2 })
		})
	}
}

// wallet stands for the app around the page.
const wallet = `window.WeixinJSBridge = { invoke: (name, params, answer) => {
	sessionStorage.calls = 1 + (sessionStorage.calls | 0);
	window.asked = { name, params, answer };
} };`

// Without a client the payment window opens from here, once an attempt; under it
// the page stands still; and what it answers is a reason to ask.
func TestListenOpensBridge(t *testing.T) {
	live := view.Progress{State: view.StateWaiting, Payment: &view.Payment{
		AttemptID: "a1", Bridge: &view.Bridge{Name: "weixin", Params: map[string]string{"package": "prepay_id=p1"}},
	}}
	browser := browsertest.Start(t)
	open := func(t *testing.T) (*session, *browsertest.Tab) {
		s := serveSession(t, live)
		tab := s.visit(t, browser, wallet)
		tab.Wait(`window.asked`)
		if got := tab.Text(`asked.name + " " + asked.params.package`); got != "getBrandWCPayRequest prepay_id=p1" {
			t.Errorf("the page asks for %s", got)
		}
		s.until(t, "a stream is open", func() bool { return s.open == 1 })
		return s, tab
	}
	t.Run("canceled", func(t *testing.T) {
		s, tab := open(t)
		tab.Eval(`asked.answer({ err_msg: "get_brand_wcpay_request:cancel" })`, nil)
		s.until(t, "the provider is asked", func() bool { return len(s.checked) == 1 && s.checked[0] == "form-token" })
		tab.Run(chromedp.Click("[data-bridge]"))
		if got := tab.Text(`sessionStorage.calls + " " + document.querySelector("h1").textContent`); got != "2 1" {
			t.Errorf("calls and loads: %s", got)
		}
	})
	t.Run("paid", func(t *testing.T) {
		s, tab := open(t)
		tab.Eval(`asked.answer({ err_msg: "get_brand_wcpay_request:ok" })`, nil)
		s.until(t, "the payer comes back as from the wallet", func() bool { return s.back == 1 })
		tab.Wait(`location.search === "?returned=1"`)
		if got := tab.Text(`sessionStorage.calls`); got != "1" {
			t.Errorf("the window opened %s times", got)
		}
	})
	t.Run("news-meanwhile", func(t *testing.T) {
		s, tab := open(t)
		s.tell(view.StatePaid)
		tab.Eval(`fetch("/pay/token/events").then((r) => r.text())`, nil) // what came before has been heard
		if got := tab.Text(`document.querySelector("h1").textContent`); got != "1" {
			t.Error("the page was loaded under the payment window")
		}
		tab.Eval(`asked.answer({})`, nil)
		tab.Wait(shows(view.StatePaid))
	})
	t.Run("client-is-there", func(t *testing.T) {
		s, tab := open(t)
		tab.Eval(`morepay.ready = true; morepay.hush(); document.addEventListener("morepay-answer", (e) => { window.answer = e.detail })`, nil)
		tab.Eval(`asked.answer({ err_msg: "get_brand_wcpay_request:ok" })`, nil)
		if got := tab.Text(`JSON.stringify(answer)`); got != `{"attempt":"a1","paid":true}` {
			t.Errorf("the client hears %s", got)
		}
		tab.Eval(`morepay.pay({ attempt: "a1", bridge: { name: "weixin", params: {} } }, false)`, nil)
		if got := tab.Text(`sessionStorage.calls`); got != "1" || s.count(&s.back) != 0 {
			t.Errorf("the window opened %s times", got)
		}
	})
}

// Alipay's numbers for what became of a payment: those that don't rule it out lead
// to a look.
func TestListenReadsAlipay(t *testing.T) {
	browser := browsertest.Start(t)
	for code, back := range map[string]int{`"9000"`: 1, `8000`: 1, `"6004"`: 1, `"6001"`: 0, `"4000"`: 0} {
		s := serveSession(t, view.Progress{State: view.StateWaiting, Payment: &view.Payment{AttemptID: "a1", Bridge: &view.Bridge{Name: "alipay"}}})
		tab := s.visit(t, browser, `window.AlipayJSBridge = { call: (name, params, answer) => { window.asked = { name, answer } } }`)
		tab.Wait(`window.asked && asked.name === "tradePay"`)
		tab.Eval(`asked.answer({ resultCode: `+code+` })`, nil)
		s.until(t, "it is looked up", func() bool { return s.back+len(s.checked) == 1 })
		if got := s.count(&s.back); got != back {
			t.Errorf("%s: comes back %d times, want %d", code, got, back)
		}
	}
}

// The link can be copied where no client ever comes.
func TestListenCopies(t *testing.T) {
	s := serveSession(t, view.Progress{State: view.StateSelect})
	tab := s.visit(t, browsertest.Start(t), "")
	tab.Run(chromedp.Click("[data-copy]"))
	tab.Wait(`document.querySelector(".status").textContent === "Copied"`)
}

// Who has come back and paid is led on, unless a touch or a key says that they read;
// and never out of a frame.
func TestListenLeadsOn(t *testing.T) {
	browser := browsertest.Start(t)
	const line = `document.querySelector(".onward")`
	leads := func(t *testing.T, script string) *browsertest.Tab {
		s := serveSession(t, view.Progress{State: view.StatePaid, Onward: true})
		return s.visit(t, browser, script+`
			const timeout = window.setTimeout;
			window.setTimeout = (f, ms) => timeout(ms === 3000 ? () => { window.late = true; f() } : f, ms / 10)`)
	}
	t.Run("goes", func(t *testing.T) {
		tab := leads(t, "")
		before := tab.Text(`history.length`)
		tab.Wait(`location.pathname === "/other"`)
		if after := tab.Text(`history.length`); after != before {
			t.Errorf("Back leads to the page again: %s entries, were %s", after, before)
		}
	})
	for _, sign := range []string{"keydown", "touchstart", "mousedown", "wheel"} {
		t.Run(sign, func(t *testing.T) {
			tab := leads(t, `addEventListener("DOMContentLoaded", () => dispatchEvent(new Event("`+sign+`")));`)
			tab.Wait(line + `.hidden`)
			tab.Eval(`morepay.onward(); new Promise((r) => setTimeout(r, 4000))`, nil)
			if got := tab.Text(`!!window.late`); got != "false" {
				t.Error("it went on all the same")
			}
		})
	}
	t.Run("framed", func(t *testing.T) {
		tab := leads(t, `Object.defineProperty(window, "parent", { value: {} });`)
		tab.Eval(`morepay.onward(); new Promise((r) => setTimeout(r, 4000))`, nil)
		if got := tab.Text(`!!window.late`); got != "false" {
			t.Error("it went on within a frame")
		}
	})
}

// Esc leads back from a code on a desktop, and from nothing else.
func TestListenTakesEscape(t *testing.T) {
	browser := browsertest.Start(t)
	for _, c := range []struct {
		code, class string
		goes        bool
	}{{"data-qr", "desk", true}, {"data-qr", "phone", false}, {"data-code", "desk", false}} {
		s := serveSession(t, view.Progress{State: view.StateWaiting})
		tab := s.visit(t, browser, "")
		tab.Eval(`checkout.className = "`+c.class+`"; window.times = 0;
			const form = document.createElement("form");
			form.setAttribute("`+c.code+`", "");
			form.setAttribute("data-inline", "choose");
			form.append(document.createElement("button"));
			checkout.append(form);
			addEventListener("submit", (e) => { e.preventDefault(); times++ })`, nil)
		tab.Run(chromedp.KeyEvent(kb.Escape), chromedp.KeyEvent("a"))
		if got := tab.Text(`times`); (got == "1") != c.goes {
			t.Errorf("%+v: it went back %s times", c, got)
		}
	}
}
