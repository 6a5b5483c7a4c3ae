// Package unionpay is the adapter to UnionPay's gateway (ACP 5.1.0) for a merchant who has
// a contract for online payments: a web page to which the payer's browser posts a form,
// and a QR code, with query, refund and notifications. It is experimental: nobody has run
// it against UnionPay yet. It is the only place that knows UnionPay's words and states.
//
// A transaction is known by its number and its time together (orderId, txnTime): the time
// stands in the stored request. A refund is a transaction of its own, and orders can't be
// closed: they run out by payTimeout.
//
// Facts that are marked "from memory" were seen in no document at hand: confirm them in
// the documents on open.unionpay.com before taking money.
//
// What must not live here: money state, HTTP routes, the page that posts the form, and any
// difference between the real UnionPay and the simulator but the gateway's origin.
package unionpay

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"regexp"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// ID of the adapter in the registry.
const ID = "unionpay"

// method is what is paid at UnionPay.
const method pay.Method = "unionpay"

func init() { provider.Register(ID, Open) }

// china is the zone of all of UnionPay's times, and timeForm their form.
var china = time.FixedZone("UTC+8", 8*60*60)

const timeForm = "20060102150405"

// settings of one account. The names of files are read through Env.ReadKey.
type settings struct {
	MerID       string `json:"mer_id"`
	PrivateKey  string `json:"private_key"`        // file: of the merchant's signing certificate, PKCS#8
	Certificate string `json:"certificate"`        // file: the merchant's signing certificate
	Root        string `json:"root_certificate"`   // file: UnionPay's root
	Middle      string `json:"middle_certificate"` // file: the authority between the root and who signs
	Environment string `json:"environment"`        // live or test; "" for live
	AcqInsCode  string `json:"acq_ins_code"`       // of the acquirer, for one who connects its merchants; "" for a merchant
	TermID      string `json:"term_id"`            // the terminal, where the contract asks for one; "" for none

	Methods []pay.Method `json:"methods"` // what is paid here instead of at the merchant's own cashier: unionpay, or nothing yet
}

// environment is one of UnionPay's two.
type environment struct {
	origin  string
	targets []string // where the form and what follows it lead
	codes   []string // what the text of a QR code begins with
	signer  []string // who may sign: the third part of the certificate's common name
	sha1    bool     // certificates may be signed with SHA-1
}

// The common name of UnionPay's own certificate is 041@<number>@<company>@<number>:SIGN@…,
// and that of the test environment's has no company.
const company = "中国银联股份有限公司"

// environments by the setting. That the test environment's codes stand on the live host
// too is from memory.
var environments = map[string]environment{
	"live": {
		origin: "https://gateway.95516.com", targets: []string{"https://gateway.95516.com", "https://*.95516.com"},
		codes: []string{"https://qr.95516.com/"}, signer: []string{company},
	},
	"test": {
		origin: "https://gateway.test.95516.com", targets: []string{"https://gateway.test.95516.com", "https://*.test.95516.com"},
		codes: []string{"https://qr.95516.com/", "https://qr.test.95516.com/"}, signer: []string{company, "00040000:SIGN"}, sha1: true,
	},
}

var (
	merIDForm  = regexp.MustCompile(`^[0-9A-Za-z]{15}$`)
	acqForm    = regexp.MustCompile(`^[0-9]{8,11}$`)
	termIDForm = regexp.MustCompile(`^[0-9A-Za-z]{8}$`)
)

func (s *settings) check() error {
	if !merIDForm.MatchString(s.MerID) {
		return pay.Errorf(pay.CodeInvalid, "mer_id", "must be the merchant's number at UnionPay, 15 digits or letters")
	}
	if s.Environment == "" {
		s.Environment = "live"
	}
	if _, ok := environments[s.Environment]; !ok {
		return pay.Errorf(pay.CodeInvalid, "environment", "must be live or test")
	}
	if s.AcqInsCode != "" && !acqForm.MatchString(s.AcqInsCode) {
		return pay.Errorf(pay.CodeInvalid, "acq_ins_code", "must be the acquirer's code, 8 to 11 digits")
	}
	if s.TermID != "" && !termIDForm.MatchString(s.TermID) {
		return pay.Errorf(pay.CodeInvalid, "term_id", "must be 8 digits or letters")
	}
	if len(s.Methods) > 1 || len(s.Methods) == 1 && s.Methods[0] != method {
		return pay.Errorf(pay.CodeInvalid, "methods", "must be [%q], or empty while it is paid at the merchant's own cashier", method)
	}
	return nil
}

