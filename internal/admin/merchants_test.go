package admin_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"morepay/internal/harness"
	"morepay/internal/merchant"
)

// edit stores a document of the merchant with another text in it, and returns its version.
func (d *desk) edit(before, after string) int64 {
	d.t.Helper()
	documents := d.Stores().Documents
	current, err := documents.Get(d.t.Context(), harness.Merchant)
	if err != nil || !strings.Contains(string(current.JSON), before) {
		d.t.Fatalf("the document has no %s, or %v", before, err)
	}
	change := merchant.Change{Merchant: harness.Merchant, JSON: []byte(strings.Replace(string(current.JSON), before, after, 1))}
	stored, err := documents.Put(d.t.Context(), []merchant.Change{change}, "Bob", d.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	return stored[0].Version
}

const visible = `"visible":`

// An earlier document is compared with the one in force, and stored again.
func TestRollback(t *testing.T) {
	t.Parallel()
	d := open(t)
	if got := d.edit(visible+"4", visible+"3"); got != 2 {
		t.Fatalf("the edited version is %d", got)
	}
	d.signIn("/admin/", "Ann")
	page := "/admin/merchants/" + harness.Merchant
	first := page + "/versions/1"
	d.tour("/admin/merchants", page, first, page+"/versions/2")
	if a := d.get(page + "/versions/2"); !strings.Contains(a.body, "Bob") || strings.Contains(a.body, "/rollback") || !strings.Contains(a.body, "<del>") || !strings.Contains(a.body, "<ins>") {
		t.Errorf("the version in force:\n%s", a.body)
	}
	late := d.get(first).form(t, first+"/rollback")
	if a := d.send(http.MethodPost, first+"/rollback", late); a.status != http.StatusSeeOther || a.header.Get("Location") != page {
		t.Fatalf("rolling back: %d\n%s", a.status, a.body)
	}
	got, err := d.Stores().Documents.Get(t.Context(), harness.Merchant)
	if err != nil || got.Version != 3 || got.Author != "Ann" || !strings.Contains(string(got.JSON), visible+"4") {
		t.Errorf("in force is %d of %s, %v", got.Version, got.Author, err)
	}
	if a := d.get(page); !strings.Contains(a.body, `role="status"`) {
		t.Errorf("nothing is told:\n%s", a.body)
	}
	if a := d.send(http.MethodPost, first+"/rollback", late); a.status != http.StatusPreconditionFailed {
		t.Errorf("with a form from before: %d", a.status)
	}
	for path, want := range map[string]int{"/admin/merchants/nobody": 404, page + "/versions/9": 404, page + "/versions/x": 404} {
		if a := d.get(path); a.status != want {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	if log := d.said(); !strings.Contains(log, `about="bench 1" author=Ann`) {
		t.Errorf("the log says\n%s", log)
	}
}

// A document that can't be in force any more is refused, and why is said.
func TestRollbackToABrokenDocument(t *testing.T) {
	t.Parallel()
	d := open(t)
	broken := d.edit(`"wechat_pay"`, `"nothing"`)
	d.edit(`"nothing"`, `"wechat_pay"`)
	d.signIn("/admin/", "Ann")
	action := "/admin/merchants/" + harness.Merchant + "/versions/2/rollback"
	token := d.get("/admin/").form(t, "/admin/sign-out")
	a := d.send(http.MethodPost, action, url.Values{"csrf": token["csrf"], "current": {"3"}})
	if broken != 2 || a.status != http.StatusBadRequest || !strings.Contains(a.body, "nothing") {
		t.Errorf("version %d: %d\n%s", broken, a.status, a.body)
	}
}

func TestReload(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.signIn("/admin/", "Ann")
	if a := d.submit("/admin/merchants", "/admin/reload", nil); a.status != http.StatusSeeOther {
		t.Errorf("reloading: %d\n%s", a.status, a.body)
	}
	if log := d.said(); !strings.Contains(log, "msg=reloaded") {
		t.Errorf("the log says\n%s", log)
	}
	if a := d.send(http.MethodPost, "/admin/reload", nil); a.status != http.StatusForbidden {
		t.Errorf("a forged reload: %d", a.status)
	}
}
