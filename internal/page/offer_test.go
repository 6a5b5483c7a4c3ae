package page_test

import (
	"io/fs"
	"net/url"
	"testing"

	"morepay/internal/capability/document"
	"morepay/internal/demo/merchants"
	"morepay/internal/locale"
	"morepay/internal/page"
	"morepay/web"
)

// The list of an order that there may be is no larger than a session's page.
func TestOfferSize(t *testing.T) {
	t.Parallel()
	raw, err := fs.ReadFile(merchants.FS, "demo/capabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	f := facts()
	if f.Document, err = document.Decode(raw); err != nil {
		t.Fatal(err)
	}
	order := url.Values{"merchant": {"demo"}, "amount": {"5980"}, "items": {`[{"sku":"mug","category":"home"}]`}}
	for _, tag := range locale.Tags() {
		for _, agent := range []string{desktop, phone, wechat} {
			v := page.MakeOffer(f, ask(t, "parent="+shop+words+"&lang="+tag, agent), order, links, opened)
			packed, _, err := web.Compress("br", page.OfferHTML(v, scripts.Frame))
			if err != nil {
				t.Fatal(err)
			}
			if len(packed) > maxSize {
				t.Errorf("in %s: %d bytes, at most %d with brotli are allowed", tag, len(packed), maxSize)
			}
		}
	}
}

// A list without a session says too who runs the checkout.
func TestOfferSaysWho(t *testing.T) {
	t.Parallel()
	f := facts()
	v := page.MakeOffer(f, ask(t, "", desktop), url.Values{}, links, opened)
	if v.Document.Operator != "pay.example" || f.Document.Operator != "" {
		t.Errorf("run by %q, and in the document by %q", v.Document.Operator, f.Document.Operator)
	}
}
