package e2e_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/webdriver"
	"morepay/internal/needs"
	"morepay/internal/pay"
)

// phones are user agents that the engines have there.
var phones = map[string]string{
	"firefox": "Mozilla/5.0 (Android 15; Mobile; rv:153.0) Gecko/153.0 Firefox/153.0",
	"webkit":  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
}

// TestEngines runs what payers do in the other engines. Firefox's console must be
// quiet; WebKit's is heard by TestWebKitConsole.
func TestEngines(t *testing.T) {
	t.Parallel()
	needs.Bundle(t)
	shop := httptest.NewUnstartedServer(nil)
	s := demotest.Start(t, func(c *demo.Config) { c.Origins = []string{"http://" + shop.Listener.Addr().String()} })
	shop.Config.Handler = shopPages(s)
	shop.Start()
	t.Cleanup(shop.Close)
	t.Cleanup(func() { // after both
		for line := range strings.Lines(s.Log.String()) {
			if strings.Contains(line, "content was blocked") {
				t.Errorf("the page's own content was blocked: %s", line)
			}
		}
	})
	for _, engine := range []webdriver.Engine{webdriver.Firefox, webdriver.WebKit} {
		t.Run(engine.Name, func(t *testing.T) {
			t.Parallel() // most of the time goes into waiting for providers and refreshes
			runFlows(t, s, engine, shop.URL)
		})
	}
}

func runFlows(t *testing.T, s *demotest.Demo, engine webdriver.Engine, shop string) {
	noWASM, phone := webdriver.Options{NoWASM: true}, webdriver.Options{Phone: true, Agent: phones[engine.Name]}
	at := func(run func(*testing.T, *demotest.Demo, *webdriver.Tab, string)) func(*testing.T, *demotest.Demo, *webdriver.Tab) {
		return func(t *testing.T, s *demotest.Demo, tab *webdriver.Tab) { run(t, s, tab, shop) }
	}
	for _, flow := range []struct {
		name string
		o    webdriver.Options
		run  func(*testing.T, *demotest.Demo, *webdriver.Tab)
	}{
		{"pays", webdriver.Options{}, enginePays},
		{"phone", phone, enginePhonePays},
		{"embed", webdriver.Options{}, engineEmbeds},
		{"no-wasm", noWASM, enginePaysWithoutWASM},
		{"no-wasm-embed", noWASM, engineEmbeds},
		{"no-script", webdriver.Options{NoScript: true}, enginePaysWithoutScript},
		{"comes-back", webdriver.Options{}, engineComesBack},
		{"comes-back-without-wasm", noWASM, engineComesBack},
		{"comes-back-to-shop", webdriver.Options{}, at(engineComesBackToShop)},
		{"no-elements", webdriver.Options{}, at(engineWithoutElements)},
	} {
		t.Run(flow.name, func(t *testing.T) { flow.run(t, s, engine.Open(t, flow.o)) })
	}
}

const qrRow = wallet + `form[data-rail="qr"] button`

