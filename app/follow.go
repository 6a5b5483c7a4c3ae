package app

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"morepay/internal/view"
)

// source is where news of a session come from.
type source interface {
	// stream connects and sends every live view that is newer than the event
	// number after, and nil once when the connection stands. It closes the channel
	// when the connection ends, which it does when ctx does.
	stream(ctx context.Context, after int64) <-chan *view.Live

	// fetch asks once.
	fetch(ctx context.Context) (view.Live, error)
}

// follower keeps a page up to date until there is nothing more to learn. It is
// one loop, so that no two connections or polls ever run side by side.
type follower struct {
	source source
	hear   func(view.Live)
	health func(ok bool) // false: nobody has answered for a while
	nudge  <-chan struct{}
	hidden func() bool
	now    func() time.Time // the server's clock

	last     view.Live
	failures int  // in a row
	deaf     bool // streams don't get through here: ask now and then instead
}

const (
	deafAfter = 3 // streams that ended before they stood, until we only ask
	sickAfter = 2 // failures in a row until the payer is told

	askSoon = 3 * time.Second // while a payment is waited for; the server allows 30 a minute
	askSlow = 15 * time.Second

	// afterlife is how long a page that is expired or canceled is still followed,
	// so that a payment at the last moment is seen. Providers report within it.
	afterlife = time.Hour
)

// expiryMargin is for the difference of two clocks: asked too early, the server
// says that the session is open.
const expiryMargin = 500 * time.Millisecond

// backoff is how long to wait after so many failures in a row.
var backoff = []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}

var errBroken = errors.New("the stream broke")

// run returns when the session is paid, or long over, or ctx ends.
func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil && !f.over() {
		err := f.round(ctx)
		if ctx.Err() != nil || f.over() {
			return
		}
		f.count(err)
		f.pause(ctx)
	}
}

// over tells whether there is nothing more to learn.
func (f *follower) over() bool {
	return f.last.State == view.StatePaid || f.now().After(f.last.ExpiresAt.Add(afterlife))
}

// round listens until the stream ends, or asks once.
func (f *follower) round(ctx context.Context) error {
	if f.deaf {
		return f.ask(ctx)
	}
	return f.listen(ctx)
}

// listen follows one stream. A nudge ends it: after a sleep a stream can look
// alive and be dead, so we ask, and connect again. So does the expiry, which
// nobody may have recorded yet.
func (f *follower) listen(ctx context.Context) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	news := f.source.stream(ctx, f.last.LastEvent)
	stood := false
	for !f.over() {
		select {
		case live, ok := <-news:
			if !ok {
				f.deaf = f.deaf || !stood && f.failures+1 >= deafAfter
				return errBroken
			}
			stood = true
			f.well()
			f.take(live)
		case <-f.expiry():
			return f.ask(ctx)
		case <-f.nudge:
			return f.ask(ctx)
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// expiry fires when the session's time runs out, never if that is past.
func (f *follower) expiry() <-chan time.Time {
	left := f.last.ExpiresAt.Sub(f.now())
	if left <= 0 {
		return nil
	}
	return time.After(left + expiryMargin)
}

func (f *follower) ask(ctx context.Context) error {
	live, err := f.source.fetch(ctx)
	if err != nil {
		return err
	}
	f.take(&live)
	return nil
}

func (f *follower) take(live *view.Live) {
	if live == nil || live.LastEvent < f.last.LastEvent {
		return
	}
	f.last = *live
	f.hear(*live)
}

func (f *follower) count(err error) {
	if err == nil {
		f.well()
		return
	}
	f.failures++
	if f.failures == sickAfter {
		f.health(false)
	}
}

func (f *follower) well() {
	if f.failures >= sickAfter {
		f.health(true)
	}
	f.failures = 0
}

// pause waits before the next round; a nudge ends it. A page that nobody sees
// waits for one.
func (f *follower) pause(ctx context.Context) {
	var wake <-chan time.Time
	if wait := f.wait(); !f.deaf || !f.hidden() {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		wake = timer.C
	}
	select {
	case <-wake:
	case <-f.nudge:
	case <-ctx.Done():
	}
}

func (f *follower) wait() time.Duration {
	if f.failures > 0 || !f.deaf {
		pause := backoff[min(f.failures, len(backoff)-1)]
		return pause + rand.N(pause/2+1) // or all come at once when a server is back
	}
	if f.last.State == view.StateWaiting || f.last.State == view.StateSubmitting {
		return askSoon
	}
	return askSlow
}
