package httpd_test

import (
	"bytes"
	"image/png"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	zxing "github.com/makiuchi-d/gozxing/qrcode"

	"morepay/internal/demo/demotest"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// scanned returns what a camera reads in a picture.
func scanned(t *testing.T, picture string) string {
	t.Helper()
	img, err := png.Decode(bytes.NewReader([]byte(picture)))
	if err != nil {
		t.Fatal(err)
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	result, err := zxing.NewQRCodeReader().Decode(bitmap, map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_PURE_BARCODE: true})
	if err != nil {
		t.Fatal(err)
	}
	return result.GetText()
}

var firstForm = regexp.MustCompile(`name="?method"?[^>]*value="(\w+)"[^>]*>\s*<input[^>]*name="?rail"?[^>]*value="(\w+)"`)

// offeredFirst returns the method and rail of the first button of a page.
func offeredFirst(page string) (pay.Method, pay.Rail) {
	found := firstForm.FindStringSubmatch(page)
	if found == nil {
		return "", ""
	}
	return pay.Method(found[1]), pay.Rail(found[2])
}

// One code serves all wallets: whatever app scans the code of our own page, it opens a
// page that offers that app's own wallet first, by the rail of that app; so it does
// after something was begun elsewhere that can't be finished there.
func TestOneCodeForAllWallets(t *testing.T) {
	t.Parallel()
	s := start(t)
	for _, c := range []struct {
		merchant string
		device   device.Profile
		method   pay.Method
		rail     pay.Rail
	}{
		{"everything", "wechat-iphone", "wechat_pay", pay.RailJSAPI},
		{"everything", "wechat-android", "wechat_pay", pay.RailJSAPI},
		{"everything", "wechat-harmony-phone", "wechat_pay", pay.RailJSAPI},
		{"everything", "wecom-iphone", "wechat_pay", pay.RailJSAPI},
		{"everything", "alipay-iphone", "alipay", pay.RailJSAPI},
		{"everything", "alipay-android", "alipay", pay.RailJSAPI},
		{"bench", "alipay-android", "alipay", pay.RailDeepLink}, // the bridge is not granted
		{"everything", "unionpay-iphone", "unionpay", pay.RailRedirect},
		{"everything", "unionpay-android", "unionpay", pay.RailRedirect},
		{"everything", "jd-iphone", "jd_pay", pay.RailRedirect},
		{"everything", "jd-android", "jd_pay", pay.RailRedirect},
		{"demo", "taobao-android", "alipay", pay.RailDeepLink},
		{"everything", "douyin-android", "douyin_pay", pay.RailRedirect},
		{"everything", "qq-android", "qq_wallet", pay.RailRedirect},
		{"everything", "meituan-android", "meituan_pay", pay.RailRedirect},
		{"demo", "safari-iphone", "alipay", pay.RailDeepLink}, // a plain camera: as the merchant ranks them
		{"bench", "safari-iphone", "wechat_pay", pay.RailDeepLink},
		{"bench", "chrome-android", "wechat_pay", pay.RailDeepLink},
	} {
		for _, begun := range []struct {
			method pay.Method
			rail   pay.Rail
			on     string
		}{
			{},
			{"wechat_pay", pay.RailQR, demotest.Desktop},
			{"alipay", pay.RailDeepLink, demotest.Android},
			{"wechat_pay", pay.RailDeepLink, demotest.Android},
		} {
			t.Run(c.merchant+"/"+string(c.device)+"/"+string(begun.method)+"-"+string(begun.rail), func(t *testing.T) {
				t.Parallel()
				sample, ok := device.SampleOf(c.device)
				if !ok {
					t.Fatal("no such device")
				}
				open := s.Open(t, demotest.Order{Merchant: c.merchant})
				if begun.rail != "" {
					a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, begun.method, begun.rail), "User-Agent", begun.on))
					if a.Status >= http.StatusBadRequest {
						t.Fatalf("status %d: %s", a.Status, a.Body)
					}
				}
				payload := scanned(t, s.Get(t, open.URL+"/page.png").Body)
				if payload != open.URL {
					t.Fatalf("the code says %s", payload)
				}
				page := s.Get(t, payload, "Accept", "text/html", "User-Agent", sample.UserAgent)
				dev, _ := device.Of(c.device)
				if row := method.Find(begun.method); row != nil && !row.BlockedBy(dev) && slices.Contains(row.Ladder(dev), begun.rail) {
					return // it may have been begun here
				}
				if m, r := offeredFirst(page.Body); m != c.method || r != c.rail {
					t.Errorf("first stands %s by %s, want %s by %s: %s", m, r, c.method, c.rail, page.Body)
				}
			})
		}
	}
}

// What was begun in an app whose wall the document has opened waits there.
func TestBegunBehindAnOpenWall(t *testing.T) {
	t.Parallel()
	s := start(t)
	sample, _ := device.SampleOf("taobao-android")
	open := s.Open(t, demotest.Order{Merchant: "host1040"})
	a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "wechat_pay", pay.RailDeepLink), "User-Agent", sample.UserAgent))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	page := s.Get(t, open.URL, "Accept", "text/html", "User-Agent", sample.UserAgent)
	if !strings.Contains(page.Body, `data-state="waiting"`) {
		t.Errorf("the page does not wait: %s", page.Body)
	}
}
