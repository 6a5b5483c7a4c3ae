package foreign_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"

	"morepay/internal/providersim"
)

// lossy is the way to WeChat Pay while its first site fails: whose work is done, and whose
// answers are lost.
type lossy struct{ next http.RoundTripper }

func (t lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := t.next.RoundTrip(r)
	if err != nil || r.URL.Host != "api.mch.weixin.qq.com" {
		return res, err
	}
	defer res.Body.Close()
	return &http.Response{StatusCode: http.StatusBadGateway, Body: http.NoBody, Request: r}, nil
}

// TestOfficialStandby: however the first site fails, the SDK does everything at the second
// one, which has the same orders.
func TestOfficialStandby(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(*fixture) error{
		"down": func(fx *fixture) error {
			return fx.sim.Inject(providersim.Rule{Fault: "primary-host-down", Percent: 100})
		},
		"unavailable": func(fx *fixture) error {
			return fx.sim.Inject(providersim.Rule{Fault: "primary-host-unavailable", Percent: 100})
		},
		"answers-lost": func(fx *fixture) error {
			fx.transport = lossy{fx.transport}
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx := newMerchant(t)
			if err := fails(fx); err != nil {
				t.Fatal(err)
			}
			fx.standsBy(fx.official(mchID))
		})
	}
}

func (fx *fixture) standsBy(c *core.Client) {
	fx.t.Helper()
	order := as[native.PrepayRequest](modes["direct"].order(fx, official, "NATIVE"))
	if _, _, err := (&native.NativeApiService{Client: c}).Prepay(fx.t.Context(), order); err == nil {
		fx.t.Fatal("the first site works")
	}
	for range 2 {
		if _, err := c.Post(fx.t.Context(), consts.WechatPayAPIServerBackup+"/v3/pay/transactions/native", order); err != nil {
			fx.t.Fatal(err)
		}
	}
	if orders := fx.sim.Orders(); len(orders) != 1 {
		fx.t.Fatalf("there are %d orders", len(orders))
	}
	fx.approve(providersim.Ming, official)
	fx.read("TRANSACTION.SUCCESS", byPublicKey())
	about := consts.WechatPayAPIServerBackup + "/v3/pay/transactions/out-trade-no/" + url.PathEscape(official)
	result, err := c.Get(fx.t.Context(), about+"?mchid="+mchID)
	if err != nil {
		fx.t.Fatal(err)
	}
	var asked fields
	if err := core.UnMarshalResponse(result.Response, &asked); err != nil || asked["trade_state"] != "SUCCESS" {
		fx.t.Errorf("asked %v, %v", asked, err)
	}
	_, err = c.Post(fx.t.Context(), about+"/close", fields{"mchid": mchID})
	wantCode(fx.t, err, http.StatusBadRequest, "ORDERPAID")
}
