package httpd_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

var friendLink = regexp.MustCompile(`value="([^"]*/p/[\w-]{43})"`)

// unescaped undoes the character references of attributes that go-app writes.
var unescaped = strings.NewReplacer("&#47;", "/", "&#58;", ":", "&#46;", ".")

// friendPage asks for the page on which a payer asks a friend.
func (s *harness) friendPage(t *testing.T, open demotest.Session) demotest.Answer {
	t.Helper()
	a := s.Get(t, open.URL+"/friend", "Accept", "text/html", "User-Agent", demotest.Desktop)
	a.Body = unescaped.Replace(a.Body)
	return a
}

// ask asks a friend to pay, and returns the session as the friend has it.
func (s *harness) ask(t *testing.T, open demotest.Session, name string) demotest.Session {
	t.Helper()
	form := s.Form(t, open, "", "")
	form.Set("name", name)
	if a := s.Do(t, s.post(t, open, "/friend", "", form)); a.Status != http.StatusSeeOther || !strings.HasSuffix(a.Header.Get("Location"), "/friend") {
		t.Fatalf("status %d to %q: %s", a.Status, a.Header.Get("Location"), a.Body)
	}
	found := friendLink.FindStringSubmatch(s.friendPage(t, open).Body)
	if found == nil {
		t.Fatalf("no link on %s", s.friendPage(t, open).Body)
	}
	friend := open
	friend.URL, friend.Token = found[1], found[1][strings.LastIndex(found[1], "/")+1:]
	return friend
}

func (s *harness) page(t *testing.T, of demotest.Session, headers ...string) demotest.Answer {
	t.Helper()
	return s.Get(t, of.URL, append([]string{"Accept", "text/html", "Accept-Language", "en", "User-Agent", demotest.Desktop}, headers...)...)
}

func (s *harness) choose(t *testing.T, of demotest.Session, m pay.Method) demotest.Answer {
	t.Helper()
	return s.Do(t, s.post(t, of, "/attempts", "", s.Form(t, of, m, pay.RailQR)))
}

// says demands the state of a page and of who reads it.
func (s *harness) says(t *testing.T, who string, of demotest.Session, state, voice string) {
	t.Helper()
	var now struct{ State, Voice string }
	s.Get(t, of.URL, "Accept", demotest.TypeJSON, "User-Agent", demotest.Desktop).Decode(t, &now)
	if now.State != state || now.Voice != voice {
		t.Errorf("to the %s the page is %s %q, want %s %q", who, now.State, now.Voice, state, voice)
	}
}

func TestFriendPays(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	if list := s.page(t, open); !strings.Contains(list.Body, "/friend?") {
		t.Errorf("the list offers no friend: %s", list.Body)
	}
	if form := s.friendPage(t, open); !strings.Contains(form.Body, `name="name"`) || friendLink.MatchString(form.Body) {
		t.Errorf("nobody was asked, and the page is %s", form.Body)
	}
	friend := s.ask(t, open, "  Mei\u202e \n<b>  ")
	again := s.ask(t, open, "Other")
	if again.URL != friend.URL {
		t.Error("asking twice makes two links")
	}
	page := s.page(t, friend)
	for _, want := range []string{"Gift shop", "12.34", "Enamel mug", "Mei &lt;b&gt; asks you to pay", `data-method="wechat_pay"`} {
		if !strings.Contains(page.Body, want) {
			t.Errorf("the friend doesn't read %q on %s", want, page.Body)
		}
	}
	for _, secret := range []string{open.Token, open.ID, t.Name(), "/demo/thanks", "/friend?", "continue_url", "\u202e"} {
		if strings.Contains(page.Body, secret) {
			t.Errorf("the friend reads %q", secret)
		}
	}

	s.choose(t, open, "wechat_pay")
	s.says(t, "friend", friend, "select", "turn")
	s.choose(t, friend, "wechat_pay")
	s.says(t, "friend", friend, "waiting", "friend")
	s.says(t, "payer", open, "select", "busy")
	attempts := s.Look(t, open).Attempts
	if len(attempts) != 2 || attempts[0].OutTradeNo == attempts[1].OutTradeNo {
		t.Fatalf("the attempts are %+v", attempts)
	}
	// Both follow the one session.
	s.UntilPaid(t, friend, func() {
		s.UntilPaid(t, open, func() { s.Phone(t, "approve", attempts[1].OutTradeNo) })
	})
	s.says(t, "friend", friend, "paid", "gave")
	s.says(t, "payer", open, "paid", "treated")
	if a := s.page(t, open); !strings.Contains(a.Body, "Your friend has paid") || strings.Contains(a.Body, "Paid with") {
		t.Errorf("the payer reads %s", a.Body)
	}
	if a := s.friendPage(t, open); a.Status != http.StatusSeeOther {
		t.Errorf("a friend can still be asked: status %d", a.Status)
	}
}

