package pay

import (
	"errors"
	"fmt"
	"time"
)

// CloseDelay is how old an order must be before it is closed at the provider:
// providers take a signed request for five minutes, and advise against closing
// an order sooner.
const CloseDelay = 5 * time.Minute

// AbsenceDelay is for how long "not found" proves nothing: a request may arrive
// within CloseDelay by the provider's clock, which may be a minute behind ours.
const AbsenceDelay = CloseDelay + time.Minute

// Limits on what one session may hold.
const (
	MaxAttempts = 5  // attempts a session, so that a page can't burn a provider's quota
	MaxRefunds  = 50 // partial refunds an attempt (WeChat Pay's own limit)
)

// Ledger is a session with its attempts and refunds: the unit that is loaded,
// changed and stored in one transaction. Its methods are the only code that
// changes a status. They are pure: time comes in as an argument, and what
// happened is appended to Events and Evidence for the store to write.
type Ledger struct {
	Session  Session
	Attempts []Attempt // oldest first
	Refunds  []Refund  // oldest first

	Events   []Event    // new since the ledger was loaded
	Evidence []Evidence // new since the ledger was loaded
}

// Open starts a ledger for a new session.
func Open(s Session) *Ledger {
	l := &Ledger{Session: s}
	l.Session.Status = SessionOpen
	l.emit(EventSessionCreated, "", "", s.CreatedAt)
	return l
}

// Attempt finds an attempt by id; nil if there is none.
func (l *Ledger) Attempt(id string) *Attempt {
	for i := range l.Attempts {
		if l.Attempts[i].ID == id {
			return &l.Attempts[i]
		}
	}
	return nil
}

// AttemptByNumber finds an attempt by provider, account and out_trade_no.
func (l *Ledger) AttemptByNumber(provider, account, outTradeNo string) *Attempt {
	for i := range l.Attempts {
		a := &l.Attempts[i]
		if a.Provider == provider && a.Account == account && a.OutTradeNo == outTradeNo {
			return a
		}
	}
	return nil
}

// Current is the attempt that the payer is on: the winner, else the newest that
// they have not turned away from, else nil.
func (l *Ledger) Current() *Attempt {
	if winner := l.Attempt(l.Session.Winner); winner != nil {
		return winner
	}
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		if !l.Attempts[i].Abandoned {
			return &l.Attempts[i]
		}
	}
	return nil
}

// Begin adds an attempt in state submitting. The others that are still live are
// abandoned: they are closed at the provider as soon as that is allowed.
// Fails with session_not_open or too_many_attempts, and with internal if the
// attempt could be paid more than CloseDelay after its session expired.
func (l *Ledger) Begin(a Attempt, now time.Time) error {
	if l.Session.Status != SessionOpen || !now.Before(l.Session.ExpiresAt) {
		return Errorf(CodeSessionNotOpen, "", "the session is %s", l.StatusAt(now))
	}
	if len(l.Attempts) >= MaxAttempts {
		return Errorf(CodeTooManyAttempts, "", "a session takes at most %d attempts", MaxAttempts)
	}
	if limit := l.Session.ExpiresAt.Add(CloseDelay); a.ExpiresAt.IsZero() || a.ExpiresAt.After(limit) {
		return Errorf(CodeInternal, "", "an attempt of this session must expire by %s", limit)
	}
	l.Abandon(now)
	a.State, a.CreatedAt, a.SentAt = AttemptSubmitting, now, now
	a.CheckAt = a.nextCheck(now)
	l.Attempts = append(l.Attempts, a)
	l.emit(EventAttemptBegun, a.ID, "", now)
	return nil
}

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

// nextCheck is when to ask about a live attempt again. An abandoned one is
// besides to be closed as soon as that is allowed, and then at every check.
func (a *Attempt) nextCheck(now time.Time) time.Time {
	planned := a.plannedCheck(now)
	if !a.Abandoned {
		return planned
	}
	pause := max(time.Minute, now.Sub(a.CreatedAt)/10)
	return earlier(planned, later(now.Add(pause), a.CreatedAt.Add(CloseDelay)))
}

// plannedCheck goes by the table, then by the expiry, then ever more rarely, but
// is never not at all.
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

