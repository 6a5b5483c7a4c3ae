package console_test

import (
	"bytes"
	"fmt"
	"html"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"morepay/internal/capability"
	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/qa"
	"morepay/internal/scenario"
)

// The matrix has a cell for each method on each device, and says what the decision says.
func TestMatrix(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	doc := s.Shop(t, "bench").Document
	cells, err := qa.Matrix([]*capability.Document{doc}, device.Profiles(), qa.Order(pay.Money{Currency: "CNY", Value: 5980}, nil, "", ""), nil, s.Now())
	if err != nil {
		t.Fatal(err)
	}
	offered := 0
	for _, c := range cells {
		if len(c.Ladder) > 0 {
			offered++
		}
	}
	page := s.Get(t, s.SimURL+"/qa/matrix?merchant=bench").Body
	if want := fmt.Sprintf("<strong>%d of %d</strong>", offered, len(cells)); !strings.Contains(page, want) {
		t.Errorf("the page doesn't say %s", want)
	}
	if got := strings.Count(page, `href="/qa/cell?`); got != len(cells) {
		t.Errorf("%d cells lead on, want %d", got, len(cells))
	}
	for _, want := range []string{"alipay blocks the wallet.", "wechat-iphone", "in the app"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, format := range qa.Formats() {
		var want bytes.Buffer
		if err := qa.Write(&want, format, cells); err != nil {
			t.Fatal(err)
		}
		got := s.Get(t, s.SimURL+"/qa/matrix/"+string(format)+"?merchant=bench").Body
		if diff := qa.Check(want.String(), got); len(diff) > 0 {
			t.Errorf("%s differs from the command's:\n%s", format, strings.Join(diff, "\n"))
		}
	}
}

// What is asked about changes the cells, and what can't be asked about is named.
func TestQuestions(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	for _, test := range []struct{ query, want string }{
		{"merchant=bench&amount=99999999", "is more than the maximum"},
		{"merchant=bench&currency=USD", "USD is not among"},
		{"merchant=excluded&item=category:prepaid-card", "may not be paid with it"},
		{"merchant=rollout40", "this one has no key"},
		{"merchant=host1040&device=taobao-iphone&version=10.39", "is &#34;10.39&#34;"},
		{"merchant=scheduled&at=2020-01-01T00:00:00Z", "It opens only at"},
		{"amount=ten", "<code>amount</code> must be a whole number"},
		{"currency=yuan", "<code>currency</code> must be three letters"},
		{"at=yesterday", "<code>at</code> must be a time"},
		{"version=new", "<code>version</code> must be numbers"},
		{"method=cash", "<code>method</code> unknown method"},
		{"device=walkie-talkie", "<code>device</code> unknown device"},
		{"merchant=nobody", "<code>merchant</code> unknown merchant"},
		{"baseline=gone", "<code>baseline</code> is not kept any more"},
	} {
		a := s.Get(t, s.SimURL+"/qa/matrix?"+test.query)
		if !strings.Contains(a.Body, test.want) {
			t.Errorf("%s: status %d, and not %q", test.query, a.Status, test.want)
		}
	}
}

// A saved matrix, or a file of the command's, says which cells have changed since.
func TestBaseline(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	const query = "merchant=bench&device=wechat-iphone"
	file := s.Get(t, s.SimURL+"/qa/matrix/json?"+query).Body
	for _, test := range []struct{ name, file, query, want string }{
		{"saved", "", query, "No cell differs"},
		{"of-a-file", file, query, "No cell differs"},
		{"another-amount", file, query + "&amount=99999999", "4 cells differ"},
		{"a-cell-changed", strings.Replace(file, `"jsapi","page_qr"`, `"page_qr"`, 1), query, "1 cell differs"},
		{"no-file", "", "merchant=nobody", "<code>merchant</code> unknown merchant"},
		{"another-file", "{}", query, "<code>file</code> must be of morepay matrix --format json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a := s.Do(t, upload(t, s.SimURL+"/qa/baseline", query, test.file, test.query))
			if a.Status == http.StatusSeeOther {
				to, err := url.Parse(a.Header.Get("Location"))
				if err != nil {
					t.Fatal(err)
				}
				a = s.Get(t, s.SimURL+"/qa/matrix?"+test.query+"&baseline="+to.Query().Get("baseline"))
			}
			if !strings.Contains(a.Body, test.want) {
				t.Errorf("status %d, and not %q", a.Status, test.want)
			}
		})
	}
	foreign := upload(t, s.SimURL+"/qa/baseline", query, "", query)
	foreign.Header.Set("Sec-Fetch-Site", "cross-site")
	if a := s.Do(t, foreign); a.Status != http.StatusForbidden {
		t.Errorf("posted by another site: status %d", a.Status)
	}
}

