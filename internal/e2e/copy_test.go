package e2e_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/secret"
	"morepay/internal/store"
	"morepay/internal/store/pgtest"
	"morepay/internal/webhook"
)

// back is a merchant's back end that talks to a harness.
type back struct {
	t    *testing.T
	h    *harness.Harness
	shop demo.Shop
}

// do calls the API and decodes the answer.
func (b *back) do(method, path, body string) map[string]any {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.h.BaseURL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+b.shop.Key)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", rand.Text())
	answer, err := b.h.Client.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	var v map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&v); err != nil || answer.StatusCode >= 300 {
		b.t.Fatalf("%s %s: %d %v %v", method, path, answer.StatusCode, v, err)
	}
	return v
}

// cancels makes a session and cancels it, which merchants are told.
func (b *back) cancels(reference string) {
	b.t.Helper()
	s := b.do(http.MethodPost, "/v1/sessions", `{"merchant_reference":"`+reference+`","description":"Tea","amount":{"currency":"CNY","value":5980},"return_url":"`+b.h.BaseURL+`/demo/thanks"}`)
	b.do(http.MethodPost, "/v1/sessions/"+s["id"].(string)+"/cancel", "{}")
}

// pays has a payer pay a new session.
func (b *back) pays() {
	b.t.Helper()
	l, _, err := b.h.Open(b.t.Context(), 5980)
	if err != nil {
		b.t.Fatal(err)
	}
	if l, err = b.h.Choose(b.t.Context(), l.Session.ID, "wechat_pay", pay.RailQR); err != nil {
		b.t.Fatal(err)
	}
	if err := b.h.Approve(&l.Attempts[0]); err != nil {
		b.t.Fatal(err)
	}
}

// events reads on from a position until it has seen n, and returns where it stopped.
func (b *back) events(after string, n int) (next string) {
	b.t.Helper()
	for seen := 0; seen < n; {
		page := b.do(http.MethodGet, "/v1/events?after="+after, "")
		seen += len(page["events"].([]any))
		if at, _ := page["next"].(string); at != "" {
			after = at
		}
		if b.t.Context().Err() != nil {
			b.t.Fatal("the events don't come")
		}
	}
	return after
}

// TestCopyToPostgres moves a shop from SQLite to PostgreSQL: the events that its back
// end has not read yet, and those after the move, come on from where it was.
func TestCopyToPostgres(t *testing.T) {
	database := pgtest.DSN(t)
	folder := t.TempDir()
	h, err := harness.Start(harness.Options{Config: program.Config{Data: folder, Secret: base64.StdEncoding.EncodeToString(secret.New())}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &back{t, h, h.Shops[0]}
	b.cancels("first")
	read := b.events("", 1)
	b.cancels("second")
	b.events(read, 1)

	if _, err := store.Copy(t.Context(), folder, database); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("copied under a server: %v", err)
	}
	if err := h.Leave(); err != nil {
		t.Fatal(err)
	}
	copied, err := store.Copy(t.Context(), folder, database)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int64{}
	for _, c := range copied {
		rows[c.Table] = c.Rows
	}
	if rows["sessions"] != 2 || rows["messages"] != 2 || rows["sequences"] != 1 {
		t.Errorf("copied were %v", rows)
	}
	if _, err := store.Copy(t.Context(), folder, database); err == nil || !strings.Contains(err.Error(), "has rows") {
		t.Errorf("copied over what is there: %v", err)
	}

	h.Database = database
	if err := h.Return(); err != nil {
		t.Fatal(err)
	}
	read = b.events(read, 1)
	b.pays()
	b.events(read, 1)
}

// TestBackupUnderWrites: every session that was acknowledged before a backup begins is
// in it, whatever is written meanwhile.
func TestBackupUnderWrites(t *testing.T) {
	folder := t.TempDir()
	h, err := harness.Start(harness.Options{Config: program.Config{Data: folder}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &back{t, h, h.Shops[0]}
	for range 20 {
		b.cancels("before")
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
				b.cancels("meanwhile")
			}
		}
	}()
	restored := t.TempDir()
	file := filepath.Join(restored, store.FileName)
	if err := store.Backup(t.Context(), folder, file); err != nil {
		t.Error(err)
	}
	close(stop)
	<-ended
	if err := store.Backup(t.Context(), folder, file); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a backup took another's place: %v", err)
	}
	names, err := filepath.Glob(filepath.Join(restored, "*"))
	if err != nil || len(names) != 1 {
		t.Errorf("left behind are %v, %v", names, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup is %v, %v", info.Mode(), err)
	}
	db, err := store.Open(t.Context(), restored, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Outbox.Assign(t.Context(), h.Now(), 1000); err != nil {
		t.Fatal(err)
	}
	page, err := db.Outbox.Events(t.Context(), b.shop.Document.Merchant, webhook.Filter{Limit: 100})
	if err != nil || len(page.Messages) < 20 {
		t.Errorf("the backup has %d messages, %v", len(page.Messages), err)
	}
}
