package app

import (
	"errors"
	"time"

	"morepay/internal/view"
)

// source brings news of a session.
type source interface {
	// stream connects and sends every one that is newer than the event
	// number after, and nil for each sign of life, of which the first comes at
	// once. The channel is closed when the connection has ended, which stop makes it
	// do.
	stream(after int64) (news <-chan *view.Progress, stop func())

	// fetch asks once.
	fetch() (view.Progress, error)
}

// follower keeps a page up to date until there is nothing more to learn. It is
// one loop, so that no two connections or polls ever run side by side.
type follower struct {
	source  source
	hear    func(view.Progress)
	health  func(ok bool)    // each time somebody has answered, or again nobody for a while
	nudge   <-chan struct{}  // look at once: something may have changed
	unseen  func() bool      // the page has been hidden for a while
	offline func() bool      // the browser is sure that there is no network
	now     func() time.Time // the server's clock

	last      view.Progress
	failures  int       // in a row, of whatever kind
	silent    int       // streams in a row that ended before they stood
	deafUntil time.Time // streams don't get through here, though answers do: until then we only ask
}

const (
	deafAfter = 3 // silent streams
	sickAfter = 2 // failures in a row until the payer is told

	// standsWithin is the time in which a stream has to stand. One that does not is
	// held back by something in between, which may do so for as long as it lasts.
	standsWithin = 5 * time.Second
	deadAfter    = 2*view.Beat + 2*time.Second // without a sign of life of a stream that stood
	deafFor      = time.Minute

	askSoon   = 3 * time.Second  // while a payment is waited for; the server allows 30 a minute
	askSlow   = 15 * time.Second // while not
	askToo    = 20 * time.Second // while a payment is waited for, whatever the stream says
	askUnseen = time.Minute      // of a page that nobody sees, and that holds no stream

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

var (
	errBroken = errors.New("the stream broke")
	errSilent = errors.New("the stream has fallen silent")
)

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

// waiting reports whether a payment may come at any moment.
func (f *follower) waiting() bool {
	return f.last.State == view.StateWaiting || f.last.State == view.StateSubmitting
}

// round listens until the stream ends, or asks once.
func (f *follower) round() error {
	if f.deaf() || f.unseen() {
		return f.ask()
	}
	return f.listen()
}

func (f *follower) deaf() bool { return time.Now().Before(f.deafUntil) }

// listen follows one stream. A nudge ends it: after a sleep a stream can look
// alive and be dead, so we ask, and connect again. So does the expiry, which
// nobody may have recorded yet.
func (f *follower) listen() error {
	news, stop := f.source.stream(f.last.LastEvent)
	defer stop()
	f.silent++
	stood := false
	sign := time.NewTimer(standsWithin)
	defer sign.Stop()
	ask := time.NewTicker(askSoon)
	defer ask.Stop()
	for !f.over() {
		select {
		case progress, ok := <-news:
			if !ok {
				return f.broken()
			}
			if !stood {
				stood = true
				ask.Reset(askToo)
			}
			sign.Reset(deadAfter)
			f.silent = 0
			f.count(nil)
			f.take(progress)
		case <-sign.C:
			return f.fellSilent(stood)
		case <-ask.C:
			if f.waiting() {
				f.count(f.ask())
			}
		case <-f.expiry():
			return f.ask()
		case <-f.nudge:
			return f.ask()
		}
	}
	return nil
}

// broken takes it that a stream has ended.
func (f *follower) broken() error {
	if f.silent >= deafAfter {
		f.deafUntil = time.Now().Add(deafFor)
	}
	return errBroken
}

// fellSilent takes it that nothing has come of a stream for too long. One that
// never stood is held back, and the next would be too. One that did has died
// unseen, and the network may have with it.
func (f *follower) fellSilent(stood bool) error {
	if stood {
		f.count(errSilent)
	} else {
		f.silent = deafAfter
		f.deafUntil = time.Now().Add(deafFor)
	}
	return f.ask()
}

// expiry fires when the session's time runs out, never if that is past; then it
// fires when there is nothing more to learn.
func (f *follower) expiry() <-chan time.Time {
	left := f.last.ExpiresAt.Add(expiryMargin).Sub(f.now())
	if left <= 0 {
		left += followAfterEnd
	}
	return time.After(left)
}

func (f *follower) ask() error {
	progress, err := f.source.fetch()
	if refused(err) {
		return nil // the server is there, and wants to be asked less
	}
	if err != nil {
		f.silent, f.deafUntil = 0, time.Time{} // it is not the streams: nothing gets through
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

// count keeps the failures in a row, and tells what they mean. Where the reason
// is known, the first is enough.
func (f *follower) count(err error) {
	if err == nil {
		f.failures = 0
		f.health(true)
		return
	}
	f.failures++
	if errors.Is(err, errSilent) || f.offline() {
		f.failures = max(f.failures, sickAfter)
	}
	if f.failures >= sickAfter {
		f.health(false)
	}
}

// pause waits before the next round; a nudge ends it.
func (f *follower) pause() {
	timer := time.NewTimer(f.wait())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-f.nudge:
	}
}

func (f *follower) wait() time.Duration {
	switch {
	case f.failures > 0:
		pause := backoff[min(f.failures, len(backoff)-1)]
		spread := time.Duration(f.now().UnixNano()) % (pause/2 + 1) // or all come at once when a server is back
		return pause + spread
	case f.unseen():
		return askUnseen
	case !f.deaf():
		return 0
	case f.waiting():
		return askSoon
	}
	return askSlow
}
