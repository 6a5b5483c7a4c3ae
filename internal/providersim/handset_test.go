package providersim_test

import (
	"bytes"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	qrcode "github.com/skip2/go-qrcode"

	"morepay/internal/providersim"
)

// follows opens a link as a browser does that follows no redirect.
func (fx *fixture) follows(link, from string) (res *http.Response, page string) {
	fx.t.Helper()
	r, err := http.NewRequestWithContext(fx.t.Context(), http.MethodGet, link, nil)
	if err != nil {
		fx.t.Fatal(err)
	}
	r.Header.Set("Referer", from)
	if res, err = fx.http.Do(r); err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		fx.t.Fatal(err)
	}
	return res, string(b)
}

const merchantPage = "https://pay.example/pay/token"

// TestHandOffs: what the phone does with a link that would open a wallet.
func TestHandOffs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		opens    providersim.Opening
		after    int
		status   int
		to, says string
		launched bool
	}{
		{providersim.OpensAtOnce, 0, 200, "", "launched", true},
		{providersim.OpensNever, 0, 303, "weixin://wap/pay", "", false},
		{providersim.OpensNot, 0, 204, "", "", false},
		{providersim.OpensLate, 30, 200, "", "launched", true},
		{providersim.OpensAsked, 0, 200, "", "asks", false},
	} {
		t.Run(string(c.opens), func(t *testing.T) {
			fx := newFixture(t)
			var got map[string]any
			body := map[string]any{"wallet": "wechat", "opens": c.opens, "after_seconds": c.after}
			if status := fx.control("POST", "/control/phone", body, &got); status != 200 {
				t.Fatalf("%d %v", status, got)
			}
			began := time.Now()
			res, page := fx.follows(fx.h5Link("handed-1"), merchantPage)
			if res.StatusCode != c.status || res.Header.Get("Location") != c.to {
				t.Errorf("%d to %q", res.StatusCode, res.Header.Get("Location"))
			}
			if c.says != "" {
				wantResult(t, page, c.says)
			}
			if launched := len(fx.sim.Launched()) == 1; launched != c.launched {
				t.Errorf("launched: %v", launched)
			}
			if took := time.Since(began); took < time.Duration(c.after)*time.Millisecond { // at a scale of 0.001
				t.Errorf("it took %v", took)
			}
		})
	}
}

var toOpen = regexp.MustCompile(`id="open" href="([^"]+)"`)

// TestAsks: whoever agrees gets to the wallet, which sees where they came from; and is
// asked again the next time.
func TestAsks(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	if err := fx.sim.Install(providersim.WeChat, providersim.Installation{Opens: providersim.OpensAsked}); err != nil {
		t.Fatal(err)
	}
	link := fx.h5Link("asked-1")
	for range 2 {
		_, page := fx.follows(link, merchantPage)
		wantResult(t, page, "asks")
		open := html.UnescapeString(toOpen.FindStringSubmatch(page)[1])
		_, page = fx.follows(fx.server.URL+open, link)
		wantResult(t, page, "launched")
	}
}

func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1:1"})
	for want, c := range map[string]struct {
		wallet providersim.Wallet
		i      providersim.Installation
	}{
		"wallet:":        {"paypal", providersim.Installation{Opens: providersim.OpensAtOnce}},
		"opens:":         {providersim.WeChat, providersim.Installation{Opens: "sometimes"}},
		"after_seconds:": {providersim.WeChat, providersim.Installation{Opens: providersim.OpensLate}},
		"session:":       {providersim.WeChat, providersim.Installation{Opens: providersim.OpensNever, Session: "cs_1"}},
	} {
		if err := sim.Install(c.wallet, c.i); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := sim.Install(providersim.Alipay, providersim.Installation{Opens: providersim.OpensAtOnce, After: 3}); err == nil {
		t.Error("a wallet that opens at once does so after three seconds")
	}
}

// TestDecline: the payer reads the wallet's own words, by hand and by the control API,
// and may try again.
func TestDecline(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	code := fx.order("declined-1")
	var got struct{ Refusal providersim.Refusal }
	for why, text := range map[string]string{"no_balance": "余额不足", "risk": "风险", "limit": "限额", "no_network": "网络"} {
		if status := fx.control("POST", "/control/decline", map[string]any{"ref": code, "why": why}, &got); status != 200 || !strings.Contains(got.Refusal.Text, text) {
			t.Errorf("%s: %d %+v", why, status, got)
		}
		id := fx.sim.Orders()[0].ID
		page := fx.press("/phone/orders/"+id, url.Values{"do": {"decline"}, "why": {why}, "user": {"ming"}})
		wantResult(t, page, why)
		if !strings.Contains(page, `id="again" href="/phone/orders/`+id) {
			t.Errorf("%s: the payer can't try again", why)
		}
	}
	var bad map[string]any
	if status := fx.control("POST", "/control/decline", map[string]any{"ref": code, "why": "mood"}, &bad); status != 400 {
		t.Errorf("%d %v", status, bad)
	}
	fx.approve(providersim.Ming, code)
	fx.merchant.next(t)
}

// TestScreenshot: a picture of a code is as good as the code before the camera.
func TestScreenshot(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	picture, err := qrcode.Encode(fx.order("pictured-1"), qrcode.Medium, 320)
	if err != nil {
		t.Fatal(err)
	}
	for want, content := range map[string][]byte{"confirm": picture, "unknown_code": []byte("no picture")} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		form.WriteField("user", "ming")
		file, err := form.CreateFormFile("picture", "code.png")
		if err != nil {
			t.Fatal(err)
		}
		file.Write(content)
		form.Close()
		res, err := (&http.Client{Transport: fx.http.Transport}).Post(fx.server.URL+"/phone/screenshot", form.FormDataContentType(), &body)
		if err != nil {
			t.Fatal(err)
		}
		page, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		wantResult(t, string(page), want)
	}
}

// TestOlderCodesAreFolded: the newest codes are in sight, the rest folded away.
func TestOlderCodesAreFolded(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for _, number := range []string{"number-1", "number-2", "number-3", "number-4"} {
		fx.order(number)
	}
	page := fx.visit(fx.server.URL+"/phone", nil)
	before, folded, ok := strings.Cut(page, `<details class="older">`)
	folded, _, _ = strings.Cut(folded, "</details>")
	if !ok || strings.Count(before, "data-number") != 3 || !strings.Contains(folded, `data-number="number-1"`) || strings.Count(folded, "data-number") != 1 {
		t.Errorf("folded is %s", folded)
	}
}
