package providersim_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
)

// BenchmarkPrepay is one order made, signatures of both sides included: the
// most that a load test can get out of one core.
func BenchmarkPrepay(b *testing.B) {
	sim := quietSim(b)
	fx := &fixture{t: b, sim: sim, http: &http.Client{Transport: direct{sim.Handler()}}, merchant: &merchant{url: "http://127.0.0.1/notify"}}
	for n := 0; b.Loop(); n++ {
		if a := fx.send(newCall("POST", "/v3/pay/transactions/native", fx.body(m{"out_trade_no": "bench-" + strconv.Itoa(n)}))); a.status != 200 {
			b.Fatal(a.body)
		}
	}
}

// BenchmarkPhone is the phone's list with a hundred codes on show, as it is
// asked for every second.
func BenchmarkPhone(b *testing.B) {
	sim := quietSim(b)
	fx := &fixture{t: b, sim: sim, http: &http.Client{Transport: direct{sim.Handler()}}, merchant: &merchant{url: "http://127.0.0.1/notify"}}
	for n := range 100 {
		fx.send(newCall("POST", "/v3/pay/transactions/native", fx.body(m{"out_trade_no": "bench-" + strconv.Itoa(n)})))
	}
	for b.Loop() {
		if status := serve(sim, localRequest(http.MethodGet, "/phone/list", "")); status != 200 {
			b.Fatal(status)
		}
	}
}

// direct hands requests to a handler without a socket.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.RequestURI(), bytes.NewReader(body))
	in.Header, in.RemoteAddr = r.Header, "127.0.0.1:1"
	out := httptest.NewRecorder()
	d.handler.ServeHTTP(out, in)
	return out.Result(), nil
}
