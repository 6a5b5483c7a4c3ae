// Package wechatpay is the adapter to WeChat Pay API v3 for a direct merchant in
// public-key mode: Native (a QR code), H5 (the app from a mobile browser) and
// JSAPI (the bridge inside WeChat), with query, close, refund, bill and
// notifications. It is the only place that knows WeChat Pay's words and states.
//
// It stands on the official SDK's client, signer and verifier. What it adds:
// requests that are stored and sent again byte for byte, one verification for
// replies and notifications, and errors without headers, bodies or keys in them.
//
// What must not live here: money state, HTTP routes, and any difference between
// the real WeChat Pay and the simulator but the transport.
package wechatpay

import (
	"cmp"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"regexp"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/signers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/cipher"
	"github.com/wechatpay-apiv3/wechatpay-go/core/cipher/encryptors"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// ID of the adapter in the registry.
const ID = "wechatpay"

func init() { provider.Register(ID, Open) }

// settings of one account. The names of key files are read through Env.ReadKey.
type settings struct {
	MchID             string `json:"mchid"`
	AppID             string `json:"appid"`              // of orders by every rail that is not in AppIDs
	AppIDs            appIDs `json:"appids"`             // others under the same number
	AppSecret         string `json:"app_secret"`         // file, of the jsapi rail's app; without it there is no such rail
	CertificateSerial string `json:"certificate_serial"` // of the merchant's API certificate, upper-case hex
	PrivateKey        string `json:"private_key"`        // file: apiclient_key.pem
	APIv3Key          string `json:"api_v3_key"`         // file: 32 letters and digits
	PublicKeyID       string `json:"public_key_id"`      // PUB_KEY_ID_…
	PublicKey         string `json:"public_key"`         // file: pub_key.pem of WeChat Pay
	H5Domain          string `json:"h5_domain"`          // registered for H5; if set, return links must be on it
}

// appIDs are the app ids of single rails.
type appIDs struct {
	QR       string `json:"qr"`
	DeepLink string `json:"deep_link"`
	JSAPI    string `json:"jsapi"`
}

var (
	mchIDForm       = regexp.MustCompile(`^[0-9]{6,32}$`)
	appIDForm       = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)
	serialForm      = regexp.MustCompile(`^[0-9A-F]{8,64}$`)
	publicKeyIDForm = regexp.MustCompile(`^PUB_KEY_ID_[0-9A-Za-z]{1,64}$`)
	domainForm      = regexp.MustCompile(`^([0-9a-z-]+\.)+[a-z]{2,}$`)
	apiV3KeyForm    = regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
)

func (s settings) check() error {
	for _, f := range []struct {
		name, value string
		form        *regexp.Regexp
		want        string
	}{
		{"mchid", s.MchID, mchIDForm, "the merchant number, 6 to 32 digits"},
		{"appid", s.AppID, appIDForm, "the app id that is bound to the merchant number"},
		{"certificate_serial", s.CertificateSerial, serialForm, "the serial of the merchant's certificate in upper-case hex"},
		{"public_key_id", s.PublicKeyID, publicKeyIDForm, "the id of WeChat Pay's public key, with its prefix PUB_KEY_ID_"},
	} {
		if !f.form.MatchString(f.value) {
			return pay.Errorf(pay.CodeInvalid, f.name, "must be %s", f.want)
		}
	}
	for _, f := range []struct{ rail, appID string }{{"qr", s.AppIDs.QR}, {"deep_link", s.AppIDs.DeepLink}, {"jsapi", s.AppIDs.JSAPI}} {
		if f.appID != "" && !appIDForm.MatchString(f.appID) {
			return pay.Errorf(pay.CodeInvalid, "appids."+f.rail, "must be an app id that is bound to the merchant number")
		}
	}
	if s.H5Domain != "" && !domainForm.MatchString(s.H5Domain) {
		return pay.Errorf(pay.CodeInvalid, "h5_domain", "must be a domain name without scheme and port")
	}
	return nil
}

// account is one merchant number, with an app id for each rail.
type account struct {
	settings
	env       provider.Env
	links     provider.Links
	client    *core.Client
	download  *core.Client // signs too, but its replies are not signed: bills
	verifier  auth.Verifier
	encrypter cipher.Encryptor // what only WeChat Pay may read of a request
	apiV3Key  string
	appSecret string

	fingerprint string
}

