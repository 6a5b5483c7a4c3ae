// Package wechatpay is the adapter to WeChat Pay API v3: Native (a QR code), H5 (the
// app from a mobile browser), JSAPI (the bridge inside WeChat, and mini programs) and
// App (its SDK in a shop's own app), with query, close, refund, bill and notifications.
// It is the only place that knows WeChat Pay's words and states.
//
// An account is a direct merchant's, or that of a merchant under a service provider
// (partner mode); owner.go has all that differs. It verifies by WeChat Pay's public key,
// by platform certificates or by both; keys.go chooses.
//
// It stands on the official SDK's client, signer and verifier. What it adds:
// requests that are stored and sent again byte for byte, one verification for
// replies and notifications, and errors without headers, bodies or keys in them.
//
// What must not live here: money state, HTTP routes, and any difference between
// the real WeChat Pay and the simulator but the transport.
package wechatpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/signers"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// ID of the adapter in the registry.
const ID = "wechatpay"

func init() { provider.Register(ID, Open) }

// settings of one account. The names of key files are read through Env.ReadKey.
type settings struct {
	MchID             string `json:"mchid"`               // of a direct merchant
	AppID             string `json:"appid"`               // of orders by every rail that is not in AppIDs
	SpMchID           string `json:"sp_mchid"`            // instead of the two, in partner mode: of the service provider,
	SpAppID           string `json:"sp_appid"`            // whose keys and secrets all the others are,
	SubMchID          string `json:"sub_mchid"`           // and of the merchant under it
	SubAppID          string `json:"sub_appid"`           // the merchant's own app; "" where payers meet the service provider's
	AppIDs            appIDs `json:"appids"`              // others under the same number; in partner mode in place of SubAppID
	AppSecret         string `json:"app_secret"`          // file, of the jsapi rail's app; without it there is no such rail
	MiniProgramSecret string `json:"mini_program_secret"` // file, of the mini program; there with its app id
	CertificateSerial string `json:"certificate_serial"`  // of the merchant's API certificate, upper-case hex
	PrivateKey        string `json:"private_key"`         // file: apiclient_key.pem
	APIv3Key          string `json:"api_v3_key"`          // file: 32 letters and digits
	PublicKeyID       string `json:"public_key_id"`       // PUB_KEY_ID_…
	PublicKey         string `json:"public_key"`          // file: pub_key.pem of WeChat Pay
	Certificate       string `json:"certificate"`         // file, optional: apiclient_cert.pem

	Options options `json:"options"` // of its orders

	// PlatformCertificates are files with certificates of WeChat Pay's to begin with. If it is
	// there, empty too, the account verifies by certificates, which are asked for; beside a
	// public key by both.
	PlatformCertificates []string `json:"platform_certificates"`

	H5Domain string `json:"h5_domain"` // registered for H5; if set, return links must be on it
}

// appIDs are the app ids of single rails. The last two have no other: without them there
// are no such rails.
type appIDs struct {
	QR          string `json:"qr"`
	DeepLink    string `json:"deep_link"`
	JSAPI       string `json:"jsapi"`
	App         string `json:"app"`          // of the mobile app, on the Open Platform
	MiniProgram string `json:"mini_program"` // of the mini program
}

// of lists them by rail.
func (ids appIDs) of() map[pay.Rail]string {
	return map[pay.Rail]string{
		pay.RailQR: ids.QR, pay.RailDeepLink: ids.DeepLink, pay.RailJSAPI: ids.JSAPI, pay.RailApp: ids.App, pay.RailMiniProgram: ids.MiniProgram,
	}
}

var (
	mchIDForm       = regexp.MustCompile(`^[0-9]{6,32}$`)
	appIDForm       = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)
	serialForm      = regexp.MustCompile(`^[0-9A-F]{8,64}$`)
	publicKeyIDForm = regexp.MustCompile(`^PUB_KEY_ID_[0-9A-Za-z]{1,64}$`)
	domainForm      = regexp.MustCompile(`^([0-9a-z-]+\.)+[a-z]{2,}$`)
	apiV3KeyForm    = regexp.MustCompile(`^[0-9A-Za-z]{32}$`)
)

