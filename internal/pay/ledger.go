package pay

// Ledger is a session with its attempts and refunds: the unit that is loaded,
// changed and stored in one transaction. Its methods are the only code that
// changes a status. They are pure: time comes in as an argument, and what
// happened is appended to Events and Evidence for the store to write.
type Ledger struct {
	Session  Session
	Attempts []Attempt // oldest first
	Refunds  []Refund  // oldest first

	Invitations []Invitation // oldest first

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

// Current returns the attempt that the session's own payer is on: see CurrentFor.
func (l *Ledger) Current() *Attempt { return l.CurrentFor("") }

// CurrentFor returns the attempt that who came by an invitation is on, of those that
// they began: the winner, else the newest that they have not turned away from, else
// nil. An id of "" is the payer's own.
func (l *Ledger) CurrentFor(invitation string) *Attempt {
	if winner := l.Attempt(l.Session.Winner); winner != nil && winner.Invitation == invitation {
		return winner
	}
	for i := len(l.Attempts) - 1; i >= 0; i-- {
		if a := &l.Attempts[i]; !a.Abandoned && a.Invitation == invitation {
			return a
		}
	}
	return nil
}

// OtherPays reports whether somebody else than who came by an invitation has turned to
// an attempt that can be paid.
func (l *Ledger) OtherPays(invitation string) bool {
	for i := range l.Attempts {
		if a := &l.Attempts[i]; a.Invitation != invitation && a.State.Payable() && !a.Abandoned {
			return true
		}
	}
	return false
}

// Settled reports whether nothing of the ledger is under way: no attempt can be
// paid any more, every surplus went back, no refund is unfinished or waits for a
// person, and how much went back is known.
func (l *Ledger) Settled() bool {
	if l.Session.Status == SessionOpen || !l.Due().IsZero() {
		return false
	}
	for _, a := range l.Attempts {
		if a.State.Payable() || a.ReturnedUnknown || a.State == AttemptSurplus && l.Refundable(a.ID).Value > 0 {
			return false
		}
	}
	for i := range l.Refunds {
		if r := &l.Refunds[i]; r.Status == RefundPending || l.NeedsPerson(r) {
			return false
		}
	}
	return true
}

// Returned returns how much of an attempt's money went back.
func (l *Ledger) Returned(attemptID string) (value int64) {
	for _, r := range l.Refunds {
		if r.AttemptID == attemptID && r.Status == RefundSucceeded {
			value += r.Amount.Value
		}
	}
	if a := l.Attempt(attemptID); a != nil {
		value = max(value, a.ReturnedTotal)
	}
	return value
}
