package demo

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
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
	openUnionPay,
}

// withoutWeChat lists the shops that have no account there.
var withoutWeChat = []string{"conditions"}

// franchised has the shops that are paid by WeChat Pay through the service provider, and
// whether each has an app of its own there: payers of the others meet the service provider's.
var franchised = map[string]bool{"soletrader": true, "friend": false}

// agented lists the shops for which a service provider's application acts at Alipay.
var agented = []string{"flagship"}

// certified lists the shops whose application at Alipay is in certificate mode.
var certified = []string{"soletrader", "flagship", "everything"}

// byCertificate has the shops for which WeChat Pay signs by platform certificates, and whether
// each has its public key too: such a one is on its way to that, and still told by certificate.
var byCertificate = map[string]bool{"everything": false, "icons": true}

func openWeChat(shop *Shop, sim *providersim.Sim, k keys, n int, files map[string][]byte) error {
	if slices.Contains(withoutWeChat, shop.ID) {
		return nil
	}
	account := providersim.WeChatAccount{
		MchID: fmt.Sprintf("16%08d", n), AppID: fmt.Sprintf("wxdemo%012d", n), AppSecret: rand.Text(), OtherAppIDs: []string{fmt.Sprintf("wxsite%012d", n)},
		MobileAppID: fmt.Sprintf("wxapp%013d", n), MiniProgramID: fmt.Sprintf("wxmini%012d", n), MiniProgramSecret: rand.Text(),
		Name: shop.Document.Name, MerchantSerial: fmt.Sprintf("5157F09EFDC096DE15EBE81A47057A72%08X", n),
		MerchantPublicKey: &k.merchant.PublicKey, APIv3Key: apiV3Key(),
		PlatformKey: k.platform, PublicKeyID: fmt.Sprintf("PUB_KEY_ID_01%020d", n),
		H5Domains: simulate.Hosts(shop.Settings.Origins), OAuthDomains: simulate.Hosts(shop.Settings.Origins),
	}
	settings := map[string]any{
		"mchid": account.MchID, "appid": account.AppID, "app_secret": "wechat_app_secret", "mini_program_secret": "wechat_mini_program_secret",
		"appids":      map[string]string{"deep_link": account.OtherAppIDs[0], "app": account.MobileAppID, "mini_program": account.MiniProgramID},
		"private_key": "merchant.pem", "api_v3_key": "wechat_api_v3_key", "public_key": "platform.pem",
	}
	if ownApp, ok := franchised[shop.ID]; ok {
		k.franchise(&account, ownApp, settings)
	}
	settings["certificate_serial"], settings["public_key_id"] = account.MerchantSerial, account.PublicKeyID
	if both, ok := byCertificate[shop.ID]; ok {
		if err := k.certify(&account, both, settings); err != nil {
			return err
		}
	}
	if err := sim.AddWeChatAccount(account); err != nil {
		return err
	}
	if err := keyFiles(files, k); err != nil {
		return err
	}
	files["wechat_api_v3_key"], files["wechat_app_secret"] = account.APIv3Key, []byte(account.AppSecret)
	files["wechat_mini_program_secret"] = []byte(account.MiniProgramSecret)
	return settle(shop, "wechatpay", settings)
}

// certify has WeChat Pay sign by certificate for an account, which downloads it.
func (k keys) certify(account *providersim.WeChatAccount, both bool, settings map[string]any) error {
	first, err := providersim.FirstPlatformCertificate(k.platform)
	if err != nil {
		return err
	}
	account.Certificates, account.CertificateCallbacks = []providersim.PlatformCertificate{first}, both
	settings["platform_certificates"] = []string{}
	if !both {
		account.PublicKeyID = ""
		delete(settings, "public_key")
		delete(settings, "public_key_id")
	}
	return nil
}

// apiV3Key returns 32 letters, as WeChat Pay wants.
func apiV3Key() []byte { return []byte(rand.Text() + rand.Text()[:6]) }

