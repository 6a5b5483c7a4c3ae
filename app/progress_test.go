package app

import (
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/view"
)

var states = []view.State{
	view.StateSelect, view.StateSubmitting, view.StateWaiting, view.StatePaid, view.StateExpired, view.StateFailed, view.StateCanceled,
}

func drawProgress(t *rapid.T, name string) view.Progress {
	l := view.Progress{
		State:     rapid.SampledFrom(states).Draw(t, name+"-state"),
		LastEvent: rapid.Int64Range(1, 4).Draw(t, name+"-event"),
		FormToken: rapid.SampledFrom([]string{"a", "b"}).Draw(t, name+"-token"),
	}
	if rapid.Bool().Draw(t, name+"-has-payment") {
		l.Payment = &view.Payment{
			AttemptID: rapid.SampledFrom([]string{"", "at_1", "at_2"}).Draw(t, name+"-attempt"),
			Rail:      rapid.SampledFrom(pay.Rails).Draw(t, name+"-rail"),
			Returned:  rapid.Bool().Draw(t, name+"-returned"),
		}
	}
	return l
}

// Only who has come back from the wallet and has paid is led on.
func TestOnward(t *testing.T) {
	t.Parallel()
	waits := view.Progress{State: view.StateWaiting, Payment: &view.Payment{}}
	back := view.Progress{State: view.StateWaiting, Payment: &view.Payment{Returned: true}}
	paid := view.Progress{State: view.StatePaid}
	goes := view.Progress{State: view.StatePaid, Onward: true}
	for _, c := range []struct {
		shown, news view.Progress
		want        bool
	}{
		{waits, paid, false},
		{back, waits, false},
		{back, paid, true},
		{back, view.Progress{State: view.StateExpired}, false},
		{paid, paid, false},
		{goes, paid, true},
	} {
		if got := onward(c.shown, c.news); got != c.want {
			t.Errorf("from %+v to %+v it goes on: %t", c.shown, c.news, got)
		}
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shown, news := drawProgress(t, "shown"), drawProgress(t, "news")
		var before view.Payment
		if news.Payment != nil {
			before = *news.Payment
		}
		got := merge(shown, news)
		if news.LastEvent < shown.LastEvent {
			if !reflect.DeepEqual(got, shown) {
				t.Fatal("overtaken news were shown")
			}
			return
		}
		if got.LastEvent != news.LastEvent || got.FormToken != news.FormToken {
			t.Fatal("what only the server knows is not the newest")
		}
		if final(news.State) && !reflect.DeepEqual(got, news) {
			t.Fatal("something hid that the session is over")
		}
		if !final(news.State) && got.State == view.StatePaid && shown.State != view.StatePaid {
			t.Fatal("paid came from nowhere")
		}
		if news.Payment != nil && *news.Payment != before {
			t.Fatal("the news were changed")
		}
	})
}

func TestMergeKeepsWhatOnlyThisPageKnows(t *testing.T) {
	t.Parallel()
	page := &view.Payment{Method: "wechat_pay", Rail: pay.RailPageQR}
	attempt := &view.Payment{AttemptID: "at_1", Rail: pay.RailDeepLink}
	returned := &view.Payment{AttemptID: "at_1", Rail: pay.RailDeepLink, Returned: true}
	other := &view.Payment{AttemptID: "at_2", Rail: pay.RailQR}
	tests := map[string]struct {
		shown, news, want view.Progress
	}{
		"own-code-while-the-phone-pays": {waiting(page), waiting(attempt), waiting(page)},
		"own-code-until-paid":           {waiting(page), view.Progress{State: view.StatePaid}, view.Progress{State: view.StatePaid}},
		"back-from-the-wallet":          {waiting(returned), waiting(attempt), waiting(returned)},
		"another-attempt-is-not-back":   {waiting(returned), waiting(other), waiting(other)},
		"attempt-was-refused":           {waiting(attempt), view.Progress{State: view.StateFailed}, view.Progress{State: view.StateFailed}},
		"nothing-to-keep":               {view.Progress{State: view.StateSelect}, waiting(attempt), waiting(attempt)},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := merge(tt.shown, tt.news); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v (%+v), want %+v", got, got.Payment, tt.want)
			}
		})
	}
}

