package web

import (
	"bytes"
	"os/exec"
	"slices"
	"strings"
	"testing"

	br "github.com/andybalholm/brotli"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// maxLoader limits the merchant's loader, in bytes with brotli.
const maxLoader = 4096

func TestLoaderIsSmall(t *testing.T) {
	t.Parallel()
	source, err := sources.ReadFile(Embed)
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := br.NewWriterLevel(&packed, br.BestCompression)
	if _, err := w.Write(Shipped(source)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if packed.Len() > maxLoader {
		t.Errorf("the loader has %d bytes, want at most %d", packed.Len(), maxLoader)
	}
	t.Logf("%d of %d bytes", packed.Len(), maxLoader)
}

// What is shipped is a script still, without the comments.
func TestShipped(t *testing.T) {
	t.Parallel()
	source, err := sources.ReadFile(Embed)
	if err != nil {
		t.Fatal(err)
	}
	shipped := Shipped(source)
	if got, want := string(Shipped([]byte("a = \"b = c\"; // d\n  // e\n  return { f: `g = ${h}` };\n"))), "a=\"b = c\";return{f:`g = ${h}`};"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, easy := range []string{"//", "\n\n", "\n ", " = ", "; "} {
		if bytes.Contains(shipped, []byte(easy)) {
			t.Errorf("%q is shipped", easy)
		}
	}
	node := exec.Command(needs.Node(t), "-")
	node.Stdin = bytes.NewReader(shipped)
	if out, err := node.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("node says %v: %s", err, out)
	}
	if got := Files().byName[Embed]; !bytes.Equal(got.body, shipped) {
		t.Error("something else is served")
	}
}

// Why a checkout can't be shown, the shop hears at once and by name, and the payer has a
// link.
func TestLoadFailures(t *testing.T) {
	browser := browsertest.Start(t)
	const link = `a.shadowRoot.querySelector("a")`
	for _, test := range []struct{ name, reason, want string }{
		{"unknown", `{"reason": "session_unknown", "origin": "ORIGIN"}`, `{"code":"session_unknown","retryable":false,"origin":"ORIGIN"}`},
		{"over", `{"reason": "session_over", "origin": "ORIGIN"}`, `{"code":"session_over","retryable":false,"origin":"ORIGIN"}`},
		{"origin", `{"reason": "origin_not_registered", "origin": "ORIGIN"}`, `{"code":"origin_not_registered","retryable":false,"origin":"ORIGIN"}`},
		{"unreachable", "", `{"code":"unreachable","retryable":true}`},
		{"other", `{"reason": "ok", "origin": "ORIGIN"}`, `{"code":"load_failed","retryable":true}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := serveCheckout(t)
			c.silent, c.reason = true, test.reason
			shop := serveShop(t, element("a", `locale="zh-HK"`), c)
			tab := browser.Open(t)
			if test.reason == "" {
				tab.Allow("CORS policy")
				tab.Allow("Failed to load resource")
			}
			tab.Go(shop)
			happened(t, tab, failed(strings.ReplaceAll(test.want, "ORIGIN", shop))...)
			if got := tab.Text(link + `.checkVisibility() + " " + ` + link + `.href + " " + ` + link + `.innerText`); got != "true "+c.URL+"/pay/"+token+" 前往付款" {
				t.Errorf("the link: %s", got)
			}
		})
	}
	t.Run("later", func(t *testing.T) {
		c := serveCheckout(t)
		tab := browser.Open(t)
		tab.Go(serveShop(t, element("a", ""), c))
		happened(t, tab, opening...)
		c.set(func(c *checkout) { c.silent = true })
		tab.Frame(c.URL).Eval(`location.reload()`, nil)
		list := append(slices.Clone(opening), failed(`{"code":"load_failed","retryable":true}`)...)
		happened(t, tab, list...)
		c.set(func(c *checkout) { c.silent = false })
		tab.Eval(`dispatchEvent(new Event("online"))`, nil) // what could be tried again is
		happened(t, tab, append(list, `a ready {}`)...)
		if got := tab.Text(link + `.checkVisibility()`); got != "false" {
			t.Error("the link stands beside the checkout")
		}
	})
	t.Run("own-fallback", func(t *testing.T) {
		c := serveCheckout(t)
		c.silent = true
		tab := browser.Open(t)
		tab.Go(serveShop(t, `<more-payment-methods id="a" session="`+token+`"> <p id="own">Call us</p> </more-payment-methods>`, c))
		happened(t, tab, failed(`{"code":"load_failed","retryable":true}`)...)
		if got := tab.Text(link + `.checkVisibility() + " " + own.checkVisibility()`); got != "false true" {
			t.Errorf("our link and the shop's own are seen: %s", got)
		}
	})
}

// Without a session there is nothing to complain of: the shop is still fetching one.
func TestEmbedWaitsForSession(t *testing.T) {
	c := serveCheckout(t)
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, `<more-payment-methods id="a"></more-payment-methods>`, c))
	tab.Wait(`a.shadowRoot.querySelector(".wait").clientHeight >= 884`)
	tab.Eval(`new Promise((done) => setTimeout(() => setTimeout(done)))`, nil)
	tab.Eval(`a.session = "`+token+`"`, nil)
	happened(t, tab, opening...)
	tab.Eval(`a.session = undefined`, nil)
	tab.Wait(`!a.shadowRoot.querySelector("iframe")`)
	happened(t, tab, opening...)
}

// What was told is not told again while the session is the same, whatever becomes of the
// frame.
func TestEmbedRepeatsNothing(t *testing.T) {
	c := serveCheckout(t)
	c.state = "paid"
	tab := browsertest.Start(t).Open(t)
	tab.Go(serveShop(t, element("a", "")+`<div id="other"></div>`, c))
	paid := []string{`a ready {}`, `a statuschange {"state":"paid"}`, `a complete {}`}
	happened(t, tab, paid...)
	const frame = `a.shadowRoot.querySelector("iframe")`
	for _, do := range []string{`other.append(a)`, `a.reload()`, `a.locale = "de"`} {
		tab.Eval(`window.frame = `+frame+`; `+do, nil)
		tab.Wait(`a._live && ` + frame + ` !== frame`)
	}
	tab.Eval(`window.frame = `+frame+`; document.body.moveBefore(a, null)`, nil)
	if got := tab.Text(`a._live && ` + frame + ` === frame`); got != "true" {
		t.Error("the frame is lost when the element is moved with moveBefore")
	}
	happened(t, tab, paid...)
	tab.Eval(`a.session = "`+token+`-other"`, nil)
	happened(t, tab, append(paid, paid...)...)
}
