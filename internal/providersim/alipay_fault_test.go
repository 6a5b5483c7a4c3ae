package providersim_test

import (
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// alipayShopper takes one payment from QR to its end as a correct client of
// Alipay does.
type alipayShopper struct {
	w      *fixture
	c      *alipay.Client
	number string
}

func (s alipayShopper) start() (refused bool, err error) {
	for range patience {
		r, err := s.c.TradePreCreate(s.w.t.Context(), alipay.TradePreCreate{Trade: s.w.trade(s.number)})
		if err == nil && (r.IsSuccess() || r.SubCode == "ACQ.TRADE_HAS_SUCCESS") {
			return false, nil
		}
		if err == nil && (r.Code == alipay.CodePermissionDenied || r.SubCode == "isv.invalid-timestamp") {
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
		switch {
		case r.TradeStatus == alipay.TradeStatusSuccess:
			return providersim.EndsPaid, nil
		case r.TradeStatus == alipay.TradeStatusClosed && r.SendPayDate != "":
			return providersim.EndsReturned, nil
		case r.TradeStatus == alipay.TradeStatusClosed:
			return providersim.EndsClosed, nil
		}
		return providersim.EndsPending, nil
	}
	return "", err
}

// refund gives all back and expects that it gets stuck.
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
	t.Parallel()
	for _, f := range faultsOf(providersim.Alipay) {
		t.Run(f.Name, func(t *testing.T) {
			fx, c := newAlipayWorld(t)
			fx.inject(providersim.Rule{Fault: f.Name, Account: alipayApp, Next: 1})
			s := alipayShopper{fx, c, "fault_1"}
			refused, err := s.start()
			if err != nil || refused != (f.Ends == providersim.EndsRefused) {
				t.Fatalf("refused is %v, %v", refused, err)
			}
			if refused {
				return
			}
			s.number = s.act(f.Name)
			end, err := s.finish()
			if f.Ends == providersim.EndsPerson {
				end = s.refund()
			}
			if f.Name == "console-refund" { // of which a query says nothing while something is left
				end = s.hear()
			}
			if err != nil || end != f.Ends {
				t.Errorf("it ends %q (%v), the table says %q", end, err, f.Ends)
			}
			if struck := len(fx.sim.Rules()) == 0; struck == f.Certified { // the account has Alipay's public key
				t.Errorf("struck is %v", struck)
			}
		})
	}
}

// act does what makes a fault strike, else it pays, and returns the number to ask
// about.
func (s alipayShopper) act(fault string) string {
	s.w.t.Helper()
	switch fault {
	case "close-race":
		r, err := s.c.TradeClose(s.w.t.Context(), alipay.TradeClose{OutTradeNo: s.number})
		wantSub(s.w.t, r.Error, err, "ACQ.TRADE_STATUS_ERROR")
	case "cancel-race":
		r, err := s.c.TradeCancel(s.w.t.Context(), alipay.TradeCancel{OutTradeNo: s.number})
		if err != nil || r.Action != "refund" {
			s.w.t.Errorf("cancel: %+v, %v", r, err)
		}
	case "link-dead":
		s.number = "wap_" + s.number
		if first, again := s.visit(), s.visit(); !strings.Contains(first, "支付链接已失效") || strings.Contains(again, "支付链接已失效") {
			s.w.t.Errorf("the page says %s, then %s", first, again)
		}
		s.w.approve(providersim.Ming, s.number)
	case "code-reused":
		code := s.w.authorizeAlipay(alipayAuthorizeQuery()).Query().Get("auth_code")
		if first, again := exchangeRefusal(s.w.t, s.c, code), exchangeRefusal(s.w.t, s.c, code); first != "isv.code-invalid" || again != "" {
			s.w.t.Errorf("the exchange gave %q, then %q", first, again)
		}
		s.w.paysInSpite(fault, s.number)
	case "closed-notice":
		s.number = "wap_" + s.number
		s.timeOut()
		s.w.merchant.next(s.w.t) // the trade is closed before that is told
	default:
		s.w.paysInSpite(fault, s.number)
	}
	return s.number
}

// timeOut opens a trade in a mobile browser and leaves it there.
func (s alipayShopper) timeOut() {
	s.w.t.Helper()
	s.visit()
	s.w.sim.Advance(5 * time.Minute)
}

// visit opens a trade in a mobile browser and returns the page.
func (s alipayShopper) visit() string {
	s.w.t.Helper()
	trade := s.w.wap(s.number)
	trade.TimeoutExpress = "5m"
	link, err := s.c.TradeWapPay(trade)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return s.w.visit(link.String(), nil)
}

// hear waits for the notification that says what went back.
func (s alipayShopper) hear() providersim.End {
	s.w.t.Helper()
	for {
		form, err := url.ParseQuery(string(s.w.merchant.next(s.w.t).body))
		if err != nil {
			s.w.t.Fatal(err)
		}
		if form.Get("refund_fee") == "29.90" && form.Get("trade_status") == "TRADE_SUCCESS" {
			return providersim.EndsReturned
		}
	}
}

// Production's notice of a trade that timed out says that nothing was given back.
func TestClosedNotice(t *testing.T) {
	t.Parallel()
	for fault, fee := range map[string][]string{"closed-notice": {"0.00"}, "": nil} {
		fx, c := newAlipayWorld(t)
		if fault != "" {
			fx.inject(providersim.Rule{Fault: fault, Next: 1})
		}
		alipayShopper{fx, c, "wap_1"}.timeOut()
		form, err := url.ParseQuery(string(fx.merchant.next(t).body))
		if err != nil || form.Get("trade_status") != "TRADE_CLOSED" || form.Has("gmt_payment") || !slices.Equal(form["refund_fee"], fee) {
			t.Errorf("%q: told %v, %v", fault, form, err)
		}
	}
}

// A notification in GBK is signed over its bytes, and says so.
func TestGBK(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	fx.inject(providersim.Rule{Fault: "gbk", Next: 1})
	trade := fx.trade("gbk_1")
	trade.Subject = "龙井茶"
	if _, err := c.TradePreCreate(t.Context(), alipay.TradePreCreate{Trade: trade}); err != nil {
		t.Fatal(err)
	}
	fx.approve(providersim.Ming, "gbk_1")
	d := fx.merchant.next(t)
	form, err := url.ParseQuery(string(d.body))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DecodeNotification(t.Context(), form); err != nil {
		t.Errorf("signature: %v", err)
	}
	subject := form.Get("subject")
	if subject != "\xc1\xfa\xbe\xae\xb2\xe8" || form.Get("charset") != "GBK" || !strings.HasSuffix(d.header.Get("Content-Type"), "GBK") {
		t.Errorf("subject %q in %s, %s", subject, form.Get("charset"), d.header.Get("Content-Type"))
	}
}

func TestFaultsOfAlipayNotifications(t *testing.T) {
	t.Parallel()
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
			fx, client := newAlipayWorld(t)
			var mu sync.Mutex
			var verdicts []string
			fx.merchant.answer = func(_ int, d delivery, rw http.ResponseWriter) {
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
			fx.inject(providersim.Rule{Fault: c.fault, Next: 1})
			fx.approve(providersim.Ming, fx.qr(client, "struck_1"))
			for range c.tries {
				fx.merchant.next(t)
			}
			fx.approve(providersim.Ming, fx.qr(client, "honest_1")) // its notification ends the waiting
			fx.merchant.next(t)
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(verdicts, c.tries) {
				t.Errorf("tries are %q, want %q", verdicts, c.tries)
			}
		})
	}
}
