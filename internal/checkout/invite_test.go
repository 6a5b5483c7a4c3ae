package checkout_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/harness"
	"morepay/internal/pay"
)

// asked is a session whose payer has asked a friend.
type asked struct {
	*fixture
	session, token string
	friend         pay.Invitation
}

func (fx *fixture) ask(name string, lasts time.Duration) asked {
	fx.tb.Helper()
	order := fx.Order(fen)
	order.ExpiresIn = int64(lasts.Seconds())
	order.Payer.ID, order.Payer.Region = "p1", "CN"
	l, token, err := fx.Service().Create(fx.ctx(), "friend", order)
	fx.must(err)
	l, err = fx.Service().Invite(fx.ctx(), l, token, name)
	fx.must(err)
	return asked{fx, l.Session.ID, token, l.Invitations[0]}
}

// choose begins an attempt of who came by an invitation, or of the payer for "".
func (a asked) choose(invitation string) (*pay.Attempt, error) {
	done, err := a.Service().Attempt(a.ctx(), a.session, checkout.AttemptRequest{
		Method: "wechat_pay", Rail: pay.RailQR, Device: device.Detect(harness.Agent(pay.RailQR)), Invitation: invitation,
		PayerIP: netip.MustParseAddr("203.0.113.9"), ReturnURL: a.BaseURL + "/return/sealed",
	})
	if err != nil {
		return nil, err
	}
	return done.Ledger.Attempt(done.AttemptID), nil
}

// Wallets refuse an order that another account has touched.
func TestFriendHasAnOrderOfTheirOwn(t *testing.T) {
	t.Parallel()
	fx := newFixture(t).ask("Mei", 30*time.Minute)
	mine, err := fx.choose("")
	fx.must(err)
	friends, err := fx.choose(fx.friend.ID)
	fx.must(err)
	if friends.ID == mine.ID || friends.OutTradeNo == mine.OutTradeNo || friends.Invitation != fx.friend.ID {
		t.Fatalf("the friend was sent to %+v, the payer to %+v", friends, mine)
	}
	again, err := fx.choose(fx.friend.ID)
	fx.must(err)
	if again.ID != friends.ID {
		t.Error("the friend who comes back has another order")
	}
	back, err := fx.choose("")
	fx.must(err)
	if back.ID != mine.ID || !fx.ledger(fx.session).Attempt(friends.ID).Abandoned {
		t.Error("the payer who comes back has another order, or the friend's stays open")
	}
}

// What the friend pays goes back to the friend.
func TestRefundGoesToTheFriend(t *testing.T) {
	t.Parallel()
	fx := newFixture(t).ask("Mei", 30*time.Minute)
	a, err := fx.choose(fx.friend.ID)
	fx.must(err)
	fx.pay(*a)
	fx.awaitStatus(fx.session, pay.SessionPaid)
	l, r, err := fx.Service().Refund(fx.ctx(), "friend", fx.session, checkout.NewRefund{Amount: &price, Key: "k"})
	fx.must(err)
	if r.AttemptID != a.ID || l.Attempt(a.ID).Invitation != fx.friend.ID {
		t.Errorf("the refund is of %s, the friend paid %s", r.AttemptID, a.ID)
	}
}

// The provider takes no payment of a friend whose link is over, and the payer's goes on.
func TestFriendAfterTheExpiry(t *testing.T) {
	t.Parallel()
	fx := newFixture(t).ask("Mei", 3*time.Hour)
	a, err := fx.choose(fx.friend.ID)
	fx.must(err)
	if a.ExpiresAt.After(fx.friend.ExpiresAt) || fx.friend.ExpiresAt.After(fx.Now().Add(2*time.Hour)) {
		t.Errorf("the link ends %v, the order %v", fx.friend.ExpiresAt, a.ExpiresAt)
	}
	fx.later(2*time.Hour + time.Second)
	_, err = fx.choose(fx.friend.ID)
	fx.code(err, pay.CodeSessionNotOpen, "", "a friend after the link's expiry")
	_, err = fx.choose("")
	fx.must(err)
}

// Rollouts and regions are about the payer, whom a friend is not.
func TestNobodySaysWhoAFriendIs(t *testing.T) {
	t.Parallel()
	fx := newFixture(t).ask("Mei", 30*time.Minute)
	for _, c := range []struct {
		invitation string
		known      bool
	}{{"", true}, {fx.friend.ID, false}} {
		f, err := fx.Service().Facts(fx.ctx(), fx.ledger(fx.session), c.invitation, netip.MustParseAddr("203.0.113.9"))
		fx.must(err)
		if (f.Order.Payer != "") != c.known || (f.Order.Region != "") != c.known {
			t.Errorf("by %q the payer is %q from %q", c.invitation, f.Order.Payer, f.Order.Region)
		}
	}
}

// The store's content opens nothing, the payer is shown the link again, and no two are
// alike.
func TestFriendToken(t *testing.T) {
	t.Parallel()
	fx := newFixture(t).ask("Mei", 30*time.Minute)
	token := checkout.FriendToken(fx.token, &fx.friend)
	l, err := fx.Service().ByFriendToken(fx.ctx(), token)
	fx.must(err)
	if l.Session.ID != fx.session {
		t.Errorf("it opens %s", l.Session.ID)
	}
	for what, wrong := range map[string]string{
		"the payer's token": fx.token, "the seed": fx.friend.Seed, "the hash": fx.friend.TokenHash, "nothing": "",
		"another payer's": checkout.FriendToken("x", &fx.friend),
	} {
		_, err := fx.Service().ByFriendToken(fx.ctx(), wrong)
		fx.code(err, pay.CodeNotFound, "", what)
	}
	_, err = fx.Service().ByToken(fx.ctx(), token)
	fx.code(err, pay.CodeNotFound, "", "a friend's token as a payer's")
	_, err = fx.Service().Revoke(fx.ctx(), fx.session)
	fx.must(err)
	l, err = fx.Service().Invite(fx.ctx(), l, fx.token, "")
	fx.must(err)
	if again := checkout.FriendToken(fx.token, &l.Invitations[1]); again == token || len(again) != 43 {
		t.Errorf("the next token is %q", again)
	}
}

func TestNameOfWhoAsks(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for typed, want := range map[string]string{
		"":                               "",
		"  小美 \t\n 的朋友 ":                 "小美 的朋友",
		"M\u202eei\u200b\x00":            "Mei",
		"\u2066 \u2069":                  "",
		"a\xffb":                         "ab",
		"<b>&amp;":                       "<b>&amp;",
		strings.Repeat("美", 40):          strings.Repeat("美", checkout.MaxFriendName),
		strings.Repeat("a", 31) + " bcd": strings.Repeat("a", 31),
	} {
		if got := fx.ask(typed, 30*time.Minute).friend.Name; got != want {
			t.Errorf("%q became %q, want %q", typed, got, want)
		}
	}
}

// A merchant that does not allow it has no such links, and one that has closed it since
// gives no new ones.
func TestInviteIsTheMerchantsToAllow(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	l, token, err := fx.Open(fx.ctx(), fen)
	fx.must(err)
	_, err = fx.Service().Invite(fx.ctx(), l, token, "")
	fx.code(err, pay.CodeMethodUnavailable, "", "a merchant that does not allow it")
}
