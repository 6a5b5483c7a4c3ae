package e2e_test

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/seal"
	"morepay/internal/secret"
	"morepay/internal/store"
	"morepay/internal/store/pgtest"
)

// rotation is two servers on one database whose secret is replaced.
type rotation struct {
	*demotest.Demo
	t        *testing.T
	binary   string
	database string
	flags    []string
	origins  [2]string
	servers  [2]*process
	made     []sealed
}

// sealed is what a server has signed and sealed, of each kind, and payers and
// merchants come back with.
type sealed struct {
	stage    string
	session  demotest.Session
	key      string // of the idempotent request that opened it
	reply    string
	form     url.Values // of its page
	link     string     // path by which the wallet brings the payer back
	identity string     // the same once it has identified them
}

// TestSecretIsReplaced replaces the secret of two servers that serve on: old,new on
// both, then new,old, then new. What either has made is good at either.
func TestSecretIsReplaced(t *testing.T) {
	r := newRotation(t)
	previous, next := r.Secret, base64.StdEncoding.EncodeToString(secret.New())
	r.serve(0, previous)
	r.serve(1, previous)
	r.run("webhooks", "add", harness.Merchant, "byhand", "http://127.0.0.1:1/hook", "--author=t", "--test-mode", "--secret", previous)
	r.check("before")
	for _, step := range []struct{ name, list string }{{"announced", previous + "," + next}, {"in-force", next + "," + previous}} {
		for i := range r.servers {
			r.Client.CloseIdleConnections()
			r.servers[i].stop()
			r.serve(i, step.list)
			r.check(step.name)
		}
	}

	// A day later what the old one has made is no longer of use.
	old := r.made[0]
	r.made = r.made[len(r.made)-2:]
	for i := range r.servers {
		r.Client.CloseIdleConnections()
		r.servers[i].stop()
		r.serve(i, next)
		r.check("alone")
	}
	if a := r.get(0, old.link); a.Status != http.StatusNotFound {
		t.Errorf("a link that the old secret sealed: status %d", a.Status)
	}
	r.run("secrets", "retire", "--secret", next)
	r.refuses(previous)
	r.refuses(base64.StdEncoding.EncodeToString(secret.New()))
	r.webhooksOpen(next)
}

