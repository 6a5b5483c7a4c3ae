package providersim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// orderString makes an order for Alipay's SDK as a widely used client does.
func (fx *fixture) orderString(c *alipay.Client, number string) string {
	fx.t.Helper()
	p := alipay.TradeAppPay{Trade: fx.trade(number)}
	p.ProductCode = "QUICK_MSECURITY_PAY"
	p.TimeoutExpress = "10m"
	text, err := c.TradeAppPay(p)
	if err != nil {
		fx.t.Fatal(err)
	}
	return text
}

// handOver does what a shop's own app does with an order.
func (fx *fixture) handOver(order, do string) (status, memo string) {
	fx.t.Helper()
	body, err := json.Marshal(map[string]string{"orderStr": order, "user": string(providersim.Ming), "do": do})
	if err != nil {
		fx.t.Fatal(err)
	}
	res, err := http.Post(fx.server.URL+"/phone/alipaysdk", "application/json", strings.NewReader(string(body)))
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	var said struct{ ResultStatus, Memo string }
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil {
		fx.t.Fatal(err)
	}
	return said.ResultStatus, said.Memo
}

func TestAlipayAppPay(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	order := fx.orderString(c, "app_1")
	if got := status(t, c, "app_1"); got != "" {
		t.Errorf("before the app has handed it over: %s", got)
	}
	if result, _ := fx.handOver(order, "cancel"); result != "6001" {
		t.Errorf("given up: %s", result)
	}
	if got := status(t, c, "app_1"); got != alipay.TradeStatusWaitBuyerPay {
		t.Errorf("once the payer has seen it: %s", got)
	}
	if result, memo := fx.handOver(order, "approve"); result != "9000" {
		t.Fatalf("paid: %s %s", result, memo)
	}
	if told := fx.told(c); told.OutTradeNo != "app_1" || told.TradeStatus != alipay.TradeStatusSuccess {
		t.Errorf("told %+v", told)
	}
	if result, _ := fx.handOver(order, "approve"); result != "4000" {
		t.Errorf("once more: %s", result)
	}
}

// An order of an app that nobody pays is told of when it closes.
func TestAlipayAppPayRunsOut(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	fx.handOver(fx.orderString(c, "app_1"), "cancel")
	fx.sim.Advance(10 * time.Minute)
	if told := fx.told(c); told.TradeStatus != alipay.TradeStatusClosed {
		t.Errorf("told %+v", told)
	}
}

// Alipay's SDK takes what the merchant has signed for apps, and nothing else.
func TestAlipayAppPayRefuses(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	good := fx.orderString(c, "app_1")
	wap, err := c.TradeWapPay(fx.wap("app_2"))
	if err != nil {
		t.Fatal(err)
	}
	for name, order := range map[string]string{
		"cheaper":      strings.Replace(good, "59.80", "00.01", 1),
		"another-way":  wap.RawQuery,
		"unsigned":     good[:strings.Index(good, "sign=")],
		"field-twice":  good + "&method=alipay.trade.app.pay",
		"no-order":     "",
		"other-app":    strings.Replace(good, alipayApp, "2021000000000002", 1),
		"not-a-string": "%zz",
	} {
		if result, memo := fx.handOver(order, "approve"); result != "4000" || memo == "" {
			t.Errorf("%s: %s %q", name, result, memo)
		}
	}
	res, err := fx.http.Get("https://openapi.alipay.com/gateway.do?" + good)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if orders := fx.sim.Orders(); len(orders) != 0 {
		t.Errorf("%d orders were taken", len(orders))
	}
}
