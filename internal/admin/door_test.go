package admin_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/harness"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
)

const key = "the key of this test's operators"

// desk is a running program, and a browser without scripts at its admin pages.
type desk struct {
	*harness.Harness
	t       *testing.T
	journal *locked
	cookie  string
	lang    string // that the browser asks for
}

func open(t *testing.T) *desk {
	t.Helper()
	journal := &locked{b: &strings.Builder{}}
	h, err := harness.Start(harness.Options{Config: program.Config{
		Data: t.TempDir(), AdminKey: folder.HashKey(key), SweepEvery: program.Never, PruneEvery: program.Never,
		Log: program.NewLog(journal, "text", slog.LevelInfo),
	}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{Harness: h, t: t, journal: journal}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("the server did not end well: %v", err)
		}
	})
	return d
}

// answer is a page as it came.
type answer struct {
	status int
	header http.Header
	body   string
}

func (d *desk) send(method, path string, form url.Values, header ...string) answer {
	d.t.Helper()
	r, err := http.NewRequestWithContext(d.t.Context(), method, "http://"+d.AdminListen+path, strings.NewReader(form.Encode()))
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", d.lang)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if d.cookie != "" {
		r.Header.Set("Cookie", "morepay_admin="+d.cookie)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := d.Client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	a := answer{resp.StatusCode, resp.Header, read(d.t, resp.Body)}
	for _, c := range resp.Cookies() {
		d.cookie = c.Value
	}
	return a
}

func (d *desk) get(path string) answer {
	d.t.Helper()
	return d.send(http.MethodGet, path, nil)
}

// signIn signs in with a name, from a page that a browser wanted.
func (d *desk) signIn(want, name string) answer {
	d.t.Helper()
	form := d.get(want).form(d.t, "/admin/sign-in")
	form.Set("key", key)
	form.Set("name", name)
	return d.send(http.MethodPost, "/admin/sign-in", form)
}

// submit sends the form of a page that has an action, with more values.
func (d *desk) submit(page, action string, more url.Values) answer {
	d.t.Helper()
	form := d.get(page).form(d.t, action)
	for name, values := range more {
		form[name] = values
	}
	return d.send(http.MethodPost, action, form)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	d := open(t)
	a := d.get("/admin/sessions?merchant=demo")
	if a.status != http.StatusUnauthorized || strings.Contains(a.body, "<table") || strings.Contains(a.body, "<select") {
		t.Fatalf("a stranger gets %d:\n%s", a.status, a.body)
	}
	before := d.cookie
	a = d.signIn("/admin/sessions?merchant=demo", "Ann")
	if a.status != http.StatusSeeOther || a.header.Get("Location") != "/admin/sessions?merchant=demo" {
		t.Fatalf("signed in: %d to %q", a.status, a.header.Get("Location"))
	}
	set := a.header.Get("Set-Cookie")
	for _, part := range []string{"morepay_admin=", "Path=/admin/", "HttpOnly", "SameSite=Strict", "Max-Age=28800"} {
		if !strings.Contains(set, part) {
			t.Errorf("the cookie %q has no %s", set, part)
		}
	}
	if d.cookie == before {
		t.Error("the cookie of before is let in")
	}
	if a = d.get("/admin/sessions?merchant=demo"); a.status != http.StatusOK || !strings.Contains(a.body, "Ann") {
		t.Errorf("the page of before: %d\n%s", a.status, a.body)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := a.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if a = d.submit("/admin/", "/admin/sign-out", nil); a.status != http.StatusSeeOther {
		t.Errorf("signing out: %d", a.status)
	}
	d.cookie = strings.TrimPrefix(strings.Split(set, ";")[0], "morepay_admin=")
	if a = d.get("/admin/"); a.status != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", a.status)
	}
	if log := d.said(); !strings.Contains(log, "an admin signed in") || !strings.Contains(log, "author=Ann") || strings.Contains(log, key) {
		t.Errorf("the log says\n%s", log)
	}
}

// The root of the listener leads to the pages, and everything else there is as it was.
func TestRoot(t *testing.T) {
	t.Parallel()
	d := open(t)
	if a := d.get("/"); a.status != http.StatusSeeOther || a.header.Get("Location") != "/admin/" {
		t.Errorf("/ is %d %q", a.status, a.header.Get("Location"))
	}
	for path, want := range map[string]int{"/metrics": 200, "/healthz": 200, "/v1/admin/quarantine": 401, "/nothing": 404, "/admin/stylesheet.css": 200} {
		if a := d.get(path); a.status != want {
			t.Errorf("%s is %d, want %d", path, a.status, want)
		}
	}
}