// The abilities that checkout finds by type assertion.
var (
	_ provider.Provider         = (*account)(nil)
	_ provider.Closer           = (*account)(nil)
	_ provider.Refunder         = (*account)(nil)
	_ provider.AbnormalRefunder = (*account)(nil)
	_ provider.Biller           = (*account)(nil)
	_ provider.PayerIdentifier  = (*account)(nil)
	_ provider.PayerChecker     = (*account)(nil)
	_ provider.FormTargeter     = (*account)(nil)
)

// Open makes the adapter for one account. Fails with *pay.Error naming the
// setting: an unknown or missing one, a key file that can't be read, a key that
// is short, of the wrong kind, or the merchant's own where WeChat Pay's belongs.
func Open(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
	a := &account{env: env, links: provider.Links{
		Hosts: []string{"wx.tenpay.com"}, QR: []string{"weixin://"}, TestURL: env.TestURL,
	}}
	if err := provider.DecodeSettings(raw, &a.settings); err != nil {
		return nil, err
	}
	if err := a.settings.check(); err != nil {
		return nil, err
	}
	key, wechatKey, err := env.KeyPair(a.PrivateKey, a.PublicKey)
	if err != nil {
		return nil, err
	}
	if err := a.readSecrets(); err != nil {
		return nil, err
	}
	a.fingerprint = provider.Fingerprint(a.CertificateSerial, a.PublicKeyID, a.apiV3Key, provider.KeyFingerprint(key, wechatKey))
	return a, a.connect(key, wechatKey)
}

func (a *account) readSecrets() (err error) {
	if a.apiV3Key, err = a.env.Secret("api_v3_key", a.APIv3Key); err != nil {
		return err
	}
	if !apiV3KeyForm.MatchString(a.apiV3Key) {
		return pay.Errorf(pay.CodeInvalid, "api_v3_key", "must be exactly 32 letters and digits, the file holds %d bytes", len(a.apiV3Key))
	}
	if a.AppSecret == "" {
		return nil
	}
	a.appSecret, err = a.env.Secret("app_secret", a.AppSecret)
	return err
}

func (a *account) connect(key *rsa.PrivateKey, wechatKey *rsa.PublicKey) (err error) {
	a.verifier = verifiers.NewSHA256WithRSAPubkeyVerifier(a.PublicKeyID, *wechatKey)
	a.encrypter = encryptors.NewWechatPayPubKeyEncryptor(a.PublicKeyID, *wechatKey)
	dial := core.DialSettings{
		HTTPClient: a.env.HTTP,
		Signer: &signers.SHA256WithRSASigner{
			MchID: a.MchID, PrivateKey: key, CertificateSerialNo: a.CertificateSerial,
		},
		Validator: replies{a},
	}
	if a.client, err = core.NewClientWithDialSettings(background, &dial); err != nil {
		return errors.New("wechat pay: the client can't be made")
	}
	bills := *a.env.HTTP
	bills.Timeout = billTimeout
	dial.HTTPClient, dial.Validator = &bills, unsigned{}
	if a.download, err = core.NewClientWithDialSettings(background, &dial); err != nil {
		return errors.New("wechat pay: the client can't be made")
	}
	return nil
}

// Account implements provider.Provider: the merchant number.
func (a *account) Account() string { return a.MchID }

// App implements provider.Provider: the app id, which is the same for all rails
// unless the settings say otherwise.
func (a *account) App(rail pay.Rail) string {
	own := map[pay.Rail]string{pay.RailQR: a.AppIDs.QR, pay.RailDeepLink: a.AppIDs.DeepLink, pay.RailJSAPI: a.AppIDs.JSAPI}
	return cmp.Or(own[rail], a.AppID)
}

// Fingerprint implements provider.Provider. Shops under one merchant number may have
// apps of their own.
func (a *account) Fingerprint() string { return a.fingerprint }

// Rails implements provider.Provider.
func (a *account) Rails() []pay.Rail {
	rails := []pay.Rail{pay.RailQR, pay.RailDeepLink}
	if a.appSecret != "" {
		rails = append(rails, pay.RailJSAPI)
	}
	return rails
}

// FormTargets implements provider.FormTargeter.
func (a *account) FormTargets() []string {
	targets := []string{"https://wx.tenpay.com", "https://open.weixin.qq.com", "weixin:"}
	if a.env.TestURL != "" {
		targets = append(targets, a.env.TestURL)
	}
	return targets
}
