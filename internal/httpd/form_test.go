package httpd_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

var (
	formAction = regexp.MustCompile(`<form[^>]* action="([^"]*frontTransReq[^"]*)"`)
	hiddenName = regexp.MustCompile(`<input[^>]* name="([^"]+)"`)
	hiddenText = regexp.MustCompile(` value="([^"]*)"`)
)

// postedForm reads the form of the page that posts a payer's browser to a provider.
func postedForm(t *testing.T, page string) (action string, fields url.Values) {
	t.Helper()
	found := formAction.FindStringSubmatchIndex(page)
	if found == nil {
		t.Fatalf("no form in %s", page)
	}
	fields = url.Values{}
	form, _, _ := strings.Cut(page[found[0]:], "</form>")
	for _, input := range regexp.MustCompile(`<input[^>]*>`).FindAllString(form, -1) {
		name, value := hiddenName.FindStringSubmatch(input), hiddenText.FindStringSubmatch(input)
		if name == nil || value == nil || !strings.Contains(input, `type="hidden"`) {
			t.Fatalf("the form has the field %s", input)
		}
		fields.Set(name[1], html.UnescapeString(value[1]))
	}
	return html.UnescapeString(page[found[2]:found[3]]), fields
}

// toForm chooses Cloud QuickPass at UnionPay itself and returns the address of the page
// that posts the payer on.
func (s *harness) toForm(t *testing.T, open demotest.Session) string {
	t.Helper()
	a := s.Do(t, s.post(t, open, "/attempts", "", s.Form(t, open, "unionpay", pay.RailRedirect)))
	to := a.Header.Get("Location")
	if a.Status != http.StatusSeeOther || !strings.HasPrefix(to, s.Origin+"/form/") {
		t.Fatalf("status %d to %q: %s", a.Status, to, a.Body)
	}
	return to
}

// The payer's browser posts the request as it was signed to UnionPay, from a page of ours
// that does without a script, pays there, and comes back by a post.
func TestFormTakesPayerToProvider(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "quickpass", Locale: "en"})
	to := s.toForm(t, open)
	page := s.Get(t, to, "Accept", "text/html", "User-Agent", demotest.Desktop)
	if page.Status != http.StatusOK {
		t.Fatalf("status %d: %s", page.Status, page.Body)
	}
	policy := page.Header.Get("Content-Security-Policy")
	for _, part := range []string{"form-action 'self'", " " + s.SimURL, " https://gateway.95516.com", "script-src 'self'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("the policy %q lacks %q", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe-inline") || strings.Count(page.Body, "<script") != 1 || !strings.Contains(page.Body, `/post.js"></script>`) {
		t.Errorf("the page has other scripts than its own: %s", page.Body)
	}
	for _, part := range []string{"Quickpass Books", "CN¥12.34", "Pay CN¥12.34 with Cloud QuickPass"} {
		if !strings.Contains(page.Body, part) {
			t.Errorf("the page does not say %q", part)
		}
	}
	action, fields := postedForm(t, page.Body)
	if action != s.SimURL+"/gateway/api/frontTransReq.do" || fields.Get("txnAmt") != "1234" {
		t.Fatalf("it posts %v to %s", fields, action)
	}
	opened := s.Do(t, demotest.Request(t, http.MethodPost, action, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded"))
	if opened.Status != http.StatusSeeOther || !strings.HasPrefix(opened.Header.Get("Location"), "/phone/orders/") {
		t.Fatalf("UnionPay answers %d: %s", opened.Status, opened.Body)
	}
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", fields.Get("orderId")) })

	back := s.Do(t, demotest.Request(t, http.MethodPost, fields.Get("frontUrl"), "respCode=00&canary=1", "Content-Type", "application/x-www-form-urlencoded", "Origin", s.SimURL))
	if to := back.Header.Get("Location"); back.Status != http.StatusSeeOther || to != "/pay/"+open.Token+"/return?lang=en" && to != "/pay/"+open.Token+"/return" {
		t.Errorf("the way back is %d to %q", back.Status, to)
	}
	if again := s.Get(t, to, "Accept", "text/html"); again.Status != http.StatusSeeOther || !strings.HasPrefix(again.Header.Get("Location"), "/pay/"+open.Token) {
		t.Errorf("once paid the page is %d to %q", again.Status, again.Header.Get("Location"))
	}
}

// UnionPay's page sends the payer's browser back by a form, with what it says signed.
func TestProviderPostsPayerBack(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "quickpass"})
	action, fields := postedForm(t, s.Get(t, s.toForm(t, open), "Accept", "text/html").Body)
	s.Do(t, demotest.Request(t, http.MethodPost, action, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded"))
	s.UntilPaid(t, open, func() { s.Phone(t, "approve", fields.Get("orderId")) })
	var orders []struct{ Return string }
	s.Get(t, s.SimURL+"/control/orders").Decode(t, &orders)
	page := s.Get(t, orders[0].Return)
	if page.Status != http.StatusOK || !strings.Contains(page.Body, `action="`+html.EscapeString(fields.Get("frontUrl"))+`"`) || !strings.Contains(page.Body, `name="signature"`) {
		t.Errorf("status %d: %s", page.Status, page.Body)
	}
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action 'self' "+s.Origin) {
		t.Errorf("the policy is %q", policy)
	}
}

