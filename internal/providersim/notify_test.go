package providersim_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/providersim"
)

// TestNotificationSchedule refuses every try and counts them: one and fifteen.
func TestNotificationSchedule(t *testing.T) {
	w := newWorld(t, func(o *providersim.Options) { o.RetryScale = 1 })
	w.merchant.answer = func(n int, _ delivery, rw http.ResponseWriter) {
		rw.WriteHeader([]int{500, 503, 302, 401}[n%4])
		io.WriteString(rw, `{"code":"FAIL"}`)
	}
	w.approve(providersim.Ming, w.order("stubborn-1"))
	var id string
	for i, pause := range []time.Duration{
		0, 15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
		30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
	} {
		w.sim.Advance(pause)
		n, _, err := w.read(w.merchant.next(t))
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		if id != "" && n.ID != id {
			t.Fatalf("try %d has another id", i)
		}
		id = n.ID
	}
	w.sim.Advance(48 * time.Hour)
	w.merchant.answer = func(_ int, _ delivery, rw http.ResponseWriter) { io.WriteString(rw, `{"code":"FAIL"}`) } // 200 counts, whatever the body
	w.approve(providersim.Ming, w.order("stubborn-2"))
	w.merchant.next(t)
	w.sim.Advance(48 * time.Hour)
	w.approve(providersim.Ming, w.order("stubborn-3"))
	if _, paid, err := w.read(w.merchant.next(t)); err != nil || *paid.OutTradeNo != "stubborn-3" {
		t.Errorf("after acceptance came %v, %v", paid, err)
	}
	w.sim.Close()
	tries := 0
	for _, e := range w.sim.History(mchID, "stubborn-1") {
		if e.Out {
			tries++
		}
	}
	if tries != 16 {
		t.Errorf("the history holds %d tries", tries)
	}
}

func TestHistoryIsKeptListedAndCleared(t *testing.T) {
	w := newWorld(t)
	w.approve(providersim.Ming, w.order("history-1"))
	w.merchant.next(t)
	w.query("history-1")
	w.sim.Close() // the merchant has its notification before the history has it
	var kinds []string
	for _, e := range w.sim.History(mchID, "history-1") {
		kinds = append(kinds, e.Name)
	}
	slices.Sort(kinds)
	want := []string{"GET /v3/pay/transactions/out-trade-no/history-1", "POST /v3/pay/transactions/native", "TRANSACTION.SUCCESS"}
	if !slices.Equal(kinds, want) {
		t.Errorf("history is %q", kinds)
	}
	if n := len(w.sim.History("1900000009", "")); n != 0 {
		t.Errorf("another account has %d entries", n)
	}
	w.sim.Forget()
	if n := len(w.sim.History("", "")); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}

// TestCloseInterruptsDelivery: a merchant that never answers does not hold the
// simulator up.
func TestCloseInterruptsDelivery(t *testing.T) {
	w := newWorld(t)
	asked := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
		close(asked)
		<-r.Context().Done()
	}))
	defer silent.Close()
	w.merchant.url = silent.URL
	w.approve(providersim.Ming, w.order("silent-1"))
	<-asked
	w.sim.Close()
	history := w.sim.History(mchID, "silent-1")
	if last := history[len(history)-1]; !last.Out || !strings.Contains(last.Problem, "context canceled") {
		t.Errorf("the try ended as %+v", last)
	}
}
