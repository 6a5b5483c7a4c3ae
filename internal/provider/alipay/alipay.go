// Package alipay is the adapter to Alipay's classic gateway (RSA2, in public-key or
// certificate mode) for a merchant in mainland China: precreate (a QR code), wap.pay
// (the app from a mobile browser), page.pay (the web cashier), create (the bridge
// inside Alipay) and app.pay (Alipay's SDK in the shop's own app), with query, close, cancel, refund, bill and notifications. It is the
// only place that knows Alipay's words and states.
//
// It stands on smartwalle/alipay's client. What it adds: requests that are
// stored and sent again with the same content, guards before what the library
// takes on trust, and errors without content or keys in them.
//
// What must not live here: money state, HTTP routes, and any difference between
// the real Alipay and the simulator but the gateway's origin.
package alipay

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// ID of the adapter in the registry.
const ID = "alipay"

func init() { provider.Register(ID, Open) }

// china is the zone of all of Alipay's times. The library's default is the
// machine's, which would date requests of a UTC server eight hours off.
var china = time.FixedZone("UTC+8", 8*60*60)

// settings of one account. The names of key files are read through Env.ReadKey.
type settings struct {
	AppID      string `json:"app_id"`
	SellerID   string `json:"seller_id"`   // the merchant's Alipay user id, 2088…
	PrivateKey string `json:"private_key"` // file: of the application
	PublicKey  string `json:"public_key"`  // file: of Alipay, not of the application

	// Instead of public_key, in certificate mode, files:
	AppCertificate    string `json:"app_certificate"`    // of the application, appCertPublicKey_….crt
	RootCertificate   string `json:"root_certificate"`   // of the authorities, alipayRootCert.crt
	AlipayCertificate string `json:"alipay_certificate"` // of Alipay, alipayCertPublicKey_RSA2.crt

	// In service-provider mode, where app_id and the keys are of the service provider's
	// application, which acts for the merchant's:
	AuthAppID    string `json:"auth_app_id"`    // the merchant's application
	AppAuthToken string `json:"app_auth_token"` // file: what the merchant's authorization was traded for

	Sandbox bool `json:"sandbox"` // the application is one of Alipay's sandbox, where no real money moves

	QRProduct string `json:"qr_product"` // what was contracted for QR codes; "" for an account without them

	JSAPIProduct string `json:"jsapi_product"` // what was contracted for payments inside Alipay; "" for an account without them

	// What orders may say besides; "" is not sent.
	StoreID            string `json:"store_id"`                // the merchant's number of the shop
	TerminalID         string `json:"terminal_id"`             // and of the device; qr and jsapi only
	OperatorID         string `json:"operator_id"`             // and of who stands there; qr and jsapi only
	GoodsType          string `json:"goods_type"`              // 0 for virtual goods, 1 for real ones; deep_link, redirect and app only
	EnableChannels     string `json:"enable_pay_channels"`     // what may be paid with, split by commas
	DisableChannels    string `json:"disable_pay_channels"`    // or what may not
	SysServiceProvider string `json:"sys_service_provider_id"` // who gets a share for having brought the merchant: a user id

	SellerPercent int `json:"hb_fq_seller_percent"` // of the fee for instalments by Huabei, that the merchant pays: 0 or 100
}

// qrProducts are the product codes of precreate: payments face to face, which
// Alipay's risk control expects at a till, and order codes for online shops. Only
// the merchant knows which was contracted.
var qrProducts = []string{"FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE"}

// jsapiProducts are the product codes of create: the product for payments inside
// Alipay, and payments face to face, under which older contracts have them.
var jsapiProducts = []string{inAppProduct, "FACE_TO_FACE_PAYMENT"}

// inAppProduct is the product that must be told in which application it is paid.
const inAppProduct = "JSAPI_PAY"

var (
	appIDForm    = regexp.MustCompile(`^[0-9]{8,32}$`)
	sellerIDForm = regexp.MustCompile(`^2088[0-9]{12}$`)
)

func (s *settings) check(granted []pay.Rail) error {
	if !appIDForm.MatchString(s.AppID) {
		return pay.Errorf(pay.CodeInvalid, "app_id", "must be the application's id, 8 to 32 digits")
	}
	if !sellerIDForm.MatchString(s.SellerID) {
		return pay.Errorf(pay.CodeInvalid, "seller_id", "must be the merchant's user id, 16 digits beginning with 2088")
	}
	if err := s.checkAgency(); err != nil {
		return err
	}
	if s.SellerPercent != 0 && s.SellerPercent != 100 {
		return pay.Errorf(pay.CodeInvalid, "hb_fq_seller_percent", "must be 0 if payers pay the fee for instalments, 100 if the merchant does")
	}
	if err := s.checkOptional(); err != nil {
		return err
	}
	for _, p := range []struct {
		field, value string
		rail         pay.Rail
		codes        []string
		what         string
	}{
		{"qr_product", s.QRProduct, pay.RailQR, qrProducts, "QR codes"},
		{"jsapi_product", s.JSAPIProduct, pay.RailJSAPI, jsapiProducts, "payments inside Alipay"},
	} {
		unused := p.value == "" && !slices.Contains(granted, p.rail)
		if !unused && !slices.Contains(p.codes, p.value) {
			return pay.Errorf(pay.CodeInvalid, p.field, "must be the product that was contracted for %s, %s", p.what, strings.Join(p.codes, " or "))
		}
	}
	return nil
}

