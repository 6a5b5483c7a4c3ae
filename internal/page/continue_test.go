package page_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"morepay/internal/page"
	"morepay/internal/pay"
)

// goOn returns where a page leads back to, for a merchant's return URL, or an
// error's text.
func goOn(returnURL string) string {
	l := pay.Open(pay.Session{ID: "cs_1", ReturnURL: returnURL, ExpiresAt: opened})
	p, err := page.Progress(l, facts().Document, nil, page.Request{}, page.Links{}, opened)
	if err != nil {
		return err.Error()
	}
	return p.ContinueURL
}

func TestContinueURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ given, want string }{
		{"https://shop.example/thanks", "https://shop.example/thanks?morepay_session=cs_1"},
		{"https://shop.example", "https://shop.example?morepay_session=cs_1"},
		{"HTTPS://shop.example/", "HTTPS://shop.example/?morepay_session=cs_1"},
		{"https://shop.example/thanks?", "https://shop.example/thanks?morepay_session=cs_1"},
		{"https://shop.example/thanks?a=1&", "https://shop.example/thanks?a=1&morepay_session=cs_1"},
		{"https://shop.example/thanks?next=1;2&x=1", "https://shop.example/thanks?next=1;2&x=1&morepay_session=cs_1"},
		{"https://shop.example/a%2Fb?to=%2Fc&d=e+f%20g&h=&i&h=j", "https://shop.example/a%2Fb?to=%2Fc&d=e+f%20g&h=&i&h=j&morepay_session=cs_1"},
		{"https://shop.example/?z=1&a=2&z=0&half=100%", "https://shop.example/?z=1&a=2&z=0&half=100%&morepay_session=cs_1"},
		{"https://shop.example/?to=https://x.example/?y=1?", "https://shop.example/?to=https://x.example/?y=1?&morepay_session=cs_1"},
		{"https://shop.example/感谢?名=%e4%b8%ad", "https://shop.example/感谢?名=%e4%b8%ad&morepay_session=cs_1"},
		{"https://shop.example/#/order?x=1", "https://shop.example/?morepay_session=cs_1#/order?x=1"},
		{"https://shop.example/?a=1#/order?x=1;2&y#z", "https://shop.example/?a=1&morepay_session=cs_1#/order?x=1;2&y#z"},
		{"https://shop.example/#", "https://shop.example/?morepay_session=cs_1#"},
		{"https://shop.example/thanks?morepay_session=cs_0&a=1;2", "https://shop.example/thanks?a=1;2&morepay_session=cs_1"},
		{"https://shop.example/thanks?a=1&morepay_session=cs_0#/x", "https://shop.example/thanks?a=1&morepay_session=cs_1#/x"},
		{"https://shop.example/thanks?my_morepay_session=1", "https://shop.example/thanks?my_morepay_session=1&morepay_session=cs_1"},
	} {
		if got := goOn(c.given); got != c.want {
			t.Errorf("%s leads on to\n%s, want\n%s", c.given, got, c.want)
		}
	}
}

// Whatever a merchant's URL is made of, it comes out whole: up to its fragment at
// the beginning, from there on at the end, and with one parameter between.
func TestContinueURLKeepsEveryByte(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		given := "https://shop.example" + rapid.StringOf(rapid.SampledFrom([]rune("/?#&=;%+2Ffc.:@!$'()*,~[]|\"<>é中"))).Draw(t, "rest")
		before, fragment, hashed := strings.Cut(given, "#")
		if hashed {
			fragment = "#" + fragment
		}
		got := goOn(given)
		middle, ok := strings.CutPrefix(got, before)
		middle, ok2 := strings.CutSuffix(middle, "morepay_session=cs_1"+fragment)
		if !ok || !ok2 || (middle != "" && middle != "?" && middle != "&") {
			t.Fatalf("%s leads on to %s", given, got)
		}
		_, query, _ := strings.Cut(strings.TrimSuffix(got, fragment), "?")
		if fields := strings.Split(query, "&"); fields[len(fields)-1] != "morepay_session=cs_1" {
			t.Fatalf("%s leads on to %s, which names no session", given, got)
		}
	})
}

// TestRenewURL: only who comes too late is sent to order anew.
func TestRenewURL(t *testing.T) {
	t.Parallel()
	session := pay.Session{ID: "cs_1", ReturnURL: "https://shop.example/thanks", RenewURL: "https://shop.example/cart?a=1;2", ExpiresAt: opened.Add(time.Minute)}
	for _, c := range []struct {
		renew string
		at    time.Time
		want  string
	}{
		{session.RenewURL, opened, "https://shop.example/thanks?morepay_session=cs_1"},
		{session.RenewURL, opened.Add(time.Hour), "https://shop.example/cart?a=1;2&morepay_session=cs_1"},
		{"", opened.Add(time.Hour), "https://shop.example/thanks?morepay_session=cs_1"},
	} {
		session.RenewURL = c.renew
		p, err := page.Progress(pay.Open(session), facts().Document, nil, page.Request{}, page.Links{}, c.at)
		if err != nil || p.ContinueURL != c.want {
			t.Errorf("at %v it leads to %q, %v, want %q", c.at, p.ContinueURL, err, c.want)
		}
	}
}
