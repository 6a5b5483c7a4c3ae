package desk_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
)

// journal is a log that can be read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// A server whose merchants have lost an account that a payment still needs does
// not start, unless it is told to, and then it says so.
func TestAccountIsGone(t *testing.T) {
	log := &journal{}
	h, err := harness.Start(harness.Options{
		Config: program.Config{Data: t.TempDir(), SweepEvery: program.Never, Log: program.NewLog(log, "text", slog.LevelInfo)}, Seed: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Errorf("the server did not end well: %v", err)
		}
	})
	l, _, err := h.Open(t.Context(), 5980)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Choose(t.Context(), l.Session.ID, "alipay", pay.RailQR); err != nil {
		t.Fatal(err)
	}
	account := h.Accounts().Of(harness.Merchant, "alipay").Name()
	if err := h.Leave(); err != nil {
		t.Fatal(err)
	}
	delete(h.Shop(harness.Merchant).Settings.Accounts, "alipay")
	err = h.Return()
	for _, says := range []string{harness.Merchant, "alipay", account, "1 payments", "0 refunds", "--allow-orphans"} {
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Fatalf("the start without the account: %v, want %q in it", err, says)
		}
	}
	h.AllowOrphans = true
	if err := h.Return(); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, "level=ERROR") || !strings.Contains(got, account) {
		t.Errorf("the log says nothing of it:\n%s", got)
	}
	if got := metric(t, h, `morepay_orphans{kind="payment"}`); got != "1" {
		t.Errorf("the gauge says %s", got)
	}
}

// metric returns the value of a metric with its labels.
func metric(t *testing.T, h *harness.Harness, name string) string {
	t.Helper()
	resp, err := h.Client.Get("http://" + h.AdminListen + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return "absent"
}