// account is one application of one merchant, or what a service provider's application
// does for it.
type account struct {
	settings
	env    provider.Env
	links  provider.Links
	client *sdk.Client
	token  string // by which a service provider acts for the merchant; "" for the merchant itself

	certificates *certificates // nil in public-key mode
	fingerprint  string
}

// The abilities that checkout finds by type assertion.
var (
	_ provider.Provider        = (*account)(nil)
	_ provider.Closer          = (*account)(nil)
	_ provider.Refunder        = (*account)(nil)
	_ provider.Biller          = (*account)(nil)
	_ provider.PayerIdentifier = (*account)(nil)
	_ provider.FormTargeter    = (*account)(nil)
	_ provider.KeyHolder       = (*account)(nil)
	_ provider.Rehearser       = (*account)(nil)
)

// Open makes the adapter for one account. Fails with *pay.Error naming the
// setting: an unknown or missing one, a key file that can't be read, a key that
// is short, of the wrong kind, or our own where Alipay's belongs, and likewise for
// certificates.
func Open(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
	a := &account{env: env}
	if err := provider.DecodeSettings(raw, &a.settings); err != nil {
		return nil, err
	}
	if err := cmp.Or(a.settings.check(env.Granted), a.checkSandbox(env.TestURL)); err != nil {
		return nil, err
	}
	a.links = provider.Links{
		Hosts: []string{strings.TrimPrefix(a.site().gateway, "https://")}, QR: []string{"https://qr.alipay.com/"}, TestURL: env.TestURL,
	}
	return a, a.connect()
}

// certified reports whether the account is in certificate mode.
func (s *settings) certified() bool {
	return s.AppCertificate != "" || s.RootCertificate != "" || s.AlipayCertificate != ""
}

// connect reads the keys and makes the library's client. To the library this is never
// production: all that changes is the default gateway, which is given, and that
// production clients download a certificate for any serial that a message names,
// forged ones too.
func (a *account) connect() (err error) {
	if a.token, err = a.readToken(a.env); err != nil {
		return err
	}
	if !a.certified() {
		return a.connectByKey()
	}
	if a.PublicKey != "" {
		return pay.Errorf(pay.CodeInvalid, "public_key", "can't be given together with certificates: an application is in one of the two modes")
	}
	key, err := a.env.PrivateKey("private_key", a.PrivateKey)
	if err != nil {
		return err
	}
	files, err := a.readCertificates(a.env, key)
	if err != nil {
		return err
	}
	a.setFingerprint(key, files.alipay[0].PublicKey.(*rsa.PublicKey))
	return a.certify(files, func(client *http.Client) (*sdk.Client, error) { return a.newClient(key, client) })
}

func (a *account) connectByKey() error {
	key, alipayKey, err := a.env.KeyPair(a.PrivateKey, a.PublicKey)
	if err != nil {
		return err
	}
	a.setFingerprint(key, alipayKey)
	if a.client, err = a.newClient(key, a.env.HTTP); err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(alipayKey)
	if err != nil || a.client.LoadAliPayPublicKey(pemText("PUBLIC KEY", public)) != nil {
		return pay.Errorf(pay.CodeInvalid, "public_key", "can't be used")
	}
	return nil
}

func (a *account) newClient(key *rsa.PrivateKey, client *http.Client) (*sdk.Client, error) {
	origin := cmp.Or(a.env.TestURL, a.site().gateway)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "private_key", "can't be used")
	}
	made, err := sdk.New(a.AppID, pemText("PRIVATE KEY", private), false,
		sdk.WithSandboxGateway(origin+"/gateway.do"), sdk.WithHTTPClient(client), sdk.WithTimeLocation(china))
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "private_key", "can't be used")
	}
	return made, nil
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// Account implements provider.Provider: the merchant's user id.
func (a *account) Account() string { return a.SellerID }

// App implements provider.Provider: the id of the merchant's application.
func (a *account) App(pay.Rail) string { return a.merchantApp() }

// Fingerprint implements provider.Provider. An application has keys, orders and
// notifications of its own.
func (a *account) Fingerprint() string { return a.fingerprint }

// setFingerprint leaves the token out: it is renewed, and the account stays the same.
func (a *account) setFingerprint(ours *rsa.PrivateKey, theirs *rsa.PublicKey) {
	a.fingerprint = provider.Fingerprint(a.site().gateway, a.AppID, a.AuthAppID, provider.KeyFingerprint(ours, theirs))
}

// Rails implements provider.Provider.
func (a *account) Rails() []pay.Rail {
	rails := []pay.Rail{pay.RailDeepLink, pay.RailRedirect, pay.RailApp}
	if a.QRProduct != "" {
		rails = append(rails, pay.RailQR)
	}
	if a.JSAPIProduct != "" {
		rails = append(rails, pay.RailJSAPI)
	}
	return rails
}

// FormTargets implements provider.FormTargeter: the gateway, the cashiers for phones and
// desktops that it redirects to, where a payer is identified, and the app.
func (a *account) FormTargets() []string {
	targets := []string{a.site().gateway, a.site().pages, "alipays:", "alipay:"}
	if a.env.TestURL != "" {
		targets = append(targets, a.env.TestURL)
	}
	return targets
}
