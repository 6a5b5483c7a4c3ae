package httpd_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/pay"
)

// A payer's request, and what a provider is asked for it, reach the collector as spans
// that name nobody.
func TestTraces(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent bytes.Buffer
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		sent.Write(body)
	}))
	t.Cleanup(collector.Close)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	id, _ := hex.DecodeString(trace)
	var open demotest.Session
	t.Cleanup(func() { // what waits is sent when the program ends
		mu.Lock()
		defer mu.Unlock()
		for _, want := range []string{"POST /pay/{token}/attempts", "wechatpay start", string(id)} {
			if !strings.Contains(sent.String(), want) {
				t.Errorf("%q was not sent", want)
			}
		}
		for _, secret := range []string{open.ID, open.URL[strings.LastIndex(open.URL, "/")+1:]} {
			if strings.Contains(sent.String(), secret) {
				t.Errorf("%s was sent", secret)
			}
		}
	})
	s := start(t, func(c *demo.Config) { c.OTLPEndpoint = collector.URL })
	open = s.Open(t, demotest.Order{})
	a := s.Do(t, demotest.Request(t, http.MethodPost, open.URL+"/attempts", s.Form(t, open, "wechat_pay", pay.RailQR).Encode(),
		"User-Agent", demotest.Desktop, "Content-Type", "application/x-www-form-urlencoded", "Traceparent", "00-"+trace+"-b7ad6b7169203331-01"))
	if a.Status != http.StatusSeeOther {
		t.Errorf("status %d: %s", a.Status, a.Body)
	}
}