// upload posts the form of a baseline. Without a file the query is of what is decided.
func upload(t *testing.T, address, query, file, decided string) *http.Request {
	t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if file == "" {
		query = decided
	}
	if err := form.WriteField("query", query); err != nil {
		t.Fatal(err)
	}
	if file != "" {
		part, err := form.CreateFormFile("file", "before.json")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(file)); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return demotest.Request(t, http.MethodPost, address, body.String(), "Content-Type", form.FormDataContentType())
}

var frame = regexp.MustCompile(`<iframe [^>]*src="([^"]+)" width="(\d+)"`)

// A cell says why, and shows the real page as that device in a frame of its size.
func TestCell(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	for _, test := range []struct {
		query, width string
		why, drawn   string
	}{
		{"merchant=bench&device=wechat-iphone&method=wechat_pay", "390", "Offered by jsapi", `data-rail="jsapi"`},
		{"merchant=bench&device=chrome-windows&method=alipay", "1180", "Offered by qr", `"chrome-windows"`},
		{"merchant=bench&device=alipay-iphone&method=wechat_pay&amount=100", "390", "alipay blocks the wallet.", `"alipay-iphone"`},
		{"merchant=host1040&device=taobao-iphone&method=wechat_pay&version=10.39", "390", "--device taobao-iphone@10.39", `"10.39"`},
	} {
		a := s.Get(t, s.SimURL+"/qa/cell?"+test.query)
		shown := frame.FindStringSubmatch(a.Body)
		if shown == nil || shown[2] != test.width || !strings.Contains(a.Body, test.why) {
			t.Fatalf("%s: status %d, frame %q", test.query, a.Status, shown)
		}
		opened := s.Get(t, html.UnescapeString(shown[1]))
		if opened.Status != http.StatusSeeOther {
			t.Fatalf("%s: the frame: status %d", test.query, opened.Status)
		}
		page := s.Get(t, s.Origin+opened.Header.Get("Location"), "Accept", "text/html")
		if !strings.Contains(page.Body, test.drawn) {
			t.Errorf("%s: the page in the frame lacks %s", test.query, test.drawn)
		}
		if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, s.SimURL) {
			t.Errorf("the console may not show it: %s", policy)
		}
	}
	if a := s.Get(t, s.SimURL+"/qa/cell?merchant=bench"); !strings.Contains(a.Body, "name one device and one method") {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
}

var traced = regexp.MustCompile(`href="(/qa/trace/cs_[^"?]+)"`)

// What the shop opened is listed, and each order has its story, with what the simulated
// provider knows of it.
func TestSessions(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	if list := s.Get(t, s.SimURL+"/qa/sessions"); !strings.Contains(list.Body, "None yet") {
		t.Errorf("before: %s", list.Body)
	}
	opened := s.Get(t, s.Origin+"/demo/pay?merchant=bench&device=chrome-windows")
	s.Get(t, s.Origin+opened.Header.Get("Location"), "Accept", "text/html") // which makes the code that the list begins with, or not
	found := traced.FindStringSubmatch(s.Get(t, s.SimURL+"/qa/sessions").Body)
	if found == nil {
		t.Fatal("no session is listed")
	}
	for format, want := range map[string]string{"": "<title>cs_", "html": "session.created", "text": "of merchant bench: open", "json": `"merchant": "bench"`} {
		address := s.SimURL + found[1]
		if format != "" {
			address += "?format=" + format
		}
		if a := s.Get(t, address); a.Status != http.StatusOK || !strings.Contains(a.Body, want) {
			t.Errorf("%q: status %d, and not %s", format, a.Status, want)
		}
	}
	id := strings.TrimPrefix(found[1], "/qa/trace/")
	if a := s.Get(t, s.SimURL+"/qa/trace?session=%20"+id); a.Header.Get("Location") != found[1] {
		t.Errorf("the form leads to %s", a.Header.Get("Location"))
	}
	for path, want := range map[string]string{"/qa/trace": "<code>session</code> is missing", "/qa/trace/cs_none": "there is no such session", found[1] + "?format=pdf": "unknown format"} {
		if a := s.Get(t, s.SimURL+path); a.Status != http.StatusBadRequest || !strings.Contains(a.Body, want) {
			t.Errorf("%s: status %d, and not %q", path, a.Status, want)
		}
	}
}

// The story of an order that a provider took has the provider's half beside ours.
func TestTraceHasExchanges(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	open := s.Open(t, demotest.Order{Merchant: "bench"})
	s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop))
	story := s.Get(t, s.SimURL+"/qa/trace/"+open.ID+"?format=text").Body
	if !strings.Contains(story, "exchange") || !strings.Contains(story, "POST /v3/pay/transactions/native") || !strings.Contains(story, "answer 200") {
		t.Errorf("the story is\n%s", story)
	}
	page := s.Get(t, s.SimURL+"/qa/trace/"+open.ID).Body
	if rows, err := scenario.Read([]byte(s.Get(t, s.SimURL+"/qa/trace/"+open.ID+"?format=scenario").Body)); err != nil || len(rows) != 1 || !strings.Contains(page, `href="?format=scenario"`) {
		t.Errorf("as a scenario: %v, %+v", err, rows)
	}
}

