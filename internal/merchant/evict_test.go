package merchant_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/pay"
)

// reads is a store that knows every merchant, counts what it is asked for and
// takes a second to answer.
type reads struct {
	merchant.Store
	mu    sync.Mutex
	asked []string
}

func (s *reads) Position(context.Context) (int64, error) { return 0, nil }

func (s *reads) Get(ctx context.Context, id string) (merchant.Revision, error) {
	return s.Version(ctx, id, 1)
}

func (s *reads) Version(_ context.Context, id string, version int64) (merchant.Revision, error) {
	s.mu.Lock()
	s.asked = append(s.asked, id)
	s.mu.Unlock()
	time.Sleep(time.Second)
	if id == "nobody" {
		return merchant.Revision{}, pay.Errorf(pay.CodeNotFound, "", "there is no such merchant")
	}
	text := strings.Replace(capabilities, `"shop"`, `"`+id+`"`, 1)
	return merchant.Revision{Merchant: id, Version: version, JSON: []byte(strings.Join(strings.Fields(text), ""))}, nil
}

// took returns what was asked for since the last time.
func (s *reads) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := s.asked
	s.asked = nil
	return asked
}

// What was used last stays, whatever came in between.
func TestCacheKeepsWhatIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &reads{}
		probe, _ := merchant.NewSmallCache(t.Context(), s, 1<<20, 1)
		one, err := probe.Published(t.Context(), "m1")
		if err != nil {
			t.Fatal(err)
		}
		c, err := merchant.NewSmallCache(t.Context(), s, 2*len(one.JSON), 2)
		if err != nil {
			t.Fatal(err)
		}
		for name, ask := range map[string]func(string) error{
			"published": func(id string) error { _, err := c.Published(t.Context(), id); return err },
			"decoded":   func(id string) error { _, err := c.DocumentAt(t.Context(), id, 1); return err },
		} {
			s.took()
			for _, id := range []string{"m1", "m2", "m1", "m3", "m1", "m2"} {
				if err := ask(id); err != nil {
					t.Fatal(err)
				}
			}
			if got := s.took(); !slices.Equal(got, []string{"m1", "m2", "m3", "m2"}) {
				t.Errorf("%s: read %v", name, got)
			}
		}
	})
}

// A document that is larger than all the room is served all the same.
func TestCacheWithoutRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, err := merchant.NewSmallCache(t.Context(), &reads{}, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"m1", "m2", "m1"} {
			if p, err := c.Published(t.Context(), id); err != nil || !strings.Contains(string(p.JSON), `"`+id+`"`) {
				t.Errorf("%s: %v", id, err)
			}
		}
	})
}

// However many miss a document at once, it is read once; a miss is not kept, and
// one who gives up waits no longer.
func TestCacheReadsOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &reads{}
		c, err := merchant.NewSmallCache(t.Context(), s, 1<<20, 8)
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if _, _, err := c.Document(t.Context(), "m1"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := s.took(); len(got) != 2 { // as it is served, and to decide by
			t.Errorf("read %v", got)
		}
		for range 2 {
			if _, err := c.Published(t.Context(), "nobody"); pay.CodeOf(err) != pay.CodeNotFound {
				t.Errorf("error is %v", err)
			}
		}
		if got := s.took(); len(got) != 2 {
			t.Errorf("read %v", got)
		}
		hurried, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := c.Published(hurried, "m2"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		if _, err := c.Published(t.Context(), "m2"); err != nil {
			t.Errorf("who waits on: %v", err)
		}
		if got := s.took(); len(got) != 1 {
			t.Errorf("read %v", got)
		}
	})
}
