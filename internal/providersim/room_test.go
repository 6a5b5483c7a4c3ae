package providersim_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// Where the companies' documents leave room: see DIVERGENCES.md.

// TestOlderLinkOutlivesARepeat: unlike an older code_url, an older link or prepay_id
// lives out its time.
func TestOlderLinkOutlivesARepeat(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	first := fx.h5Link("repeat-1")
	if second := fx.h5Link("repeat-1"); second == first {
		t.Error("the repeat got the same link")
	}
	if page := fx.visit(first, http.Header{"Referer": {"https://pay.example/"}}); !strings.Contains(page, `id="open"`) {
		t.Errorf("the older link shows\n%s", page)
	}
	older := fx.bridgeParameters("repeat-2", providersim.Ming)
	fx.bridgeParameters("repeat-2", providersim.Ming)
	var answer map[string]string
	if fx.control(http.MethodPost, "/phone/bridge", older, &answer); answer["err_msg"] != "get_brand_wcpay_request:ok" {
		t.Errorf("with the older prepay_id the bridge says %v", answer)
	}
}

// TestAbnormalRefundCounts: its money has left the merchant. Only a stuck refund may be
// sent to another account.
func TestAbnormalRefundCounts(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.approve(providersim.Ming, fx.order("abnormal-1"))
	fx.inject(providersim.Rule{Fault: "refund-abnormal", Next: 1})
	stuck, err := fx.refund("abnormal-1", "R1", 5000)
	if err != nil {
		t.Fatal(err)
	}
	fx.sim.Advance(time.Minute)
	_, err = fx.refund("abnormal-1", "R2", 981)
	wantCode(t, err, 400, "INVALID_REQUEST")
	whole, err := fx.refund("abnormal-1", "R2", 980)
	if err != nil {
		t.Fatal(err)
	}
	fx.sim.Advance(time.Minute)
	for _, c := range []struct {
		id, number, code string
	}{{*stuck.RefundId, "R1", ""}, {*whole.RefundId, "R2", "INVALID_REQUEST"}, {*whole.RefundId, "R1", "RESOURCE_NOT_EXISTS"}} {
		a := fx.send(newCall("POST", "/v3/refund/domestic/refunds/"+c.id+"/apply-abnormal-refund", `{"out_refund_no":"`+c.number+`","type":"MERCHANT_BANK_CARD"}`))
		if a.Code != c.code {
			t.Errorf("%s sent on: %d %s", c.number, a.status, a.Code)
		}
	}
}

// TestAlipayClock changes the timestamp after signing: one that is near enough fails
// for the signature only.
func TestAlipayClock(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	for off, want := range map[time.Duration]string{
		14 * time.Minute: "isv.invalid-signature", -14 * time.Minute: "isv.invalid-signature",
		16 * time.Minute: "isv.invalid-timestamp", -16 * time.Minute: "isv.invalid-timestamp",
	} {
		p, err := c.URLValues(alipay.TradeQuery{OutTradeNo: "any_1"})
		if err != nil {
			t.Fatal(err)
		}
		p.Set("timestamp", time.Now().Add(off).In(time.FixedZone("CST", 8*3600)).Format(time.DateTime))
		if got := fx.gatewayError(p); got != want {
			t.Errorf("%s off: %q, want %q", off, got, want)
		}
	}
}

// TestAlipayCodesOfOneTrade: asked again, the same trade gets another code, and the
// older one lives on.
func TestAlipayCodesOfOneTrade(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	first, second := fx.qr(c, "codes_1"), fx.qr(c, "codes_1")
	if first == second {
		t.Error("the repeat got the same code")
	}
	fx.approve(providersim.Ming, first)
	_, err := fx.sim.Approve(providersim.Ming, second)
	wantRefusal(t, err, "order_paid")
	if n := len(fx.sim.Orders()); n != 1 {
		t.Errorf("there are %d trades", n)
	}
	for name, change := range map[string]func(*alipay.TradePreCreate){
		"amount":  func(p *alipay.TradePreCreate) { p.TotalAmount = "1.00" },
		"subject": func(p *alipay.TradePreCreate) { p.Subject = "other" },
	} {
		fx.qr(c, "changed_"+name)
		p := alipay.TradePreCreate{Trade: fx.trade("changed_" + name)}
		change(&p)
		r, err := c.TradePreCreate(t.Context(), p)
		wantSub(t, r.Error, err, "ACQ.CONTEXT_INCONSISTENT")
	}
	fx.qr(c, "changed_product")
	for _, step := range []struct{ number, buyer, sub string }{
		{"changed_product", "2088000000000001", "ACQ.CONTEXT_INCONSISTENT"},
		{"changed_buyer", "2088000000000001", ""},
		{"changed_buyer", "2088000000000002", "ACQ.CONTEXT_INCONSISTENT"},
	} {
		r, err := c.TradeCreate(t.Context(), alipay.TradeCreate{Trade: fx.trade(step.number), BuyerId: step.buyer})
		wantSub(t, r.Error, err, step.sub)
	}
}