func newRotation(t *testing.T) *rotation {
	r := &rotation{t: t, database: pgtest.DSN(t), binary: filepath.Join(t.TempDir(), "morepay")}
	if out, err := exec.Command("go", "build", "-o", r.binary, "morepay").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	h, err := harness.Start(harness.Options{Config: program.Config{Data: t.TempDir(), Database: r.database}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.Leave(); err != nil { // its address is the second server's now
		t.Fatal(err)
	}
	r.origins = [2]string{"http://" + freeAddress(t), h.BaseURL}
	r.flags = []string{"--base-url", h.BaseURL, "--sim-url", h.SimURL, "--merchants", shopFolder(t, h, newHook(t).URL), "--database", r.database}
	r.Demo = &demotest.Demo{Demo: &demo.Demo{Program: &program.Program{Config: h.Config}, Shops: h.Shops}, Origin: h.BaseURL, Client: h.Client}
	return r
}

func (r *rotation) serve(i int, secrets string) {
	r.servers[i] = serveProcess(r.t, r.binary, r.origins[i], append([]string{"--secret", secrets}, r.flags...)...)
}

// run runs another command on the database.
func (r *rotation) run(args ...string) {
	r.t.Helper()
	if out, err := exec.Command(r.binary, append(args, "--database", r.database)...).CombinedOutput(); err != nil {
		r.t.Fatalf("%v: %v\n%s", args[:2], err, out)
	}
}

// refuses checks that no server starts with these secrets, and that it says why.
func (r *rotation) refuses(secrets string) {
	r.t.Helper()
	args := append([]string{"serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--secret", secrets}, r.flags...)
	out, err := exec.Command(r.binary, args...).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "--secret") || strings.Contains(string(out), secrets) {
		r.t.Errorf("with a foreign secret it ends with %v:\n%s", err, out)
	}
}

// check has each server make what it seals, and either take all that is in hands.
func (r *rotation) check(stage string) {
	r.t.Helper()
	for i := range r.servers {
		r.made = append(r.made, r.make(i, stage))
	}
	for i := range r.servers {
		for _, m := range r.made {
			r.use(i, m, stage)
		}
	}
	if r.t.Failed() {
		r.t.FailNow()
	}
}

// at returns a session as it is reached at a server.
func (r *rotation) at(i int, s demotest.Session) demotest.Session {
	s.URL = r.origins[i] + "/pay/" + s.Token
	return s
}

func (r *rotation) open(i int, key, body string) demotest.Answer {
	return r.Do(r.t, demotest.Request(r.t, http.MethodPost, r.origins[i]+"/v1/sessions", body, "Content-Type", demotest.TypeJSON,
		"Authorization", "Bearer "+r.Shop(r.t, harness.Merchant).Key, "Idempotency-Key", key))
}

func (r *rotation) post(i int, s demotest.Session, path, agent string, form url.Values) demotest.Answer {
	return r.Do(r.t, demotest.Request(r.t, http.MethodPost, r.at(i, s).URL+path, form.Encode(),
		"Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded", "User-Agent", agent))
}

func (r *rotation) get(i int, path string) demotest.Answer {
	return r.Get(r.t, r.origins[i]+path, "Accept", "text/html", "User-Agent", demotest.WeChat)
}

// path returns where a parameter of a link leads to on our servers.
func (r *rotation) path(link, parameter string) string {
	r.t.Helper()
	u, err := url.Parse(link)
	if err == nil {
		u, err = url.Parse(u.Query().Get(parameter))
	}
	if err != nil || u.Path == "" {
		r.t.Fatalf("%q has no %s: %v", link, parameter, err)
	}
	return u.Path
}

func (r *rotation) make(i int, stage string) sealed {
	r.t.Helper()
	m := sealed{stage: stage, key: rand.Text()}
	a := r.open(i, m.key, r.JSON(r.t, demotest.Order{}, nil))
	if a.Status != http.StatusCreated {
		r.t.Fatalf("%s: no session: %d %s", stage, a.Status, a.Body)
	}
	m.reply = a.Body
	a.Decode(r.t, &m.session)
	m.form = r.Form(r.t, r.at(i, m.session), "wechat_pay", pay.RailJSAPI)
	there := r.post(i, m.session, "/attempts", demotest.WeChat, m.form).Header.Get("Location")
	m.identity = r.path(there, "redirect_uri") + "?code=none&state=" + url.QueryEscape(parameter(there, "state"))
	m.form.Set("rail", string(pay.RailDeepLink))
	m.link = r.path(r.post(i, m.session, "/attempts", demotest.Android, m.form).Header.Get("Location"), "redirect_url")
	return m
}

// parameter returns one of a link, whose fragment does not matter.
func parameter(link, name string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return u.Query().Get(name)
}

func (r *rotation) use(i int, m sealed, stage string) {
	r.t.Helper()
	fault := func(what string, a demotest.Answer) {
		r.t.Errorf("%s: server %d, %s of %s: status %d to %q", stage, i, what, m.stage, a.Status, a.Header.Get("Location"))
	}
	if a := r.open(i, m.key, r.JSON(r.t, demotest.Order{}, nil)); a.Status != http.StatusCreated || a.Body != m.reply {
		fault("the kept reply", a)
	}
	if a := r.post(i, m.session, "/return", demotest.Android, m.form); a.Status != http.StatusSeeOther {
		fault("a form", a)
	}
	if a := r.get(i, m.link); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/pay/"+m.session.Token+"/return" {
		fault("a return link", a)
	}
	if a := r.get(i, m.identity); a.Status != http.StatusSeeOther {
		fault("an identified payer's link", a)
	}
}

// webhooksOpen checks that the secrets of all endpoints open with one alone.
func (r *rotation) webhooksOpen(list string) {
	r.t.Helper()
	b, err := base64.StdEncoding.DecodeString(list)
	if err != nil {
		r.t.Fatal(err)
	}
	box, err := seal.New(b)
	if err != nil {
		r.t.Fatal(err)
	}
	db, err := store.Open(r.t.Context(), r.database, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer db.Close()
	kept, err := db.Endpoints.Kept(r.t.Context(), harness.Merchant)
	if err != nil || len(kept) < 2 {
		r.t.Fatalf("%d endpoints, %v", len(kept), err)
	}
	for _, k := range kept {
		if _, err := box.Open(seal.ForWebhook, k.Sealed); err != nil {
			r.t.Errorf("the secret of %s: %v", k.ID, err)
		}
	}
}
