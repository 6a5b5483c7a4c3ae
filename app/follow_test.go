package app

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// script is a source that does what a test says, one entry a call; the last
// entry is repeated.
type script struct {
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
}

type answer struct {
	progress view.Progress
	err      error
}

func next[T any](list []T, n int) T { return list[min(n, len(list)-1)] }

func (s *script) stream(after int64) (<-chan *view.Progress, func()) {
	plan := next(s.streams, len(s.connected))
	s.connected = append(s.connected, time.Since(s.began))
	s.after = append(s.after, after)
	s.open++
	s.worst = max(s.worst, s.open)
	news := make(chan *view.Progress, 16)
	if plan.stands {
		news <- nil
	}
	for _, progress := range plan.news {
		news <- &progress
	}
	stopped := false
	stop := func() {
		if !stopped {
			stopped = true
			s.open--
			close(news)
		}
	}
	if plan.lasts > 0 {
		time.AfterFunc(plan.lasts, stop)
	}
	return news, stop
}

func (s *script) fetch() (view.Progress, error) {
	a := next(s.answers, len(s.asked))
	s.asked = append(s.asked, time.Since(s.began))
	return a.progress, a.err
}

// followed records one run of a follower.
type followed struct {
	heard  []view.State
	health []bool
	took   time.Duration
}

// follow runs a follower of a session that is open for ten minutes more, inside
// a synctest bubble. nudges are sent at those times.
func follow(s *script, start view.State, hidden bool, nudges ...time.Duration) followed {
	var got followed
	s.began = time.Now()
	nudge := make(chan struct{}, 1)
	f := follower{
		source: s,
		hear:   func(progress view.Progress) { got.heard = append(got.heard, progress.State) },
		health: func(ok bool) { got.health = append(got.health, ok) },
		nudge:  nudge,
		hidden: func() bool { return hidden },
		now:    time.Now,
		last:   progress(start, 3),
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
		if got.took != 0 || len(got.health) != 0 || s.open != 0 {
			t.Errorf("took %v, health %v, %d streams left open", got.took, got.health, s.open)
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

func TestFollowerThatOnlyAsksIsQuietWhileHidden(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{lasts: time.Millisecond}}, answers: []answer{{progress: progress(view.StateWaiting, 4)}, {progress: progress(view.StatePaid, 6)}}}
		follow(s, view.StateWaiting, true, 5*time.Minute, 6*time.Minute, 7*time.Minute)
		if n := len(s.asked); n != 2 || s.asked[1]-s.asked[0] < time.Minute {
			t.Errorf("asked at %v although nobody saw it", s.asked)
		}
	})
}

// TestFollowerDoesNotTrustOldStream: after a nudge it asks, for a stream that
// slept with the phone may be dead.
func TestFollowerDoesNotTrustOldStream(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &script{streams: []stream{{stands: true}}, answers: []answer{{progress: progress(view.StatePaid, 8)}}}
		got := follow(s, view.StateWaiting, false, time.Minute)
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
		got := follow(s, view.StateWaiting, false)
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
				if s.worst != 1 || s.open != 0 {
					t.Errorf("%d streams at once, %d left open", s.worst, s.open)
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
		if got := follow(s, view.StateWaiting, false, time.Minute); len(got.health) != 0 || len(s.asked) != 1 {
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
