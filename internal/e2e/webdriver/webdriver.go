// Package webdriver drives Firefox and WebKit, the engine of Safari, for tests:
// Firefox by WebDriver BiDi, WebKit by classic WebDriver. A [Tab] is a browser of
// its own with a fresh profile, and has the few operations that tests need.
// Chromium, and what only its protocol can do, is in package browsertest.
//
// What must not live here: knowledge of our pages, and waits for a fixed time.
package webdriver

import (
	"encoding/json"
	"os"
	"os/exec"
	"testing"
	"time"

	"morepay/internal/e2e/browsertest"
)

// Engine is a browser that can be driven.
type Engine struct {
	Name string
	open func(testing.TB, Options, *browsertest.Console) session
}

// The engines. WebKit's console is not heard: its driver has no way to it.
var (
	Firefox = Engine{"firefox", openFirefox}
	WebKit  = Engine{"webkit", openWebKit}
)

// Options say how a browser differs from one fresh from its package.
type Options struct {
	Agent    string // user agent that it claims to be, if not empty
	Phone    bool   // a window as narrow as a phone's
	NoScript bool   // pages run no JavaScript; tests still can
	NoWASM   bool   // there is no WebAssembly
}

// closing is how long a browser may take to end.
const closing = 5 * time.Second

// size returns the window's, in CSS pixels.
func (o Options) size() (width, height int) {
	if o.Phone {
		return 390, 844
	}
	return 1280, 1400
}

// session is what differs between the engines' protocols. A frame is an engine's
// name for one, and "" the page itself.
type session interface {
	navigate(url string) error
	back() error
	// evaluate returns the JSON of a script's string, or of what its promise brings.
	evaluate(frame, script string) (json.RawMessage, error)
	// click scrolls to an element and clicks in its middle with the mouse.
	click(frame, selector string) error
	// enter returns the frame that an expression's iframe shows.
	enter(frame, element string) (string, error)
	// picture returns the window as a PNG.
	picture() ([]byte, error)
}

// Tab is a browser with one page, or a frame in it.
type Tab struct {
	Engine string // its name

	t     testing.TB
	s     session
	frame string
	log   *browsertest.Console

	noScript bool
}

// Open starts a browser that ends with the test. See package needs for what
// happens where it isn't installed. What it complains of fails the test.
func (e Engine) Open(t testing.TB, o Options) *Tab {
	t.Helper()
	log := &browsertest.Console{}
	tab := &Tab{Engine: e.Name, t: t, s: e.open(t, o, log), log: log, noScript: o.NoScript}
	t.Cleanup(func() {
		for _, line := range log.Drain() {
			t.Errorf("webdriver: console: %s", line)
		}
	})
	return tab
}

// must fails the test if a browser could not do something.
func (tab *Tab) must(what string, err error) {
	tab.t.Helper()
	if err != nil {
		tab.t.Fatalf("webdriver: %s: %v%s", what, err, tab.log.Heard())
	}
}

// Go navigates to url and waits for its load event.
func (tab *Tab) Go(url string) {
	tab.t.Helper()
	tab.must(url, tab.s.navigate(url))
}

// Back does what the browser's button does. It does not wait for the page.
func (tab *Tab) Back() {
	tab.t.Helper()
	tab.must("back", tab.s.back())
}

// Eval evaluates an expression and stores its value, as JSON has it, in the value
// that out points to, if any. A promise is awaited.
func (tab *Tab) Eval(expression string, out any) {
	tab.t.Helper()
	tab.must(expression, tab.try(expression, out))
}

// try wraps an expression so that both protocols bring its value as a string. Where
// pages run no script, promises are never kept.
func (tab *Tab) try(expression string, out any) error {
	const write = "function (v) { return JSON.stringify(v === undefined ? null : v) }"
	script := "Promise.resolve(" + expression + ").then(" + write + ")"
	if tab.noScript {
		script = "(" + write + ")(" + expression + ")"
	}
	raw, err := tab.s.evaluate(tab.frame, script)
	if err != nil || out == nil {
		return err
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return err
	}
	return json.Unmarshal([]byte(text), out)
}

// Text returns the value of an expression as a string.
func (tab *Tab) Text(expression string) string {
	tab.t.Helper()
	var s string
	tab.Eval("String("+expression+")", &s)
	return s
}

// Wait waits until an expression is true, in this page or one that it leads to.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	var last error
	if !eventually(func() bool {
		var ok bool
		last = tab.try("!!("+expression+")", &ok)
		return ok
	}) {
		tab.t.Fatalf("webdriver: it never came true: %s (%v)%s", expression, last, tab.log.Heard())
	}
}

// Tap waits for an element on a page that has its style, and clicks on it with the
// mouse.
func (tab *Tab) Tap(selector string) {
	tab.t.Helper()
	var last error
	if !eventually(func() bool {
		var there bool
		if last = tab.try(`!!(document.readyState === "complete" && document.querySelector(`+quote(selector)+`))`, &there); there {
			last = tab.s.click(tab.frame, selector) // fails if the page has changed since
		}
		return there && last == nil
	}) {
		tab.t.Fatalf("webdriver: %s can't be clicked on: %v%s", selector, last, tab.log.Heard())
	}
}

// Frame returns what the iframe that an expression leads to shows, as a tab of its
// own.
func (tab *Tab) Frame(element string) *Tab {
	tab.t.Helper()
	tab.Wait(element)
	frame, err := tab.s.enter(tab.frame, element)
	tab.must(element, err)
	return &Tab{Engine: tab.Engine, t: tab.t, s: tab.s, frame: frame, log: tab.log, noScript: tab.noScript}
}

// Picture returns the window as a PNG.
func (tab *Tab) Picture() []byte {
	tab.t.Helper()
	png, err := tab.s.picture()
	tab.must("picture", err)
	return png
}

// Expect takes one complaint with the given text off the console, waiting for it
// if need be: the test provoked it.
func (tab *Tab) Expect(text string) {
	tab.t.Helper()
	if !eventually(func() bool { return tab.log.Take(text) }) {
		tab.t.Fatalf("webdriver: nobody complained of %q%s", text, tab.log.Heard())
	}
}

// Allow leaves complaints with the given text out, however many come: the test
// provokes them.
func (tab *Tab) Allow(text string) { tab.log.Allow(text) }

// eventually reports whether something comes true before our patience ends.
func eventually(ok func() bool) bool {
	for deadline := time.Now().Add(browsertest.Patience); !ok(); time.Sleep(20 * time.Millisecond) { // how often we look
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// quote writes a string as JavaScript does.
func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string can't fail
	}
	return string(b)
}

// folder makes one that is removed after the test as far as a dying browser lets us.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "webdriver-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// launch starts a program that is killed after the test, if it hasn't ended then.
// The channel is closed when it has.
func launch(t testing.TB, cmd *exec.Cmd) (ended <-chan struct{}) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatalf("webdriver: %s: %v", cmd.Path, err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = cmd.Wait() // it says nothing that the test doesn't
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended by itself
		<-done
	})
	return done
}
