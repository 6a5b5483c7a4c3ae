package providersim_test

import (
	"strings"
	"testing"

	"github.com/smartwalle/alipay/v3"

	"morepay/internal/providersim"
)

// Merchants under alipayApp's keys, at a service provider's application.
const serviceProvider = "2021000000000099"

func under(merchant, token string) providersim.AlipayAccount {
	return providersim.AlipayAccount{
		AppID: "2021000000000" + merchant, SellerID: "2088000000000" + merchant, MerchantPublicKey: &merchantKey().PublicKey, PlatformKey: platformKey(),
		Under: &providersim.AlipayServiceProvider{AppID: serviceProvider, Token: token},
	}
}

// TestAlipayServiceProvider: one application acts for many merchants, whom tokens name,
// and has nothing of its own.
func TestAlipayServiceProvider(t *testing.T) {
	t.Parallel()
	fx, _ := newAlipayWorld(t)
	for merchant, token := range map[string]string{"101": "first", "102": "second"} {
		if err := fx.sim.AddAlipayAccount(under(merchant, token)); err != nil {
			t.Fatal(err)
		}
	}
	c := fx.alipayClient(serviceProvider)
	ask := func(token string) (code, refusal string) {
		p := alipay.TradePreCreate{Trade: fx.trade("same_number")}
		p.AppAuthToken = token
		r, err := c.TradePreCreate(t.Context(), p)
		if err != nil {
			t.Fatal(err)
		}
		return r.QRCode, r.SubCode
	}
	for _, token := range []string{"first", "second"} { // each merchant's numbers are their own
		code, _ := ask(token)
		if _, err := fx.sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
			t.Fatal(err)
		}
		if _, err := fx.sim.Approve(providersim.Ming, code); err != nil {
			t.Fatal(err)
		}
		told := fx.told(c)
		if want := map[string]string{"first": "101", "second": "102"}[token]; told.AppId != serviceProvider || told.AuthAppId != "2021000000000"+want || told.SellerId != "2088000000000"+want {
			t.Errorf("%s: told of app %s, of %s, for seller %s", token, told.AppId, told.AuthAppId, told.SellerId)
		}
	}
	for token, want := range map[string]string{"third": "aop.invalid-app-auth-token", "": "isv.insufficient-isv-permissions"} {
		if code, refusal := ask(token); code != "" || refusal != want {
			t.Errorf("token %q: got code %q, refusal %q", token, code, refusal)
		}
	}
	// The merchant's own application exists, and nobody can sign for it.
	p := alipay.TradePreCreate{Trade: fx.trade("own_1")}
	if r, err := fx.alipayClient("2021000000000101").TradePreCreate(t.Context(), p); err == nil {
		t.Errorf("got %+v", r)
	}
}

// TestAlipayPayerUnderAProvider: payers are those of the merchant's application, and the
// token says which that is.
func TestAlipayPayerUnderAProvider(t *testing.T) {
	t.Parallel()
	fx, _ := newAlipayWorld(t)
	a := under("101", "first")
	a.OAuthDomains = []string{"pay.example"}
	for _, a := range []providersim.AlipayAccount{a, under("102", "second")} {
		if err := fx.sim.AddAlipayAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	authorize := alipayAuthorizeQuery()
	if authorize.Set("app_id", serviceProvider); fx.authorizeAlipay(authorize) != nil {
		t.Error("the service provider's application, which sells nothing, was told of a payer")
	}
	authorize.Set("app_id", a.AppID)
	code := fx.authorizeAlipay(authorize).Query().Get("auth_code")
	c := fx.alipayClient(serviceProvider)
	for _, token := range []string{"", "second", "first"} {
		r, err := c.SystemOauthToken(t.Context(), alipay.SystemOauthToken{AppAuthToken: token, GrantType: "authorization_code", Code: code})
		if ok := err == nil && r.OpenId != ""; ok != (token == "first") {
			t.Errorf("token %q: got %+v, %v", token, r, err)
		}
	}
}

func TestAlipayServiceProviderRules(t *testing.T) {
	t.Parallel()
	fx, _ := newAlipayWorld(t)
	if err := fx.sim.AddAlipayAccount(under("101", "first")); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*providersim.AlipayAccount)
		says   string
	}{
		"token-twice":  {func(a *providersim.AlipayAccount) { a.Under.Token = "first" }, "this token"},
		"no-token":     {func(a *providersim.AlipayAccount) { a.Under.Token = "" }, "token"},
		"odd-provider": {func(a *providersim.AlipayAccount) { a.Under.AppID = "wx1" }, "16 digits"},
		"itself":       {func(a *providersim.AlipayAccount) { a.Under.AppID = a.AppID }, "other than the merchant's"},
		"other-mode":   {func(a *providersim.AlipayAccount) { a.Certified = true }, "another mode"},
		"other-keys": {func(a *providersim.AlipayAccount) {
			a.MerchantPublicKey, a.PlatformKey = &platformKey().PublicKey, merchantKey()
		}, "other keys"},
	} {
		a := under("102", "second")
		c.change(&a)
		if err := fx.sim.AddAlipayAccount(a); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