// Both may have paid before either was told: the second goes back, and both see it.
func TestFriendAndPayerPayAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "")
	s.choose(t, open, "wechat_pay")
	s.choose(t, friend, "alipay")
	events := s.Events(t, friend)
	for _, a := range s.Look(t, open).Attempts {
		s.Phone(t, "approve", a.OutTradeNo)
	}
	surplus := func() bool {
		for _, a := range s.Look(t, open).Attempts {
			if a.State == pay.AttemptSurplus {
				return true
			}
		}
		return false
	}
	for !surplus() {
		events.Next(t)
	}
	paid := s.Look(t, open)
	if paid.Attempts[0].State == pay.AttemptSucceeded {
		s.says(t, "friend", friend, "paid", "late")
	} else {
		s.says(t, "friend", friend, "paid", "gave")
	}
}

func TestRevokedLink(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	form := s.Form(t, friend, "wechat_pay", pay.RailQR)
	s.choose(t, friend, "wechat_pay")
	if a := s.Do(t, s.post(t, open, "/friend/revoke", "", s.Form(t, open, "", ""))); a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	s.says(t, "friend", friend, "canceled", "revoked")
	if a := s.page(t, friend); !strings.Contains(a.Body, "Mei took the request back") || !strings.Contains(a.Body, "ask for a new link") {
		t.Errorf("the friend reads %s", a.Body)
	}
	if a := s.Do(t, s.post(t, friend, "/attempts", "", form)); a.Status != http.StatusConflict {
		t.Errorf("a link that was taken back pays: status %d", a.Status)
	}
	s.says(t, "payer", open, "select", "")
	next := s.ask(t, open, "Mei")
	if next.URL == friend.URL {
		t.Error("the link that was taken back lives again")
	}
	s.says(t, "friend", friend, "canceled", "revoked")
	s.says(t, "next friend", next, "select", "friend")
}

// Attacks on a friend's link, and by who holds one.
func TestFriendsLinkIsItsOwn(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	forms := map[string]string{"payer": s.Form(t, open, "wechat_pay", pay.RailQR).Get("form_token"), "friend": s.Form(t, friend, "wechat_pay", pay.RailQR).Get("form_token")}
	for _, test := range []struct {
		name, path string
		post       url.Values
		headers    []string
		status     int
	}{
		{"friends-token-as-payers", "/pay/" + friend.Token, nil, nil, 404},
		{"friends-token-asks-friends", "/pay/" + friend.Token + "/friend", nil, nil, 404},
		{"payers-token-as-friends", "/p/" + open.Token, nil, nil, 404},
		{"guess", "/p/" + strings.Repeat("A", 43), nil, nil, 404},
		{"session-id", "/p/" + open.ID, nil, nil, 404},
		{"asks-below-a-friends-page", "/p/" + friend.Token + "/friend", nil, nil, 404},
		{"revoke-below-a-friends-page", "/p/" + friend.Token + "/friend/revoke", url.Values{"form_token": {forms["friend"]}}, nil, 404},
		{"form-of-the-payer", "/p/" + friend.Token + "/attempts", url.Values{"form_token": {forms["payer"]}, "method": {"wechat_pay"}, "rail": {"qr"}}, nil, 403},
		{"form-of-the-friend", "/pay/" + open.Token + "/friend/revoke", url.Values{"form_token": {forms["friend"]}}, nil, 403},
		{"revoke-from-elsewhere", "/pay/" + open.Token + "/friend/revoke", url.Values{"form_token": {forms["payer"]}}, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"ask-from-elsewhere", "/pay/" + open.Token + "/friend", url.Values{"form_token": {forms["payer"]}}, []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"ask-without-form", "/pay/" + open.Token + "/friend", url.Values{}, nil, 403},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := demotest.Request(t, http.MethodGet, s.Origin+test.path, "", append(test.headers, "Accept", "text/html")...)
			if test.post != nil {
				r = demotest.Request(t, http.MethodPost, s.Origin+test.path, test.post.Encode(), append(test.headers, "Accept", "text/html", "Content-Type", "application/x-www-form-urlencoded")...)
			}
			if a := s.Do(t, r); a.Status != test.status {
				t.Errorf("status %d, want %d: %s", a.Status, test.status, a.Body)
			}
		})
	}
	s.says(t, "friend", friend, "select", "friend")
	if strings.Contains(s.Log.String(), friend.Token) {
		t.Error("the log has the friend's token")
	}
}

