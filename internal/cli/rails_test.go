package cli_test

import (
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// told runs a command and returns what it writes. No two run at once: there is one
// standard output.
func told(t *testing.T, args ...string) string {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(read)
		text <- string(all)
	}()
	stdout := os.Stdout
	os.Stdout = write
	err = run(t, args...)
	os.Stdout = stdout
	write.Close()
	out := <-text
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return out
}

// shop is a demo of whose rails a test learns.
type shop struct{ *demotest.Demo }

// refused has a payer choose WeChat Pay while its provider says that the merchant may not
// use what the order is for.
func (s shop) refused(t *testing.T, r pay.Rail, agent string) {
	t.Helper()
	if err := s.Sim.Inject(providersim.Rule{Fault: "prepay-refused", Next: 1}); err != nil {
		t.Fatal(err)
	}
	open := s.Open(t, demotest.Order{Merchant: "soletrader"})
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", r).Encode(),
		"Accept", "text/html", "User-Agent", agent, "Content-Type", "application/x-www-form-urlencoded"))
	for strings.HasPrefix(a.Header.Get("Location"), "http") { // to the wallet and back
		a = s.Get(t, a.Header.Get("Location"), "Accept", "text/html", "User-Agent", agent)
	}
}

// rails lists what the row of WeChat Pay offers on the page of a session.
func (s shop) rails(t *testing.T, open demotest.Session, agent string) []string {
	t.Helper()
	_, row, _ := strings.Cut(s.Get(t, open.URL, "Accept", "text/html", "User-Agent", agent).Body, `data-method="wechat_pay"`)
	row, _, _ = strings.Cut(row, `data-method="`)
	var rails []string
	for _, found := range regexp.MustCompile(`name="rail"[^>]*value="(\w+)"|value="(\w+)"[^>]*name="rail"`).FindAllStringSubmatch(row, -1) {
		rails = append(rails, found[1]+found[2])
	}
	return rails
}

// Reality teaches capability: rails that a provider refuses leave the row, then the row
// leaves the list; explain, the matrix and the metrics say so with the time; and what
// is cleared is back.
func TestRailsAreLearntAndCleared(t *testing.T) {
	data := t.TempDir()
	s := shop{demotest.Start(t, func(c *demo.Config) { c.Data = data })}
	explain := func(device string) string {
		return told(t, "explain", "--data", data, "--merchant", "soletrader", "--method", "wechat_pay", "--device", device)
	}
	matrix := func() string {
		return told(t, "matrix", "--data", data, "--merchant", "soletrader", "--method", "wechat_pay", "--device", "chrome-windows", "--format", "csv")
	}
	const metric = `morepay_rail_not_granted_learnt_timestamp_seconds{`
	says := func(what, text string, want bool, parts ...string) {
		t.Helper()
		for _, part := range parts {
			if strings.Contains(text, part) != want {
				t.Errorf("%s: %q is there: %t: %s", what, part, !want, text)
			}
		}
	}

	other := s.Open(t, demotest.Order{Merchant: "soletrader"})
	if got := s.rails(t, other, demotest.Desktop); len(got) == 0 || got[0] != "qr" {
		t.Fatalf("before, the row offers %v", got)
	}
	says("explain before", explain("chrome-windows"), false, "Learnt")

	s.refused(t, pay.RailQR, demotest.Desktop)
	if got := s.rails(t, other, demotest.Desktop); len(got) == 0 || got[0] != "page_qr" {
		t.Errorf("without its code, the row offers %v", got)
	}
	says("explain", explain("chrome-windows"), true, "Offered by page_qr", "pass  rail_not_granted", "Learnt at 20", "refuses qr (NO_AUTH)")
	says("matrix", matrix(), true, "rail_not_granted(qr, learnt 20")

	s.refused(t, pay.RailJSAPI, demotest.WeChat)
	for _, agent := range []string{demotest.Desktop, demotest.WeChat} {
		if got := s.rails(t, other, agent); len(got) != 0 {
			t.Errorf("without any rail, the row offers %v", got)
		}
	}
	says("explain", explain("wechat-iphone"), true, "FAIL  rail_not_granted", "refuses jsapi (NO_AUTH)", "Not offered")
	says("rails", told(t, "rails", "--data", data), true, "soletrader", "jsapi", "qr", "NO_AUTH")
	says("metrics", s.Get(t, s.Admin+"/metrics").Body, true, metric, `merchant="soletrader",method="wechat_pay",provider="wechatpay",rail="jsapi"} 1.`)

	says("clear", told(t, "rails", "clear", "soletrader", "wechat_pay", "--data", data), true, "2 offered again")
	says("explain afterwards", explain("chrome-windows"), false, "Learnt")
	says("matrix afterwards", matrix(), false, "learnt")
	says("metrics afterwards", s.Get(t, s.Admin+"/metrics").Body, false, metric)
	for giveUp := time.Now().Add(20 * time.Second); !slices.Contains(s.rails(t, other, demotest.Desktop), "qr"); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(giveUp) {
			t.Fatal("the row is not back")
		}
	}
}
