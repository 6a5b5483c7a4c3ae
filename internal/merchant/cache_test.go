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
	"morepay/internal/merchant/folder"
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

const capabilities = `{
  "schema": 1,
  "merchant": "shop",
  "name": "Shop",
  "locale": "en",
  "visible": 2,
  "methods": [
    {"method": "wechat_pay", "state": "open", "rails": ["qr"], "currencies": ["CNY"]}
  ]
}`

// docs returns a merchant's document, as a folder of one.
func docs(t *testing.T, text string) []*capability.Document {
	t.Helper()
	return []*capability.Document{decode(t, text)}
}

// open makes a cache over a real database that holds the document.
func open(t *testing.T) (*merchant.Cache, merchant.Store) {
	t.Helper()
	db, err := store.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := merchant.Apply(t.Context(), db.Documents, docs(t, capabilities), "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	d, err := merchant.NewCache(t.Context(), db.Documents, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return d, db.Documents
}

func TestDocumentFollowsChanges(t *testing.T) {
	t.Parallel()
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
func waitFor(t *testing.T, c *merchant.Cache, version int64) *merchant.Published {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		p, err := c.Published(t.Context(), "shop")
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
	t.Parallel()
	_, documents := open(t)
	changed, err := merchant.Apply(t.Context(), documents, docs(t, capabilities), "test", time.Now())
	if err != nil || len(changed) != 0 {
		t.Errorf("changed %v, %v", changed, err)
	}
}

// takeUp does with a folder's documents what a server does.
func takeUp(t *testing.T, store merchant.Store, folder string) ([]merchant.Revision, error) {
	t.Helper()
	unseen, inForce, err := merchant.Unseen(t.Context(), store, docs(t, folder))
	if err != nil {
		return nil, err
	}
	_, err = merchant.Apply(t.Context(), store, unseen, "start", time.Now())
	return inForce, err
}

func TestTakeUp(t *testing.T) {
	t.Parallel()
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
				if _, err := merchant.Apply(t.Context(), documents, docs(t, text), "test", time.Now()); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // a second start finds nothing to do
				inForce, err := takeUp(t, documents, c.folder)
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
	t.Parallel()
	db, err := store.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if inForce, err := takeUp(t, db.Documents, capabilities); err != nil || len(inForce) != 0 {
		t.Errorf("in force %+v, %v", inForce, err)
	}
	if doc, err := db.Documents.Get(t.Context(), "shop"); err != nil || doc.Version != 1 {
		t.Errorf("version %d is in force, %v", doc.Version, err)
	}
}

func TestUnknownMerchant(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	if _, _, err := d.Document(t.Context(), "nobody"); pay.CodeOf(err) != pay.CodeNotFound {
		t.Errorf("error is %v", err)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
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
	t.Parallel()
	loaded, err := folder.LoadDocuments(samples.FS)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := merchant.Apply(t.Context(), db.Documents, folder.Documents(loaded), "test", time.Now()); err != nil {
		t.Fatal(err)
	}
	d, err := merchant.NewCache(t.Context(), db.Documents, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range loaded {
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
