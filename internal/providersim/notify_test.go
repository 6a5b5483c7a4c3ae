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
	t.Parallel()
	fx := newFixture(t, func(o *providersim.Options) { o.RetryScale = 1 })
	fx.merchant.answer = func(n int, _ delivery, rw http.ResponseWriter) {
		rw.WriteHeader([]int{500, 503, 302, 401}[n%4])
		io.WriteString(rw, `{"code":"FAIL"}`)
	}
	fx.approve(providersim.Ming, fx.order("stubborn-1"))
	var id string
	nonces := map[string]bool{}
	for i, pause := range []time.Duration{
		0, 15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
		30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
	} {
		fx.sim.Advance(pause)
		told := fx.merchant.next(t)
		n, _, err := fx.read(told)
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		if nonce := told.header.Get("Wechatpay-Nonce"); nonces[nonce] {
			t.Fatalf("try %d has the nonce of another", i)
		} else {
			nonces[nonce] = true
		}
		if id != "" && n.ID != id {
			t.Fatalf("try %d has another id", i)
		}
		id = n.ID
	}
	fx.sim.Advance(48 * time.Hour)
	fx.merchant.answer = func(_ int, _ delivery, rw http.ResponseWriter) { io.WriteString(rw, `{"code":"FAIL"}`) } // 200 counts, whatever the body
	fx.approve(providersim.Ming, fx.order("stubborn-2"))
	fx.merchant.next(t)
	fx.sim.Advance(48 * time.Hour)
	fx.approve(providersim.Ming, fx.order("stubborn-3"))
	if _, paid, err := fx.read(fx.merchant.next(t)); err != nil || *paid.OutTradeNo != "stubborn-3" {
		t.Errorf("after acceptance came %v, %v", paid, err)
	}
	fx.sim.Close()
	tries := 0
	for _, e := range fx.sim.History(mchID, "stubborn-1") {
		if e.Out {
			tries++
		}
	}
	if tries != 16 {
		t.Errorf("the history holds %d tries", tries)
	}
}

func TestHistoryIsKeptListedAndCleared(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.approve(providersim.Ming, fx.order("history-1"))
	fx.merchant.next(t)
	fx.query("history-1")
	fx.sim.Close() // the merchant has its notification before the history has it
	var kinds []string
	for _, e := range fx.sim.History(mchID, "history-1") {
		kinds = append(kinds, e.Name)
	}
	slices.Sort(kinds)
	want := []string{"GET /v3/pay/transactions/out-trade-no/history-1", "POST /v3/pay/transactions/native", "TRANSACTION.SUCCESS"}
	if !slices.Equal(kinds, want) {
		t.Errorf("history is %q", kinds)
	}
	if n := len(fx.sim.History("1900000009", "")); n != 0 {
		t.Errorf("another account has %d entries", n)
	}
	fx.sim.Forget()
	if n := len(fx.sim.History("", "")); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}

// TestCloseInterruptsDelivery: a merchant that never answers does not hold the
// simulator up.
func TestCloseInterruptsDelivery(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	asked := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // only then is the end of the connection noticed
		close(asked)
		<-r.Context().Done()
	}))
	defer silent.Close()
	fx.merchant.url = silent.URL
	fx.approve(providersim.Ming, fx.order("silent-1"))
	<-asked
	fx.sim.Close()
	history := fx.sim.History(mchID, "silent-1")
	if last := history[len(history)-1]; !last.Out || !strings.Contains(last.Problem, "context canceled") {
		t.Errorf("the try ended as %+v", last)
	}
}
