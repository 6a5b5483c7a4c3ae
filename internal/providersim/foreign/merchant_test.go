package foreign_test

import (
	"encoding/json"
	"net/url"
	"testing"

	"morepay/internal/providersim"
)

// The merchants at the simulated WeChat Pay: a direct one, and one under a service
// provider.
const (
	mchID    = "1900000001"
	spMchID  = "1900000002"
	spAppID  = "wx0000000000000002"
	spSecret = "0123456789abcde2"
	subMchID = "1900000077"
	serial   = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
	publicID = "PUB_KEY_ID_0119000000012026010100000000000001"
	apiV3Key = "0123456789abcdef0123456789abcdef"
)

// shopApps are the ids of a merchant's apps, and secrets.
type shopApps struct {
	service, secret  string
	mobile           string
	mini, miniSecret string
}

var (
	directApps = shopApps{"wx0000000000000001", "0123456789abcde1", "wx0000000000000011", "wx0000000000000021", "0123456789abcd21"}
	subApps    = shopApps{"wx0000000000000077", "0123456789abcd77", "wx0000000000000078", "wx0000000000000079", "0123456789abcd79"}
)

// newMerchant starts a simulator with both.
func newMerchant(t *testing.T) *fixture {
	t.Helper()
	fx := newFixture(t, "")
	provider := &providersim.WeChatServiceProvider{MchID: spMchID, AppID: spAppID, AppSecret: spSecret}
	for _, a := range []providersim.WeChatAccount{weChatAccount(mchID, directApps, nil), weChatAccount(subMchID, subApps, provider)} {
		if err := fx.sim.AddWeChatAccount(a); err != nil {
			t.Fatal(err)
		}
	}
	return fx
}

func weChatAccount(id string, apps shopApps, under *providersim.WeChatServiceProvider) providersim.WeChatAccount {
	return providersim.WeChatAccount{
		MchID: id, Name: "Tea & Co", Under: under, AppID: apps.service, AppSecret: apps.secret, MobileAppID: apps.mobile,
		MiniProgramID: apps.mini, MiniProgramSecret: apps.miniSecret,
		MerchantSerial: serial, MerchantPublicKey: &merchantKey().PublicKey, APIv3Key: []byte(apiV3Key), PlatformKey: platformKey(), PublicKeyID: publicID,
		H5Domains: []string{"pay.example"}, OAuthDomains: []string{"pay.example"},
	}
}

// openid gets a user's id under a service account by OAuth, as the merchant's server does.
func (fx *fixture) openid(app, secret string) string {
	fx.t.Helper()
	location, page := fx.get("https://open.weixin.qq.com/connect/oauth2/authorize?appid=" + app +
		"&redirect_uri=https%3A%2F%2Fpay.example%2Fback&response_type=code&scope=snsapi_base&state=S1")
	back, err := url.Parse(location)
	if err != nil || back.Host != "pay.example" {
		fx.t.Fatalf("authorize leads to %q: %s", location, page)
	}
	return fx.identified("https://api.weixin.qq.com/sns/oauth2/access_token?appid=" + app + "&secret=" + secret +
		"&code=" + back.Query().Get("code") + "&grant_type=authorization_code")
}

// miniOpenID is the same for the mini program, by wx.login.
func (fx *fixture) miniOpenID() string {
	fx.t.Helper()
	code, _ := fx.post("/phone/login", fields{"appid": directApps.mini, "user": "ming"})["code"].(string)
	return fx.identified("https://api.weixin.qq.com/sns/jscode2session?appid=" + directApps.mini + "&secret=" + directApps.miniSecret +
		"&js_code=" + code + "&grant_type=authorization_code")
}

func (fx *fixture) identified(address string) string {
	fx.t.Helper()
	_, body := fx.get(address)
	var answer struct {
		OpenID string `json:"openid"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.OpenID == "" {
		fx.t.Fatalf("%s: %v", body, err)
	}
	return answer.OpenID
}
