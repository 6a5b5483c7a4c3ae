// Package browsertest drives a real Chromium for tests. A [Browser] is one
// process with a fresh profile; its [Tab]s share nothing with one another. What a
// page writes to its console as an error, an exception that nobody caught, and
// whatever the browser itself complains of (a policy violation, a failed
// request) fail the test that owns the tab.
//
// What must not live here: knowledge of our pages, and waits for a fixed time.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"morepay/internal/needs"
	"morepay/internal/scenario/chromium"
)

// Patience limits how long one call waits for the browser before the test
// fails. It is generous: nothing is measured here.
const Patience = chromium.Patience

// Browser is a running Chromium.
type Browser struct {
	ctx context.Context
}

// Option changes how a browser starts.
type Option func(*config)

type config struct {
	preferences string // JSON of the profile
}

// BlockStorage makes every page's cookies and storage throw, as a payer's
// privacy settings may.
func BlockStorage() Option {
	return func(c *config) {
		c.preferences = `{"profile":{"default_content_setting_values":{"cookies":2}}}`
	}
}

// LargeText doubles the size of text that pages begin with, as a payer's settings may.
func LargeText() Option {
	return func(c *config) { c.preferences = `{"webkit":{"webprefs":{"default_font_size":32}}}` }
}

// Start starts a browser that ends with the test. See package needs for what
// happens where there is no Chromium.
func Start(t testing.TB, options ...Option) *Browser {
	t.Helper()
	var c config
	for _, option := range options {
		option(&c)
	}
	ctx, stop, err := chromium.Launch(needs.Chromium(t), profile(t, c.preferences), chromedp.Flag("force-color-profile", "srgb"))
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Errorf("browsertest: %v", err)
		}
	})
	return &Browser{ctx: ctx}
}

// profile makes a user data folder with the given preferences. It is removed
// after the test as far as the dying browser lets us.
func profile(t testing.TB, preferences string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "browsertest-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if preferences == "" {
		return dir
	}
	if err := os.Mkdir(filepath.Join(dir, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "Default", "Preferences"), []byte(preferences), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Tab is one page of a browser, or a frame of it that has its own process.
type Tab struct {
	t   testing.TB
	ctx context.Context
	own cdp.BrowserContextID // of a tab, not of a frame
	log *Console
}

// Open opens an empty tab in a browser context of its own and runs what is to
// happen before the first page, such as an emulation.
func (b *Browser) Open(t testing.TB, before ...chromedp.Action) *Tab {
	t.Helper()
	ctx, cancel := chromium.Patient(b.ctx)
	defer cancel()
	own, err := target.CreateBrowserContext().Do(ctx)
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	t.Cleanup(func() {
		if err := chromium.Dispose(b.ctx, own); err != nil {
			t.Errorf("browsertest: %v", err)
		}
	})
	// A browser context has no window yet that a tab could open in.
	return b.open(t, own, before)
}

// Beside opens another tab of the same browser context: the two share cookies,
// storage and the connections that a browser keeps to one server.
func (b *Browser) Beside(tab *Tab, before ...chromedp.Action) *Tab {
	tab.t.Helper()
	return b.open(tab.t, tab.own, before)
}

func (b *Browser) open(t testing.TB, own cdp.BrowserContextID, before []chromedp.Action) *Tab {
	t.Helper()
	ctx, cancel := chromium.Patient(b.ctx)
	defer cancel()
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(own).WithNewWindow(true).Do(ctx)
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	tab, err := attach(t, b.ctx, id)
	if err != nil {
		t.Fatalf("browsertest: %v", err)
	}
	tab.own = own
	tab.Run(emulation.SetFocusEmulationEnabled(true)) // Chromium's own questions take it, at a moment of theirs
	tab.Run(before...)
	return tab
}

// attachWithin bounds how long a target may take to answer that it is taken up.
const attachWithin = Patience / 3

// attach makes a Tab of a target and has its console watched, with what it said
// before. It fails of a frame that is on its way to another page: what is asked of the one
// that goes is never answered.
func attach(t testing.TB, parent context.Context, id target.ID) (*Tab, error) {
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithTargetID(id))
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx, log: &Console{}}
	chromedp.ListenTarget(ctx, tab.log.hear)
	if err := chromium.Within(attachWithin, func() error { return chromedp.Run(ctx) }); err != nil {
		return nil, fmt.Errorf("taking up %s: %w", id, err)
	}
	t.Cleanup(func() {
		for _, line := range tab.log.Drain() {
			t.Errorf("browsertest: console: %s", line)
		}
	})
	return tab, nil
}