// Only the page of an attempt that is paid by a form is there, and only by a link that
// we have sealed.
func TestFormOfNobody(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "quickpass"})
	to := s.toForm(t, open)
	at := strings.LastIndex(to, "/")
	other := s.Open(t, demotest.Order{Merchant: "quickpass"})
	others := s.toForm(t, other)
	for name, link := range map[string]string{
		"unsealed":      s.Origin + "/form/x" + to[at:],
		"no-attempt":    to[:at] + "/at_x",
		"other-session": to[:at] + others[strings.LastIndex(others, "/"):],
	} {
		if a := s.Get(t, link, "Accept", "text/html"); a.Status != http.StatusNotFound || strings.Contains(a.Body, "frontTransReq") {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
	code := s.Open(t, demotest.Order{Merchant: "quickpass"})
	s.Do(t, s.post(t, code, "/attempts", "", s.Form(t, code, "unionpay", pay.RailQR)))
	if state := s.Look(t, code).Attempts[0]; state.Rail != pay.RailQR || state.State != pay.AttemptAwaiting {
		t.Errorf("the code's attempt is %+v", state)
	}
}

// A friend who was asked to pay goes by a form of their own, which the payer's link does
// not show, and comes back to their own page.
func TestFormOfAFriend(t *testing.T) {
	t.Parallel()
	s := start(t)
	open := s.Open(t, demotest.Order{Merchant: "quickpass"})
	payers := s.toForm(t, open)
	friend := s.ask(t, open, "Mei")
	friends := s.toForm(t, friend)
	action, fields := postedForm(t, s.Get(t, friends, "Accept", "text/html").Body)
	crossed := payers[:strings.LastIndex(payers, "/")] + friends[strings.LastIndex(friends, "/"):]
	if a := s.Get(t, crossed, "Accept", "text/html"); a.Status != http.StatusNotFound || strings.Contains(a.Body, "frontTransReq") {
		t.Errorf("by the payer's link: status %d: %s", a.Status, a.Body)
	}
	s.Do(t, demotest.Request(t, http.MethodPost, action, fields.Encode(), "Content-Type", "application/x-www-form-urlencoded"))
	s.UntilPaid(t, friend, func() { s.Phone(t, "approve", fields.Get("orderId")) })
	back := s.Do(t, demotest.Request(t, http.MethodPost, fields.Get("frontUrl"), "", "Content-Type", "application/x-www-form-urlencoded"))
	if to := back.Header.Get("Location"); !strings.HasPrefix(to, "/p/"+friend.Token+"/return") {
		t.Errorf("the friend comes back to %q", to)
	}
}
