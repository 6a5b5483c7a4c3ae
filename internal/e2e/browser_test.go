package e2e_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// TestBrowser runs the whole product in a real browser: one process, and for
// each test a browser context of its own.
func TestBrowser(t *testing.T) {
	t.Parallel()
	needs.Bundle(t)
	s, browser := demotest.Start(t), browsertest.Start(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *demotest.Demo, *browsertest.Browser)
	}{
		{"desktop", desktopPays},
		{"desktop-leaves-frame", desktopLeavesFrame},
		{"frame-in-isolation", frameInIsolation},
		{"frame-without-client", frameWithoutClient},
		{"frame-opens", frameOpens},
		{"frame-goes-on", frameGoesOn},
		{"panel-without-script", panelWithoutScript},
		{"frame-offers", frameOffers},
		{"frame-errors", frameErrors},
		{"frame-connection", frameConnection},
		{"desktop-without-script", desktopPaysWithoutScript},
		{"desktop-without-bundle", desktopPaysWithoutBundle},
		{"history-after-early-tap", historyAfterEarlyTap},
		{"history-without-script", historyWithoutScript},
		{"pictures", pictures},
		{"saves-the-code", savesTheCode},
		{"saves-without-script", savesWithoutScript},
		{"instant-without-script", instantWithoutScript},
		{"instant-takeover", instantTakeover},
		{"instant-too-late", instantTooLate},
		{"instant-in-view", instantInView},
		{"instant-refused", instantRefused},
		{"friend", friendPays},
		{"friend-without-script", friendPaysWithoutScript},
		{"friend-in-frame", friendInFrame},
		{"takeover", takeover},
		{"click-before-takeover", clickBeforeTakeover},
		{"phone", phonePays},
		{"phone-cancels", phoneCancels},
		{"paid-after-return", paidAfterReturn},
		{"paid-without-script", paidWithoutScript},
		{"phone-stays", phoneStays},
		{"phone-from-foreign-page", phoneFromForeignPage},
		{"late-hand-off", lateHandOff},
		{"handsets", handsets},
		{"swallowed-hand-off", swallowedHandOff},
		{"in-app", inApps(inAppPays)},
		{"in-app-without-wasm", inApps(inAppPaysWithoutWASM)},
		{"in-app-turns-back", inApps(inAppTurnsBack)},
		{"in-app-taps-early", inApps(inAppTapsEarly)},
		{"in-app-on-the-phone", inApps(inAppPaysOnThePhone)},
		{"wechat-without-script", wechatWaitsWithoutScript},
		{"elsewhere", payElsewhere},
		{"instalments", instalments},
		{"cashier-code", scanTheCashiersCode},
		{"form-without-script", postsWithoutScript},
		{"form-gone-back-to", goesBackToForm},
		{"stream-held", streamHeld},
		{"seventh-tab", seventhTab},
		{"bad-networks", badNetworks},
		{"goes-offline", goesOffline},
		{"says-paid", saysPaid},
		{"goes-back", goesBack},
		{"silent-provider", silentProvider},
		{"faults-without-script", faultsWithoutScript},
		{"reports-itself", reportsItself},
		{"works-by-keyboard", worksByKeyboard},
		{"admin-pages", adminPages},
		{"hostile-merchant", hostileMerchant},
		{"hostile-window", hostileWindow},
		{"hostile-texts", hostileTexts},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, s, browser) })
	}
	t.Run("storage-blocked", func(t *testing.T) {
		storageBlocked(t, s, browsertest.Start(t, browsertest.BlockStorage()))
	})
	// What the browser blocked it also reported, and that should be one thing only.
	for line := range strings.Lines(s.Log.String()) {
		if strings.Contains(line, "content was blocked") && !strings.Contains(line, "frame-ancestors") {
			t.Errorf("the page's own content was blocked: %s", line)
		}
	}
}

// show opens a tab that says it is a device. A failed test leaves a picture of
// it behind.
func show(t *testing.T, browser *browsertest.Browser, agent string, before ...chromedp.Action) *browsertest.Tab {
	t.Helper()
	actions := []chromedp.Action{emulation.SetUserAgentOverride(agent)}
	if agent != demotest.Desktop {
		actions = append(actions, emulation.SetDeviceMetricsOverride(390, 844, 2, true), emulation.SetTouchEmulationEnabled(true))
	} else {
		actions = append(actions, emulation.SetDeviceMetricsOverride(1280, 1400, 1, false))
	}
	tab := browser.Open(t, append(actions, before...)...)
	t.Cleanup(func() {
		if t.Failed() {
			keepPicture(t, tab)
		}
	})
	return tab
}

