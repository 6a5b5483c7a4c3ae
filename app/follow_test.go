package app

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// script is a source that does what a test says, one entry a call; the last
// entry is repeated.
type script struct {
	mu      sync.Mutex // timers change what follows
	streams []stream
	answers []answer

	asked, connected []time.Duration // when, since the start
	after            []int64         // the event number of each stream
	began            time.Time
	open             int
	worst            int // most streams open at once
}

type stream struct {
	stands bool
	news   []view.Progress
	lasts  time.Duration // 0: until stopped
	dies   time.Duration // when it says nothing more, 0: never
}

type answer struct {
	progress view.Progress
	err      error
}

func next[T any](list []T, n int) T { return list[min(n, len(list)-1)] }

func (s *script) stream(after int64) (<-chan *view.Progress, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	plan := next(s.streams, len(s.connected))
	s.connected = append(s.connected, time.Since(s.began))
	s.after = append(s.after, after)
	s.open++
	s.worst = max(s.worst, s.open)
	news := make(chan *view.Progress, 16)
	for _, progress := range plan.news {
		news <- &progress
	}
	stopped := false
	began := time.Now()
	var beat func()
	beat = func() { // s.mu is held
		if !stopped && (plan.dies == 0 || time.Since(began) < plan.dies) {
			select {
			case news <- nil:
			default: // nobody has read the last ones
			}
			s.change(view.Beat, beat)
		}
	}
	stop := func() { // s.mu is held
		if !stopped {
			stopped = true
			s.open--
			close(news)
		}
	}
	if plan.stands {
		beat()
	}
	if plan.lasts > 0 {
		s.change(plan.lasts, stop)
	}
	return news, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		stop()
	}
}

// change does something after a while, with s.mu held.
func (s *script) change(after time.Duration, what func()) {
	time.AfterFunc(after, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		what()
	})
}

// left returns the number of streams that are open.
func (s *script) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

func (s *script) fetch() (view.Progress, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.answers) == 0 {
		return progress(view.StateWaiting, 0), nil // nothing new
	}
	a := next(s.answers, len(s.asked))
	s.asked = append(s.asked, time.Since(s.began))
	return a.progress, a.err
}

// followed records one run of a follower.
type followed struct {
	heard   []view.State
	health  []bool          // where it changed, from well
	changed []time.Duration // … and when
	took    time.Duration
}

// follow runs a follower of a session that is open for ten minutes more, inside
// a synctest bubble. nudges are sent at those times.
func follow(s *script, start view.State, unseen bool, nudges ...time.Duration) followed {
	return followWhere(s, start, place{unseen: func() bool { return unseen }}, nudges...)
}

// place is what the browser says of the page, by default nothing.
type place struct{ unseen, offline func() bool }

// after reports whether so much time has passed since it was called.
func after(d time.Duration) func() bool {
	since := time.Now()
	return func() bool { return time.Since(since) >= d }
}

func followWhere(s *script, start view.State, where place, nudges ...time.Duration) followed {
	var got followed
	s.began = time.Now()
	nudge := make(chan struct{}, 1)
	never := func() bool { return false }
	if where.unseen == nil {
		where.unseen = never
	}
	if where.offline == nil {
		where.offline = never
	}
	f := follower{
		source: s,
		hear:   func(progress view.Progress) { got.heard = append(got.heard, progress.State) },
		health: func(ok bool) {
			if was := len(got.health) == 0 || got.health[len(got.health)-1]; ok != was {
				got.health = append(got.health, ok)
				got.changed = append(got.changed, time.Since(s.began))
			}
		},
		nudge:   nudge,
		unseen:  where.unseen,
		offline: where.offline,
		now:     time.Now,
		last:    progress(start, 3),
	}
	for _, after := range nudges {
		time.AfterFunc(after, func() { nudge <- struct{}{} })
	}
	f.run()
	got.took = time.Since(s.began)
	return got
}

