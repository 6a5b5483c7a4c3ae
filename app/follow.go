package app

import (
	"errors"
	"time"

	"morepay/internal/view"
)

// source brings news of a session.
type source interface {
	// stream connects and sends every one that is newer than the event
	// number after, and nil once when the connection stands. The channel is closed
	// when the connection has ended, which stop makes it do.
	stream(after int64) (news <-chan *view.Progress, stop func())

	// fetch asks once.
	fetch() (view.Progress, error)
}

// follower keeps a page up to date until there is nothing more to learn. It is
// one loop, so that no two connections or polls ever run side by side.
type follower struct {
	source source
	hear   func(view.Progress)
	health func(ok bool) // false: nobody has answered for a while
	nudge  <-chan struct{}
	hidden func() bool
	now    func() time.Time // the server's clock

	last     view.Progress
	failures int // in a row, of whatever kind
	silent   int // streams in a row that ended before they stood
}

const (
	deafAfter = 3 // silent streams, until we only ask
	sickAfter = 2 // failures in a row until the payer is told

	askSoon = 3 * time.Second // while a payment is waited for; the server allows 30 a minute
	askSlow = 15 * time.Second

	// followAfterEnd is the time for which a page that is expired or canceled goes
	// on following, so that a payment at the last moment is seen. Providers report
	// within it.
	followAfterEnd = time.Hour

	// expiryMargin is for the difference of two clocks: asked too early, the
	// server says that the session is open.
	expiryMargin = 500 * time.Millisecond
)

// backoff returns the wait after so many failures in a row.
var backoff = []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 15 * time.Second}

var errBroken = errors.New("the stream broke")

// run returns when the session is paid, or long over.
func (f *follower) run() {
	for !f.over() {
		f.count(f.round())
		if !f.over() {
			f.pause()
		}
	}
}

// over reports whether there is nothing more to learn.
func (f *follower) over() bool {
	return f.last.State == view.StatePaid || f.now().After(f.last.ExpiresAt.Add(followAfterEnd))
}

// round listens until the stream ends, or asks once.
func (f *follower) round() error {
	if !f.deaf() {
		return f.listen()
	}
	err := f.ask()
	if err != nil {
		f.silent = 0 // it is not the streams: nothing gets through
	}
	return err
}

// deaf reports whether streams don't get through here, though answers do.
func (f *follower) deaf() bool { return f.silent >= deafAfter }

// listen follows one stream. A nudge ends it: after a sleep a stream can look
// alive and be dead, so we ask, and connect again. So does the expiry, which
// nobody may have recorded yet.
func (f *follower) listen() error {
	news, stop := f.source.stream(f.last.LastEvent)
	defer stop()
	f.silent++
	for !f.over() {
		select {
		case progress, ok := <-news:
			if !ok {
				return errBroken
			}
			f.silent = 0
			f.count(nil)
			f.take(progress)
		case <-f.expiry():
			return f.ask()
		case <-f.nudge:
			return f.ask()
		}
	}
	return nil
}

// expiry fires when the session's time runs out, never if that is past; then it
// fires when there is nothing more to learn.
func (f *follower) expiry() <-chan time.Time {
	left := f.last.ExpiresAt.Sub(f.now())
	if left <= 0 {
		left += followAfterEnd
	}
	return time.After(left + expiryMargin)
}

func (f *follower) ask() error {
	progress, err := f.source.fetch()
	if refused(err) {
		return nil // the server is there, and wants to be asked less
	}
	if err != nil {
		return err
	}
	f.take(&progress)
	return nil
}

func (f *follower) take(progress *view.Progress) {
	if progress == nil || progress.LastEvent < f.last.LastEvent {
		return
	}
	f.last = *progress
	f.hear(*progress)
}

// count keeps the failures in a row, and tells when their meaning changes.
func (f *follower) count(err error) {
	was := f.failures
	f.failures++
	if err == nil {
		f.failures = 0
	}
	if sick := f.failures >= sickAfter; sick != (was >= sickAfter) {
		f.health(!sick)
	}
}

// pause waits before the next round; a nudge ends it. A page that only asks, and
// that nobody sees, waits for one.
func (f *follower) pause() {
	if f.deaf() && f.hidden() {
		<-f.nudge
		return
	}
	timer := time.NewTimer(f.wait())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.nudge:
	}
}

func (f *follower) wait() time.Duration {
	if f.failures > 0 || !f.deaf() {
		pause := backoff[min(f.failures, len(backoff)-1)]
		spread := time.Duration(f.now().UnixNano()) % (pause/2 + 1) // or all come at once when a server is back
		return pause + spread
	}
	if f.last.State == view.StateWaiting || f.last.State == view.StateSubmitting {
		return askSoon
	}
	return askSlow
}
