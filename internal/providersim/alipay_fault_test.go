package providersim_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// alipayShopper takes one payment from QR to its end as a correct client of
// Alipay does.
type alipayShopper struct {
	w      *world
	c      *alipay.Client
	number string
}

func (s alipayShopper) start() (refused bool, err error) {
	for range patience {
		r, err := s.c.TradePreCreate(s.w.t.Context(), alipay.TradePreCreate{Trade: s.w.trade(s.number)})
		if err == nil && (r.IsSuccess() || r.SubCode == "ACQ.TRADE_HAS_SUCCESS") {
			return false, nil
		}
		if err == nil && r.Code == alipay.CodePermissionDenied {
			return true, nil
		}
	}
	return false, err
}

func (s alipayShopper) finish() (end providersim.End, err error) {
	for range patience {
		var r *alipay.TradeQueryRsp
		if r, err = s.c.TradeQuery(s.w.t.Context(), alipay.TradeQuery{OutTradeNo: s.number}); err != nil || !r.IsSuccess() {
			continue
		}
		if r.TradeStatus == alipay.TradeStatusSuccess {
			return providersim.EndsPaid, nil
		}
		return providersim.EndsPending, nil
	}
	return "", err
}

// refund tells whether the money is on its way back.
func (s alipayShopper) refund() providersim.End {
	s.w.t.Helper()
	r, err := s.c.TradeRefund(s.w.t.Context(), alipay.TradeRefund{OutTradeNo: s.number, RefundAmount: "59.80", OutRequestNo: "R1"})
	if err != nil || !r.IsSuccess() || r.FundChange != "N" {
		s.w.t.Fatalf("refund: %+v, %v", r, err)
	}
	q, err := s.c.TradeFastPayRefundQuery(s.w.t.Context(), alipay.TradeFastPayRefundQuery{OutTradeNo: s.number, OutRequestNo: "R1"})
	if err != nil || q.RefundStatus != "REFUND_FAIL" {
		s.w.t.Fatalf("query of the refund: %+v, %v", q, err)
	}
	return providersim.EndsPerson
}

// TestEveryFaultEndsAsItSaysAtAlipay runs the table again, in the other
// dialect.
func TestEveryFaultEndsAsItSaysAtAlipay(t *testing.T) {
	for _, f := range faultsOf(providersim.Alipay) {
		t.Run(f.Name, func(t *testing.T) {
			w, c := newAlipayWorld(t)
			w.inject(providersim.Rule{Fault: f.Name, Account: alipayApp, Next: 1})
			s := alipayShopper{w, c, "fault_1"}
			refused, err := s.start()
			if err != nil || refused != (f.Ends == providersim.EndsRefused) {
				t.Fatalf("refused is %v, %v", refused, err)
			}
			if refused {
				return
			}
			s.payOrRace(f.Name)
			end, err := s.finish()
			if f.Ends == providersim.EndsPerson {
				end = s.refund()
			}
			if err != nil || end != f.Ends {
				t.Errorf("it ends %q (%v), the table says %q", end, err, f.Ends)
			}
			if len(w.sim.Rules()) != 0 {
				t.Errorf("%s never struck", f.Name)
			}
		})
	}
}

// payOrRace pays, or leaves that to the fault.
func (s alipayShopper) payOrRace(fault string) {
	s.w.t.Helper()
	if fault == "close-race" {
		r, err := s.c.TradeClose(s.w.t.Context(), alipay.TradeClose{OutTradeNo: s.number})
		wantSub(s.w.t, r.Error, err, "ACQ.TRADE_STATUS_ERROR")
		return
	}
	if _, err := s.w.sim.Approve(providersim.Ming, s.number); err != nil {
		wantRefusal(s.w.t, err, "order_paid")
	}
}

func TestFaultsOfAlipayNotifications(t *testing.T) {
	for _, c := range []struct {
		fault string
		tries []string
	}{
		{"notify-duplicate", []string{"59.80", "59.80", "59.80"}},
		{"notify-never", nil},
		{"notify-forged", []string{"forged", "59.80"}},
		{"notify-probe", []string{"59.80"}}, // only WeChat Pay sends probes
		{"notify-stale", []string{"59.80"}}, // these carry no time that could be checked
		{"notify-wrong-amount", []string{"59.81"}},
		{"notify-wrong-account", []string{"of 1999999999"}},
	} {
		t.Run(c.fault, func(t *testing.T) {
			w, client := newAlipayWorld(t)
			var mu sync.Mutex
			var verdicts []string
			w.merchant.answer = func(_ int, d delivery, rw http.ResponseWriter) {
				form, err := url.ParseQuery(string(d.body))
				if err != nil {
					t.Error(err)
				}
				n, err := client.DecodeNotification(t.Context(), form)
				verdict, answer := "forged", "fail"
				if err == nil {
					verdict, answer = n.TotalAmount, "success"
				}
				if err == nil && n.AppId != alipayApp {
					verdict = "of " + n.AppId
				}
				io.WriteString(rw, answer)
				if form.Get("out_trade_no") == "struck_1" {
					mu.Lock()
					defer mu.Unlock()
					verdicts = append(verdicts, verdict)
				}
			}
			w.inject(providersim.Rule{Fault: c.fault, Next: 1})
			w.approve(providersim.Ming, w.qr(client, "struck_1"))
			for range c.tries {
				w.merchant.next(t)
			}
			w.approve(providersim.Ming, w.qr(client, "honest_1")) // its notification ends the waiting
			w.merchant.next(t)
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(verdicts, c.tries) {
				t.Errorf("tries are %q, want %q", verdicts, c.tries)
			}
		})
	}
}