func progress(state view.State, event int64) view.Progress {
	return view.Progress{State: state, LastEvent: event, ExpiresAt: time.Date(2000, 1, 1, 0, 10, 0, 0, time.UTC)} // a bubble begins at 2000-01-01
}

var errDown = errors.New("down")

func TestFollowerHearsOfPayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{stands: true, news: []view.Progress{progress(view.StateWaiting, 5), progress(view.StatePaid, 7)}}}}
		got := follow(s, view.StateSelect, false)
		if want := []view.State{view.StateWaiting, view.StatePaid}; !slices.Equal(got.heard, want) {
			t.Errorf("heard %v, want %v", got.heard, want)
		}
		if got.took != 0 || len(got.health) != 0 || s.left() != 0 {
			t.Errorf("took %v, health %v, %d streams left open", got.took, got.health, s.left())
		}
	})
}

func TestFollowerConnectsAgainFromWhereItWas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{
			{stands: true, news: []view.Progress{progress(view.StateWaiting, 5)}, lasts: time.Minute},
			{stands: true, news: []view.Progress{progress(view.StatePaid, 9)}},
		}}
		got := follow(s, view.StateSelect, false)
		if want := []int64{3, 5}; !slices.Equal(s.after, want) {
			t.Errorf("asked for events after %v, want %v", s.after, want)
		}
		if got.took > 2*time.Minute || len(got.health) != 0 {
			t.Errorf("took %v, health %v: one broken stream is no news", got.took, got.health)
		}
	})
}

// TestFollowerGoesDeaf: where streams never stand, it asks; and backs off first.
func TestFollowerGoesDeaf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			streams: []stream{{lasts: time.Millisecond}},
			answers: []answer{{progress: progress(view.StateWaiting, 4)}, {progress: progress(view.StateWaiting, 4)}, {progress: progress(view.StatePaid, 6)}},
		}
		got := follow(s, view.StateWaiting, false)
		if len(s.connected) != deafAfter || len(s.asked) != 3 {
			t.Errorf("connected %v, asked %v", s.connected, s.asked)
		}
		if gap := s.asked[2] - s.asked[1]; gap != askSoon {
			t.Errorf("asked again after %v, want %v", gap, askSoon)
		}
		if want := []bool{false, true}; !slices.Equal(got.health, want) {
			t.Errorf("health %v, want %v", got.health, want)
		}
	})
}

// TestFollowerHoldsNoStreamUnseen: a page that nobody sees asks once a minute, so
// that the page around it still hears of the payment, and listens when it is seen.
func TestFollowerHoldsNoStreamUnseen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{stands: true}}, answers: []answer{{progress: progress(view.StateWaiting, 4)}, {progress: progress(view.StateWaiting, 4)}, {progress: progress(view.StatePaid, 6)}}}
		got := followWhere(s, view.StateSelect, place{unseen: after(time.Minute - time.Second)}, time.Minute)
		if want := []time.Duration{time.Minute, time.Minute + askUnseen, time.Minute + 2*askUnseen}; !slices.Equal(s.asked, want) || len(s.connected) != 1 {
			t.Errorf("asked at %v, want %v; connected at %v", s.asked, want, s.connected)
		}
		if want := []view.State{view.StateWaiting, view.StateWaiting, view.StatePaid}; !slices.Equal(got.heard, want) || s.left() != 0 {
			t.Errorf("heard %v, %d streams left open", got.heard, s.left())
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{stands: true, news: []view.Progress{progress(view.StatePaid, 9)}}}, answers: []answer{{progress: progress(view.StateWaiting, 4)}}}
		seen := after(9 * time.Second)
		if got := followWhere(s, view.StateWaiting, place{unseen: func() bool { return !seen() }}, 10*time.Second); got.took != 10*time.Second {
			t.Errorf("heard of it after %v", got.took)
		}
	})
}

