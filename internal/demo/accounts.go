package demo

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"morepay/internal/demo/simulate"
	"morepay/internal/pay"
	"morepay/internal/providersim"
)

// accounts opens an account of the shop at every simulated provider: a row a
// provider. Each puts the adapter's settings into the shop and the key files
// that they name into files. n numbers the shops.
var accounts = []func(shop *Shop, sim *providersim.Sim, k keys, n int, files map[string][]byte) error{
	openWeChat,
	openAlipay,
	openMerchantLink,
}

// withoutWeChat lists the shops that have no account there.
var withoutWeChat = []string{"conditions"}

func openWeChat(shop *Shop, sim *providersim.Sim, k keys, n int, files map[string][]byte) error {
	if slices.Contains(withoutWeChat, shop.ID) {
		return nil
	}
	apiV3Key, secret := rand.Text()+rand.Text()[:6], rand.Text() // 32 letters, as WeChat Pay wants
	account := providersim.WeChatAccount{
		MchID: fmt.Sprintf("16%08d", n), AppID: fmt.Sprintf("wxdemo%012d", n), AppSecret: secret, OtherAppIDs: []string{fmt.Sprintf("wxsite%012d", n)},
		Name: shop.Document.Name, MerchantSerial: fmt.Sprintf("5157F09EFDC096DE15EBE81A47057A72%08X", n),
		MerchantPublicKey: &k.merchant.PublicKey, APIv3Key: []byte(apiV3Key),
		PlatformKey: k.platform, PublicKeyID: fmt.Sprintf("PUB_KEY_ID_01%020d", n),
		H5Domains: simulate.Hosts(shop.Settings.Origins), OAuthDomains: simulate.Hosts(shop.Settings.Origins),
	}
	if err := sim.AddWeChatAccount(account); err != nil {
		return err
	}
	if err := keyFiles(files, k); err != nil {
		return err
	}
	files["wechat_api_v3_key"], files["wechat_app_secret"] = []byte(apiV3Key), []byte(secret)
	return settle(shop, "wechatpay", map[string]any{
		"mchid": account.MchID, "appid": account.AppID, "appids": map[string]string{"deep_link": account.OtherAppIDs[0]}, "app_secret": "wechat_app_secret",
		"certificate_serial": account.MerchantSerial, "private_key": "merchant.pem",
		"api_v3_key": "wechat_api_v3_key", "public_key_id": account.PublicKeyID, "public_key": "platform.pem",
	})
}

func keyFiles(files map[string][]byte, k keys) (err error) {
	if files["merchant.pem"], err = privatePEM(k.merchant); err != nil {
		return err
	}
	files["platform.pem"], err = publicPEM(&k.platform.PublicKey)
	return err
}

// settle puts an adapter's settings into the shop.
func settle(shop *Shop, providerID string, settings map[string]any) error {
	raw, err := json.Marshal(settings)
	shop.Settings.Accounts[providerID] = raw
	return err
}

func openAlipay(shop *Shop, sim *providersim.Sim, k keys, n int, files map[string][]byte) error {
	account := providersim.AlipayAccount{
		AppID: fmt.Sprintf("2021%012d", n), SellerID: fmt.Sprintf("2088%012d", n), Name: shop.Document.Name,
		MerchantPublicKey: &k.merchant.PublicKey, PlatformKey: k.platform, OAuthDomains: simulate.Hosts(shop.Settings.Origins),
	}
	if err := sim.AddAlipayAccount(account); err != nil {
		return err
	}
	if err := keyFiles(files, k); err != nil {
		return err
	}
	settings := map[string]any{
		"app_id": account.AppID, "seller_id": account.SellerID, "private_key": "merchant.pem", "public_key": "platform.pem",
		"qr_product": "QR_CODE_OFFLINE",
	}
	if slices.Contains(shop.Granted("alipay"), pay.RailJSAPI) {
		settings["jsapi_product"] = "JSAPI_PAY"
	}
	return settle(shop, "alipay", settings)
}

// oldCashiers lists the shops whose cashier speaks version 1 of merchantlink: web pages
// only, and no refunds.
var oldCashiers = []string{"icons"}

// acquired lists what the shops' cashiers take of other providers' methods.
var acquired = map[string][]pay.Method{"oneacquirer": {"wechat_pay", "alipay"}}

// openMerchantLink opens the merchant's own cashier, for all that neither WeChat Pay nor
// Alipay itself takes.
func openMerchantLink(shop *Shop, sim *providersim.Sim, _ keys, _ int, files map[string][]byte) error {
	secret := make([]byte, 32)
	rand.Read(secret)
	if err := sim.AddMerchantLinkAccount(providersim.MerchantLinkAccount{ID: shop.ID, Name: shop.Document.Name, Secret: secret}); err != nil {
		return err
	}
	files["cashier_secret"] = []byte("whsec_" + base64.StdEncoding.EncodeToString(secret))
	url := "https://cashier.test/merchantlink/" + shop.ID
	settings := map[string]any{"account": shop.ID, "url": url, "secret": "cashier_secret", "hosts": []string{"cashier.test"}}
	if !slices.Contains(oldCashiers, shop.ID) {
		settings["version"], settings["authorize"] = 2, url+"/payer"
	}
	if methods := acquired[shop.ID]; methods != nil {
		settings["methods"] = methods
	}
	return settle(shop, "merchantlink", settings)
}
