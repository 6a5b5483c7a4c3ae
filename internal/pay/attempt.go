package pay

import "time"

// Attempt is one try to pay a session by one method and rail. It is stored
// before the provider hears of it.
type Attempt struct {
	ID          string
	Method      Method
	Rail        Rail
	Provider    string // adapter id, such as wechatpay
	Account     string // the merchant's account at the provider
	App         string // the provider's id of our application there, or ""
	Invitation  string // id of the invitation by which its payer came, "" for the session's own payer
	Container   string // what held the page in which it was chosen, as package device names it; "" if nobody knows
	OutTradeNo  string // our number of the payment at the provider: 32 of [0-9A-Za-z]
	Amount      Money
	Instalments int       // in which the wallet's credit was asked for; 0 for payment at once
	Request     []byte    // what the provider was or will be asked, byte for byte, so that a retry is identical
	ExpiresAt   time.Time // after this the provider takes no payment (its time_expire)

	State     AttemptState
	Action    *Action // what the browser must do; nil until the provider answered
	Reference string  // the provider's number of the payment, known once paid
	Abandoned bool    // the payer went another way: close it at the provider as soon as that is allowed
	CreatedAt time.Time
	SentAt    time.Time // when our newest signed request may have left; zero before the first
	PaidAt    time.Time // the provider's time of the payment; zero until paid
	BackAt    time.Time // when a wallet first brought its payer back, which proves nothing; zero if none did
	Checks    int       // provider queries made so far, for whoever looks into a payment: nothing is decided by it
	CheckAt   time.Time // when to ask the provider next; zero for never

	Sends  int       // how often the request may have left
	SendAt time.Time // when the identical request leaves again, because no answer came; zero for not

	ReturnedTotal   int64 // minor units that went back in all, as far as the provider gave a total
	ReturnedUnknown bool  // money went back, and nobody knows yet how much
}

// ActionKind says which screen the browser shows.
type ActionKind string

// The kinds of action. A new kind is the only thing that makes the browser's
// code grow.
const (
	ActionRedirect ActionKind = "redirect" // go to URL
	ActionQRCode   ActionKind = "qr_code"  // draw Payload
	ActionBridge   ActionKind = "bridge"   // call the host app's Bridge with Params
	ActionAwait    ActionKind = "await"    // only wait
)

// Action is the step that the browser must take next for an attempt.
type Action struct {
	Kind      ActionKind        `json:"kind"`
	URL       string            `json:"url,omitempty"`
	Payload   string            `json:"payload,omitempty"`
	Bridge    string            `json:"bridge,omitempty"` // who pays with Params: "weixin" or "alipay", the bridge of that app; "host" or "mini_program", the shop's own around the page
	Params    map[string]string `json:"params,omitempty"`
	ExpiresAt time.Time         `json:"expires_at"` // after this the link or code is dead though the attempt may live
}

// MaxAttempts limits the attempts of a session that a provider took or may have
// taken, so that a page can't burn its quota. MaxRefused limits those that were
// definitely refused: they moved nothing, but each is a row and a call. Friends have
// as many of their own, so that whoever gets hold of a link uses up nothing of the
// payer's.
const (
	MaxAttempts = 5
	MaxRefused  = 20
)

// Begin adds an attempt in state submitting. The others that are still payable are
// abandoned: they are closed at the provider as soon as that is allowed.
// Fails with session_not_open, also if the attempt's invitation is over, or
// too_many_attempts, and with internal if the attempt could be paid more than
// CloseDelay after its session expired.
func (l *Ledger) Begin(a Attempt, now time.Time) error {
	if status := l.StatusFor(a.Invitation, now); status != SessionOpen {
		return Errorf(CodeSessionNotOpen, "", "the session is %s", status)
	}
	if taken, refused := l.attemptsOf(a.Invitation != ""); refused >= MaxRefused || taken >= MaxAttempts {
		return Errorf(CodeTooManyAttempts, "", "a session takes at most %d attempts, and %d that are refused", MaxAttempts, MaxRefused)
	}
	if limit := l.Session.ExpiresAt.Add(CloseDelay); a.ExpiresAt.IsZero() || a.ExpiresAt.After(limit) {
		return Errorf(CodeInternal, "", "an attempt of this session must expire by %s", limit)
	}
	l.Abandon(now)
	a.State, a.CreatedAt = AttemptSubmitting, now
	a.sent(now)
	l.Attempts = append(l.Attempts, a)
	l.emit(EventAttemptBegun, a.ID, "", now)
	return nil
}

