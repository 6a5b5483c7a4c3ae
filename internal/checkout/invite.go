package checkout

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"

	"morepay/internal/pay"
)

const (
	invitationLife = 2 * time.Hour // or less, where the session ends sooner

	// MaxFriendName is the longest name that who asks a friend can give, in characters.
	MaxFriendName = 32
)

// Invite makes a link by which a friend may pay the open session of a payer's token;
// name is what the payer calls themselves there, or "". Where a friend was asked
// already, it changes nothing. Fails with method_unavailable if the merchant does not
// allow it, session_not_open, or too_many_attempts.
func (s *Service) Invite(ctx context.Context, l *pay.Ledger, token, name string) (*pay.Ledger, error) {
	doc, err := s.Document(ctx, &l.Session)
	if err != nil {
		return nil, err
	}
	if !doc.FriendPay {
		return nil, pay.Errorf(pay.CodeMethodUnavailable, "", "the merchant does not let friends pay")
	}
	seed := rand.Text()
	fresh := pay.Invitation{ID: randomID("in_", 24), Seed: seed, TokenHash: HashToken(friendToken(token, seed)), Name: cleanName(name)}
	return s.store.Update(ctx, l.Session.ID, func(l *pay.Ledger) error {
		now := s.now()
		if l.StatusAt(now) == pay.SessionOpen && l.LiveInvitation(now) != nil {
			return nil
		}
		fresh.ExpiresAt = now.Add(invitationLife)
		if fresh.ExpiresAt.After(l.Session.ExpiresAt) {
			fresh.ExpiresAt = l.Session.ExpiresAt
		}
		return l.Invite(fresh, now)
	})
}

// Revoke takes back the link that a friend was given, if there is one.
func (s *Service) Revoke(ctx context.Context, sessionID string) (*pay.Ledger, error) {
	return s.store.Update(ctx, sessionID, func(l *pay.Ledger) error {
		l.Revoke(s.now())
		return nil
	})
}

// FriendToken returns the token of an invitation to who holds the payer's.
func FriendToken(token string, i *pay.Invitation) string { return friendToken(token, i.Seed) }

// friendToken follows from the payer's token and a random seed. The store holds the
// seed alone, so that it opens nothing, and the payer can be shown the link again.
func friendToken(token, seed string) string {
	m := hmac.New(sha256.New, []byte(token))
	m.Write([]byte("morepay friend\x00" + seed))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// cleanName returns a name as a friend can be shown it: on one line, without what
// nobody sees, and not too long.
func cleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = strings.Join(strings.Fields(name), " ")
	name = strings.Map(func(r rune) rune {
		if !visible(r) {
			return -1
		}
		return r
	}, name)
	if letters := []rune(name); len(letters) > MaxFriendName {
		name = string(letters[:MaxFriendName])
	}
	return strings.TrimSpace(name)
}
