package e2e_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/harness"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
)

// reloaded is a server in a process of its own, and the file of a shop's settings.
type reloaded struct {
	*demotest.Demo
	*process
	t        *testing.T
	binary   string
	flags    []string // of serve, and of check
	admin    string
	settings string
	key      string // that the file lets in
}

func newReloaded(t *testing.T) *reloaded {
	r := &reloaded{t: t, binary: filepath.Join(t.TempDir(), "morepay")}
	if out, err := exec.Command("go", "build", "-o", r.binary, "morepay").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	h, err := harness.Start(harness.Options{Config: program.Config{Data: t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.Leave(); err != nil { // its address is the server's now
		t.Fatal(err)
	}
	merchants := shopFolder(t, h, newHook(t).URL)
	r.Demo = &demotest.Demo{Demo: &demo.Demo{Program: &program.Program{Config: h.Config}, Shops: h.Shops}, Origin: h.BaseURL, Client: h.Client}
	r.settings, r.key = filepath.Join(merchants, harness.Merchant, folder.SettingsFile), r.Shop(t, harness.Merchant).Key
	r.flags = []string{
		"--base-url", h.BaseURL, "--sim-url", h.SimURL, "--merchants", merchants, "--data", t.TempDir(), "--admin-key", folder.HashKey("admin key"),
	}
	r.process = serveProcess(t, r.binary, h.BaseURL, r.flags...)
	address := regexp.MustCompile(`msg=serving .*admin=(\S+)`).FindStringSubmatch(r.lines.String())
	if address == nil {
		t.Fatalf("the log does not name the admin address:\n%s", &r.lines)
	}
	r.admin = "http://" + address[1]
	return r
}

// write puts another text into the settings.
func (r *reloaded) write(text string) {
	r.t.Helper()
	if err := os.WriteFile(r.settings, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// replaceKey has the settings let another key in, and returns the one before.
func (r *reloaded) replaceKey() (before string) {
	r.t.Helper()
	text, err := os.ReadFile(r.settings)
	if err != nil {
		r.t.Fatal(err)
	}
	before, r.key = r.key, "sk_test_"+rand.Text()
	r.write(strings.Replace(string(text), folder.HashKey(before), folder.HashKey(r.key), 1))
	return before
}

// hangUp sends SIGHUP and returns when the log says what came of it.
func (r *reloaded) hangUp(outcome string) {
	r.t.Helper()
	if err := r.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		r.t.Fatal(err)
	}
	for r.log.Scan() {
		r.lines.WriteString(r.log.Text() + "\n")
		if strings.Contains(r.log.Text(), outcome) {
			return
		}
	}
	r.t.Fatalf("the server ended without %q", outcome)
}

// opens checks what a key gets when it wants to open a session.
func (r *reloaded) opens(key string, want int) {
	r.t.Helper()
	a := r.Do(r.t, demotest.Request(r.t, http.MethodPost, r.Origin+"/v1/sessions", r.JSON(r.t, demotest.Order{}, nil), "Content-Type", demotest.TypeJSON,
		"Authorization", "Bearer "+key, "Idempotency-Key", rand.Text()))
	if a.Status != want {
		r.t.Errorf("status %d, want %d: %s", a.Status, want, a.Body)
	}
}

// runs checks how another command ends, and what it says.
func (r *reloaded) runs(code int, says string, args ...string) {
	r.t.Helper()
	out, err := exec.Command(r.binary, args...).CombinedOutput()
	got := 0
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		got = ended.ExitCode()
	} else if err != nil {
		r.t.Fatal(err)
	}
	if got != code || !strings.Contains(string(out), says) {
		r.t.Errorf("%v ends with %d, want %d and %q:\n%s", args[:2], got, code, says, out)
	}
}

// A running server takes up a shop's settings on SIGHUP and by command, and keeps
// what it had if they are wrong.
func TestServerReloads(t *testing.T) {
	r := newReloaded(t)
	r.opens(r.key, http.StatusCreated)

	before := r.replaceKey()
	r.opens(r.key, http.StatusUnauthorized)
	r.hangUp("msg=reloaded")
	r.opens(r.key, http.StatusCreated)
	r.opens(before, http.StatusUnauthorized)

	good, err := os.ReadFile(r.settings)
	if err != nil {
		t.Fatal(err)
	}
	r.write(strings.Replace(string(good), `"origins"`, `"orgins"`, 1))
	r.hangUp("nothing was reloaded")
	r.opens(r.key, http.StatusCreated)

	key := filepath.Join(t.TempDir(), "admin.key")
	if err := os.WriteFile(key, []byte("admin key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.runs(1, `did you mean "origins"?`, "reload", r.admin, "--key-file", key)
	r.opens(r.key, http.StatusCreated)

	r.write(string(good))
	before = r.replaceKey()
	r.runs(0, "reloaded", "reload", r.admin, "--key-file", key)
	r.opens(r.key, http.StatusCreated)
	r.opens(before, http.StatusUnauthorized)
	if err := os.WriteFile(key, []byte("another key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.runs(1, r.admin, "reload", r.admin, "--key-file", key)
}

// The check takes the flags of serve and looks at the server that runs with them.
func TestCheckBesideAServer(t *testing.T) {
	r := newReloaded(t)
	with := func(more ...string) []string { return append(append([]string{"check"}, r.flags...), more...) }
	r.runs(0, "in order", with()...)
	r.runs(0, r.Origin+" is reached", with("--live")...)
	r.runs(0, "warning: --admin-listen", with("--admin-listen", "0.0.0.0:8082")...)
	r.runs(1, "--strict takes none", with("--admin-listen", "0.0.0.0:8082", "--strict")...)
	r.runs(1, "openssl rand -base64 32", with("--secret", "c2hvcnQ=")...)
	r.runs(80, "write 10.0.0.1/32", with("--trusted-proxies", "10.0.0.1")...)
	r.write("{")
	r.runs(1, harness.Merchant+"/merchant.json:1:", with("--secret", "c2hvcnQ=")...)
	r.stop()
	r.runs(1, "is not reached", with("--live")...)
}