// attemptsOf counts the attempts of friends, or of the session's own payer, by whether
// the provider refused them.
func (l *Ledger) attemptsOf(friends bool) (taken, refused int) {
	for i := range l.Attempts {
		switch a := &l.Attempts[i]; {
		case (a.Invitation != "") != friends:
		case a.State == AttemptFailed:
			refused++
		default:
			taken++
		}
	}
	return taken, refused
}

// Resume takes a payable attempt up again, because the payer came back to it or
// its request is about to be sent again. Fails with session_not_open, also if the
// attempt's invitation is over, or conflict if the attempt is.
func (l *Ledger) Resume(id string, now time.Time) error {
	a, status := l.Attempt(id), l.StatusAt(now)
	if a != nil {
		status = l.StatusFor(a.Invitation, now)
	}
	if status != SessionOpen {
		return Errorf(CodeSessionNotOpen, "", "the session is %s", status)
	}
	if a == nil || !a.State.Payable() {
		return Errorf(CodeConflict, "", "the attempt is over")
	}
	for i := range l.Attempts {
		if other := &l.Attempts[i]; other.ID != id {
			l.abandon(other, now)
		}
	}
	a.Abandoned = false
	a.sent(now)
	return nil
}

// Abandon turns the payer away from every payable attempt: each is closed at the
// provider as soon as that is allowed.
func (l *Ledger) Abandon(now time.Time) {
	for i := range l.Attempts {
		l.abandon(&l.Attempts[i], now)
	}
}

func (l *Ledger) abandon(a *Attempt, now time.Time) {
	if !a.State.Payable() || a.Abandoned {
		return
	}
	a.Abandoned, a.SendAt = true, time.Time{}
	a.CheckAt = earlier(a.CheckAt, later(now, a.CreatedAt.Add(CloseDelay)))
}

// CameBack records that a wallet has brought the payer of an attempt back, and reports
// whether it is the first time.
func (l *Ledger) CameBack(id string, now time.Time) (first bool) {
	a := l.Attempt(id)
	if a == nil || !a.BackAt.IsZero() {
		return false
	}
	a.BackAt = now
	return true
}

// Accept records the provider's answer to an attempt. A success that outran the
// answer stays: only a submitting attempt becomes awaiting. On an attempt that
// is awaiting already, the action is replaced (a renewed QR or link).
func (l *Ledger) Accept(id string, action Action, now time.Time) {
	a := l.Attempt(id)
	if a == nil || !a.State.Payable() {
		return
	}
	a.Action, a.SendAt = &action, time.Time{}
	if next, ok := a.State.Next(AttemptAccepted); ok {
		a.State = next
		l.emit(EventAttemptAwaiting, a.ID, "", now)
	}
}

// Drop turns the payer away from an attempt whose answer never came and never will: its
// order is at the provider, and is followed to its end.
func (l *Ledger) Drop(id string, now time.Time) {
	if a := l.Attempt(id); a != nil && a.State == AttemptSubmitting {
		l.abandon(a, now)
	}
}

// Refuse records that the provider definitely did not take an attempt. The
// refusal of a request that was sent again says nothing about the first, which
// may have been taken: that attempt is only abandoned, and followed to its end.
func (l *Ledger) Refuse(id string, now time.Time) {
	a := l.Attempt(id)
	if a == nil || a.State != AttemptSubmitting {
		return
	}
	if a.SentAt.After(a.CreatedAt) {
		l.abandon(a, now)
		return
	}
	a.State, _ = a.State.Next(AttemptRefused)
	a.CheckAt, a.SendAt = time.Time{}, time.Time{}
	l.emit(EventAttemptFailed, a.ID, "", now)
}
