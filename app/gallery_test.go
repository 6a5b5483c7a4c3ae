//go:build !js

package app_test

import (
	"context"
	"encoding/base64"
	"flag"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"morepay/internal/device"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

var gallery = flag.String("gallery", "", "draw every screen onto a few sheets in this directory")

// quality is of the sheets' compression, in percent: small letters stay sharp.
const quality = 50

// TestBrowserDrawsGallery writes what -gallery asks for: one sheet for each device, scheme
// and language. The same browser and fonts draw the same sheets.
func TestBrowserDrawsGallery(t *testing.T) {
	if *gallery == "" {
		t.Skip("no -gallery directory")
	}
	needs.Chromium(t)
	s := openStage(t, browsertest.Start(t))
	for _, form := range []device.Form{device.Mobile, device.Desktop} {
		for _, scheme := range []string{"light", "dark"} {
			for _, tag := range []string{"zh-CN", "en"} {
				s.drawSheet(t, form, scheme, tag)
			}
		}
	}
}

// sheets lays screens out: so many beside each other, each so wide, in CSS pixels.
var sheets = map[device.Form]struct{ name, columns, width string }{
	device.Mobile:  {"phone", "7", "360px"},
	device.Desktop: {"desktop", "4", "720px"},
}

func (s stage) drawSheet(t *testing.T, form device.Form, scheme, tag string) {
	var b strings.Builder
	layout := sheets[form]
	b.WriteString(`<!doctype html><meta charset="utf-8"><title>gallery</title><style>
		body { display: grid; grid-template-columns: repeat(` + layout.columns + `, ` + layout.width + `); gap: 24px 16px; width: max-content; margin: 0; padding: 16px; background: #888; font: 14px sans-serif; color: #fff }
		figure { margin: 0 } img { display: block; width: 100%; margin-top: 4px }</style>`)
	s.dress(form, media{scheme: scheme, motion: "reduce"})
	for _, sc := range scenes(t) {
		if sc.form != form {
			continue
		}
		s.show(sc, tag)
		picture := base64.StdEncoding.EncodeToString(s.picture(page.CaptureScreenshotFormatPng, 100))
		b.WriteString(`<figure>` + html.EscapeString(sc.name) + `<img src="data:image/png;base64,` + picture + `"></figure>`)
	}
	s.set(200, 200, false, media{}) // the sheet makes it as large as it is
	s.write(b.String())
	name := strings.Join([]string{layout.name, scheme, tag}, "-") + ".webp"
	if err := os.WriteFile(filepath.Join(*gallery, name), s.picture(page.CaptureScreenshotFormatWebp, quality), 0o644); err != nil {
		t.Fatal(err)
	}
}

// picture returns the whole page, also what has to be scrolled to.
func (s stage) picture(format page.CaptureScreenshotFormat, quality int64) []byte {
	var size struct{ Width, Height float64 }
	s.Eval(`({width: document.documentElement.scrollWidth, height: document.documentElement.scrollHeight})`, &size)
	var picture []byte
	s.Run(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		capture := page.CaptureScreenshot().WithFormat(format).WithCaptureBeyondViewport(true).
			WithClip(&page.Viewport{Width: size.Width, Height: size.Height, Scale: 1})
		if format == page.CaptureScreenshotFormatWebp {
			capture = capture.WithQuality(quality)
		}
		picture, err = capture.Do(ctx)
		return err
	}))
	return picture
}
