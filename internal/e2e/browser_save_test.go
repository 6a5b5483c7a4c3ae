package e2e_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"image/png"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/pay"
)

// hearSaved has window.saved tell what a page saves as a file.
const hearSaved = `window.saved = ""; {
	const make = URL.createObjectURL;
	URL.createObjectURL = (blob) => {
		const reader = new FileReader();
		reader.onload = () => { window.saved = reader.result };
		reader.readAsDataURL(blob);
		return make.call(URL, blob);
	};
}`

// The code of our own page is saved as a picture that says what it is for: as a file
// where the browser saves files, to be pressed and held where it doesn't.
func savesTheCode(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	const layer = `[role="dialog"] `
	for _, c := range []struct {
		name, agent string
		layer       bool // the picture is laid over the page
		button      bool // that saves it, on the layer
	}{
		{"desktop", demotest.Desktop, false, false},
		{"phone", demotest.Android, true, true},
		{"wechat", demotest.WeChat, true, false},
	} {
		for _, scheme := range []string{"light", "dark"} {
			t.Run(c.name+"-"+scheme, func(t *testing.T) {
				open := s.Open(t, demotest.Order{Description: "明前龙井"})
				tab := show(t, browser, c.agent, early(hearSaved),
					emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}))
				tab.Go(open.URL + "?rail=page_qr&method=wechat_pay&lang=zh-CN")
				tab.Wait(ready)
				tap(tab, "[data-picture]")
				source := `window.saved`
				if c.layer {
					tab.Wait(has(layer + "img"))
					source = has(layer+"img") + ".src"
				}
				if got := tab.Text(`String(!!document.querySelector('` + layer + `button + p'))`); c.layer && (got == "true") != c.button {
					t.Errorf("there is a button that saves: %s", got)
				}
				if c.button {
					tap(tab, layer+"button")
					source = `window.saved`
				}
				tab.Wait(source)
				checkPicture(t, tab.Text(source), open.URL)
				if c.layer {
					tap(tab, layer+"button:last-of-type")
					tab.Wait(`!` + has(layer) + ` && document.activeElement.dataset.picture && !document.getElementById("checkout").inert`)
				}
			})
		}
	}
}

// checkPicture looks at a data: address: a code that says payload, and ink below it,
// all of it black on white.
func checkPicture(t *testing.T, url, payload string) {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(url, "data:image/png;base64,"))
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	size := picture.Bounds().Size()
	if size.X != 1080 || size.Y < 1400 || size.Y > 2400 {
		t.Errorf("the picture has %v pixels", size)
	}
	code := picture.(interface {
		SubImage(image.Rectangle) image.Image
	}).SubImage(image.Rect(0, 0, size.X, size.X))
	var cut bytes.Buffer
	if err := png.Encode(&cut, code); err != nil {
		t.Fatal(err)
	}
	if text, err := decode(cut.Bytes()); text != payload {
		t.Errorf("the code says %q (%v), want %q", text, err, payload)
	}
	rows, dark := 0, 0 // that have ink, and its pixels
	for y := size.X + 40; y < size.Y; y++ {
		before := dark
		for x := range size.X {
			if grey := color.GrayModel.Convert(picture.At(x, y)).(color.Gray).Y; grey < 64 {
				dark++
			}
		}
		if dark > before {
			rows++
		}
	}
	if rows < 120 || dark < 5000 {
		t.Errorf("below the code there are %d rows with ink, %d pixels", rows, dark)
	}
	if corner := color.GrayModel.Convert(picture.At(2, size.Y-2)).(color.Gray).Y; corner != 255 {
		t.Errorf("the ground is %d", corner)
	}
}

// A wallet's own code is never saved: WeChat refuses it from the album, and no other says
// that it takes it. Without scripts our own page's is the bare code.
func savesWithoutScript(t *testing.T, s *demotest.Demo, browser *browsertest.Browser) {
	for _, m := range []pay.Method{"wechat_pay", "alipay", "unionpay"} {
		open := s.Open(t, demotest.Order{Merchant: "everything"})
		tab := show(t, browser, demotest.Desktop, emulation.SetScriptExecutionDisabled(true))
		tab.Go(open.URL + "?choose=1&visible=9")
		tap(tab, `[data-method="`+string(m)+`"] form[data-rail="qr"] button`)
		tab.Wait(has(`[data-qr="qr"]`))
		if tab.Text(`String(document.querySelector("a[download]"))`) != "null" {
			t.Errorf("%s: its code may be saved", m)
		}
		tab.Go(open.URL + "?rail=page_qr&method=" + string(m))
		text, err := decode([]byte(s.Get(t, tab.Text(`document.querySelector("a[download]").href`)).Body))
		if text != open.URL {
			t.Errorf("%s: the saved code says %q, %v", m, text, err)
		}
	}
}
