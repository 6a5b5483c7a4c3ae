package providersim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// TestCoupon: the company pays a tenth of 59.80, and says so wherever it says what
// was paid; the amount of the order stays what it is.
func TestCoupon(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	fx.inject(providersim.Rule{Fault: "coupon", Next: 1})
	fx.approve(providersim.Ming, fx.order("coupon-1"))
	_, paid, err := fx.read(fx.merchant.next(t))
	if err != nil {
		t.Fatal(err)
	}
	if *paid.Amount.Total != 5980 || *paid.Amount.PayerTotal != 5382 || len(paid.PromotionDetail) != 1 || *paid.PromotionDetail[0].Amount != 598 {
		t.Errorf("notification: %s", paid)
	}
	if asked := fx.query("coupon-1"); asked.String() != paid.String() {
		t.Errorf("the query says %s", asked)
	}
	r, err := fx.refund("coupon-1", "R1", 1000)
	if err != nil || *r.Amount.Refund != 1000 || *r.Amount.PayerRefund != 900 || *r.Amount.DiscountRefund != 100 {
		t.Errorf("refund: %v, %v", r, err)
	}
	day := fx.sim.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	fx.sim.Advance(35 * time.Hour)
	link := fx.send(newCall("GET", "/v3/bill/tradebill?bill_date="+day, "")).body
	_, path, _ := strings.Cut(link, `"download_url":"`+fx.server.URL)
	path, _, _ = strings.Cut(path, `"`)
	bill := fx.send(newCall("GET", path, "")).body
	for _, want := range []string{"`CNY,`59.80,`5.98,", "`10.00,`1.00,`ORIGINAL"} {
		if !strings.Contains(bill, want) {
			t.Errorf("the bill lacks %s:\n%s", want, bill)
		}
	}
}

func TestAlipayCoupon(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	fx.inject(providersim.Rule{Fault: "coupon", Next: 1})
	fx.approve(providersim.Ming, fx.qr(c, "coupon_1"))
	told := fx.told(c)
	if told.TotalAmount != "59.80" || told.ReceiptAmount != "59.80" || told.BuyerPayAmount != "53.82" || !strings.Contains(told.VoucherDetailList, `"amount":"5.98"`) {
		t.Errorf("notification: %+v", told)
	}
	q, err := c.TradeQuery(t.Context(), alipay.TradeQuery{OutTradeNo: "coupon_1"})
	if err != nil || q.TotalAmount != "59.80" || q.BuyerPayAmount != "53.82" {
		t.Errorf("query: %+v, %v", q, err)
	}
	if r, err := c.TradeRefund(t.Context(), alipay.TradeRefund{OutTradeNo: "coupon_1", RefundAmount: "10.00", OutRequestNo: "R1"}); err != nil || r.RefundFee != "10.00" {
		t.Errorf("refund: %+v, %v", r, err)
	}
	day := fx.sim.Now().In(time.FixedZone("CST", 8*3600)).Format(time.DateOnly)
	fx.sim.Advance(35 * time.Hour)
	bill, err := c.BillDownloadURLQuery(t.Context(), alipay.BillDownloadURLQuery{BillType: "trade", BillDate: day})
	wantSub(t, bill.Error, err, "")
	var all strings.Builder
	for _, file := range fx.download(bill.BillDownloadURL) {
		all.WriteString(file)
	}
	for _, want := range []string{",59.80,59.80,0.00,0.00,5.98,", ",-10.00,-10.00,0.00,0.00,-1.00,"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("the bill lacks %s:\n%s", want, all.String())
		}
	}
}
