package e2e_test

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/harness"
	"morepay/internal/program"
	"morepay/internal/store/pgtest"
)

// hook is a merchant's back end. It tells of each message that it takes.
type hook struct {
	*httptest.Server
	taken chan string

	mu   sync.Mutex
	hold chan struct{} // while it is there, messages are not answered
}

func newHook(t *testing.T) *hook {
	h := &hook{taken: make(chan string, 1000)}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then is it noticed that the server has gone
		h.mu.Lock()
		hold := h.hold
		h.mu.Unlock()
		if hold != nil {
			select {
			case hold <- struct{}{}: // it has come
			default: // so has another, which is enough
			}
			<-r.Context().Done()
			return
		}
		h.taken <- r.Header.Get("webhook-id")
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(h.Close)
	return h
}

// hang makes messages wait, or not any more.
func (h *hook) hang(hold chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hold = hold
}

// shopFolder writes the merchants' folder of a server that knows a hook.
func shopFolder(t *testing.T, h *harness.Harness, url string) string {
	t.Helper()
	folder := t.TempDir()
	for _, shop := range h.Shops {
		shop.Settings.Webhooks = slices.Clone(shop.Settings.Webhooks)
		shop.Settings.Webhooks[0].URL = url
		if err := shop.Export(folder); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestWebhooksOfTwoServers changes a hook's URL in a rollout and kills a server
// while the shop thinks about a message. Each message is told.
func TestWebhooksOfTwoServers(t *testing.T) {
	database := pgtest.DSN(t)
	binary := filepath.Join(t.TempDir(), "morepay")
	if out, err := exec.Command("go", "build", "-o", binary, "morepay").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	h, err := harness.Start(harness.Options{Config: program.Config{Data: t.TempDir(), Database: database}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := h.Leave(); err != nil { // its address and secret are the two servers' now
		t.Fatal(err)
	}
	before, after := newHook(t), newHook(t)
	old, current := shopFolder(t, h, before.URL+"/pay"), shopFolder(t, h, after.URL+"/pay2")
	first, second := "http://"+freeAddress(t), h.BaseURL
	serve := func(origin, folder string) *process {
		return serveProcess(t, binary, origin, "--base-url", second, "--sim-url", h.SimURL,
			"--merchants", folder, "--database", database, "--secret", h.Secret)
	}
	shop := &demotest.Demo{Demo: &demo.Demo{Program: &program.Program{Config: h.Config}, Shops: h.Shops}, Origin: second, Client: h.Client}
	canceled := map[string]bool{}
	cancel := func(origin string) {
		key := "Bearer " + shop.Shop(t, harness.Merchant).Key
		post := func(path, body string, into any) {
			shop.Do(t, demotest.Request(t, http.MethodPost, origin+path, body, "Content-Type", demotest.TypeJSON,
				"Authorization", key, "Idempotency-Key", rand.Text())).Decode(t, into)
		}
		var created demotest.Session
		post("/v1/sessions", shop.JSON(t, demotest.Order{}, nil), &created)
		post("/v1/sessions/"+created.ID+"/cancel", "{}", &struct{}{})
		canceled[created.ID] = true
	}
	told := map[string]int{}
	until := func() {
		t.Helper()
		missing := func() bool {
			for id := range canceled {
				if told[id] == 0 {
					return true
				}
			}
			return false
		}
		for missing() {
			var id string
			select {
			case id = <-before.taken:
			case id = <-after.taken:
			case <-time.After(time.Minute):
				t.Fatalf("%d sessions were canceled, of these were told: %v", len(canceled), told)
			}
			session := strings.TrimPrefix(id[:strings.LastIndex(id, "_")], "evt_")
			told[session]++
		}
	}

	one := serve(first, old)
	cancel(first)
	two := serve(second, current) // the rollout has begun
	for range 3 {
		cancel(first)
		cancel(second)
	}
	one.stop()
	one = serve(first, old) // the old configuration starts again
	for range 3 {
		cancel(first)
		cancel(second)
	}
	until()

	one.stop()
	came := make(chan struct{}, 1)
	after.hang(came)
	cancel(second)
	cancel(second) // it may well have more than one message under way
	select {
	case <-came:
	case <-time.After(time.Minute):
		t.Fatal("no message came")
	}
	two.kill()
	after.hang(nil)
	serve(first, current)
	until()
}
