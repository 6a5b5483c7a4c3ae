package pay

import "time"

// Invitation is a payer's request that a friend pays their session: a link of its
// own, which ends before the session does or when the payer takes it back.
type Invitation struct {
	ID        string
	TokenHash string // hex SHA-256 of the friend's token; the token itself is never stored
	Seed      string // of the token, which follows from it and the payer's token, so that only they can show it again
	Name      string // of who asks, as they typed it, or ""
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time // zero if it was not taken back
}

// MaxInvitations limits the invitations of a session.
const MaxInvitations = 10

// Invite adds an invitation to an open session. Fails with session_not_open, with
// conflict if one is live, with too_many_attempts after the last, and with internal if
// it would outlive its session.
func (l *Ledger) Invite(i Invitation, now time.Time) error {
	if status := l.StatusAt(now); status != SessionOpen {
		return Errorf(CodeSessionNotOpen, "", "the session is %s", status)
	}
	if l.LiveInvitation(now) != nil {
		return Errorf(CodeConflict, "", "a friend has been asked already")
	}
	if len(l.Invitations) >= MaxInvitations {
		return Errorf(CodeTooManyAttempts, "", "a session takes at most %d invitations", MaxInvitations)
	}
	if i.ExpiresAt.After(l.Session.ExpiresAt) {
		return Errorf(CodeInternal, "", "an invitation of this session must expire by %s", l.Session.ExpiresAt)
	}
	i.CreatedAt, i.RevokedAt = now, time.Time{}
	l.Invitations = append(l.Invitations, i)
	l.emit(EventInvitationCreated, "", "", now)
	return nil
}

// Revoke takes the live invitation back, and turns its friend away from what can
// still be paid. Without one it does nothing.
func (l *Ledger) Revoke(now time.Time) {
	live := l.LiveInvitation(now)
	if live == nil {
		return
	}
	live.RevokedAt = now
	l.emit(EventInvitationRevoked, "", "", now)
	for i := range l.Attempts {
		if a := &l.Attempts[i]; a.Invitation == live.ID {
			l.abandon(a, now)
		}
	}
}

// Invitation finds an invitation by the hash of its token; nil if there is none.
func (l *Ledger) Invitation(tokenHash string) *Invitation {
	for i := range l.Invitations {
		if l.Invitations[i].TokenHash == tokenHash {
			return &l.Invitations[i]
		}
	}
	return nil
}

// LiveInvitation returns the one invitation by which a friend may pay now; nil if
// there is none.
func (l *Ledger) LiveInvitation(now time.Time) *Invitation {
	for i := range l.Invitations {
		if l.Invitations[i].live(now) {
			return &l.Invitations[i]
		}
	}
	return nil
}

func (i *Invitation) live(now time.Time) bool { return i.RevokedAt.IsZero() && now.Before(i.ExpiresAt) }

// StatusFor returns the session's status as who came by an invitation must see it: for
// them an open session is over when their invitation is. An id of "" is the payer's own.
func (l *Ledger) StatusFor(invitation string, now time.Time) SessionStatus {
	status := l.StatusAt(now)
	if status != SessionOpen || invitation == "" {
		return status
	}
	for i := range l.Invitations {
		switch mine := &l.Invitations[i]; {
		case mine.ID != invitation:
		case mine.live(now):
			return SessionOpen
		case mine.RevokedAt.IsZero():
			return SessionExpired
		}
	}
	return SessionCanceled
}
