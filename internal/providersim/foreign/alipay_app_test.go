package foreign_test

import (
	"strings"
	"testing"

	"github.com/go-pay/gopay"
	"github.com/go-pay/gopay/alipay"
	smartwalle "github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// appOrders are what each client signs for a shop's own app, in each mode.
var appOrders = map[string]func(*testing.T, string) (*fixture, string, error){
	"gopay": func(t *testing.T, number string) (*fixture, string, error) {
		fx, c := newAlipay(t)
		return fx.appOrder(c, number)
	},
	"gopay-certified": func(t *testing.T, number string) (*fixture, string, error) {
		fx, c, _ := gopayCertified(t)
		return fx.appOrder(c, number)
	},
	"gopay-agency": func(t *testing.T, number string) (*fixture, string, error) {
		fx := newAgency(t)
		return fx.appOrder(fx.gopayAlipay(agencyApp).SetAppAuthToken(agencyToken), number)
	},
	"smartwalle-certified": func(t *testing.T, number string) (*fixture, string, error) {
		fx, files := newCertified(t, false)
		text, err := fx.smartwalleCertified(files).TradeAppPay(smartwalle.TradeAppPay{Trade: fx.appTrade(number, "")})
		return fx, text, err
	},
	"smartwalle-agency": func(t *testing.T, number string) (*fixture, string, error) {
		fx := newAgency(t)
		text, err := fx.smartwalleClient(agencyApp).TradeAppPay(smartwalle.TradeAppPay{Trade: fx.appTrade(number, agencyToken)})
		return fx, text, err
	},
}

func (fx *fixture) appOrder(c *alipay.Client, number string) (*fixture, string, error) {
	text, err := c.TradeAppPay(fx.t.Context(), trade(number).Set("product_code", "QUICK_MSECURITY_PAY"))
	return fx, text, err
}

func (fx *fixture) appTrade(number, token string) smartwalle.Trade {
	return smartwalle.Trade{
		NotifyURL: fx.notifyURL, Subject: "龙井茶 <100g>", OutTradeNo: number, TotalAmount: "59.80", ProductCode: "QUICK_MSECURITY_PAY", AppAuthToken: token,
	}
}

// TestAlipayAppPay: Alipay's SDK on the phone takes what the clients sign for it, and
// nothing else.
func TestAlipayAppPay(t *testing.T) {
	t.Parallel()
	for name, order := range appOrders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx, text, err := order(t, "app_1")
			if err != nil {
				t.Fatal(err)
			}
			hand := func(text string) any {
				return fx.post("/phone/alipaysdk", fields{"orderStr": text, "user": string(providersim.Ming), "do": "approve"})["resultStatus"]
			}
			if status := hand(strings.Replace(text, "59.80", "00.01", 1)); status != "4000" {
				t.Errorf("at another price: %v", status)
			}
			if status := hand(text); status != "9000" {
				t.Fatalf("%s: %v", text, status)
			}
			r := fx.next()
			told, err := alipay.ParseNotifyToBodyMap(r)
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range (gopay.BodyMap{"out_trade_no": "app_1", "trade_status": "TRADE_SUCCESS", "total_amount": "59.80", "auth_app_id": app}) {
				if told.GetString(name) != want {
					t.Errorf("%s is %q, want %q", name, told.GetString(name), want)
				}
			}
		})
	}
}