// Context is for chromedp's own functions.
func (tab *Tab) Context() context.Context { return tab.ctx }

// Run runs actions and fails the test if one does.
func (tab *Tab) Run(actions ...chromedp.Action) {
	tab.t.Helper()
	if err := tab.try(actions...); err != nil {
		tab.t.Fatalf("browsertest: %v%s", err, tab.log.Heard())
	}
}

// try runs actions for at most [Patience].
func (tab *Tab) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// Go navigates to url and waits for its load event.
func (tab *Tab) Go(url string) {
	tab.t.Helper()
	tab.Run(chromedp.Navigate(url))
}

// Eval evaluates an expression and stores its value, as JSON has it, in the
// value that out points to, if any. A promise is awaited.
func (tab *Tab) Eval(expression string, out any) {
	tab.t.Helper()
	if err := tab.try(chromedp.Evaluate(expression, out, await)); err != nil {
		tab.t.Fatalf("browsertest: %s: %v%s", expression, err, tab.log.Heard())
	}
}

// Text returns the value of an expression as a string.
func (tab *Tab) Text(expression string) string {
	tab.t.Helper()
	var s string
	tab.Eval("String("+expression+")", &s)
	return s
}

// Picture returns the window as a PNG.
func (tab *Tab) Picture() []byte {
	tab.t.Helper()
	var png []byte
	tab.Run(chromedp.CaptureScreenshot(&png))
	return png
}

// Wait waits until an expression is true, in this page or one that it leads to.
func (tab *Tab) Wait(expression string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	for {
		var ok bool
		err := tab.try(chromedp.Evaluate("!!("+expression+")", &ok))
		if ok {
			return
		}
		select {
		case <-ctx.Done():
			tab.t.Fatalf("browsertest: it never came true: %s (%v)%s", expression, err, tab.log.Heard())
		case <-time.After(20 * time.Millisecond): // how often we look
		}
	}
}

// Tap clicks with the mouse on the first element that a selector finds, once it stands
// still and nothing lies over it. The page is asked for it: chromedp's own click finds
// nothing in one that has added an entry to the history, or come back from it.
func (tab *Tab) Tap(selector string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	for before := []float64{}; ; {
		var at []float64
		err := tab.try(chromedp.Evaluate(fmt.Sprintf(place, selector), &at))
		if len(at) == 2 && slices.Equal(at, before) {
			tab.Run(chromedp.MouseClickXY(at[0], at[1]))
			return
		}
		before = at
		select {
		case <-ctx.Done():
			tab.t.Fatalf("browsertest: it never could be tapped: %s (%v)%s", selector, err, tab.log.Heard())
		case <-time.After(20 * time.Millisecond): // how often we look
		}
	}
}

// place brings an element into view and has the value of its middle, in CSS pixels of the
// window, if a tap there would hit it. A page that was not drawn yet hears of no tap.
const place = `(() => {
	const element = performance.getEntriesByType("paint").length ? document.querySelector(%q) : null;
	element?.scrollIntoView({ block: "center", behavior: "instant" });
	const b = element?.getBoundingClientRect(), at = b && [b.x + b.width / 2, b.y + b.height / 2];
	return at && element.contains(document.elementFromPoint(...at)) ? at : [];
})()`

// Frame waits for a frame of another site whose URL begins with prefix, and
// returns it as a tab of its own. Its console fails the same test.
func (tab *Tab) Frame(prefix string) *Tab {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	for {
		infos, err := chromedp.Targets(ctx)
		for _, info := range infos {
			if info.Type == "iframe" && strings.HasPrefix(info.URL, prefix) {
				var frame *Tab
				if frame, err = attach(tab.t, tab.ctx, info.TargetID); err == nil {
					return frame
				}
			}
		}
		select {
		case <-ctx.Done():
			tab.t.Fatalf("browsertest: %v", errors.Join(errors.New("no frame of "+prefix), err))
		case <-time.After(20 * time.Millisecond): // how often we look
		}
	}
}

// Allow leaves complaints with the given text out, however many come: the test
// provokes them.
func (tab *Tab) Allow(text string) { tab.log.Allow(text) }

// Expect takes one complaint with the given text off the console, waiting for it
// if need be: the test provoked it.
func (tab *Tab) Expect(text string) {
	tab.t.Helper()
	ctx, cancel := context.WithTimeout(tab.ctx, Patience)
	defer cancel()
	for !tab.log.Take(text) {
		select {
		case <-ctx.Done():
			tab.t.Fatalf("browsertest: nobody complained of %q%s", text, tab.log.Heard())
		case <-time.After(20 * time.Millisecond): // how often we look
		}
	}
}