// An answer that news has overtaken hides neither a code that is here nor the end.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	at := func(event int64, state view.State, attempt string) view.Progress {
		return view.Progress{State: state, LastEvent: event, Payment: &view.Payment{AttemptID: attempt}}
	}
	code, paid := at(3, view.StateWaiting, "at_1"), at(4, view.StatePaid, "at_1")
	for _, test := range []struct {
		name        string
		shown, said view.Progress
		want        bool
	}{
		{"newer", at(2, view.StateSubmitting, "at_1"), code, false},
		{"same", at(3, view.StateSelect, ""), code, false},
		{"by-the-code", code, at(2, view.StateSubmitting, "at_1"), true},
		{"by-the-end", paid, code, true},
		{"own-code", code, at(2, view.StateWaiting, ""), false},
		{"own-code-after-the-end", paid, at(2, view.StateWaiting, ""), true},
	} {
		if got := overtaken(&test.shown, &test.said); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ok   bool
		body string
		want string // the state, or the code of a refusal, or "" for any other error
	}{
		"live":                {true, `{"state":"waiting","last_event":4}`, "waiting"},
		"refusal":             {false, `{"error":{"code":"form_expired","message":"too old","field":"form_token"}}`, "form_expired"},
		"page-of-a-proxy":     {false, `<html>502</html>`, ""},
		"login-of-a-hotspot":  {true, `<html>Welcome</html>`, ""},
		"success-of-others":   {true, `{"ok":true}`, ""},
		"refusal-without-any": {false, `{"error":{}}`, ""},
		"cut-short":           {true, `{"state":"pa`, ""},
		"nothing":             {true, ``, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := decode(tt.ok, []byte(tt.body))
			is := string(got.State)
			if r, ok := errors.AsType[*refusal](err); ok {
				is = string(r.code)
			}
			if is != tt.want || (err == nil) != (tt.ok && tt.want != "") {
				t.Errorf("got %q, %v; want %q", is, err, tt.want)
			}
		})
	}
}

// FuzzDecode: whatever stands between us and the server may answer.
func FuzzDecode(f *testing.F) {
	f.Add(true, `{"state":"paid","payment":{"qr":{"size":29,"path":"M0 0"}},"server_time":"2026-01-01T00:00:00Z"}`)
	f.Add(false, `{"error":{"code":"rate_limited"}}`)
	f.Add(true, `[]`)
	f.Fuzz(func(t *testing.T, ok bool, body string) {
		progress, err := decode(ok, []byte(body))
		if err == nil && (!ok || progress.State == "") {
			t.Fatalf("took %q for a view", body)
		}
		if err == nil {
			v := testView("en", desktopAgent, progress)
			v.Progress = progress
			HTML(v)
		}
	})
}

// A rail that its provider refuses while the page is open leaves its row with the
// next news.
func TestRailIsNotGrantedMeanwhile(t *testing.T) {
	t.Parallel()
	c := &Checkout{View: testView("en", desktopAgent, view.Progress{State: view.StateSelect})}
	rail := func() string {
		for _, choice := range decide(&c.screen().Checkout).Choices {
			if choice.Method == "wechat_pay" && choice.Offered() {
				return string(choice.Ladder[0])
			}
		}
		return "none"
	}
	if got := rail(); got != "qr" {
		t.Fatalf("the row begins with %s", got)
	}
	news := c.View.Progress
	news.NotGranted = []capability.MethodRail{{Method: "wechat_pay", Rail: pay.RailQR}}
	c.local.progress = &news
	if got := rail(); got != "page_qr" {
		t.Errorf("after the news it begins with %s", got)
	}
}