// press posts a form of the console.
func press(t *testing.T, s *demotest.Demo, button string, fields ...string) demotest.Answer {
	t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+"/qa/do/"+button, form.Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin"))
}

var command = regexp.MustCompile(`curl [^<]*-d (&#39;[^<]*&#39;)`)

// A button does what the control API does, says the command for it, and shows a refusal as
// one.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	fault := "reply-lost"
	a := press(t, s, "inject", "fault", fault, "next", "1", "percent", "", "operation", "prepay", "seed", "7")
	said := command.FindStringSubmatch(a.Body)
	if a.Status != http.StatusOK || said == nil || html.UnescapeString(said[1]) != `'{"rules":[{"fault":"reply-lost","next":1,"operation":"prepay"}],"seed":7}'` {
		t.Fatalf("status %d, command %q", a.Status, said)
	}
	page := s.Get(t, s.SimURL+"/qa/faults?session=cs_1").Body
	for _, want := range []string{"In force", "fault=reply-lost", "seed 7", "notify-duplicate", `value="cs_1"`, "<option value=\"1600000000\">Bench, wechat: 1600000000</option>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page of faults lacks %q", want)
		}
	}
	if rules := s.Sim.Rules(); len(rules) != 1 || rules[0].Fault != fault {
		t.Errorf("rules: %+v", rules)
	}
	if a := press(t, s, "calm"); a.Status != http.StatusOK || len(s.Sim.Rules()) != 0 {
		t.Errorf("ending them: status %d, rules %+v", a.Status, s.Sim.Rules())
	}
	for _, test := range []struct {
		button string
		fields []string
		want   string
	}{
		{"inject", []string{"fault", "no-such"}, "Refused: status 400"},
		{"inject", []string{"fault", "code-reused", "next", "1", "session", "cs_1"}, "is not about one order; give account"},
		{"inject", []string{"fault", fault, "next", "often"}, "<code>next</code> must be a whole number"},
		{"clock", []string{"advance_seconds", "0"}, "Refused: status 400"},
		{"approve", []string{"ref", "nothing"}, "Refused: status 409"},
		{"dance", nil, "there is no such button"},
	} {
		if a := press(t, s, test.button, test.fields...); !strings.Contains(a.Body, test.want) {
			t.Errorf("%s %q: status %d, and not %q", test.button, test.fields, a.Status, test.want)
		}
	}
	foreign := demotest.Request(t, http.MethodPost, s.SimURL+"/qa/do/chaos", "", "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "cross-site")
	if a := s.Do(t, foreign); a.Status != http.StatusForbidden || len(s.Sim.Rules()) != 0 {
		t.Errorf("pressed by another site: status %d, rules %+v", a.Status, s.Sim.Rules())
	}
}

// What the wallets hold is listed, and can be paid from there.
func TestPayments(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	if page := s.Get(t, s.SimURL+"/qa/payments").Body; !strings.Contains(page, "No order yet") {
		t.Error("before: no sentence")
	}
	open := s.Open(t, demotest.Order{Merchant: "bench"})
	s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"Content-Type", "application/x-www-form-urlencoded", "User-Agent", demotest.Desktop))
	number := s.Look(t, open).Attempts[0].OutTradeNo
	if page := s.Get(t, s.SimURL+"/qa/payments").Body; !strings.Contains(page, number) {
		t.Error("the order is not listed")
	}
	s.UntilPaid(t, open, func() {
		if a := press(t, s, "approve", "ref", number, "user", "hong"); !strings.Contains(a.Body, "Done") {
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	})
	before := s.Sim.Now()
	if a := press(t, s, "clock", "advance_seconds", "3600"); a.Status != http.StatusOK || s.Sim.Now().Sub(before) < time.Hour {
		t.Errorf("status %d, the clock went on by %v", a.Status, s.Sim.Now().Sub(before))
	}
}

// Each network has an address under which a new order, or one that is open, goes through
// it; no link leads away from this demo.
func TestNetworks(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	page := s.Get(t, s.SimURL+"/qa/network").Body
	for _, mode := range demo.Modes() {
		if want := s.Origin + "/demo/pay?merchant=bench&amp;via=" + mode.Name; !strings.Contains(page, want) || !strings.Contains(page, html.EscapeString(mode.Does)) {
			t.Errorf("%s: no link %s", mode.Name, want)
		}
	}
	open := s.Open(t, demotest.Order{})
	if want := open.URL + "?via=buffering"; !strings.Contains(s.Get(t, s.SimURL+"/qa/network?page="+url.QueryEscape(open.URL)).Body, want) {
		t.Errorf("no link %s", want)
	}
	if away := s.Get(t, s.SimURL+"/qa/network?page="+url.QueryEscape("https://evil.example/")).Body; strings.Contains(away, "evil") {
		t.Error("a link leads away")
	}
}