// Checked records that a live attempt's provider has been asked, whatever it
// answered, and plans the next time.
func (l *Ledger) Checked(id string, now time.Time) {
	a := l.Attempt(id)
	if a == nil || !a.State.Live() {
		return
	}
	a.Checks++
	a.CheckAt = a.nextCheck(now)
}

// Resume takes a live attempt up again, because the payer came back to it or
// its request is about to be sent again. Fails with session_not_open, or
// conflict if the attempt is over.
func (l *Ledger) Resume(id string, now time.Time) error {
	if status := l.StatusAt(now); status != SessionOpen {
		return Errorf(CodeSessionNotOpen, "", "the session is %s", status)
	}
	a := l.Attempt(id)
	if a == nil || !a.State.Live() {
		return Errorf(CodeConflict, "", "the attempt is over")
	}
	for i := range l.Attempts {
		if other := &l.Attempts[i]; other.ID != id {
			l.abandon(other, now)
		}
	}
	a.Abandoned, a.SentAt = false, later(now, a.CreatedAt.Add(time.Millisecond)) // never as if sent once
	a.CheckAt = a.nextCheck(now)
	return nil
}

// Abandon turns the payer away from every live attempt: each is closed at the
// provider as soon as that is allowed.
func (l *Ledger) Abandon(now time.Time) {
	for i := range l.Attempts {
		l.abandon(&l.Attempts[i], now)
	}
}

func (l *Ledger) abandon(a *Attempt, now time.Time) {
	if !a.State.Live() || a.Abandoned {
		return
	}
	a.Abandoned = true
	a.CheckAt = earlier(a.CheckAt, later(now, a.CreatedAt.Add(CloseDelay)))
}

// StatusAt is the session's status as a reader at now must see it: an open
// session is over at its expiry even if nobody has recorded that yet.
func (l *Ledger) StatusAt(now time.Time) SessionStatus {
	if l.Session.Status == SessionOpen && !now.Before(l.Session.ExpiresAt) {
		return SessionExpired
	}
	return l.Session.Status
}

// Accept records the provider's answer to an attempt. A success that outran the
// answer stays: only a submitting attempt becomes awaiting. On an attempt that
// is awaiting already, the action is replaced (a renewed QR or link).
func (l *Ledger) Accept(id string, action Action, now time.Time) {
	a := l.Attempt(id)
	if a == nil || !a.State.Live() {
		return
	}
	a.Action = &action
	if next, ok := a.State.Next(AttemptAccepted); ok {
		a.State = next
		l.emit(EventAttemptAwaiting, a.ID, "", now)
	}
}

// Refuse records that the provider definitely did not take an attempt. The
// refusal of a request that was sent again changes nothing: the first one may
// have been taken, and its payer may be paying.
func (l *Ledger) Refuse(id string, now time.Time) {
	a := l.Attempt(id)
	if a == nil || a.SentAt.After(a.CreatedAt) {
		return
	}
	if next, ok := a.State.Next(AttemptRefused); ok {
		a.State, a.CheckAt = next, time.Time{}
		l.emit(EventAttemptFailed, a.ID, "", now)
	}
}

// Mismatch is evidence that contradicts the attempt it names. It must be kept
// apart and looked at by a person; no status changes.
type Mismatch struct{ Field, Got, Want string }

func (m *Mismatch) Error() string {
	return fmt.Sprintf("evidence does not match the attempt: %s is %q, want %q", m.Field, m.Got, m.Want)
}

// ErrUnknownAttempt is evidence for a payment that this ledger does not hold.
var ErrUnknownAttempt = errors.New("evidence for an unknown attempt")

// Apply records a provider's statement. It returns [*Mismatch] if the statement
// contradicts the attempt, ErrUnknownAttempt if there is none; then nothing has
// changed. Repeats change nothing.
func (l *Ledger) Apply(ev Evidence, now time.Time) error {
	a := l.AttemptByNumber(ev.Provider, ev.Account, ev.OutTradeNo)
	if a == nil {
		return ErrUnknownAttempt
	}
	if err := compare(a, ev); err != nil {
		return err
	}
	switch ev.Outcome {
	case OutcomePaid:
		l.pay(a, ev, now)
	case OutcomeClosed:
		l.close(a, ev, now)
	case OutcomeAbsent:
		if absenceIsProof(a, now) {
			l.close(a, ev, now)
		}
	}
	return nil
}