// account is one merchant at UnionPay.
type account struct {
	settings
	environment
	env   provider.Env
	links provider.Links
	key   *rsa.PrivateKey
	chain chain

	own         *x509.Certificate
	fingerprint string
}

// The abilities that checkout finds by type assertion.
var (
	_ provider.Provider     = (*account)(nil)
	_ provider.Refunder     = (*account)(nil)
	_ provider.MethodTaker  = (*account)(nil)
	_ provider.FormPoster   = (*account)(nil)
	_ provider.FormTargeter = (*account)(nil)
	_ provider.KeyHolder    = (*account)(nil)
)

// Open makes the adapter for one account. Fails with *pay.Error naming the setting: an
// unknown or missing one, a file that can't be read, a certificate that is over, of
// another key, an authority's where the merchant's belongs or the other way round, or a
// middle certificate that the root has not issued.
func Open(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
	a := &account{env: env}
	if err := provider.DecodeSettings(raw, &a.settings); err != nil {
		return nil, err
	}
	if err := a.settings.check(); err != nil {
		return nil, err
	}
	a.environment = environments[a.Environment]
	if env.TestURL != "" {
		a.origin = env.TestURL
	}
	a.links = provider.Links{QR: a.codes, TestURL: env.TestURL}
	if err := a.readFiles(); err != nil {
		return nil, err
	}
	return a, nil
}

// readFiles reads the key and the certificates.
func (a *account) readFiles() (err error) {
	if a.key, err = a.env.PrivateKey("private_key", a.PrivateKey); err != nil {
		return err
	}
	if a.own, err = a.env.OwnCertificate("certificate", a.Certificate, a.key); err != nil {
		return err
	}
	root, err := a.env.Authority("root_certificate", a.Root)
	if err != nil {
		return err
	}
	middle, err := a.env.Authority("middle_certificate", a.Middle)
	if err != nil {
		return err
	}
	a.chain = chain{root: root, middle: middle, environment: a.environment}
	if root.Equal(middle) || a.chain.issued(root, middle) != nil {
		return pay.Errorf(pay.CodeInvalid, "middle_certificate",
			"the certificate in %s was not issued by the one in %s, root_certificate: take both from the same download of UnionPay's, and don't swap them", a.Middle, a.Root)
	}
	a.fingerprint = provider.Fingerprint(a.MerID, a.Environment, a.AcqInsCode, string(x509.MarshalPKCS1PrivateKey(a.key)), string(root.Raw), string(middle.Raw))
	return nil
}

// certID returns a certificate's serial number as UnionPay writes it: in decimal.
func certID(c *x509.Certificate) string { return c.SerialNumber.String() }

// Keys implements provider.KeyHolder: the merchant's certificate and the pinned ones.
// UnionPay's own is none that is held, for each message brings it along.
func (a *account) Keys() []provider.Key {
	return []provider.Key{
		provider.CertificateKey(certID(a.own), provider.KeyOurs, a.own),
		provider.CertificateKey(certID(a.chain.middle), provider.KeyMiddle, a.chain.middle),
		provider.CertificateKey(certID(a.chain.root), provider.KeyRoot, a.chain.root),
	}
}

// Account implements provider.Provider: the merchant's number.
func (a *account) Account() string { return a.MerID }

// App implements provider.Provider. UnionPay knows no applications.
func (a *account) App(pay.Rail) string { return "" }

// Fingerprint implements provider.Provider.
func (a *account) Fingerprint() string { return a.fingerprint }

// Methods implements provider.MethodTaker: Cloud QuickPass, which else is the merchant's own
// cashier's, unless the settings leave it there.
func (a *account) Methods() []pay.Method { return a.settings.Methods }

// Rails implements provider.Provider.
func (a *account) Rails() []pay.Rail { return []pay.Rail{pay.RailRedirect, pay.RailQR} }

// FormTargets implements provider.FormTargeter: the gateway, and UnionPay's other hosts,
// on which its cashier stands.
func (a *account) FormTargets() []string {
	if a.env.TestURL != "" {
		return append([]string{a.env.TestURL}, a.targets...)
	}
	return a.targets
}
