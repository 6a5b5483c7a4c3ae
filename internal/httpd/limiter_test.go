package httpd

import (
	"errors"
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
		if k.keys.Len() != 2 || k.keys.Contains("late") {
			t.Errorf("it remembers %v, want busy and new", k.keys.Keys())
		}
		time.Sleep(2 * time.Minute)
		allow("last")
		if k.keys.Len() != 1 {
			t.Errorf("it remembers %v, want the last", k.keys.Keys())
		}
	})
}

// However many keys are made up, so many are remembered.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	k := newLimiter(limit{1, time.Hour})
	for i := range maxKeys + 1000 {
		if err := k.allow(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := k.keys.Len(); n != maxKeys {
		t.Errorf("it remembers %d keys, want %d", n, maxKeys)
	}
	if err := k.allow(fmt.Sprint(maxKeys + 999)); pay.CodeOf(err) != pay.CodeRateLimited {
		t.Errorf("the newest was forgotten: %v", err)
	}
}

// Who is refused hears when there is room again, and who is let through what is left.
func TestAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newLimiter(limit{})
		own := limit{4, time.Minute}
		for want := 3; want >= 0; want-- {
			if a, err := k.take("a", own); err != nil || a.remaining != want || a.limit != own {
				t.Errorf("got %+v, %v, want %d left", a, err, want)
			}
		}
		a, err := k.take("a", own)
		limited, ok := errors.AsType[*tooMany](err)
		if !ok || seconds(limited.after) != 15 || seconds(a.reset) != 60 {
			t.Errorf("got %v, all is there again in %v", err, a.reset)
		}
		time.Sleep(15 * time.Second)
		if _, err := k.take("a", own); err != nil {
			t.Errorf("after that: %v", err)
		}
		if a, err := k.take("a", limit{8, time.Minute}); err != nil || a.remaining != 7 {
			t.Errorf("under another limit: %+v, %v", a, err)
		}
	})
}

func TestSlots(t *testing.T) {
	t.Parallel()
	var places slots
	bounds := map[string]bound{"all": {most: 2}, "one": {most: 1}}
	first, err := places.enter(bounds)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := places.enter(bounds); pay.CodeOf(err) != pay.CodeRateLimited {
		t.Errorf("the second under one bound: %v", err)
	}
	if _, err := places.enter(map[string]bound{"all": {most: 2}, "two": {most: 1}}); err != nil {
		t.Errorf("a refused one kept a place: %v", err)
	}
	first.leave()
	first.leave()
	if _, err := places.enter(bounds); err != nil {
		t.Errorf("after leaving: %v", err)
	}
	if _, err := places.enter(map[string]bound{"all": {most: 2}}); pay.CodeOf(err) != pay.CodeRateLimited {
		t.Errorf("leaving twice freed two places: %v", err)
	}
}

// The newest takes the place of the oldest, whether that has begun or not.
func TestSlotsReplace(t *testing.T) {
	t.Parallel()
	var places slots
	bounds := map[string]bound{"all": {most: 9}, "session": {most: 2, replace: true}}
	enter := func() *seat {
		place, err := places.enter(bounds)
		if err != nil {
			t.Fatal(err)
		}
		return place
	}
	ended := 0
	first, second := enter(), enter()
	first.begin(func() { ended++ })
	enter()
	if ended != 1 {
		t.Errorf("%d streams were ended, want the oldest", ended)
	}
	enter()
	second.begin(func() { ended++ })
	if ended != 2 {
		t.Error("one whose place was taken before it began goes on")
	}
	first.leave()
	second.leave()
	if n := len(places.open["all"]); n != 2 {
		t.Errorf("%d places are taken, want 2", n)
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
	var last *seat
	for i := range maxEventConn {
		var err error
		if last, err = s.enterStream(from("127.0.0.1"), fmt.Sprint("cs_", i)); err != nil {
			t.Fatal(err)
		}
	}
	for _, ip := range []string{"127.0.0.1", "203.0.113.1"} {
		if _, err := s.enterStream(from(ip), "cs_new"); pay.CodeOf(err) != pay.CodeRateLimited {
			t.Errorf("one more from %s: %v", ip, err)
		}
	}
	s.leaveStream(last)
	if _, err := s.enterStream(from("203.0.113.1"), "cs_new"); err != nil {
		t.Errorf("after one has left: %v", err)
	}
}