func TestWrongKey(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.Sim.Freeze(true)
	for range 5 {
		form := d.get("/admin/").form(t, "/admin/sign-in")
		form.Set("key", "not the key")
		form.Set("name", "Eve")
		if a := d.send(http.MethodPost, "/admin/sign-in", form); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "not the admin key") {
			t.Fatalf("a wrong key gets %d\n%s", a.status, a.body)
		}
	}
	a := d.signIn("/admin/", "Eve")
	if a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("the sixth try gets %d", a.status)
	}
	if a = d.get("/admin/"); a.status != http.StatusUnauthorized {
		t.Errorf("after that: %d", a.status)
	}
	d.Advance(11 * time.Second)
	if a = d.signIn("/admin/", "Ann"); a.status != http.StatusSeeOther {
		t.Errorf("ten seconds later: %d", a.status)
	}
	if log := d.said(); !strings.Contains(log, "author=Eve") || strings.Contains(log, "not the key") {
		t.Errorf("the log says\n%s", log)
	}
}

// A form that we have not drawn for this browser does nothing, and neither does one that
// another site sends.
func TestForgedForms(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.signIn("/admin/", "Ann")
	foreign := open(t)
	foreign.signIn("/admin/", "Ann")
	theirs := foreign.get("/admin/").form(t, "/admin/sign-out")
	ours := d.get("/admin/").form(t, "/admin/sign-out")
	neighbour := &desk{Harness: d.Harness, t: t}
	neighbours := neighbour.get("/admin/").form(t, "/admin/sign-in")
	for name, c := range map[string]struct {
		form   url.Values
		header []string
	}{
		"no-token":     {nil, nil},
		"foreign":      {theirs, nil},
		"neighbours":   {neighbours, nil},
		"cross-origin": {ours, []string{"Origin", "https://evil.example"}},
		"cross-site":   {ours, []string{"Sec-Fetch-Site", "cross-site"}},
	} {
		if a := d.send(http.MethodPost, "/admin/sign-out", c.form, c.header...); a.status != http.StatusForbidden {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := d.get("/admin/"); a.status != http.StatusOK {
		t.Errorf("signed out all the same: %d", a.status)
	}
	stranger := &desk{Harness: d.Harness, t: t}
	if a := stranger.send(http.MethodPost, "/admin/sign-out", ours); a.status != http.StatusUnauthorized {
		t.Errorf("without a cookie: %d", a.status)
	}
	if a := stranger.send(http.MethodPost, "/admin/sign-in", url.Values{"key": {key}, "name": {"Ann"}}); a.status != http.StatusForbidden {
		t.Errorf("signing in without a token: %d", a.status)
	}
}

// Who has been away for long, or has stayed for long, must sign in again.
func TestStay(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.signIn("/admin/", "Ann")
	for range 16 {
		d.Advance(29 * time.Minute)
		if a := d.get("/admin/"); a.status != http.StatusOK {
			t.Fatalf("after half an hour: %d", a.status)
		}
	}
	d.Advance(29 * time.Minute)
	if a := d.get("/admin/"); a.status != http.StatusUnauthorized {
		t.Errorf("after eight hours: %d", a.status)
	}
	d.signIn("/admin/", "Ann")
	d.Advance(31 * time.Minute)
	if a := d.get("/admin/"); a.status != http.StatusUnauthorized {
		t.Errorf("after half an hour away: %d", a.status)
	}
}

// Without a key nobody gets in, whatever they send.
func TestNoKey(t *testing.T) {
	t.Parallel()
	h, err := harness.Start(harness.Options{Config: program.Config{Data: t.TempDir(), SweepEvery: program.Never}, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	d := &desk{Harness: h, t: t}
	a := d.get("/admin/")
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, "--admin-key") || strings.Contains(a.body, `name="key"`) {
		t.Errorf("the first page: %d\n%s", a.status, a.body)
	}
	token := strings.Repeat("0", 64)
	for _, key := range []string{"", "x"} {
		if a := d.send(http.MethodPost, "/admin/sign-in", url.Values{"csrf": {token}, "key": {key}, "name": {"Eve"}}); a.status/100 != 4 {
			t.Errorf("key %q: %d", key, a.status)
		}
	}
}
