package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// holding is a proxy's configuration that holds event streams back and serves the
// bundle under another type, as boxes in the middle do.
const holding = `daemon off;
master_process off;
pid %[1]s/pid;
error_log %[1]s/error.log;
events {}
http {
	access_log off;
	client_body_temp_path %[1]s/body;
	proxy_temp_path %[1]s/proxy;
	fastcgi_temp_path %[1]s/fastcgi;
	uwsgi_temp_path %[1]s/uwsgi;
	scgi_temp_path %[1]s/scgi;
	server {
		listen %[2]s;
		proxy_set_header Host $http_host;
		location / { proxy_pass %[3]s; proxy_ignore_headers X-Accel-Buffering; proxy_buffers 8 64k; proxy_buffer_size 64k; }
		location ~ \.wasm$ { proxy_pass %[3]s; proxy_hide_header Content-Type; add_header Content-Type application/octet-stream; }
	}
}`

// behindNginx starts a proxy in front of the demo that ends with the test, and
// returns its origin.
func behindNginx(t *testing.T, s *demotest.Demo) string {
	t.Helper()
	program, dir := needs.Nginx(t), t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := free.Addr().String()
	free.Close()
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, holding, dir, listen, s.Origin), 0o600); err != nil {
		t.Fatal(err)
	}
	proxy := exec.CommandContext(t.Context(), program, "-c", file, "-e", filepath.Join(dir, "error.log"))
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = proxy.Wait() // it is killed as the test ends
		if log, err := os.ReadFile(filepath.Join(dir, "error.log")); err == nil && t.Failed() {
			t.Logf("nginx: %s", log)
		}
	})
	wait(t, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", listen)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	return "http://" + listen
}

// What holds the event stream back does not hold back the news, with the client
// and without it.
func streamHeld(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	proxy := behindNginx(t, s)
	for name, script := range map[string]string{"client": "", "no-client": "delete window.WebAssembly"} {
		t.Run(name, func(t *testing.T) {
			open := s.Open(t, demotest.Order{})
			tab := show(t, browser, demotest.Desktop, early(script))
			tab.Go(strings.Replace(open.URL, s.Origin, proxy, 1))
			if script == "" {
				tab.Wait(ready)
			}
			tap(tab, wallet+`form[data-rail="qr"] button`)
			tab.Wait(has(`svg[data-qr]`))
			s.Phone(t, "approve", scan(t, tab))
			tab.Wait(is("paid"))
			onlyAttempt(t, s, open, "succeeded")
		})
	}
}

// clock lets a page's time be moved on by window.skip, in milliseconds; timers
// look at it often.
const clock = `(() => {
	let skipped = 0;
	window.skip = (ms) => { skipped += ms };
	for (const clock of [performance, Date]) {
		const now = clock.now.bind(clock);
		clock.now = () => now() + skipped;
	}
	for (const name of ["setTimeout", "setInterval"]) {
		const real = window[name];
		window[name] = (f, ms, ...args) => real(f, ms >= 1000 ? ms / 50 : ms, ...args);
	}
})();`

// turnAway hides a page, and has its time fly.
const turnAway = `Object.defineProperty(document, "hidden", { value: true });
	document.dispatchEvent(new Event("visibilitychange"));
	setInterval(() => skip(5000), 100)`

// Six pages take all the connections that a browser keeps to one server over
// HTTP/1.1, until those that nobody sees let go of theirs.
func seventhTab(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	first := show(t, browser, demotest.Desktop, early(clock))
	tabs := []*browsertest.Tab{first}
	for range 5 {
		tabs = append(tabs, browser.Beside(first, early(clock)))
	}
	for _, tab := range tabs {
		tab.Go(s.Open(t, demotest.Order{}).URL)
		tab.Wait(ready)
	}
	wait(t, "each page has a stream", func() bool { return s.Metric(t, "morepay_event_streams") == "6" })
	for _, tab := range tabs {
		tab.Eval(turnAway, nil)
	}
	seventh := browser.Beside(first)
	seventh.Go(s.Open(t, demotest.Order{}).URL)
	seventh.Wait(ready)
}

// Losing the network is said at once, and the page catches up when it is back.
func goesOffline(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{})
	tab := show(t, browser, demotest.Desktop)
	tab.Run(network.Enable())
	tab.Go(open.URL)
	tab.Wait(ready)
	tap(tab, wallet+`form[data-rail="qr"] button`)
	tab.Wait(has(`svg[data-qr]`))
	code := scan(t, tab)
	const says = `document.querySelector(".status").textContent`
	before := tab.Text(says)
	tab.Allow("ERR_INTERNET_DISCONNECTED")
	tab.Run(network.EmulateNetworkConditions(true, 0, -1, -1))
	tab.Wait(says + ` !== ` + fmt.Sprintf("%q", before))
	s.Phone(t, "approve", code)
	tab.Run(network.EmulateNetworkConditions(false, 0, -1, -1))
	tab.Wait(is("paid"))
}
