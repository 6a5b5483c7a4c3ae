package pay

import "time"

// CloseDelay is the age at which an order may be closed at the provider:
// providers take a signed request for five minutes, and advise against closing
// an order sooner.
const CloseDelay = 5 * time.Minute

// AbsenceDelay is for how long "not found" proves nothing: a request may arrive
// within CloseDelay by the provider's clock, which may be a minute behind ours.
const AbsenceDelay = CloseDelay + time.Minute

// checkAfter are the times since its newest hand-off at which an attempt's
// provider is asked what became of it. Others follow its expiry.
var checkAfter = []time.Duration{
	5 * time.Second, 15 * time.Second, 30 * time.Second, time.Minute,
	2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
}

// checkAfterExpiry are the times since its expiry: when nothing can be paid any
// more, and when "not found" proves that nothing was.
var checkAfterExpiry = []time.Duration{CloseDelay, AbsenceDelay + time.Second}

// maxCheckGap bounds the pause between checks of an attempt that its provider
// keeps leaving open.
const maxCheckGap = 6 * time.Hour

// nextCheck returns the time of the next query about a payable attempt. An
// abandoned one is besides to be closed as soon as that is allowed, and then at
// every check.
func (a *Attempt) nextCheck(now time.Time) time.Time {
	planned := a.plannedCheck(now)
	if !a.Abandoned {
		return planned
	}
	pause := max(time.Minute, now.Sub(a.CreatedAt)/10)
	return earlier(planned, later(now.Add(pause), a.CreatedAt.Add(CloseDelay)))
}

// plannedCheck follows checkAfter, then checkAfterExpiry, then backs off up to
// maxCheckGap. It never returns zero.
func (a *Attempt) plannedCheck(now time.Time) time.Time {
	for _, after := range checkAfter {
		if at := a.SentAt.Add(after); at.After(now) {
			return at
		}
	}
	for _, after := range checkAfterExpiry {
		if at := a.ExpiresAt.Add(after); at.After(now) {
			return at
		}
	}
	return now.Add(min(now.Sub(a.CreatedAt)/2, maxCheckGap))
}

// Checked records that a payable attempt's provider has been asked, whatever it
// answered, and plans the next time.
func (l *Ledger) Checked(id string, now time.Time) {
	a := l.Attempt(id)
	if a == nil || !a.State.Payable() {
		return
	}
	a.Checks++
	a.CheckAt = a.nextCheck(now)
}

// sendAgainAfter are the pauses between the end of a try that brought no definite
// answer and the next one: providers ask for two or three repeats with identical
// parameters (WeChat Pay's best practice).
var sendAgainAfter = []time.Duration{time.Second, 3 * time.Second, 8 * time.Second}

// tryTime is for how long a try may be under way before it must have died with
// its server: the provider's time to answer, and some.
const tryTime = 10 * time.Second

// sent records that the attempt's request is about to leave. Should its server die
// now, another sends it again once the try must be over.
func (a *Attempt) sent(now time.Time) {
	if a.Sends > 0 {
		now = later(now, a.CreatedAt.Add(time.Millisecond)) // never as if sent once
	}
	a.SentAt = now
	a.Sends++
	a.SendAt = time.Time{}
	if a.State == AttemptSubmitting {
		a.SendAt = now.Add(tryTime)
	}
	a.CheckAt = a.nextCheck(now)
}

// UnderWay reports whether the attempt's request is being sent at now, as far as
// anybody can know: no answer has been recorded since it left.
func (a *Attempt) UnderWay(now time.Time) bool {
	return a.State == AttemptSubmitting && a.SendAt.Equal(a.SentAt.Add(tryTime)) && now.Before(a.SendAt)
}

// PauseAfter returns the pause before an attempt is sent again after so many
// tries without an answer; false if it has been sent often enough.
func PauseAfter(tries int) (time.Duration, bool) {
	if tries < 1 || tries > len(sendAgainAfter) {
		return 0, false
	}
	return sendAgainAfter[tries-1], true
}

// Unanswered records that a try of an attempt ended without a definite answer, and
// plans the next one after pause, unless the payer has gone another way, the
// session or the order ends before that, or there were enough.
func (l *Ledger) Unanswered(id string, pause time.Duration, now time.Time) {
	a := l.Attempt(id)
	if a == nil || a.State != AttemptSubmitting {
		return
	}
	a.SendAt = time.Time{}
	at := now.Add(pause)
	_, again := PauseAfter(a.Sends)
	if again && !a.Abandoned && l.StatusAt(at) == SessionOpen && at.Before(a.ExpiresAt) {
		a.SendAt = at
	}
}

// Resend records that the identical request of a submitting attempt is about to
// leave again, because no answer came. Fails with conflict if that is not planned
// by now.
func (l *Ledger) Resend(id string, now time.Time) error {
	a := l.Attempt(id)
	if a == nil || a.SendAt.IsZero() || a.SendAt.After(now) {
		return Errorf(CodeConflict, "", "the attempt is not to be sent again now")
	}
	if status := l.StatusAt(now); status != SessionOpen || !now.Before(a.ExpiresAt) {
		return Errorf(CodeSessionNotOpen, "", "the session is %s", status)
	}
	a.sent(now)
	return nil
}

// nextCheck returns the time at which to send or query a pending refund again:
// soon at first, then ever more rarely.
func (r *Refund) nextCheck(now time.Time) time.Time {
	return now.Add(max(5*time.Second, min(now.Sub(r.CreatedAt), maxCheckGap)))
}

// Due returns the next instant at which somebody must look at this ledger: its
// expiry, or the next check of an attempt or refund. Zero means never.
func (l *Ledger) Due() time.Time {
	var due time.Time
	sooner := func(t time.Time) {
		if !t.IsZero() && (due.IsZero() || t.Before(due)) {
			due = t
		}
	}
	if l.Session.Status == SessionOpen {
		sooner(l.Session.ExpiresAt)
	}
	for _, a := range l.Attempts {
		sooner(a.CheckAt)
		sooner(a.SendAt)
	}
	for _, r := range l.Refunds {
		sooner(r.CheckAt)
	}
	return due
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