// franchise puts an account under the service provider: its keys sign, and its app is what
// payers meet if the account has none of its own.
func (k keys) franchise(account *providersim.WeChatAccount, ownApp bool, settings map[string]any) {
	provider := k.serviceProvider
	account.Under = &provider.WeChatServiceProvider
	account.APIv3Key, account.MerchantSerial, account.PublicKeyID = provider.apiV3Key, provider.serial, provider.publicKeyID
	delete(settings, "mchid")
	delete(settings, "appid")
	settings["options"] = map[string]any{"attach": "merchant_reference"} // in the bill of many shops
	settings["sp_mchid"], settings["sp_appid"], settings["sub_mchid"] = provider.MchID, provider.AppID, account.MchID
	if ownApp {
		settings["sub_appid"] = account.AppID
		return
	}
	account.AppID, account.AppSecret = "", provider.AppSecret
	delete(settings, "appids")
	delete(settings, "mini_program_secret")
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
		Certified: slices.Contains(certified, shop.ID),
	}
	settings := map[string]any{
		"app_id": account.AppID, "seller_id": account.SellerID, "private_key": "merchant.pem", "public_key": "platform.pem",
		"qr_product": "QR_CODE_OFFLINE",
	}
	if slices.Contains(agented, shop.ID) {
		account.Under = &providersim.AlipayServiceProvider{AppID: fmt.Sprintf("2022%012d", n), Token: "demo" + rand.Text()}
		files["alipay_app_auth_token"] = []byte(account.Under.Token)
		settings["app_id"], settings["auth_app_id"], settings["app_auth_token"] = account.Under.AppID, account.AppID, "alipay_app_auth_token"
	}
	if err := sim.AddAlipayAccount(account); err != nil {
		return err
	}
	if err := keyFiles(files, k); err != nil {
		return err
	}
	if account.Certified {
		issued := providersim.IssueAlipay(k.platform, &k.merchant.PublicKey)
		files["alipay_app.crt"], files["alipay_root.crt"], files["alipay.crt"] = issued.App, issued.Root, issued.Alipay
		delete(settings, "public_key")
		settings["app_certificate"], settings["root_certificate"], settings["alipay_certificate"] = "alipay_app.crt", "alipay_root.crt", "alipay.crt"
	}
	if slices.Contains(shop.Granted("alipay"), pay.RailJSAPI) {
		settings["jsapi_product"] = "JSAPI_PAY"
	}
	return settle(shop, "alipay", settings)
}

// direct lists the shops that are paid by Cloud QuickPass at UnionPay itself; the others
// at their own cashier.
var direct = []string{"quickpass"}

func openUnionPay(shop *Shop, sim *providersim.Sim, k keys, n int, files map[string][]byte) error {
	if !slices.Contains(direct, shop.ID) {
		return nil
	}
	certificate, err := providersim.IssueUnionPay(k.platform, &k.merchant.PublicKey)
	if err != nil {
		return err
	}
	cert, err := parseCertificate(certificate)
	if err != nil {
		return err
	}
	account := providersim.UnionPayAccount{MerID: fmt.Sprintf("7772900%08d", n), Name: shop.Document.Name, Certificate: cert, SignerKey: k.platform}
	if err := sim.AddUnionPayAccount(account); err != nil {
		return err
	}
	if err := keyFiles(files, k); err != nil {
		return err
	}
	files["unionpay_merchant.cer"] = certificate
	files["unionpay_root.cer"], files["unionpay_middle.cer"] = providersim.UnionPayAuthorities(k.platform)
	return settle(shop, "unionpay", map[string]any{
		"mer_id": account.MerID, "private_key": "merchant.pem", "certificate": "unionpay_merchant.cer",
		"root_certificate": "unionpay_root.cer", "middle_certificate": "unionpay_middle.cer", "methods": []string{"unionpay"},
	})
}

func parseCertificate(text []byte) (*x509.Certificate, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the certificate is not PEM")
	}
	return x509.ParseCertificate(block.Bytes)
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
