package httpd

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/pay"
)

func TestLimiter(t *testing.T) {
	t.Parallel()
	k := newLimiter(limit{3, time.Hour})
	for range 3 {
		if err := k.allow("a"); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.allow("a"); pay.CodeOf(err) != pay.CodeRateLimited {
		t.Errorf("the fourth: %v", err)
	}
	if err := k.allow("b"); err != nil {
		t.Errorf("another key: %v", err)
	}
}

// A key is remembered until its allowance is full again, and no longer: anybody can
// make up keys.
func TestLimiterForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newLimiter(limit{3, time.Minute})
		allow := func(key string) {
			if err := k.allow(key); err != nil {
				t.Error(err)
			}
		}
		for range 3 {
			allow("busy")
		}
		time.Sleep(59 * time.Second)
		allow("busy")
		allow("busy")
		allow("late")
		time.Sleep(30 * time.Second)
		allow("new")
		if len(k.keys) != 2 || k.keys["late"] != nil {
			t.Errorf("it remembers %d keys, want busy and new: %v", len(k.keys), k.keys)
		}
		time.Sleep(2 * time.Minute)
		allow("last")
		if len(k.keys) != 1 {
			t.Errorf("it remembers %d keys, want the last", len(k.keys))
		}
	})
}

func TestSlots(t *testing.T) {
	t.Parallel()
	var places slots
	bounds := map[string]int{"all": 2, "one": 1}
	leave, err := places.enter(bounds)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := places.enter(bounds); pay.CodeOf(err) != pay.CodeRateLimited {
		t.Errorf("the second under one bound: %v", err)
	}
	if _, err := places.enter(map[string]int{"all": 2, "two": 1}); err != nil {
		t.Errorf("a refused one kept a place: %v", err)
	}
	leave()
	if _, err := places.enter(map[string]int{"all": 2, "one": 1}); err != nil {
		t.Errorf("after leaving: %v", err)
	}
}

// The bound of all streams holds for everybody, also for those that test mode
// doesn't count, and a place is free again when its stream ends.
func TestStreamsInAll(t *testing.T) {
	t.Parallel()
	s := &Server{limits: newLimits(), metrics: newMetrics(testRegistry())}
	from := func(ip string) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = ip + ":1"
		return r
	}
	var leave func()
	for i := range maxEventConn {
		var err error
		if leave, err = s.enterStream(from("127.0.0.1"), fmt.Sprint("cs_", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, ip := range []string{"127.0.0.1", "203.0.113.1"} {
		if _, err := s.enterStream(from(ip), "cs_new"); pay.CodeOf(err) != pay.CodeRateLimited {
			t.Errorf("one more from %s: %v", ip, err)
		}
	}
	leave()
	if _, err := s.enterStream(from("203.0.113.1"), "cs_new"); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}