func (s settings) check(granted []pay.Rail) error {
	if err := s.checkOwner(); err != nil {
		return err
	}
	if err := checkForms([]formed{
		{"certificate_serial", s.CertificateSerial, serialForm, "the serial of the merchant's certificate in upper-case hex"},
	}); err != nil {
		return err
	}
	if s.PlatformCertificates == nil || s.PublicKeyID+s.PublicKey != "" {
		err := checkForms([]formed{
			{"public_key_id", s.PublicKeyID, publicKeyIDForm, "the id of WeChat Pay's public key, with its prefix " + publicKeyPrefix},
		})
		if err != nil {
			return err
		}
	}
	if err := s.Options.check(); err != nil {
		return err
	}
	if err := s.checkAppIDs(granted); err != nil {
		return err
	}
	if s.H5Domain != "" && !domainForm.MatchString(s.H5Domain) {
		return pay.Errorf(pay.CodeInvalid, "h5_domain", "must be a domain name without scheme and port")
	}
	return nil
}

// formed is a setting that must have a form.
type formed struct {
	name, value string
	form        *regexp.Regexp
	want        string
}

func checkForms(list []formed) error {
	for _, f := range list {
		if !f.form.MatchString(f.value) {
			return pay.Errorf(pay.CodeInvalid, f.name, "must be %s", f.want)
		}
	}
	return nil
}

// checkOwner reports numbers and apps that belong to neither mode, or to both.
func (s settings) checkOwner() error {
	if s.SpMchID+s.SpAppID+s.SubMchID+s.SubAppID == "" {
		return checkForms([]formed{
			{"mchid", s.MchID, mchIDForm, "the merchant number, 6 to 32 digits"},
			{"appid", s.AppID, appIDForm, "the app id that is bound to the merchant number"},
		})
	}
	for _, own := range []struct{ name, value string }{{"mchid", s.MchID}, {"appid", s.AppID}} {
		if own.value != "" {
			return pay.Errorf(pay.CodeInvalid, own.name, "is a direct merchant's, and there are settings of a service provider: give sp_%[1]s and sub_%[1]s instead", own.name)
		}
	}
	if err := checkForms([]formed{
		{"sp_mchid", s.SpMchID, mchIDForm, "the service provider's merchant number, 6 to 32 digits"},
		{"sp_appid", s.SpAppID, appIDForm, "the app id that is bound to the service provider's number"},
		{"sub_mchid", s.SubMchID, mchIDForm, "the number of the merchant under the service provider, 6 to 32 digits"},
	}); err != nil {
		return err
	}
	if s.SubMchID == s.SpMchID {
		return pay.Errorf(pay.CodeInvalid, "sub_mchid", "is the service provider's own number: the one that it got for this merchant is needed")
	}
	if s.SubAppID != "" && !appIDForm.MatchString(s.SubAppID) {
		return pay.Errorf(pay.CodeInvalid, "sub_appid", "must be an app id that is bound to the merchant's number under the service provider")
	}
	return nil
}

func (s settings) checkAppIDs(granted []pay.Rail) error {
	ids := s.AppIDs.of()
	for _, rail := range pay.Rails {
		if id := ids[rail]; id != "" && !appIDForm.MatchString(id) {
			return pay.Errorf(pay.CodeInvalid, "appids."+string(rail), "must be an app id that is bound to the merchant number")
		}
	}
	for _, f := range []struct {
		rail pay.Rail
		want string
	}{
		{pay.RailApp, "the app id of the mobile app on WeChat's Open Platform"},
		{pay.RailMiniProgram, "the app id of the mini program"},
	} {
		if ids[f.rail] == "" && slices.Contains(granted, f.rail) {
			return pay.Errorf(pay.CodeInvalid, "appids."+string(f.rail), "must be %s, for the document grants the rail %s", f.want, f.rail)
		}
	}
	if (s.AppIDs.MiniProgram == "") != (s.MiniProgramSecret == "") {
		return pay.Errorf(pay.CodeInvalid, "mini_program_secret", "and appids.mini_program must be there together: payers are identified by both")
	}
	return nil
}

