package e2e_test

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

const (
	toFriend = `a[href*="/friend"]`
	askForm  = `form[action$="/friend"] button`
)

// askFriend has a payer ask a friend, on the page of their list, and returns the link.
func askFriend(tab *browsertest.Tab, name string) string {
	tap(tab, toFriend)
	tab.Wait(has(`#name`))
	tab.Eval(`document.querySelector("#name").value = "`+name+`"`, nil)
	tap(tab, askForm)
	tab.Wait(has(`#link`))
	return tab.Text(`document.querySelector("#link").value`)
}

// A friend pays on a page of their own. Each page says at once whose turn it is, and both
// that it is paid.
func friendPays(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "friend", Locale: "en"})
	payer := show(t, browser, demotest.Desktop, early(`navigator.share = (what) => { window.shared = what; return Promise.resolve() }`))
	payer.Go(open.URL)
	payer.Wait(ready)
	link := askFriend(payer, "Mei")
	tap(payer, `#share`)
	payer.Wait(`window.shared`)
	if shared := payer.Text(`shared.url + " " + shared.text`); !strings.HasPrefix(shared, link) || !strings.Contains(shared, "12.34") || strings.Contains(shared, open.Token) {
		t.Errorf("what is shared is %q", shared)
	}
	tap(payer, `#copy`)
	payer.Wait(`document.querySelector("#said").textContent`)

	friend := show(t, browser, demotest.Desktop)
	friend.Go(link + "?lang=en")
	friend.Wait(ready)
	checkDrift(t, friend)
	friend.Wait(`document.querySelector(".notice").textContent.startsWith("Mei asks you to pay")`)
	tap(friend, wallet+`form[data-rail="qr"] button`)
	friend.Wait(has(`svg[data-qr]`))
	code := scan(t, friend)
	payer.Wait(has(`#link`) + ` && ` + has(`.notice`)) // loaded anew, by itself
	tap(payer, `form[data-inline="choose"] button`)
	payer.Wait(is("select") + ` && ` + ready)
	checkDrift(t, payer)

	// The payer turns to pay, and the friend's page follows; then the friend is faster.
	tap(payer, wallet+`form[data-rail="qr"] button`)
	payer.Wait(has(`svg[data-qr]`))
	friend.Wait(is("select") + ` && document.querySelector(".notice").textContent.startsWith("Somebody else")`)
	s.Phone(t, "approve", code)
	friend.Wait(is("paid") + ` && document.querySelector("#title").textContent === "You have paid"`)
	payer.Wait(is("paid") + ` && document.querySelector("#title").textContent === "Your friend has paid"`)
	if now := s.Look(t, open); now.Status != pay.SessionPaid {
		t.Errorf("the session is %s", now.Status)
	}
}

// All of it works without scripts.
func friendPaysWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "friend", Locale: "en"})
	none := emulation.SetScriptExecutionDisabled(true)
	payer, friend := show(t, browser, demotest.Desktop, none), show(t, browser, demotest.Desktop, none)
	payer.Go(open.URL)
	link := askFriend(payer, "")
	friend.Go(link + "?lang=en")
	friend.Wait(`document.querySelector(".notice").textContent.startsWith("A friend asks you to pay")`)
	tap(friend, wallet+`form[data-rail="qr"] button`)
	friend.Wait(has(`svg[data-qr]`))
	s.Phone(t, "approve", scan(t, friend))
	friend.Wait(is("paid"))
	payer.Wait(is("paid"))
}

// In a frame the page for asking is one of the checkout's: it adds nothing to the history of
// the shop's tab, has its own height, and leads back. A link that was taken back says so.
func friendInFrame(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	open := s.Open(t, demotest.Order{Merchant: "friend", Locale: "en"})
	tab := show(t, browser, demotest.Desktop)
	frame := framed(s, tab, open.URL, "")
	frame.Wait(ready)
	length := tab.Text(`String(history.length)`)
	link := askFriend(frame, "Mei")
	friend := show(t, browser, demotest.Android)
	friend.Go(link + "?lang=en")
	friend.Wait(ready)
	tap(frame, `form[action$="/revoke"] button`)
	frame.Wait(has(`#name`))
	friend.Wait(is("canceled") + ` && document.querySelector("#title").textContent === "Mei took the request back"`)
	tap(frame, `form[data-inline="choose"] button`)
	frame.Wait(is("select"))
	if got := tab.Text(`String(history.length)`); got != length {
		t.Errorf("the history of the shop's tab grew from %s to %s", length, got)
	}
	tab.Wait(`said.filter((m) => m.type === "resize").length > 1`)
	var told []string
	tab.Eval(`said.filter((m) => m.type === "statuschange").map((m) => m.detail.state)`, &told)
	for _, state := range told {
		if state != "select" {
			t.Errorf("the shop's page was told %v", told)
		}
	}
}