// TestFollowerAsksWhereStreamsAreHeld: what holds a stream back neither lets it
// stand nor ends it. The news come all the same, and streams are tried again.
func TestFollowerAsksWhereStreamsAreHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{}}, answers: []answer{{progress: progress(view.StateWaiting, 4)}}}
		s.change(4*time.Minute, func() { s.answers = []answer{{progress: progress(view.StatePaid, 6)}} })
		got := follow(s, view.StateWaiting, false)
		if late := got.took - 4*time.Minute; late > 2*askSoon {
			t.Errorf("heard of it %v late", late)
		}
		last := time.Duration(0)
		for _, at := range s.asked {
			if at-last > 2*askSoon {
				t.Errorf("nothing was asked from %v to %v", last, at)
			}
			last = at
		}
		if n := len(s.connected); n < 3 || n > 5 || len(got.health) != 0 {
			t.Errorf("connected at %v, health %v", s.connected, got.health)
		}
	})
}

// TestFollowerNoticesDeath: a stream that stood and says nothing more is dead,
// though it never ends. Until somebody answers the payer is told.
func TestFollowerNoticesDeath(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []answer
		health  []bool
	}{
		"network-is-gone": {[]answer{{err: errDown}}, []bool{false, true}},
		"stream-only":     {[]answer{{progress: progress(view.StateSelect, 3)}}, []bool{false, true}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{
					streams: []stream{{stands: true, dies: time.Minute + time.Second}, {stands: true, news: []view.Progress{progress(view.StatePaid, 9)}}},
					answers: test.answers,
				}
				got := follow(s, view.StateSelect, false)
				if !slices.Equal(got.health, test.health) || got.changed[0] != time.Minute+deadAfter {
					t.Errorf("health %v at %v", got.health, got.changed)
				}
				if len(s.asked) != 1 || len(s.connected) != 2 {
					t.Errorf("asked at %v, connected at %v", s.asked, s.connected)
				}
			})
		})
	}
}

// TestFollowerAsksBesides: while a payment is waited for, a stream that stands and
// beats is not all that is believed.
func TestFollowerAsksBesides(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{stands: true}}, answers: []answer{{progress: progress(view.StateWaiting, 4)}, {progress: progress(view.StatePaid, 6)}}}
		got := follow(s, view.StateWaiting, false)
		if want := []time.Duration{askToo, 2 * askToo}; !slices.Equal(s.asked, want) || len(s.connected) != 1 || len(got.health) != 0 {
			t.Errorf("asked at %v, connected at %v, health %v", s.asked, s.connected, got.health)
		}
	})
}

// TestFollowerHearsOffline: what the browser is sure of is told at once.
func TestFollowerHearsOffline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			streams: []stream{{stands: true}, {lasts: time.Millisecond}},
			answers: []answer{{err: errDown}},
		}
		s.change(17*time.Second, func() {
			s.streams = []stream{{stands: true, news: []view.Progress{progress(view.StatePaid, 9)}}}
		})
		gone, back := after(8*time.Second), after(17*time.Second)
		got := followWhere(s, view.StateSelect, place{offline: func() bool { return gone() && !back() }}, 9*time.Second, 18*time.Second)
		if want := []time.Duration{9 * time.Second, 18 * time.Second}; !slices.Equal(got.changed, want) || got.took != 18*time.Second {
			t.Errorf("health %v at %v, paid at %v", got.health, got.changed, got.took)
		}
	})
}

// TestFollowerDoesNotTrustOldStream: after a nudge it asks, for a stream that
// slept with the phone may be dead.
func TestFollowerDoesNotTrustOldStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{stands: true}}, answers: []answer{{progress: progress(view.StatePaid, 8)}}}
		got := follow(s, view.StateSelect, false, time.Minute)
		if !slices.Equal(s.asked, []time.Duration{time.Minute}) || !slices.Equal(got.heard, []view.State{view.StatePaid}) {
			t.Errorf("asked at %v, heard %v", s.asked, got.heard)
		}
	})
}