// account is one merchant, with an app id for each rail.
type account struct {
	settings
	env       provider.Env
	links     provider.Links
	sites     *provider.Standby
	client    *core.Client
	download  *core.Client      // signs too, but its replies are not signed: bills
	keys      *keys             // of WeChat Pay
	certified *x509.Certificate // the merchant's own; nil if it is not given
	apiV3Key  string
	secrets   map[pay.Rail]string // of the apps under which payers are identified

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
	_ provider.KeyHolder        = (*account)(nil)
	_ provider.KeyRenewer       = (*account)(nil)
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
	if err := a.settings.check(env.Granted); err != nil {
		return nil, err
	}
	key, err := env.PrivateKey("private_key", a.PrivateKey)
	if err != nil {
		return nil, err
	}
	if err := a.readKeys(key); err != nil {
		return nil, err
	}
	if err := a.readOwnCertificate(key); err != nil {
		return nil, err
	}
	if err := a.readSecrets(); err != nil {
		return nil, err
	}
	a.fingerprint = provider.Fingerprint(a.SpMchID, a.CertificateSerial, a.apiV3Key, provider.KeyFingerprint(key, a.keys.public), a.PublicKeyID, fmt.Sprint(a.PlatformCertificates != nil))
	return a, a.connect(key)
}

func (a *account) readSecrets() (err error) {
	if a.apiV3Key, err = a.env.Secret("api_v3_key", a.APIv3Key); err != nil {
		return err
	}
	if !apiV3KeyForm.MatchString(a.apiV3Key) {
		return pay.Errorf(pay.CodeInvalid, "api_v3_key", "must be exactly 32 letters and digits, the file holds %d bytes", len(a.apiV3Key))
	}
	a.secrets = map[pay.Rail]string{}
	for _, f := range []struct {
		rail          pay.Rail
		setting, file string
	}{
		{pay.RailJSAPI, "app_secret", a.AppSecret},
		{pay.RailMiniProgram, "mini_program_secret", a.MiniProgramSecret},
	} {
		if f.file == "" {
			continue
		}
		if a.secrets[f.rail], err = a.env.Secret(f.setting, f.file); err != nil {
			return err
		}
	}
	return nil
}

func (a *account) connect(key *rsa.PrivateKey) (err error) {
	calls := *a.env.HTTP
	a.sites = &provider.Standby{
		Next: calls.Transport, First: "api.mch.weixin.qq.com", Second: "api2.mch.weixin.qq.com", Now: a.env.Now, Log: a.env.LogOf(ID, a.Account()),
	}
	calls.Transport = a.sites
	dial := core.DialSettings{
		HTTPClient: &calls,
		Signer: &signers.SHA256WithRSASigner{
			MchID: a.owner().caller(), PrivateKey: key, CertificateSerialNo: a.CertificateSerial,
		},
		Validator: replies{a},
	}
	if a.client, err = core.NewClientWithDialSettings(background, &dial); err != nil {
		return errors.New("wechat pay: the client can't be made")
	}
	bills := calls
	bills.Timeout = billTimeout
	dial.HTTPClient, dial.Validator = &bills, unsigned{}
	if a.download, err = core.NewClientWithDialSettings(background, &dial); err != nil {
		return errors.New("wechat pay: the client can't be made")
	}
	return nil
}

// Forget implements provider.Forgetter.
func (a *account) Forget() {
	a.sites.Forget()
	a.keys.renewal.Forget()
}

// Account implements provider.Provider: the number of the merchant whom the money is for.
func (a *account) Account() string { return a.owner().payee() }

// App implements provider.Provider: the app id, which is the same for all rails
// unless the settings say otherwise.
func (a *account) App(rail pay.Rail) string { return a.apps(rail).met() }

// Fingerprint implements provider.Provider. Shops under one merchant number may have
// apps of their own.
func (a *account) Fingerprint() string { return a.fingerprint }

// Rails implements provider.Provider.
func (a *account) Rails() []pay.Rail {
	rails := []pay.Rail{pay.RailQR, pay.RailDeepLink}
	for _, r := range []pay.Rail{pay.RailJSAPI, pay.RailMiniProgram} {
		if a.secrets[r] != "" {
			rails = append(rails, r)
		}
	}
	if a.AppIDs.App != "" {
		rails = append(rails, pay.RailApp)
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
