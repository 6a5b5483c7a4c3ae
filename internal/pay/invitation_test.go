package pay_test

import (
	"testing"
	"time"

	"morepay/internal/pay"
)

func friendsAttempt(n int) pay.Attempt {
	a := newAttempt(n)
	a.Invitation = invitation.ID
	return a
}

func TestInvite(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		do   func(*pay.Ledger)
		at   time.Time
		want pay.Code
	}{
		{"open", func(*pay.Ledger) {}, opened, ""},
		{"at-expiry", func(*pay.Ledger) {}, opened.Add(sessionLife), pay.CodeSessionNotOpen},
		{"canceled", func(l *pay.Ledger) { must(t, l.Cancel(opened)) }, opened, pay.CodeSessionNotOpen},
		{"twice", func(l *pay.Ledger) { must(t, l.Invite(invitation, opened)) }, opened, pay.CodeConflict},
		{"taken-back-before", func(l *pay.Ledger) { must(t, l.Invite(invitation, opened)); l.Revoke(opened) }, opened, ""},
		{"too-often", func(l *pay.Ledger) {
			for range pay.MaxInvitations {
				must(t, l.Invite(invitation, opened))
				l.Revoke(opened)
			}
		}, opened, pay.CodeTooManyAttempts},
		{"would-outlive-the-session", func(l *pay.Ledger) { l.Session.ExpiresAt = opened.Add(sessionLife - 1) }, opened, pay.CodeInternal},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l := openLedger()
			tc.do(l)
			checkCode(t, l.Invite(invitation, tc.at), tc.want)
		})
	}
}

// A link that was taken back, or is over, pays nothing, and its friend's orders are to
// be closed; the payer's own go on.
func TestRevoke(t *testing.T) {
	t.Parallel()
	l := invitedLedger()
	must(t, l.Begin(friendsAttempt(0), opened))
	l.Revoke(opened)
	if a := l.Attempt(ids[0]); !a.Abandoned || a.CheckAt.After(opened.Add(pay.CloseDelay)) {
		t.Errorf("the friend's attempt is abandoned %t and looked at next at %v", a.Abandoned, a.CheckAt)
	}
	checkCode(t, l.Begin(friendsAttempt(1), opened), pay.CodeSessionNotOpen)
	checkCode(t, l.Resume(ids[0], opened), pay.CodeSessionNotOpen)
	if got := l.StatusFor(invitation.ID, opened); got != pay.SessionCanceled {
		t.Errorf("to the friend the session is %s", got)
	}
	if got := l.StatusFor("", opened); got != pay.SessionOpen {
		t.Errorf("to the payer the session is %s", got)
	}
	number := l.Session.LastEvent
	l.Revoke(opened)
	if l.Session.LastEvent != number {
		t.Error("taking back twice is an event")
	}

	other := invitedLedger()
	must(t, other.Begin(newAttempt(0), opened))
	other.Revoke(opened)
	if other.Attempt(ids[0]).Abandoned {
		t.Error("taking the link back turns the payer away from their own attempt")
	}
}

// Money that comes by a link which was taken back pays the session all the same.
func TestRevokedFriendHasPaid(t *testing.T) {
	t.Parallel()
	l := invitedLedger()
	must(t, l.Begin(friendsAttempt(0), opened))
	l.Revoke(opened)
	pays(t, l, 0)
	if got := l.StatusFor(invitation.ID, opened); got != pay.SessionPaid {
		t.Errorf("to the friend the session is %s", got)
	}
}

func TestInvitationEndsBeforeItsSession(t *testing.T) {
	t.Parallel()
	l, short := openLedger(), invitation
	short.ExpiresAt = opened.Add(time.Minute)
	must(t, l.Invite(short, opened))
	checkCode(t, l.Begin(friendsAttempt(0), short.ExpiresAt.Add(-1)), "")
	checkCode(t, l.Begin(friendsAttempt(1), short.ExpiresAt), pay.CodeSessionNotOpen)
	if got := l.StatusFor(invitation.ID, short.ExpiresAt); got != pay.SessionExpired {
		t.Errorf("to the friend the session is %s", got)
	}
	if l.LiveInvitation(short.ExpiresAt) != nil {
		t.Error("the invitation lives on")
	}
	if got := l.StatusFor("in_made_up", opened); got != pay.SessionCanceled {
		t.Errorf("to who made an invitation up the session is %s", got)
	}
}

// Whoever begins turns the other away, and each sees only what is their own.
func TestFriendAndPayerTakeTurns(t *testing.T) {
	t.Parallel()
	l := invitedLedger()
	must(t, l.Begin(newAttempt(0), opened))
	must(t, l.Begin(friendsAttempt(1), opened))
	if l.Current() != nil || l.CurrentFor(invitation.ID).ID != ids[1] {
		t.Error("the friend began, and it is not the friend's turn alone")
	}
	if !l.OtherPays("") || l.OtherPays(invitation.ID) {
		t.Error("the friend began, and that is not what the others are told")
	}
	must(t, l.Resume(ids[0], opened))
	if l.Current().ID != ids[0] || l.CurrentFor(invitation.ID) != nil {
		t.Error("the payer came back, and it is not their turn alone")
	}
	pays(t, l, 1)
	if l.Current() != nil && l.Current().ID == ids[1] || l.CurrentFor(invitation.ID).ID != ids[1] {
		t.Error("the friend has won, and the payer is shown the friend's payment")
	}
}

// Whoever gets hold of a link uses up nothing of the payer's.
func TestFriendsHaveTheirOwnAttempts(t *testing.T) {
	t.Parallel()
	for _, friends := range []bool{true, false} {
		l := invitedLedger()
		begin := func(n int, friends bool) error {
			a := newAttempt(0)
			if a.ID = ids[0] + string(rune('a'+n)); friends {
				a.Invitation = invitation.ID
			}
			return l.Begin(a, opened)
		}
		for n := range pay.MaxAttempts {
			must(t, begin(n, friends))
		}
		checkCode(t, begin(pay.MaxAttempts, friends), pay.CodeTooManyAttempts)
		checkCode(t, begin(pay.MaxAttempts+1, !friends), "")
	}
}
