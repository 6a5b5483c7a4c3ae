package e2e_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/demo/simulate"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/providersim"
)

// TestRehearsal goes the way that the documents describe: merchants are exported, the
// simulator and the server run as processes of their own, and a shop on another port
// has an order paid.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	const shop = "http://localhost:5173"
	binary := filepath.Join(t.TempDir(), "morepay")
	if out, err := exec.Command("go", "build", "-o", binary, "morepay").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	merchants, server := filepath.Join(t.TempDir(), "merchants"), "http://"+freeAddress(t)
	export := func() ([]byte, error) {
		return exec.Command(binary, "demo", "--export", merchants, "--base-url", server, "--origin", shop).CombinedOutput()
	}
	if out, err := export(); err != nil || !strings.Contains(string(out), "morepay simulate --merchants "+merchants) {
		t.Fatalf("export: %v\n%s", err, out)
	}
	if out, err := export(); err == nil || !strings.Contains(string(out), merchants+" is not empty") {
		t.Errorf("a second export wrote over the first: %v\n%s", err, out)
	}

	sim, err := simulate.Open(simulate.Config{Listen: "127.0.0.1:0", Folder: merchants, BaseURL: server, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { ended <- sim.Run(ctx) }()
	t.Cleanup(func() { // after the server, which is asking it
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	serveProcess(t, binary, server, "--base-url", server, "--merchants", merchants, "--sim-url", sim.URL, "--data", t.TempDir())

	key, err := os.ReadFile(filepath.Join(merchants, "bench", "api_key"))
	if err != nil {
		t.Fatal(err)
	}
	s := &demotest.Demo{
		Demo:   &demo.Demo{Program: &program.Program{Config: program.Config{SimURL: sim.URL}}, Shops: []demo.Shop{{Merchant: folder.Merchant{ID: "bench"}, Key: string(key)}}},
		Origin: server, Client: &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
	a := s.Do(t, demotest.Request(t, http.MethodPost, server+"/v1/sessions", s.JSON(t, demotest.Order{}, map[string]any{"return_url": shop + "/thanks"}),
		"Authorization", "Bearer "+string(key), "Content-Type", demotest.TypeJSON, "Idempotency-Key", "rehearsal"))
	if a.Status != http.StatusCreated {
		t.Fatalf("no session: %d %s", a.Status, a.Body)
	}
	created := demotest.Session{Key: string(key)}
	a.Decode(t, &created)
	form := s.Form(t, created, "wechat_pay", pay.RailQR)
	if a := s.Do(t, demotest.Request(t, http.MethodPost, created.URL+"/attempts", form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop)); a.Status != http.StatusSeeOther {
		t.Fatalf("attempt: %d %s", a.Status, a.Body)
	}
	code := s.Payments(t, "codes")[0].Text
	if _, err := sim.Sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	s.UntilPaid(t, created, func() { s.Phone(t, "approve", code) })
}
