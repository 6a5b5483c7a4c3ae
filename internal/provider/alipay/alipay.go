// Package alipay is the adapter to Alipay's classic gateway (RSA2, public-key
// mode) for a merchant in mainland China: precreate (a QR code), wap.pay (the
// app from a mobile browser), page.pay (the web cashier) and create (the bridge
// inside Alipay), with query, close, cancel, refund and notifications. It is the only place that knows Alipay's
// words and states.
//
// It stands on smartwalle/alipay's client. What it adds: requests that are
// stored and sent again with the same content, guards before what the library
// takes on trust, and errors without content or keys in them.
//
// What must not live here: money state, HTTP routes, and any difference between
// the real Alipay and the simulator but the gateway's origin.
package alipay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
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
	QRProduct  string `json:"qr_product"`  // what was contracted for QR codes; "" for an account without them

	JSAPIProduct string `json:"jsapi_product"` // what was contracted for payments inside Alipay; "" for an account without them

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
	if s.SellerPercent != 0 && s.SellerPercent != 100 {
		return pay.Errorf(pay.CodeInvalid, "hb_fq_seller_percent", "must be 0 if payers pay the fee for instalments, 100 if the merchant does")
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

// account is one application of one merchant.
type account struct {
	settings
	env    provider.Env
	links  provider.Links
	client *sdk.Client

	fingerprint string
}

// The abilities that checkout finds by type assertion.
var (
	_ provider.Provider        = (*account)(nil)
	_ provider.Closer          = (*account)(nil)
	_ provider.Refunder        = (*account)(nil)
	_ provider.Biller          = (*account)(nil)
	_ provider.PayerIdentifier = (*account)(nil)
	_ provider.FormTargeter    = (*account)(nil)
)

// Open makes the adapter for one account. Fails with *pay.Error naming the
// setting: an unknown or missing one, a key file that can't be read, a key that
// is short, of the wrong kind, or our own where Alipay's belongs.
func Open(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
	a := &account{env: env, links: provider.Links{
		Hosts: []string{"openapi.alipay.com"}, QR: []string{"https://qr.alipay.com/"}, TestURL: env.TestURL,
	}}
	if err := provider.DecodeSettings(raw, &a.settings); err != nil {
		return nil, err
	}
	if err := a.settings.check(env.Granted); err != nil {
		return nil, err
	}
	key, alipayKey, err := env.KeyPair(a.PrivateKey, a.PublicKey)
	if err != nil {
		return nil, err
	}
	a.fingerprint = provider.Fingerprint(a.AppID, provider.KeyFingerprint(key, alipayKey))
	return a, a.connect(key, alipayKey)
}

// connect makes the library's client. To the library this is never production:
// all that changes is the default gateway, which is given, and that production
// clients download a certificate for any serial that a message names, forged
// ones too.
func (a *account) connect(key *rsa.PrivateKey, alipayKey *rsa.PublicKey) error {
	origin := "https://openapi.alipay.com"
	if a.env.TestURL != "" {
		origin = a.env.TestURL
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "private_key", "can't be used")
	}
	public, err := x509.MarshalPKIXPublicKey(alipayKey)
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "public_key", "can't be used")
	}
	a.client, err = sdk.New(a.AppID, pemText("PRIVATE KEY", private), false,
		sdk.WithSandboxGateway(origin+"/gateway.do"), sdk.WithHTTPClient(a.env.HTTP), sdk.WithTimeLocation(china))
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "private_key", "can't be used")
	}
	if a.client.LoadAliPayPublicKey(pemText("PUBLIC KEY", public)) != nil {
		return pay.Errorf(pay.CodeInvalid, "public_key", "can't be used")
	}
	return nil
}

func pemText(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// Account implements provider.Provider: the merchant's user id.
func (a *account) Account() string { return a.SellerID }

// App implements provider.Provider: the application's id.
func (a *account) App(pay.Rail) string { return a.AppID }

// Fingerprint implements provider.Provider. An application has keys, orders and
// notifications of its own.
func (a *account) Fingerprint() string { return a.fingerprint }

// Rails implements provider.Provider.
func (a *account) Rails() []pay.Rail {
	rails := []pay.Rail{pay.RailDeepLink, pay.RailRedirect}
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
	targets := []string{"https://openapi.alipay.com", "https://*.alipay.com", "alipays:", "alipay:"}
	if a.env.TestURL != "" {
		targets = append(targets, a.env.TestURL)
	}
	return targets
}
