//go:build !js

package app_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"

	"morepay/app"
	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/locale"
	"morepay/internal/page"
	"morepay/internal/pay"
	"morepay/internal/qrcode"
	"morepay/internal/view"
)

// scene is one screen on one device, in any language.
type scene struct {
	name   string // of its view
	form   device.Form
	draw   func(tag string) string // the whole page, without scripts
	opened bool                    // what folds stands open
}

// scenes returns every screen on every device that it can be met on.
func scenes(t testing.TB) []scene {
	views := app.Views()
	maps.DeleteFunc(views, func(name string, _ view.Checkout) bool { return strings.HasPrefix(name, "hostile") })
	for name, v := range views {
		views[name] = dressed(t, v)
	}
	views["select-many"] = manyView(views["select-phone"])
	views["long-names"] = longView(views["select-phone"])
	views["large-amount"] = largeView(views["select-phone"])
	var list []scene
	add := func(name string, v view.Checkout, body func(view.Checkout) string) {
		list = append(list, sceneOf(t, name, v, body))
		if strings.HasSuffix(name, "-phone") || strings.HasSuffix(name, "-desktop") || v.Progress.Instant != "" {
			return // there is a view for either, or it is met here only
		}
		if other, ok := elsewhere(v); ok {
			list = append(list, sceneOf(t, name, other, body))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(views)) {
		add(name, views[name], app.HTML)
	}
	add("offline", views["qr"], app.HTMLOffline)
	add("opening", views["deep-link"], app.HTMLOpening)
	ask := app.Ask{Below: "/friend"}
	add("ask", views["select-desktop"], func(v view.Checkout) string { return app.AskHTML(v, ask) })
	link := app.Ask{Below: "/friend", Link: "https://pay.example/p/0123456789abcdefghij", QR: views["qr"].Progress.Payment.QR, ExpiresAt: views["qr"].Progress.ServerTime.Add(20 * time.Minute)}
	add("ask-link", views["select-framed-error"], func(v view.Checkout) string { return app.AskHTML(v, link) })
	add("stuck", views["select-framed-error"], app.HTMLStuck)
	more := sceneOf(t, "select-many-open", views["select-many"], app.HTML)
	more.opened = true
	list = append(list, more)
	for _, form := range []device.Form{device.Mobile, device.Desktop} {
		list = append(list, problem("dead-link", form, pay.CodeNotFound), problem("throttled", form, pay.CodeRateLimited))
	}
	return list
}

// problem is the page of an error where there is no session to show.
func problem(name string, form device.Form, code pay.Code) scene {
	return scene{name: name, form: form, draw: func(tag string) string { return string(page.Problem(page.Request{Languages: tag}, code)) }}
}

// elsewhere returns a view as it is on the other kind of device, if it is met there: apps
// are on phones only, and what waits for the payer is what the device can do.
func elsewhere(v view.Checkout) (view.Checkout, bool) {
	if v.Device.Container != device.Browser || v.Progress.Payment != nil && v.Progress.State == view.StateWaiting {
		return v, false
	}
	agent := app.PhoneAgent
	if v.Device.Form == device.Mobile {
		agent = app.DesktopAgent
	}
	v.Device = device.Detect(agent)
	return v, true
}

// dressed returns a view with what a shop may add, and with a code that can be read.
func dressed(t testing.TB, v view.Checkout) view.Checkout {
	document := *v.Document
	document.Help = "https://shop.example/help"
	v.Document, v.Reference = &document, "T20261123-0042"
	if v.Progress.ContinueURL == "" {
		v.Progress.ContinueURL = "https://shop.example/"
	}
	if p := v.Progress.Payment; p != nil && p.QR != nil {
		code, err := qrcode.Encode("https://pay.example/pay/0123456789abcdefghij")
		if err != nil {
			t.Fatal(err)
		}
		payment := *p
		payment.QR = &view.QR{Size: code.Size, Path: code.Path, PNG: p.QR.PNG}
		v.Progress.Payment = &payment
	}
	return v
}

// manyView has all methods to choose from, half of them folded away, and a logo.
func manyView(v view.Checkout) view.Checkout {
	document := *v.Document
	document.Logo, document.Visible, document.Methods = "logo", 2, slices.Clone(document.Methods)
	for i := range document.Methods {
		m := &document.Methods[i]
		m.State, m.Icon, m.Schedule, m.Limits = capability.StateOpen, "", nil, nil
	}
	v.Document = &document
	return v
}

// longView has the longest of names.
func longView(v view.Checkout) view.Checkout {
	document := *v.Document
	document.Name = "The Most Honourable Harbour Tea & Porcelain Trading Company of Hangzhou and Sons (Online)"
	document.Operator = "Extraordinarily-Long-Operating-Company-Name-Without-Any-Space.example.com"
	v.Document, v.Reference = &document, "ORDER-2026-11-23-00000000000000000000000000000001"
	v.Description = strings.Repeat("Spring Longjing from before the rain, ", 5)
	return v
}

func largeView(v view.Checkout) view.Checkout {
	v.Amount.Value = 128888888888
	return v
}

func sceneOf(t testing.TB, name string, v view.Checkout, body func(view.Checkout) string) scene {
	return scene{name: name, form: v.Device.Form, draw: func(tag string) string {
		v := inLanguage(v, tag)
		html, err := page.HTML(v, page.Request{Token: "token"}, page.Scripts{})
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(html), "<body>")
		return strings.Replace(head, "<html ", "<html data-live ", 1) + "<body>" + body(v)
	}}
}