func keepPicture(t *testing.T, tab *browsertest.Tab) {
	// A page whose frames have been let go may not be drawn any more.
	ctx, cancel := context.WithTimeout(tab.Context(), 10*time.Second)
	defer cancel()
	var picture []byte
	if err := chromedp.Run(ctx, chromedp.CaptureScreenshot(&picture)); err != nil {
		t.Logf("no picture: %v", err)
		return
	}
	dir, err := os.MkdirTemp("", "morepay-browser-")
	if err != nil {
		t.Log(err)
		return
	}
	file := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "-")+".png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Log(err)
		return
	}
	t.Logf("picture: %s", file)
}

// early has a script run in each page of a tab before the page's own.
func early(script string) chromedp.Action {
	return chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(script).Do(ctx)
		return err
	})
}

const (
	ready  = `window.morepay && morepay.ready === true`
	whole  = `document.readyState === "complete"` // an address is new before its page is there
	wallet = `[data-method="wechat_pay"] `        // before a descendant
)

// is is true when the page shows a state.
func is(state string) string {
	return `document.querySelector("#checkout[data-state='` + state + `']")`
}

// wasPaid is true on the page that says so, and on the shop's, to which who has come back
// from the wallet is led on after a while.
var wasPaid = is("paid") + ` || document.querySelector("[data-status]")?.textContent === "paid"`

// has is true when the page has an element.
func has(selector string) string { return "document.querySelector(`" + selector + "`)" }

// load opens a desktop's list and waits until it is as it stays: taken over, or without
// scripts at an address of its own.
func load(tab *browsertest.Tab, url string, scripts bool) {
	tab.Go(url)
	if scripts {
		tab.Wait(ready)
		return
	}
	tab.Wait(`location.search === "?choose=1" && ` + whole)
}

// wait waits until something is true that no page can tell.
func wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	for late := time.Now().Add(browsertest.Patience); !is(); {
		if time.Now().After(late) {
			t.Fatalf("it never came true: %s", what)
		}
		time.Sleep(20 * time.Millisecond) // how often we look
	}
}

// tap clicks on an element.
func tap(tab *browsertest.Tab, selector string) { tab.Tap(selector) }

// middle returns the middle of an element, in CSS pixels of its window.
func middle(tab *browsertest.Tab, element string) (x, y float64) {
	var at [2]float64
	tab.Eval(`(() => { const b = `+element+`.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })()`, &at)
	return at[0], at[1]
}

// tapAt clicks with the mouse.
func tapAt(tab *browsertest.Tab, x, y float64) { tab.Run(chromedp.MouseClickXY(x, y)) }

// hold presses the mouse's button on an element; release lets it go.
func hold(tab *browsertest.Tab, element string) (release func()) {
	x, y := middle(tab, element)
	tab.Run(input.DispatchMouseEvent(input.MousePressed, x, y).WithButton(input.Left).WithClickCount(1))
	return func() {
		tab.Run(input.DispatchMouseEvent(input.MouseReleased, x, y).WithButton(input.Left).WithClickCount(1))
	}
}

// scan holds a phone to the screen until it reads a code there: what a page has, its
// window may not have drawn yet.
func scan(t *testing.T, tab interface{ Picture() []byte }) string {
	t.Helper()
	var text string
	wait(t, "the code on the screen can be read", func() bool {
		var err error
		text, err = decode(tab.Picture())
		return err == nil
	})
	return text
}

// decode reads the QR in a PNG.
func decode(picture []byte) (string, error) {
	return providersim.ReadCode(bytes.NewReader(picture))
}

// offered reports whether the simulator knows a text as a code that can be
// paid.
func offered(t *testing.T, s *demotest.Demo, text string) bool {
	t.Helper()
	for _, p := range s.Payments(t, "codes") {
		if p.Text == text {
			return true
		}
	}
	return false
}

// onlyAttempt checks that a session has one attempt, in this state.
func onlyAttempt(t *testing.T, s *demotest.Demo, of demotest.Session, state pay.AttemptState) {
	t.Helper()
	now := s.Look(t, of)
	if len(now.Attempts) != 1 || now.Attempts[0].State != state {
		t.Errorf("the attempts are %+v, want one that is %s", now.Attempts, state)
	}
}