// enginePays takes a code and pays it with another device; the page says so in place.
func enginePays(t *testing.T, s *demotest.Demo, tab *webdriver.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tab.Wait(ready)
	if got := tab.Text(`morepay.drift`); got != "0" {
		t.Errorf("%s nodes differed", got)
	}
	tab.Eval(`window.loaded = "once"`, nil)
	tab.Tap(qrRow)
	tab.Wait(has(`svg[data-qr]`))
	s.Phone(t, "approve", scan(t, tab))
	tab.Wait(is("paid"))
	if got := tab.Text(`window.loaded`); got != "once" {
		t.Error("the page was loaded again")
	}
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// Without WebAssembly the page is loaded again on news, and not much later.
func enginePaysWithoutWASM(t *testing.T, s *demotest.Demo, tab *webdriver.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tab.Tap(qrRow)
	tab.Wait(has(`svg[data-qr]`) + " && " + whole)
	if got := tab.Text(`typeof WebAssembly + " " + morepay.ready`); got != "undefined false" {
		t.Errorf("WebAssembly and the client are %s", got)
	}
	s.Phone(t, "approve", scan(t, tab))
	tab.Wait(is("paid"))
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// Without scripts the page is loaded again from time to time.
func enginePaysWithoutScript(t *testing.T, s *demotest.Demo, tab *webdriver.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tab.Wait(`location.search === "?choose=1" && ` + whole) // the list has gone to its own address
	tab.Tap(qrRow)
	tab.Wait(has(`svg[data-qr]`))
	s.Phone(t, "approve", scan(t, tab))
	tab.Wait(is("paid"))
	if got := tab.Text(`typeof morepay`); got != "undefined" {
		t.Errorf("a script of the page's ran: morepay is %s", got)
	}
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// enginePhonePays leaves for the wallet's page, which hands over to the app and
// comes back by itself.
func enginePhonePays(t *testing.T, s *demotest.Demo, tab *webdriver.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tab.Wait(ready)
	tab.Tap(wallet + `form[data-rail="deep_link"] button`)
	payLaunched(t, s, open)
	tab.Wait(wasPaid)
	if got, want := tab.Text(`location.pathname`), "/pay/"+open.Token; got != want && got != "/demo/thanks" {
		t.Errorf("the payer came back to %s, want %s", got, want)
	}
	onlyAttempt(t, s, open, pay.AttemptSucceeded)
}

// payLaunched waits until the wallet's app has been opened for a session, and pays
// there.
func payLaunched(t *testing.T, s *demotest.Demo, open demotest.Session) {
	t.Helper()
	wait(t, "the wallet's app is opened", func() bool {
		now := s.Look(t, open)
		for _, p := range s.Payments(t, "launched") {
			if len(now.Attempts) == 1 && p.Number == now.Attempts[0].OutTradeNo {
				s.Phone(t, "approve", p.ID)
				return true
			}
		}
		return false
	})
}

// engineEmbeds pays in the storefront, whose page hears of it.
func engineEmbeds(t *testing.T, s *demotest.Demo, tab *webdriver.Tab) {
	tab.Go(s.Origin + "/demo/?merchant=bench")
	tab.Eval("(function () {"+listen+"})()", nil)
	frame := tab.Frame(frameElement)
	frame.Wait(is("select") + " && " + whole)
	tab.Wait(frameElement + `.getBoundingClientRect().height >= ` + frame.Text(`Math.ceil(document.documentElement.getBoundingClientRect().height)`))
	frame.Tap(qrRow)
	frame.Wait(has(`svg[data-qr]`))
	s.Phone(t, "approve", scan(t, tab))
	frame.Wait(is("paid"))
	tab.Wait(`heard.some(function (e) { return e.type === "complete" })`)
	var list []heard
	tab.Eval(`heard`, &list)
	for _, e := range list {
		if e.Type == "error" {
			t.Errorf("the shop's page heard %s", pretty(list))
		}
	}
}

// TestWebKitConsole opens pages in a WebKit that tells its console, which a driven one
// doesn't.
func TestWebKitConsole(t *testing.T) {
	needs.Bundle(t)
	s := demotest.Start(t)
	t.Run("page", func(t *testing.T) {
		open := s.Open(t, demotest.Order{})
		proxy, runs := watchClient(t, s)
		said := webdriver.Overhear(t, strings.Replace(open.URL, s.Origin, proxy, 1), func() bool {
			if !runs() {
				return false
			}
			payByCode(t, s, open) // and is told
			return true
		})
		if len(said) != 0 {
			t.Errorf("the console says %q", said)
		}
	})
	t.Run("storefront", func(t *testing.T) {
		said := webdriver.Overhear(t, s.Origin+"/demo/?merchant=bench", func() bool { return s.Metric(t, "morepay_event_streams") != "0" })
		if len(said) != 0 {
			t.Errorf("the console says %q", said)
		}
	})
}

// watchClient starts a proxy in front of the demo, and returns its origin and a
// function that reports whether a page's client runs: a stream has been opened since
// the bundle came.
func watchClient(t *testing.T, s *demotest.Demo) (string, func() bool) {
	t.Helper()
	origin, err := url.Parse(s.Origin)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(origin)
		r.Out.Host = r.In.Host
	}}
	var bundle, client atomic.Bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bundle.Load() && strings.HasSuffix(r.URL.Path, "/events") {
			client.Store(true)
		}
		proxy.ServeHTTP(w, r)
		if strings.HasSuffix(r.URL.Path, ".wasm") {
			bundle.Store(true)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, client.Load
}

// engineComesBack goes on to another page while the session is paid elsewhere: the
// page that a browser may have kept says so.
func engineComesBack(t *testing.T, s *demotest.Demo, tab *webdriver.Tab) {
	open := s.Open(t, demotest.Order{})
	tab.Go(open.URL)
	tab.Wait(whole)
	tab.Eval(`addEventListener("pageshow", function (e) { sessionStorage.kept = e.persisted })`, nil)
	tab.Go(s.SimURL + "/phone")
	payByCode(t, s, open)
	tab.Back()
	tab.Wait(is("paid"))
	// Firefox keeps no page that must not be stored; WebKit does, over http and in frames.
	if kept := tab.Text(`sessionStorage.kept`); (kept == "true") != (tab.Engine == "webkit") {
		t.Errorf("the browser kept the page: %s", kept)
	}
}

// payByCode pays a session by a code that its page has not asked for.
func payByCode(t *testing.T, s *demotest.Demo, open demotest.Session) {
	t.Helper()
	form := s.Form(t, open, "wechat_pay", pay.RailQR)
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Accept", demotest.TypeJSON, "User-Agent", demotest.Desktop))
	if a.Status != http.StatusOK {
		t.Fatalf("no code: %d %s", a.Status, a.Body)
	}
	attempts := s.Look(t, open).Attempts
	for _, p := range s.Payments(t, "codes") {
		if p.Number == attempts[len(attempts)-1].OutTradeNo {
			s.UntilPaid(t, open, func() { s.Phone(t, "approve", p.Text) })
			return
		}
	}
	t.Fatalf("no code was made for %+v", attempts)
}

// shopPages serves a shop's page for each session, by its token: /TOKEN, and /old/TOKEN
// as in a browser that knows no custom elements.
func shopPages(s *demotest.Demo) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, old := strings.CutPrefix(strings.TrimPrefix(r.URL.Path, "/"), "old/")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><link rel=icon href=data:,>`)
		if old {
			fmt.Fprint(w, `<script>delete window.customElements</script>`)
		}
		fmt.Fprintf(w, `<script src="%[1]s/embed.js"></script>
			<more-payment-methods session="%[2]s"><a href="%[1]s/pay/%[2]s">Open the checkout</a></more-payment-methods>`, s.Origin, token)
	})
}

// engineComesBackToShop does what engineComesBack does with a shop's page, and the
// checkout in it.
func engineComesBackToShop(t *testing.T, s *demotest.Demo, tab *webdriver.Tab, shop string) {
	open := s.Open(t, demotest.Order{})
	tab.Go(shop + "/" + open.Token)
	tab.Frame(frameElement).Wait(is("select") + " && " + whole)
	tab.Eval(`window.kept = "yes"`, nil)
	tab.Go(s.SimURL + "/phone")
	payByCode(t, s, open)
	tab.Back()
	tab.Wait(`location.pathname === "/` + open.Token + `"`)
	tab.Frame(frameElement).Wait(is("paid"))
	if kept := tab.Text(`window.kept`); (kept == "yes") != (tab.Engine == "webkit") {
		t.Errorf("the browser kept the shop's page: %s", kept)
	}
}

// A browser without custom elements shows what the shop put into the element.
func engineWithoutElements(t *testing.T, s *demotest.Demo, tab *webdriver.Tab, shop string) {
	open := s.Open(t, demotest.Order{})
	tab.Go(shop + "/old/" + open.Token)
	if got := tab.Text(`typeof customElements`); got != "undefined" {
		t.Fatalf("there are custom elements: %s", got)
	}
	tab.Tap("a")
	tab.Wait(is("select"))
}