// inLanguage returns a view in another language.
func inLanguage(v view.Checkout, tag string) view.Checkout {
	v.Locale, v.Text = tag, locale.Text(tag)
	v.AmountText = locale.Money(tag, v.Amount)
	if v.Error != nil {
		v.Error = &view.Error{Code: v.Error.Code, Message: locale.Problem(v.Text, v.Error.Code)}
	}
	return v
}

// stage is a tab that scenes are shown on, one after the other.
type stage struct{ *browsertest.Tab }

// openStage opens a tab of a site that has a picture wherever one is asked for.
func openStage(t testing.TB, browser *browsertest.Browser) stage {
	t.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/merchants/") {
			w.Header().Set("Content-Type", "image/svg+xml")
			w.Write([]byte(picture))
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><html lang="en"><link rel="icon" href="data:,"><title>stage</title>`))
	}))
	t.Cleanup(site.Close)
	s := stage{browser.Open(t)}
	s.Go(site.URL)
	return s
}

// picture stands for what a merchant has given.
const picture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="8" fill="#1d6b74"/><circle cx="18" cy="18" r="9" fill="none" stroke="#fff" stroke-width="3"/></svg>`

// media are the payer's wishes that the style sheet hears.
type media struct{ scheme, contrast, forced, motion string }

func (s stage) set(width, height int, phone bool, m media) {
	s.Run(
		emulation.SetDeviceMetricsOverride(int64(width), int64(height), 1, phone),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: m.scheme},
			{Name: "prefers-contrast", Value: m.contrast},
			{Name: "forced-colors", Value: m.forced},
			{Name: "prefers-reduced-motion", Value: m.motion},
		}),
	)
}

// show puts a scene on the stage.
func (s stage) show(sc scene, tag string) {
	s.write(sc.draw(tag))
	if sc.opened {
		s.Eval(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)
	}
}

// write replaces the page, without asking for anything but pictures, and waits for
// these.
func (s stage) write(page string) {
	text, err := json.Marshal(page)
	if err != nil {
		panic(err) // it is a string
	}
	s.Eval(`document.open(), document.write(`+string(text)+`), document.close(), Promise.all([...document.images].map(i => i.decode()))`, nil)
}