func compare(a *Attempt, ev Evidence) error {
	if ev.App != "" && ev.App != a.App {
		return &Mismatch{"app", ev.App, a.App}
	}
	if ev.Outcome == OutcomePaid && ev.Amount != a.Amount {
		return &Mismatch{"amount", ev.Amount.String(), a.Amount.String()}
	}
	if a.State.Received() && ev.Outcome == OutcomePaid && ev.Reference != a.Reference {
		return &Mismatch{"reference", ev.Reference, a.Reference}
	}
	return nil
}

// pay makes a the winner if there is none yet, else surplus.
func (l *Ledger) pay(a *Attempt, ev Evidence, now time.Time) {
	input := AttemptWins
	if l.Session.Winner != "" {
		input = AttemptExceeds
	}
	next, ok := a.State.Next(input)
	if !ok {
		return
	}
	l.Evidence = append(l.Evidence, ev)
	a.State, a.Reference, a.PaidAt, a.CheckAt = next, ev.Reference, ev.PaidAt, time.Time{}
	if next == AttemptSurplus {
		l.emit(EventSurplus, a.ID, "", now)
		l.refundSurplus(a, now)
		return
	}
	status, _ := l.Session.Status.Next(SessionGetsPaid) // without a winner every status allows it
	l.Session.Status, l.Session.Winner = status, a.ID
	event := EventSessionPaid
	if status == SessionPaidLate {
		event = EventSessionPaidLate
	}
	l.emit(event, a.ID, "", now)
	l.Abandon(now)
}

// refundSurplus gives a second payment back. Id and number follow from the
// attempt's, so that no crash or repeat can refund it twice.
func (l *Ledger) refundSurplus(a *Attempt, now time.Time) {
	l.Refunds = append(l.Refunds, Refund{
		ID: "rf_" + a.ID, AttemptID: a.ID, Number: a.OutTradeNo + "S", Amount: a.Amount,
		Reason: RefundSurplus, Status: RefundPending, CreatedAt: now, CheckAt: now,
	})
	l.emit(EventRefundCreated, a.ID, "rf_"+a.ID, now)
}

func (l *Ledger) close(a *Attempt, ev Evidence, now time.Time) {
	next, ok := a.State.Next(AttemptCloses)
	if !ok {
		return
	}
	l.Evidence = append(l.Evidence, ev)
	a.State, a.CheckAt = next, time.Time{}
	l.emit(EventAttemptClosed, a.ID, "", now)
}

// absenceIsProof: a request that was sent less than AbsenceDelay ago may still
// arrive and be paid, and an attempt that is not abandoned may yet be sent again.
// A provider may not know an accepted order before its code is scanned or its
// link is opened (Alipay), so that one is over only AbsenceDelay after its expiry.
func absenceIsProof(a *Attempt, now time.Time) bool {
	settled := a.SentAt
	if a.State == AttemptAwaiting {
		settled = later(a.SentAt, a.ExpiresAt)
	}
	return a.Abandoned && now.After(settled.Add(AbsenceDelay))
}

// Expire ends an open session whose time is over, and abandons its attempts.
func (l *Ledger) Expire(now time.Time) {
	if now.Before(l.Session.ExpiresAt) {
		return
	}
	l.end(SessionExpires, EventSessionExpired, now)
}

// Cancel ends an open session on the merchant's word. Canceling twice is fine;
// canceling a paid or expired one fails with conflict.
func (l *Ledger) Cancel(now time.Time) error {
	if l.Session.Status == SessionCanceled {
		return nil
	}
	if status := l.StatusAt(now); status != SessionOpen {
		return Errorf(CodeConflict, "", "a session that is %s cannot be canceled", status)
	}
	l.end(SessionCancels, EventSessionCanceled, now)
	return nil
}

func (l *Ledger) end(in SessionInput, event EventType, now time.Time) {
	next, ok := l.Session.Status.Next(in)
	if !ok {
		return
	}
	l.Session.Status = next
	l.emit(event, "", "", now)
	l.Abandon(now)
}