// TestFollowerSeesLatePayment: after the expiry it goes on.
func TestFollowerSeesLatePayment(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			streams: []stream{{stands: true}, {stands: true, lasts: 20 * time.Minute}, {stands: true, news: []view.Progress{progress(view.StatePaid, 9)}}},
			answers: []answer{{progress: progress(view.StateExpired, 6)}},
		}
		got := follow(s, view.StateSelect, false)
		if want := []view.State{view.StateExpired, view.StatePaid}; !slices.Equal(got.heard, want) {
			t.Errorf("heard %v, want %v", got.heard, want)
		}
		if want := []time.Duration{10*time.Minute + expiryMargin}; !slices.Equal(s.asked, want) {
			t.Errorf("asked at %v, want %v", s.asked, want)
		}
	})
}

func TestFollowerEndsLongAfterExpiry(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*script{
		"stream-that-lasts": {streams: []stream{{stands: true}}, answers: []answer{{progress: progress(view.StateExpired, 6)}}},
		"nobody-answers":    {streams: []stream{{lasts: time.Millisecond}}, answers: []answer{{err: errDown}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				got := follow(s, view.StateWaiting, false)
				if end := 10*time.Minute + followAfterEnd; got.took < end || got.took > end+time.Minute {
					t.Errorf("ended after %v, want about %v", got.took, end)
				}
				if s.worst != 1 || s.left() != 0 {
					t.Errorf("%d streams at once, %d left open", s.worst, s.left())
				}
			})
		})
	}
}

// TestFollowerBacksOff: a server that is down is asked less and less, and the
// payer is told once.
func TestFollowerBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{lasts: time.Millisecond}}, answers: []answer{{err: errDown}}}
		got := follow(s, view.StateWaiting, false)
		tries := slices.Concat(s.connected, s.asked)
		slices.Sort(tries)
		longest := backoff[len(backoff)-1]
		for i := len(backoff); i < len(tries); i++ {
			if gap := tries[i] - tries[i-1]; gap < longest || gap > 2*longest {
				t.Fatalf("tried again after %v, want %v and up to half more", gap, longest)
			}
		}
		if !slices.Equal(got.health, []bool{false}) {
			t.Errorf("health %v, want to be told once", got.health)
		}
	})
}

// TestFollowerListensAgainAfterOutage: that a server was away is no reason to
// give up streams.
func TestFollowerListensAgainAfterOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		silent := stream{lasts: time.Millisecond}
		s := &script{
			streams: []stream{silent, silent, silent, {stands: true, news: []view.Progress{progress(view.StatePaid, 9)}}},
			answers: []answer{{err: errDown}},
		}
		got := follow(s, view.StateWaiting, false)
		if len(s.connected) != 4 || !slices.Equal(got.health, []bool{false, true}) {
			t.Errorf("connected at %v, health %v", s.connected, got.health)
		}
	})
}

// TestFollowerTakesRefusalForAnswer: a server that wants to be asked less is not
// lost.
func TestFollowerTakesRefusalForAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{
			streams: []stream{{stands: true}, {stands: true, news: []view.Progress{progress(view.StatePaid, 9)}}},
			answers: []answer{{err: &refusal{pay.CodeRateLimited}}},
		}
		if got := follow(s, view.StateSelect, false, time.Minute); len(got.health) != 0 || len(s.asked) != 1 {
			t.Errorf("health %v, asked at %v", got.health, s.asked)
		}
	})
}

// TestFollowerDropsTheOvertaken: an answer that is older than what is known is
// not shown.
func TestFollowerDropsTheOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{stands: true, news: []view.Progress{progress(view.StateWaiting, 9), progress(view.StateSelect, 4), progress(view.StatePaid, 10)}}}}
		got := follow(s, view.StateSelect, false)
		if want := []view.State{view.StateWaiting, view.StatePaid}; !slices.Equal(got.heard, want) {
			t.Errorf("heard %v, want %v", got.heard, want)
		}
	})
}
