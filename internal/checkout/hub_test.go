package checkout_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"morepay/internal/checkout"
)

// Whoever looks again after each wake-up sees the newest state, whatever the
// order of waking and waiting, and however many wake-ups fall together.
func TestHubLosesNoWakeUp(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	rapid.Check(t, func(rt *rapid.T) {
		var h checkout.Hub
		sessions := rapid.IntRange(1, 3).Draw(rt, "sessions")
		changes := rapid.IntRange(1, 50).Draw(rt, "changes")
		waiters := rapid.IntRange(1, 4).Draw(rt, "waiters")
		state := make([]atomic.Int64, sessions)
		var all sync.WaitGroup
		for s := range sessions {
			for range waiters {
				all.Go(func() {
					news, stop := h.Wait(fmt.Sprint(s))
					defer stop()
					for state[s].Load() < int64(changes) { // looks after it began to wait
						select {
						case <-news:
						case <-time.After(patience):
							t.Errorf("a waiter sleeps at %d of %d", state[s].Load(), changes)
							return
						}
					}
				})
			}
			all.Go(func() {
				for range changes {
					state[s].Add(1)
					h.Wake(fmt.Sprint(s))
				}
			})
		}
		all.Wait()
		if n := h.Len(); n != 0 {
			rt.Fatalf("%d waiters are left behind", n)
		}
	})
}

// hubModel is a hub as it should be: for each waiter, whether it has news.
type hubModel struct {
	hub     checkout.Hub
	waiters []*hubWaiter
	closed  bool
}

type hubWaiter struct {
	session string
	news    <-chan struct{}
	stop    func()
	woken   bool
}

func drawSession(t *rapid.T) string { return rapid.SampledFrom([]string{"a", "b"}).Draw(t, "session") }

func (m *hubModel) wait(t *rapid.T) {
	w := &hubWaiter{session: drawSession(t)}
	w.news, w.stop = m.hub.Wait(w.session)
	m.waiters = append(m.waiters, w)
}

func (m *hubModel) wake(t *rapid.T) {
	session := rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "woken")
	m.hub.Wake(session)
	for _, w := range m.waiters {
		w.woken = w.woken || session == "" || session == w.session
	}
}

// look takes the news of one waiter.
func (m *hubModel) look(t *rapid.T) {
	w := m.any(t)
	select {
	case _, ok := <-w.news:
		if ok && !w.woken || ok == m.closed && !w.woken {
			t.Fatalf("news %v for a waiter that was not woken, closed %v", ok, m.closed)
		}
	default:
		if w.woken || m.closed {
			t.Fatalf("no news: woken %v, closed %v", w.woken, m.closed)
		}
	}
	w.woken = false
}

func (m *hubModel) leave(t *rapid.T) {
	w := m.any(t)
	w.stop()
	for i := range m.waiters {
		if m.waiters[i] == w {
			m.waiters = append(m.waiters[:i], m.waiters[i+1:]...)
			return
		}
	}
}

func (m *hubModel) close(*rapid.T) {
	m.hub.Close()
	m.closed = true
}

func (m *hubModel) any(t *rapid.T) *hubWaiter {
	if len(m.waiters) == 0 {
		t.Skip("nobody waits")
	}
	return m.waiters[rapid.IntRange(0, len(m.waiters)-1).Draw(t, "waiter")]
}

func (m *hubModel) check(t *rapid.T) {
	want := len(m.waiters)
	if m.closed {
		want = 0
	}
	if got := m.hub.Len(); got != want {
		t.Fatalf("%d wait, want %d", got, want)
	}
}

// TestHub runs a hub beside its model.
func TestHub(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := &hubModel{}
		t.Repeat(map[string]func(*rapid.T){
			"wait": m.wait, "wake": m.wake, "look": m.look, "leave": m.leave, "close": m.close, "": m.check,
		})
	})
}