// No page frames a friend's, and neither it nor the one with the link is kept, found by
// searching, or told of to other sites.
func TestFriendPageHeaders(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	framed := demotest.Session{URL: friend.URL + "?parent=" + url.QueryEscape(s.Origin)}
	for name, a := range map[string]demotest.Answer{"friend": s.page(t, friend), "friend-in-a-frame": s.page(t, framed), "ask": s.friendPage(t, open)} {
		for header, want := range map[string]string{"Cache-Control": "no-store", "X-Robots-Tag": "noindex", "Referrer-Policy": "strict-origin-when-cross-origin"} {
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		if csp := a.Header.Get("Content-Security-Policy"); strings.Contains(csp, "frame-ancestors 'none'") == (name == "ask") {
			t.Errorf("%s: the policy is %s", name, csp)
		}
	}
}

// A merchant that does not allow it has no such page.
func TestFriendPayIsOff(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{})
	if a := s.page(t, open); strings.Contains(a.Body, "/friend") {
		t.Error("the list offers a friend")
	}
	if a := s.friendPage(t, open); a.Status != http.StatusSeeOther {
		t.Errorf("status %d", a.Status)
	}
	if a := s.Do(t, s.post(t, open, "/friend", "", s.Form(t, open, "", ""))); a.Status != http.StatusUnprocessableEntity {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
}

// Opening a link begins nothing: neither a look at it nor a preview turns the payer away.
func TestLookingAtALinkBeginsNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	s.page(t, friend, "Sec-Fetch-Dest", "document")
	if n := len(s.Look(t, open).Attempts); n != 0 {
		t.Errorf("%d attempts", n)
	}
}

// A friend inside WeChat is identified and comes back to their own page, with a payment
// that is made out to them.
func TestFriendInsideWeChat(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	back := s.Get(t, s.identifiedLink(t, friend, "wechat_pay", demotest.WeChat), "Accept", "text/html", "User-Agent", demotest.WeChat)
	if to := back.Header.Get("Location"); back.Status != http.StatusSeeOther || to != "/p/"+friend.Token {
		t.Fatalf("status %d to %q: %s", back.Status, to, back.Body)
	}
	if a := s.Look(t, open).Attempts; len(a) != 1 || a[0].Rail != pay.RailJSAPI || a[0].State != pay.AttemptAwaiting {
		t.Errorf("the attempts are %+v", a)
	}
	if payers := s.page(t, open, "User-Agent", demotest.WeChat); strings.Contains(payers.Body, `"bridge":{`) {
		t.Error("the payer's page has the call that is the friend's")
	}
	if friends := s.page(t, friend, "User-Agent", demotest.WeChat); !strings.Contains(friends.Body, `"bridge":{`) {
		t.Errorf("the friend's page has no call: %s", friends.Body)
	}
}

// The wallet's page brings a friend back to theirs, who is not led on to the shop.
func TestFriendComesBackFromTheWallet(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	form := s.Form(t, friend, "alipay", pay.RailRedirect)
	a := s.Do(t, s.post(t, friend, "/attempts", "", form))
	if a.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", a.Status, a.Body)
	}
	s.Get(t, a.Header.Get("Location"), "User-Agent", demotest.Desktop) // the wallet's page is seen
	s.UntilPaid(t, friend, func() { s.Phone(t, "approve", s.Look(t, open).Attempts[0].OutTradeNo) })
	wallet, err := url.Parse(a.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	back := s.Get(t, wallet.Query().Get("return_url"))
	if to := back.Header.Get("Location"); to != "/p/"+friend.Token+"/return" {
		t.Errorf("the wallet leads to %q, status %d", to, back.Status)
	}
	var progress struct {
		Onward bool
		To     string `json:"continue_url"`
	}
	s.Get(t, friend.URL+"?returned=1", "Accept", demotest.TypeJSON).Decode(t, &progress)
	if progress.Onward || progress.To != "" {
		t.Errorf("the friend is led on: %+v", progress)
	}
}

// Two who hold the same link are two payers of one order: whoever is second gets their
// money back.
func TestTwoFriendsAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	requests := make([]*http.Request, 6)
	for i := range requests {
		requests[i] = s.post(t, friend, "/attempts", "", s.Form(t, friend, []pay.Method{"wechat_pay", "alipay"}[i%2], pay.RailQR))
	}
	for _, a := range s.Together(t, requests) {
		if a.Status != http.StatusSeeOther {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	}
	attempts := s.Look(t, open).Attempts
	if len(attempts) != 2 {
		t.Fatalf("the attempts are %+v", attempts)
	}
	events := s.Events(t, friend)
	for _, a := range attempts {
		s.Phone(t, "approve", a.OutTradeNo)
	}
	states := func() string {
		now := s.Look(t, open).Attempts
		return string(min(now[0].State, now[1].State) + " " + max(now[0].State, now[1].State))
	}
	for states() != "succeeded surplus" {
		events.Next(t)
	}
}

// A database that was copied opens no friend's page.
func TestFriendsTokenAtRest(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "friend"})
	friend := s.ask(t, open, "Mei")
	s.choose(t, friend, "wechat_pay")
	rest := s.atRest(t)
	if !bytes.Contains(rest, []byte("Mei")) {
		t.Fatal("the database is not where it is looked for")
	}
	if bytes.Contains(rest, []byte(friend.Token)) || bytes.Contains(rest, []byte(open.Token)) {
		t.Error("a token lies in the database")
	}
}
