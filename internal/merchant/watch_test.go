package merchant_test

import (
	"context"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/store/sqlite"
)

func TestWatchHearsWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, err := sqlite.Open(context.Background(), filepath.Join(t.TempDir(), "morepay.db"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		put := func(id, body string) {
			t.Helper()
			if _, err := db.Documents.Put(t.Context(), []merchant.Change{{Merchant: id, JSON: []byte(body)}}, "ann", time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		put("old", "{}")
		position, err := db.Documents.Position(t.Context())
		if err != nil {
			t.Fatal(err)
		}

		ctx, stop := context.WithCancel(t.Context())
		heard, failures := make(chan string, 10), make(chan error, 10)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			merchant.Watch(ctx, db.Documents, position,
				func(d merchant.Revision) { heard <- d.Merchant }, func(err error) { failures <- err })
		}()
		for _, id := range []string{"a", "b", "a"} {
			put(id, time.Now().String())
			before := time.Now()
			if got := <-heard; got != id {
				t.Errorf("heard of %s, want %s", got, id)
			}
			if took := time.Since(before); took > time.Second {
				t.Errorf("heard after %v", took)
			}
		}
		db.Close()
		if err := <-failures; err == nil {
			t.Error("a store that fails is reported")
		}
		<-failures // and asked again
		stop()
		<-ended
	})
}
