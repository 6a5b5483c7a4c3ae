package pay

import "time"

// Session is one checkout of one order for one payer. Everything but Status,
// Winner, LastEvent and ExpiresAt is fixed when it is created, so no later request
// can change the price.
type Session struct {
	ID              string
	Merchant        string
	TokenHash       string // hex SHA-256 of the payer's token; the token itself is never stored
	Reference       string // the merchant's own name for the order
	Amount          Money
	Description     string
	Items           []Item
	Metadata        map[string]string // the merchant's own words about the order, which mean nothing to us
	MerchantPayerID string            // the merchant's id of the payer; decides rollout buckets only
	Region          string            // ISO 3166-1 alpha-2, or "" if unknown
	ReturnURL       string
	RenewURL        string // where a payer orders anew once the session has expired; "" for ReturnURL
	Locale          string // BCP 47, or "" to follow the payer's browser
	DocumentVersion int64  // the capability document this session was created under

	Status    SessionStatus
	Winner    string // id of the attempt that paid it, or ""
	LastEvent int64  // number of the newest event; events have no gaps
	CreatedAt time.Time
	ExpiresAt time.Time // from here on nothing new may be paid; it only ever moves away
}

// Item is one line of the merchant's order, as far as capabilities need it.
type Item struct {
	SKU      string `json:"sku,omitempty"`
	Category string `json:"category,omitempty"`
	Name     string `json:"name,omitempty"`
	Quantity int    `json:"quantity,omitempty"`
}

// StatusAt returns the session's status as a reader at now must see it: an open
// session is over at its expiry even if nobody has recorded that yet.
func (l *Ledger) StatusAt(now time.Time) SessionStatus {
	if l.Session.Status == SessionOpen && !now.Before(l.Session.ExpiresAt) {
		return SessionExpired
	}
	return l.Session.Status
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

// ExpireEarly ends an open session on the merchant's word as if its time were over: its
// payer is led to order anew. Twice is fine; a paid or canceled one fails with conflict.
func (l *Ledger) ExpireEarly(now time.Time) error {
	if status := l.StatusAt(now); status != SessionOpen && status != SessionExpired {
		return Errorf(CodeConflict, "", "a session that is %s cannot expire", status)
	}
	l.end(SessionExpires, EventSessionExpired, now)
	return nil
}

// Extend lets an open session last until a later time; one that is not later changes
// nothing. What providers were given keeps its own end. Fails with session_not_open.
func (l *Ledger) Extend(until, now time.Time) error {
	switch status := l.StatusAt(now); {
	case status != SessionOpen:
		return Errorf(CodeSessionNotOpen, "", "a session that is %s cannot be extended", status)
	case !until.After(l.Session.ExpiresAt):
		return nil
	}
	l.Session.ExpiresAt = until
	l.emit(EventSessionExtended, "", "", now)
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
