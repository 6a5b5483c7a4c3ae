package console_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/device"
	"morepay/internal/needs"
)

// A demo for its own machine says how phones can reach it; one that they reach shows
// codes.
func TestPhones(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	alone := s.Get(t, s.SimURL+"/qa/phones").Body
	list, err := demo.Addresses()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 && !strings.Contains(alone, "no address of IPv4 in a private network") {
		t.Error("the page doesn't say why not")
	}
	for _, a := range list {
		if !strings.Contains(alone, "morepay demo --lan "+a.IP.String()) {
			t.Errorf("%s of %s is no choice", a.IP, a.Interface)
		}
	}
	if strings.Contains(alone, "<svg") {
		t.Error("there are codes that no phone can open")
	}

	const lan = "127.0.0.2"
	needs.Address(t, lan)
	reached := demotest.Start(t, func(c *demo.Config) { c.Listen, c.SimListen = lan+":0", lan+":0" })
	page := reached.Get(t, reached.SimURL+"/qa/phones").Body
	for _, address := range []string{reached.SimURL + "/qa/device", reached.Origin + "/demo/", reached.SimURL + "/phone", reached.SimURL + "/qa"} {
		if !strings.Contains(page, `aria-label="QR code of `+address+`"`) {
			t.Errorf("there is no code of %s", address)
		}
	}
}

var row = regexp.MustCompile(`<pre[^>]*>([^<]*)</pre>`)

// A browser is told what it is and why, without a script what its request says. What it
// reports is kept under an address, with its row for the table of samples.
func TestDevice(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	const ipad = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15"
	for _, test := range []struct {
		name, agent string
		form        url.Values
		want        []string
	}{
		{"no-script", demotest.WeChat, nil, []string{
			"<strong>wechat</strong>: its user agent says <code>micromessenger/</code>", "<dd>" + demotest.WeChat + "</dd>",
			"It ran no script", `href="/qa/matrix?device=wechat-android%408.0.58.2841"`, "{App: &#34;wechat&#34;, System: &#34;android&#34;, UserAgent: `" + demotest.WeChat + "`},",
		}},
		{"hints", ipad, url.Values{"hints": {`{"touch_points":5}`}, "viewport": {"820×1100"}}, []string{
			"its hints say so; its user agent alone says macos",
			"safari-ipad", "<dt>Viewport, CSS pixels</dt><dd>820×1100</dd>", "Hints: Hints{TouchPoints: 5}},",
		}},
		{"hints-that-change-nothing", demotest.WeChat, url.Values{"hints": {`{"touch_points":5,"weixin_bridge":true}`}}, []string{demotest.WeChat + "`},"}},
		{"new", "Mozilla/5.0 (Linux; Tizen 8) QQBrowser/14", nil, []string{"the table has no qqbrowser-linux-phone yet", "row <code>qqbrowser</code>"}},
		{"hostile", `"><script>alert(1)</script>`, url.Values{"viewport": {"<b>"}, "hints": {"{"}, "unknown": {"kept?"}}, []string{"<dd>&lt;b&gt;</dd>", "nothing that the tables know", "unknown-other"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			first := s.Get(t, s.SimURL+"/qa/device", "User-Agent", test.agent)
			if plain := device.Detect(test.agent).Profile; !strings.Contains(first.Body, "<h1>This browser is "+string(plain)) {
				t.Errorf("before its script ran it is no %s: %s", plain, first.Body)
			}
			a := s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+"/qa/device", test.form.Encode(),
				"Content-Type", "application/x-www-form-urlencoded", "User-Agent", test.agent, "Origin", s.SimURL))
			kept := a.Header.Get("Location")
			page := s.Get(t, s.SimURL+kept, "User-Agent", demotest.Desktop).Body
			for _, want := range test.want {
				if !strings.Contains(page, want) {
					t.Errorf("the report lacks %s:\n%s", want, page)
				}
			}
			if strings.Contains(page, "<script") || strings.Contains(page, "kept?") || len(row.FindAllString(page, -1)) != 1 {
				t.Error("the report shows what it should not")
			}
			if list := s.Get(t, s.SimURL+"/qa/phones").Body; !strings.Contains(list, kept) {
				t.Error("the report is not listed")
			}
		})
	}
	if a := s.Get(t, s.SimURL+"/qa/device/gone"); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, "is not kept any more") {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
	foreign := demotest.Request(t, http.MethodPost, s.SimURL+"/qa/device", "", "Origin", "http://evil.example")
	if a := s.Do(t, foreign); a.Status != http.StatusForbidden {
		t.Errorf("reported by another site: status %d", a.Status)
	}
}
