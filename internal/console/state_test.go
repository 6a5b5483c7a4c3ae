package console_test

import (
	"html"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/providersim"
)

// Phone, clock and reset are worked from their page, each with its command; what can't be
// is said.
func TestState(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	open := s.Open(t, demotest.Order{})
	for _, test := range []struct {
		button string
		fields []string
		body   string // of the command
		page   string // what the page says then
	}{
		{"phone", []string{"wallet", "alipay", "opens", "late", "after_seconds", "8", "session", ""}, `{"after_seconds":8,"opens":"late","wallet":"alipay"}`, "late, after 8 s</td>"},
		{"phone", []string{"wallet", "wechat", "opens", "absent", "after_seconds", "4", "session", open.ID}, `{"opens":"absent","session":"` + open.ID + `","wallet":"wechat"}`, "<code>" + open.ID + "</code>"},
		{"freeze", nil, `{"freeze":true}`, "<strong>stopped</strong>"},
		{"clock", []string{"advance_seconds", "3600"}, `{"advance_seconds":3600}`, "<strong>stopped</strong>"},
		{"part", []string{"server_ahead_seconds", "90"}, `{"server_ahead_seconds":90}`, "<strong>90 s ahead</strong>"},
		{"thaw", nil, `{"freeze":false}`, "Stop it"},
		{"reset", nil, `{}`, "Phone and clock"},
		{"phone", []string{"wallet", "paypal", "opens", "absent"}, "", "Phone and clock"},
		{"part", []string{"server_ahead_seconds", "1e3"}, "", "Phone and clock"},
	} {
		a := press(t, s, test.button, test.fields...)
		if said := command.FindStringSubmatch(a.Body); test.body != "" && (said == nil || html.UnescapeString(said[1]) != "'"+test.body+"'") {
			t.Errorf("%s: the command is %q", test.button, said)
		}
		if refused := !strings.Contains(a.Body, "<h1>Done</h1>"); refused != (test.body == "") {
			t.Errorf("%s %q: refused: %v", test.button, test.fields, refused)
		}
		if page := s.Get(t, s.SimURL+"/qa/state").Body; !strings.Contains(page, test.page) {
			t.Errorf("after %s the page lacks %q:\n%s", test.button, test.page, page)
		}
	}
	if c := s.Sim.Clock(); c.Frozen || *c.Ahead != 0 || time.Until(c.Now) > time.Minute || len(s.Sim.InstalledFor()) > 0 {
		t.Errorf("the reset left %+v", c)
	}
}

var option = regexp.MustCompile(`<option value="([a-z]+)">`)

// The page has every way in which a wallet opens, and every wallet of the phone.
func TestStateIsWhole(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	page := s.Get(t, s.SimURL+"/qa/state?session=cs_1").Body
	var ways []providersim.Opening
	for _, m := range option.FindAllStringSubmatch(page, -1) {
		ways = append(ways, providersim.Opening(m[1]))
	}
	if !slices.Equal(ways, providersim.Openings) {
		t.Errorf("the page has %q, the phone %q", ways, providersim.Openings)
	}
	for w := range maps.Keys(s.Sim.Installed()) {
		if !strings.Contains(page, "<option>"+string(w)+"</option>") {
			t.Errorf("%s is missing", w)
		}
	}
	if !strings.Contains(page, `name="session" value="cs_1"`) {
		t.Error("the session of the address isn't in the form")
	}
}

// The phone leads to the console, and the pages that say something of a session lead to
// what can be done to it.
func TestLinks(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	if page := s.Get(t, s.SimURL+"/phone?user=hong").Body; !strings.Contains(page, `href="`+s.SimURL+`/qa"`) {
		t.Error("the phone doesn't lead to the console")
	}
	opened := s.Get(t, s.Origin+"/demo/pay?merchant=bench")
	if opened.Status != http.StatusSeeOther {
		t.Fatalf("status %d", opened.Status)
	}
	list := s.Get(t, s.SimURL+"/qa/sessions").Body
	if !strings.Contains(list, `href="/qa/state?session=cs_`) || !strings.Contains(list, `href="/qa/faults?session=cs_`) {
		t.Errorf("the list of sessions leads nowhere: %s", list)
	}
}
