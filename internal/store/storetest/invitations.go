package storetest

import (
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/checkout"
	"morepay/internal/pay"
	"morepay/internal/retention"
)

var invitationCases = []testCase{
	{"every-field-survives", invitationSurvives},
	{"find-by-a-friends-token", findByFriend},
	{"token-is-unique", invitationTokenIsUnique},
	{"taken-back-and-asked-anew", invitationChanges},
	{"goes-with-its-session", invitationGoes},
	{"name-is-erased", invitationErased},
}

func newInvitation() pay.Invitation {
	id := newID("in")
	return pay.Invitation{ID: id, TokenHash: "hash of " + id, Seed: "seed of " + id, Name: "小美", ExpiresAt: start.Add(20 * time.Minute)}
}

// invite asks a friend to pay a session.
func (fx *fixture) invite(sessionID string) pay.Invitation {
	fx.Helper()
	l := fx.update(sessionID, func(l *pay.Ledger) error { return l.Invite(newInvitation(), start) })
	return l.Invitations[len(l.Invitations)-1]
}

func invitationSurvives(fx *fixture) {
	l := fx.create()
	var i pay.Invitation
	fill(&i)
	got := fx.update(l.Session.ID, func(l *pay.Ledger) error {
		l.Invitations = append(l.Invitations, i)
		return nil
	})
	for _, t := range []*time.Time{&i.CreatedAt, &i.ExpiresAt, &i.RevokedAt} {
		*t = t.UTC().Truncate(time.Millisecond)
	}
	want := []pay.Invitation{i}
	if diff := cmp.Diff(want, got.Invitations); diff != "" {
		fx.Errorf("update returns what is stored of an invitation (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, fx.ledger(l.Session.ID).Invitations); diff != "" {
		fx.Errorf("every field of an invitation is kept (-want +got):\n%s", diff)
	}
}

func findByFriend(fx *fixture) {
	l := fx.create()
	other := fx.create()
	fx.invite(other.Session.ID)
	i := fx.invite(l.Session.ID)
	id, err := fx.Ledgers.Find(fx.Context(), checkout.Key{FriendHash: i.TokenHash})
	fx.must(err)
	if id != l.Session.ID {
		fx.Errorf("a friend's token names session %s, got %s", l.Session.ID, id)
	}
	_, err = fx.Ledgers.Find(fx.Context(), checkout.Key{TokenHash: i.TokenHash})
	fx.code(err, pay.CodeNotFound, "a friend's token is no payer's")
	_, err = fx.Ledgers.Find(fx.Context(), checkout.Key{FriendHash: l.Session.TokenHash})
	fx.code(err, pay.CodeNotFound, "a payer's token is no friend's")
}

func invitationTokenIsUnique(fx *fixture) {
	first, second := fx.create(), fx.create()
	i := fx.invite(first.Session.ID)
	_, err := fx.Ledgers.Update(fx.Context(), second.Session.ID, func(l *pay.Ledger) error { return l.Invite(i, start) })
	if err == nil {
		fx.Error("two invitations have one token")
	}
	if n := len(fx.ledger(second.Session.ID).Invitations); n != 0 {
		fx.Errorf("a refused invitation is stored: %d", n)
	}
}

func invitationChanges(fx *fixture) {
	l := fx.create()
	first := fx.invite(l.Session.ID)
	fx.update(l.Session.ID, func(l *pay.Ledger) error { l.Revoke(start); return nil })
	second := fx.invite(l.Session.ID)
	got := fx.ledger(l.Session.ID)
	if len(got.Invitations) != 2 || got.Invitations[0].RevokedAt.IsZero() || got.LiveInvitation(start).ID != second.ID {
		fx.Errorf("one was taken back, and another made: %+v", got.Invitations)
	}
	if _, err := fx.Ledgers.Find(fx.Context(), checkout.Key{FriendHash: first.TokenHash}); err != nil {
		fx.Errorf("a link that was taken back must be known: %v", err)
	}
	var types []pay.EventType
	for _, e := range fx.events(l.Session.ID) {
		types = append(types, e.Type)
	}
	want := []pay.EventType{pay.EventSessionCreated, pay.EventInvitationCreated, pay.EventInvitationRevoked, pay.EventInvitationCreated}
	if diff := cmp.Diff(want, types); diff != "" {
		fx.Errorf("events (-want +got):\n%s", diff)
	}
}

func invitationGoes(fx *fixture) {
	l := fx.create()
	i := fx.invite(l.Session.ID)
	fx.update(l.Session.ID, func(l *pay.Ledger) error { l.Expire(l.Session.ExpiresAt); return nil })
	fx.numberAll()
	fx.prune(retention.Events)
	fx.prune(retention.Unpaid)
	_, err := fx.Ledgers.Ledger(fx.Context(), l.Session.ID)
	_, find := fx.Ledgers.Find(fx.Context(), checkout.Key{FriendHash: i.TokenHash})
	fx.code(find, pay.CodeNotFound, "an invitation goes with its session")
	fx.code(err, pay.CodeNotFound, "a session with an invitation goes as others do")
}

func invitationErased(fx *fixture) {
	l := newLedger()
	l.Session.MerchantPayerID = "p1"
	fx.must(fx.Ledgers.Create(fx.Context(), l))
	fx.invite(l.Session.ID)
	fx.erase("p1")
	if name := fx.ledger(l.Session.ID).Invitations[0].Name; name != "" {
		fx.Errorf("the payer's name is kept: %q", name)
	}
	fx.update(l.Session.ID, func(l *pay.Ledger) error { l.Revoke(start); return nil })
	if i := fx.invite(l.Session.ID); i.Name != "" {
		fx.Errorf("the payer's name is kept when they ask anew: %q", i.Name)
	}
}
