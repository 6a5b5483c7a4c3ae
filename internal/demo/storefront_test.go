package demo_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"morepay/internal/demo"
	"morepay/internal/program"
)

const desktop = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36"

// open opens the demo and runs it until the test ends.
func open(t *testing.T) *demo.Demo {
	t.Helper()
	d, err := demo.Open(t.Context(), demo.Config{SimListen: "127.0.0.1:0", Config: program.Config{
		Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Data: t.TempDir(), Log: slog.New(slog.DiscardHandler),
	}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- d.Run(t.Context()) }()
	t.Cleanup(func() {
		if err := errors.Join(<-done, d.Close()); err != nil {
			t.Errorf("the demo did not end well: %v", err)
		}
	})
	return d
}

// visit asks for a path of the demo and follows no redirect.
func visit(t *testing.T, d *demo.Demo, path string) (answer *http.Response, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.BaseURL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("User-Agent", desktop)
	if answer, err = http.DefaultTransport.RoundTrip(r); err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

// What a visitor chose reaches the session: over the form, over the link to the
// checkout alone, into the decision.
func TestChoicesReachTheCheckout(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, c := range map[string]struct {
		query   string
		offered bool
	}{
		"allowed-goods":  {"?merchant=excluded&category=cups", true},
		"excluded-goods": {"?merchant=excluded&category=gold&payer=a%26b", false},
	} {
		t.Run(name, func(t *testing.T) {
			answer, page := visit(t, d, "/demo/"+c.query)
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("%d %s", answer.StatusCode, page)
			}
			alone := link(t, strings.NewReader(page), "/demo/pay?")
			created, text := visit(t, d, alone)
			if created.StatusCode != http.StatusSeeOther {
				t.Fatalf("%s: %d %s", alone, created.StatusCode, text)
			}
			answer, page = visit(t, d, created.Header.Get("Location"))
			if answer.StatusCode != http.StatusOK {
				t.Fatalf("%d %s", answer.StatusCode, page)
			}
			if got := strings.Contains(page, `data-method="wechat_pay"`); got != c.offered {
				t.Errorf("WeChat Pay on the page: %v, want %v", got, c.offered)
			}
		})
	}
}

// link finds where the page's link with a prefix leads.
func link(t *testing.T, page io.Reader, prefix string) string {
	t.Helper()
	for tokens := html.NewTokenizer(page); tokens.Next() != html.ErrorToken; {
		for _, a := range tokens.Token().Attr {
			if a.Key == "href" && strings.HasPrefix(a.Val, prefix) {
				return a.Val
			}
		}
	}
	t.Fatalf("the page has no link to %s", prefix)
	return ""
}

func TestStorefrontRefuses(t *testing.T) {
	t.Parallel()
	d := open(t)
	for name, c := range map[string]struct {
		path string
		want int
	}{
		"unknown-merchant": {"/demo/?merchant=nobody", http.StatusBadRequest},
		"price-no-number":  {"/demo/?price=abc", http.StatusBadRequest},
		"price-negative":   {"/demo/?price=-1", http.StatusBadRequest},
		"price-too-fine":   {"/demo/?price=1.005", http.StatusBadRequest},
		"price-too-high":   {"/demo/?price=10000000000.00", http.StatusBadRequest},
		"unknown-shop":     {"/demo/thanks?shop=nobody", http.StatusBadRequest},
		"unknown-order":    {"/demo/thanks?shop=demo&morepay_session=cs_0000000000000000000000000", http.StatusNotFound},
		"no-order":         {"/demo/thanks?shop=demo", http.StatusNotFound},
		"amount-in-yuan":   {"/demo/pay?amount=59.80", http.StatusBadRequest},
		"amount-zero":      {"/demo/pay?amount=0", http.StatusBadRequest},
		"unknown-page":     {"/demo/nothing", http.StatusNotFound},
		"unsigned-webhook": {"/demo/hook", http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			if answer, text := visit(t, d, c.path); answer.StatusCode != c.want {
				t.Errorf("%d %s, want %d", answer.StatusCode, text, c.want)
			}
		})
	}
}

// TestRefusalKeepsTheChoice: what can't be bought is answered by the shop's page, with
// the visitor's choice in its form, and without a checkout.
func TestRefusalKeepsTheChoice(t *testing.T) {
	t.Parallel()
	_, page := visit(t, open(t), "/demo/?merchant=flagship&price=abc&category=cups&lang=en")
	for _, want := range []string{`value="abc"`, `value="cups"`, `value="flagship" selected`, `role="alert"`, "such as 59.80"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Contains(page, "<more-payment-methods") {
		t.Error("the page has a checkout of nothing")
	}
}

// TestPrice: amounts are read in yuan, to the fen.
func TestPrice(t *testing.T) {
	t.Parallel()
	d := open(t)
	for price, fen := range map[string]string{"59.80": "5980", "59.8": "5980", "60": "6000", "0.01": "1", " 7.5 ": "750"} {
		_, page := visit(t, d, "/demo/?price="+url.QueryEscape(price))
		if alone := link(t, strings.NewReader(page), "/demo/pay?"); !strings.Contains(alone, "amount="+fen+"&") {
			t.Errorf("%q yuan are at %s, want %s fen", price, alone, fen)
		}
	}
}

// TestMerchantsByName: the list of merchants says what each is there to show.
func TestMerchantsByName(t *testing.T) {
	t.Parallel()
	d := open(t)
	for lang, want := range map[string]string{"zh-CN": "未开通微信支付的旗舰店", "en": "flagship store without WeChat Pay"} {
		_, page := visit(t, d, "/demo/?lang="+lang)
		if !strings.Contains(page, want) {
			t.Errorf("in %s the list lacks %q", lang, want)
		}
		if n := strings.Count(page, "<option value="); n != len(d.Shops) {
			t.Errorf("in %s the list has %d merchants, want %d", lang, n, len(d.Shops))
		}
		for _, shop := range d.Shops {
			if !strings.Contains(page, html.EscapeString(shop.Document.Name)+": ") {
				t.Errorf("in %s the list doesn't say what %s shows", lang, shop.ID)
			}
		}
	}
}
