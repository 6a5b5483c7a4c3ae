package merchant_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	samples "morepay/internal/demo/merchants"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/store"
)

func decode(t *testing.T, text string) *capability.Document {
	t.Helper()
	doc, err := document.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func source(t *testing.T, text string) merchant.Source {
	return merchant.Source{ID: "shop", Document: decode(t, text), Settings: merchant.Settings{
		Origins:    []string{"https://shop.example"},
		ReturnURLs: []string{"https://shop.example/orders/", "https://m.shop.example/"},
		APIKeys:    []merchant.APIKey{{ID: "a", SHA256: merchant.HashKey("sk_live_1")}},
	}}
}

// open makes a directory over a real database that holds the document.
func open(t *testing.T) (*merchant.Directory, merchant.Store) {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sources := []merchant.Source{source(t, capabilities)}
	if _, err := merchant.Apply(t.Context(), db.Documents, sources, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	d, err := merchant.NewDirectory(t.Context(), db.Documents, sources, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return d, db.Documents
}

func TestReturnURL(t *testing.T) {
	d, _ := open(t)
	for _, c := range []struct {
		url string
		ok  bool
	}{
		{"https://shop.example/orders/1", true},
		{"https://shop.example/orders/", true},
		{"https://shop.example/orders/1?a=b", true},
		{"https://m.shop.example/", true},
		{"https://m.shop.example", true},
		{"https://shop.example/orders/x/../1", false},
		{"https://shop.example/orders", false},
		{"https://shop.example/orders/../admin", false},
		{"https://shop.example/orders/%2e%2e/admin", false},
		{"https://shop.example/", false},
		{"http://shop.example/orders/1", false},
		{"https://shop.example.evil/orders/1", false},
		{"https://evil@shop.example/orders/1", false},
		{"https://shop.example:444/orders/1", false},
		{`https://shop.example\@evil/orders/1`, false},
		{"https://shop.example/orders/1\r\nSet-Cookie:a", false},
		{"//shop.example/orders/1", false},
		{"javascript:alert(1)", false},
		{"https://shop.example/orders/1#x", false},
		{"", false},
	} {
		err := d.ReturnURL("shop", c.url)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.url, err)
		}
		if err != nil && (pay.CodeOf(err) != pay.CodeInvalid || !strings.Contains(err.Error(), "return_url")) {
			t.Errorf("%q: the error names no field: %v", c.url, err)
		}
	}
	if d.ReturnURL("stranger", "https://shop.example/orders/1") == nil {
		t.Error("a merchant without settings may send payers somewhere")
	}
}

func TestByKey(t *testing.T) {
	d, _ := open(t)
	if id, ok := d.ByKey("sk_live_1"); !ok || id != "shop" {
		t.Errorf("the key is of %q, %v", id, ok)
	}
	for _, key := range []string{"", "sk_live_2", merchant.HashKey("sk_live_1")} {
		if _, ok := d.ByKey(key); ok {
			t.Errorf("%q was let in", key)
		}
	}
}

func TestDocumentFollowsChanges(t *testing.T) {
	d, documents := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	defer func() { cancel(); <-done }()

	before, err := d.Published(ctx, "shop")
	if err != nil {
		t.Fatal(err)
	}
	closed := decode(t, strings.Replace(capabilities, `"open"`, `"closed"`, 1))
	if _, err := documents.Put(ctx, []merchant.Change{{Merchant: "shop", JSON: closed.JSON()}}, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	after := waitFor(t, d, before.Version+1)
	inForce, version, err := d.Document(ctx, "shop")
	if err != nil || version != after.Version {
		t.Fatalf("version %d, %v", version, err)
	}
	if after.ETag == before.ETag || inForce.Methods[0].State != capability.StateClosed {
		t.Errorf("version %d is %s, tag %s", after.Version, after.JSON, after.ETag)
	}
	if string(after.JSON) != string(inForce.JSON()) {
		t.Errorf("the public document is\n%s\nthe one in force\n%s", after.JSON, inForce.JSON())
	}
	pinned, err := d.DocumentAt(ctx, "shop", before.Version)
	if err != nil || pinned.Methods[0].State != capability.StateOpen {
		t.Errorf("version %d is %+v, %v", before.Version, pinned, err)
	}
}

// waitFor polls for a version; the test's own deadline bounds it.
func waitFor(t *testing.T, d *merchant.Directory, version int64) *merchant.Published {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		p, err := d.Published(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		if p.Version == version {
			return p
		}
		<-tick.C
	}
}

func TestApplyChangesNothingTwice(t *testing.T) {
	_, documents := open(t)
	changed, err := merchant.Apply(t.Context(), documents, []merchant.Source{source(t, capabilities)}, "test", time.Now())
	if err != nil || len(changed) != 0 {
		t.Errorf("changed %v, %v", changed, err)
	}
}

func TestIntroduce(t *testing.T) {
	edited := strings.Replace(capabilities, `"visible": 2`, `"visible": 3`, 1)
	byAdmin := strings.Replace(capabilities, `"visible": 2`, `"visible": 4`, 1)
	for name, c := range map[string]struct {
		stored []string // after the first, which open stores
		folder string
		want   int64 // the version in force
		told   bool  // that it is not the folder's
	}{
		"nothing-new":            {nil, capabilities, 1, false},
		"edited-since":           {nil, edited, 2, false},
		"changed-by-admin":       {[]string{byAdmin}, capabilities, 2, true},
		"rolled-back":            {[]string{edited, capabilities}, edited, 3, true},
		"applied-by-command":     {[]string{edited}, edited, 2, false},
		"edited-and-by-admin":    {[]string{byAdmin}, edited, 3, false},
		"newest-equals-an-older": {[]string{edited, capabilities}, capabilities, 3, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, documents := open(t)
			for _, text := range c.stored {
				if _, err := merchant.Apply(t.Context(), documents, []merchant.Source{source(t, text)}, "test", time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // a second start finds nothing to do
				inForce, err := merchant.Introduce(t.Context(), documents, []merchant.Source{source(t, c.folder)}, time.Now())
				if err != nil {
					t.Fatal(err)
				}
				if told := len(inForce) == 1 && inForce[0].Version == c.want; told != c.told {
					t.Errorf("in force instead of the folder's: %+v, want any: %v", inForce, c.told)
				}
			}
			if doc, err := documents.Get(t.Context(), "shop"); err != nil || doc.Version != c.want {
				t.Errorf("version %d is in force, %v, want %d", doc.Version, err, c.want)
			}
		})
	}
}

func TestIntroduceToAnEmptyStore(t *testing.T) {
	db, err := store.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if inForce, err := merchant.Introduce(t.Context(), db.Documents, []merchant.Source{source(t, capabilities)}, time.Now()); err != nil || len(inForce) != 0 {
		t.Errorf("in force %+v, %v", inForce, err)
	}
	if doc, err := db.Documents.Get(t.Context(), "shop"); err != nil || doc.Version != 1 {
		t.Errorf("version %d is in force, %v", doc.Version, err)
	}
}

func TestUnknownMerchant(t *testing.T) {
	d, _ := open(t)
	if _, _, err := d.Document(t.Context(), "nobody"); pay.CodeOf(err) != pay.CodeNotFound {
		t.Errorf("error is %v", err)
	}
}

func TestDiff(t *testing.T) {
	before := decode(t, capabilities)
	after := decode(t, strings.Replace(capabilities, `"visible": 2`, `"visible": 3`, 1))
	got := strings.Join(merchant.Diff(before, after), "\n")
	if got != "-   \"visible\": 2,\n+   \"visible\": 3," {
		t.Errorf("diff is\n%s", got)
	}
	if lines := merchant.Diff(before, before); len(lines) != 0 {
		t.Errorf("diff with itself is %q", lines)
	}
	for _, line := range merchant.Diff(nil, after) {
		if !strings.HasPrefix(line, "+ ") {
			t.Errorf("a new document has the line %q", line)
		}
	}
}

// What is served is put together from the stored bytes: it must be what decoding
// and encoding would give, for every sample.
func TestServedIsCanonical(t *testing.T) {
	sources, err := merchant.LoadDocuments(samples.FS)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := merchant.Apply(t.Context(), db.Documents, sources, "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	d, err := merchant.NewDirectory(t.Context(), db.Documents, sources, true, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		served, err := d.Published(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		want := *s.Document
		want.Version = served.Version
		if got := string(served.JSON); got != string(want.JSON()) || served.ETag != merchant.ETag(want.JSON()) {
			t.Errorf("%s is served as\n%s\nwant\n%s", s.ID, got, want.JSON())
		}
	}
}
