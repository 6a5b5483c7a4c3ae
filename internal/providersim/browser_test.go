package providersim_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/chromedp/chromedp"
	qrcode "github.com/skip2/go-qrcode"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/providersim"
)

const phoneShows = `document.querySelector("[data-result]")?.dataset.result === `

// TestPhoneInABrowser holds the phone as a storefront frames it, under its own
// policy: any complaint of the browser fails the test.
func TestPhoneInABrowser(t *testing.T) {
	fx := newFixture(t)
	shop := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			rw.WriteHeader(http.StatusNoContent)
			return
		}
		rw.Header().Set("Content-Type", "text/html")
		io.WriteString(rw, `<!doctype html><title>shop</title><link rel="icon" href="data:,"><iframe width="390" height="800" src="`+fx.server.URL+`/phone"></iframe>`)
	}))
	defer shop.Close()
	tab := browsertest.Start(t).Open(t)
	tab.Go(shop.URL)
	tab.Wait(`performance.getEntriesByType("resource").some(e => e.initiatorType === "iframe" && e.responseEnd > 0)`)

	phone := browsertest.Start(t).Open(t)
	phone.Go(fx.server.URL + "/phone")
	phone.Run(chromedp.SetValue("textarea", "half a text"))
	fx.order("in-a-browser-1") // it appears by itself, and what is typed stays
	phone.Wait(`document.querySelector("[data-number=in-a-browser-1] button") !== null`)
	if got := phone.Text(`document.querySelector("textarea").value`); got != "half a text" {
		t.Errorf("the text field holds %q", got)
	}
	phone.Run(chromedp.Click("[data-number=in-a-browser-1] button"))
	phone.Wait(phoneShows + `"confirm"`)
	phone.Run(chromedp.Click("button[value=approve]"))
	phone.Wait(phoneShows + `"paid"`)
	if _, paid, err := fx.read(fx.merchant.next(t)); err != nil || *paid.OutTradeNo != "in-a-browser-1" {
		t.Errorf("notification: %v, %v", paid, err)
	}
}

// TestScreenshotInABrowser drops a picture of a code onto the phone.
func TestScreenshotInABrowser(t *testing.T) {
	fx := newFixture(t)
	picture, err := qrcode.Encode(fx.order("dropped-1"), qrcode.Medium, 320)
	if err != nil {
		t.Fatal(err)
	}
	phone := browsertest.Start(t).Open(t)
	phone.Go(fx.server.URL + "/phone?user=hong")
	phone.Wait(`document.readyState === "complete"`)
	phone.Eval(`{
		const bytes = Uint8Array.from(atob("`+base64.StdEncoding.EncodeToString(picture)+`"), (c) => c.charCodeAt(0));
		const dataTransfer = new DataTransfer();
		dataTransfer.items.add(new File([bytes], "code.png", { type: "image/png" }));
		document.dispatchEvent(new DragEvent("drop", { dataTransfer, cancelable: true }));
	}`, nil)
	phone.Wait(phoneShows + `"confirm"`)
	if orders := fx.sim.Orders(); orders[0].Payer != providersim.Hong {
		t.Errorf("it is on the phone of %q", orders[0].Payer)
	}
}

// TestDeepLinkInABrowser clicks through from the merchant's page: the browser
// itself sends the Referer, opens the phone's screen and comes back.
func TestDeepLinkInABrowser(t *testing.T) {
	fx := newFixture(t)
	shop := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/back" {
			io.WriteString(rw, `<!doctype html><title>/back</title><link rel="icon" href="data:,">`)
			return
		}
		back := url.QueryEscape("http://" + r.Host + "/back?a=1&b=2")
		io.WriteString(rw, `<!doctype html><title>shop</title><link rel="icon" href="data:,"><a href="`+fx.h5Link("deep-browser-1")+
			`&amp;redirect_url=`+back+`">pay</a><a rel="noreferrer" href="`+fx.h5Link("deep-browser-1")+`">hidden</a>`)
	}))
	defer shop.Close()

	tab := browsertest.Start(t).Open(t)
	tab.Go(shop.URL)
	tab.Run(chromedp.Click("a[rel=noreferrer]"))
	tab.Wait(phoneShows + `"refused"`)
	tab.Go(shop.URL)
	tab.Run(chromedp.Click("a", chromedp.ByQuery))
	tab.Wait(phoneShows + `"launched"`)
	tab.Wait(`document.title === "/back"`) // after five seconds, whatever has happened
	if got := tab.Text(`location.search`); got != "?a=1&b=2" {
		t.Errorf("it came back with %q", got)
	}
	tab.Go(shop.URL)
	tab.Run(chromedp.Click("a", chromedp.ByQuery))
	tab.Wait(phoneShows + `"launched"`)
	tab.Run(chromedp.Click("#open"))
	tab.Wait(phoneShows + `"confirm"`)
	tab.Run(chromedp.Click("button[value=approve]"))
	tab.Wait(phoneShows + `"paid"`)
	tab.Run(chromedp.Click("#return"))
	tab.Wait(`document.title === "/back"`)
	if got := fx.sim.Orders()[0]; got.State != "paid" || got.Payer != providersim.Ming {
		t.Errorf("the order is %+v", got)
	}
}
