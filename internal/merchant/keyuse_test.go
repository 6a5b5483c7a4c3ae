package merchant_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"morepay/internal/merchant"
)

// keyUses is a store that can fail.
type keyUses struct {
	kept   map[string]time.Time
	writes int
	err    error
}

func (s *keyUses) AddKeyUses(_ context.Context, uses []merchant.KeyUse) error {
	if s.err != nil {
		return s.err
	}
	for _, u := range uses {
		s.writes++
		s.kept[u.Key] = u.At
	}
	return nil
}

func (s *keyUses) KeyUses(context.Context, string) (list []merchant.KeyUse, _ error) {
	for key, at := range s.kept {
		list = append(list, merchant.KeyUse{Merchant: "shop", Key: key, At: at})
	}
	return list, s.err
}

// However often a key is used, it is written once at a time, and a store that is away
// for a while loses no use.
func TestKeyRecorder(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	store := &keyUses{kept: map[string]time.Time{}}
	r := merchant.NewKeyRecorder(store, slog.New(slog.DiscardHandler))
	last := func(want time.Time) {
		t.Helper()
		got, err := r.Last(t.Context(), "shop")
		if err != nil || !got["a"].Equal(want) {
			t.Errorf("last used at %v (%v), want %v", got["a"], err, want)
		}
	}
	for i := range 100 {
		r.Used(merchant.KeyUse{Merchant: "shop", Key: "a", At: start.Add(time.Duration(i) * time.Second)})
	}
	newest := start.Add(99 * time.Second)
	last(newest) // before it is written
	for range 2 {
		r.Flush(t.Context())
	}
	if last(newest); store.writes != 1 {
		t.Errorf("%d writes", store.writes)
	}
	r.Used(merchant.KeyUse{Merchant: "shop", Key: "a", At: newest.Add(time.Hour)})
	store.err = errors.New("away")
	r.Flush(t.Context())
	store.err = nil
	last(newest.Add(time.Hour))
	r.Flush(t.Context())
	if !store.kept["a"].Equal(newest.Add(time.Hour)) {
		t.Errorf("kept is %v", store.kept["a"])
	}
}