// TestAlipayCancelLate cancels a trade that was paid two days ago.
func TestAlipayCancelLate(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	fx.approve(providersim.Ming, fx.qr(c, "late_1"))
	fx.sim.Advance(48 * time.Hour)
	r, err := c.TradeCancel(t.Context(), alipay.TradeCancel{OutTradeNo: "late_1"})
	wantSub(t, r.Error, err, "")
	if r.Action != "refund" {
		t.Errorf("action is %q", r.Action)
	}
}

func TestAlipayClosedTwice(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	if _, err := fx.sim.Scan(providersim.Ming, fx.qr(c, "twice_1"), providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"", "ACQ.TRADE_STATUS_ERROR"} {
		r, err := c.TradeClose(t.Context(), alipay.TradeClose{OutTradeNo: "twice_1"})
		wantSub(t, r.Error, err, want)
	}
}

// TestAlipayTimeout: the clock of timeout_express starts when the payer has the trade
// on screen, and is 15 days if it isn't given.
func TestAlipayTimeout(t *testing.T) {
	t.Parallel()
	for timeout, life := range map[string]time.Duration{"": 15 * 24 * time.Hour, "30m": 30 * time.Minute} {
		fx, c := newAlipayWorld(t)
		p := alipay.TradePreCreate{Trade: fx.trade("timeout_1")}
		p.TimeoutExpress = timeout
		r, err := c.TradePreCreate(t.Context(), p)
		wantSub(t, r.Error, err, "")
		fx.sim.Advance(time.Hour)
		if _, err := fx.sim.Scan(providersim.Ming, r.QRCode, providersim.ByCamera); err != nil {
			t.Fatalf("%q: %v", timeout, err)
		}
		fx.sim.Advance(life - time.Minute)
		if got := status(t, c, "timeout_1"); got != alipay.TradeStatusWaitBuyerPay {
			t.Errorf("%q: shortly before it is over, the status is %s", timeout, got)
		}
		fx.sim.Advance(time.Minute)
		if got := status(t, c, "timeout_1"); got != alipay.TradeStatusClosed {
			t.Errorf("%q: when it is over, the status is %s", timeout, got)
		}
	}
}

func TestAlipayFinishes(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	fx.approve(providersim.Ming, fx.qr(c, "finished_1"))
	fx.sim.Advance(365*24*time.Hour - time.Minute)
	if got := status(t, c, "finished_1"); got != alipay.TradeStatusSuccess {
		t.Errorf("shortly before the year is over the status is %s", got)
	}
	fx.sim.Advance(time.Minute)
	if got := status(t, c, "finished_1"); got != alipay.TradeStatusFinished {
		t.Errorf("after it, it is %s", got)
	}
	r, err := c.TradeRefund(t.Context(), alipay.TradeRefund{OutTradeNo: "finished_1", RefundAmount: "59.80"})
	wantSub(t, r.Error, err, "ACQ.TRADE_HAS_FINISHED")
}

func TestAlipayBillHasNoCommaInWords(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	p := alipay.TradePreCreate{Trade: fx.trade("words_1")}
	p.Subject = "龙井,\n100g"
	r, err := c.TradePreCreate(t.Context(), p)
	wantSub(t, r.Error, err, "")
	fx.approve(providersim.Ming, r.QRCode)
	day := fx.sim.Now().In(time.FixedZone("CST", 8*3600))
	fx.sim.SellAtTill(providersim.TillSale{Account: alipaySeller, Number: "till-1", State: "交易", Goods: "tea,\ncup", Fen: 1, At: day})
	fx.sim.Advance(35 * time.Hour)
	bill, err := c.BillDownloadURLQuery(t.Context(), alipay.BillDownloadURLQuery{BillType: "trade", BillDate: day.Format(time.DateOnly)})
	wantSub(t, bill.Error, err, "")
	var all strings.Builder
	for _, file := range fx.download(bill.BillDownloadURL) {
		all.WriteString(file)
	}
	if !strings.Contains(all.String(), ",龙井  100g,") || !strings.Contains(all.String(), ",tea,\ncup,") {
		t.Errorf("the bill is\n%s", all.String())
	}
}