// AddRefund adds a refund in state pending, to be sent at once. Fails with
// refund_exceeds_receipts, conflict (nothing was received) or invalid_request.
func (l *Ledger) AddRefund(r Refund, now time.Time) error {
	a := l.Attempt(r.AttemptID)
	if a == nil || !a.State.Received() {
		return Errorf(CodeConflict, "", "nothing has been paid that could be refunded")
	}
	if r.Amount.Currency != a.Amount.Currency {
		return Errorf(CodeInvalid, "amount.currency", "must be %s, the currency of the payment", a.Amount.Currency)
	}
	if r.Amount.Value < 1 {
		return Errorf(CodeInvalid, "amount.value", "must be at least 1")
	}
	given, count := l.refunded(a.ID)
	if count >= MaxRefunds {
		return Errorf(CodeRefundExceeds, "", "a payment takes at most %d refunds", MaxRefunds)
	}
	if r.Amount.Value > a.Amount.Value-given {
		return Errorf(CodeRefundExceeds, "amount.value", "at most %d is left to refund", a.Amount.Value-given)
	}
	r.Status, r.CreatedAt, r.CheckAt = RefundPending, now, now
	l.Refunds = append(l.Refunds, r)
	l.emit(EventRefundCreated, a.ID, r.ID, now)
	return nil
}

// refunded is what has been or is being given back of an attempt, in minor
// units, and in how many refunds. A failed refund gave nothing back.
func (l *Ledger) refunded(attemptID string) (value int64, count int) {
	for _, r := range l.Refunds {
		if r.AttemptID != attemptID {
			continue
		}
		count++
		if r.Status != RefundFailed {
			value += r.Amount.Value
		}
	}
	return value, count
}

// Refund finds a refund by id; nil if there is none.
func (l *Ledger) Refund(id string) *Refund {
	for i := range l.Refunds {
		if l.Refunds[i].ID == id {
			return &l.Refunds[i]
		}
	}
	return nil
}

// RefundByNumber finds a refund by our number of it; nil if there is none.
func (l *Ledger) RefundByNumber(number string) *Refund {
	for i := range l.Refunds {
		if l.Refunds[i].Number == number {
			return &l.Refunds[i]
		}
	}
	return nil
}

// Refundable is what is left to refund of an attempt; nothing if it was not paid.
func (l *Ledger) Refundable(attemptID string) Money {
	a := l.Attempt(attemptID)
	if a == nil || !a.State.Received() {
		return Money{Currency: l.Session.Amount.Currency}
	}
	given, _ := l.refunded(attemptID)
	return Money{Currency: a.Amount.Currency, Value: a.Amount.Value - given}
}

// refundEvents are the final statuses of refunds, with the event of each.
var refundEvents = map[RefundStatus]EventType{
	RefundSucceeded: EventRefundSucceeded,
	RefundFailed:    EventRefundFailed,
}

// SettleRefund records the provider's final word on a refund. A word that is not
// final or not known, a repeat, and one that contradicts the first change nothing.
func (l *Ledger) SettleRefund(id string, status RefundStatus, reference string, now time.Time) {
	r := l.Refund(id)
	event, final := refundEvents[status]
	if r == nil || r.Status != RefundPending || !final {
		return
	}
	r.Status, r.Reference, r.CheckAt = status, reference, time.Time{}
	l.emit(event, r.AttemptID, r.ID, now)
}

// RefundTried records that the provider has been asked for a refund and has not
// settled it, and plans the next time: soon at first, then ever more rarely.
func (l *Ledger) RefundTried(id string, now time.Time) {
	r := l.Refund(id)
	if r == nil || r.Status != RefundPending {
		return
	}
	r.Tries++
	r.CheckAt = now.Add(max(5*time.Second, min(now.Sub(r.CreatedAt), maxCheckGap)))
}

// Due is the next instant at which somebody must look at this ledger: its
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
	}
	for _, r := range l.Refunds {
		sooner(r.CheckAt)
	}
	return due
}

func (l *Ledger) emit(t EventType, attemptID, refundID string, now time.Time) {
	l.Session.LastEvent++
	l.Events = append(l.Events, Event{
		Number: l.Session.LastEvent, Type: t, Session: l.Session.Status,
		AttemptID: attemptID, RefundID: refundID, At: now,
	})
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
