package alipay

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	sdk "github.com/smartwalle/alipay/v3"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

const (
	// renewEvery is how long no certificate is asked for after one was: anybody can
	// name one that there is not.
	renewEvery = 5 * time.Minute

	// renewTimeout limits the download of a certificate. Who waits for it is Alipay,
	// which sends its notification again where no answer comes.
	renewTimeout = 4 * time.Second
)

// serialForm is an alipay_cert_sn.
var serialForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// certificates are those of an account in certificate mode: what Alipay signs with,
// and what they are held against.
type certificates struct {
	env   provider.Env
	roots *x509.CertPool
	app   *x509.Certificate // ours: none of Alipay's is of the same key
	load  func(*x509.Certificate) error
	fetch func(ctx context.Context, serial string) ([]byte, error) // PEM

	mu    sync.Mutex
	known map[string]*x509.Certificate // by alipay_cert_sn

	renewal provider.Renewal
}

// certificateFiles are what the three settings of certificate mode name.
type certificateFiles struct {
	app    *x509.Certificate
	roots  []*x509.Certificate
	alipay []*x509.Certificate // its own, and those between it and the root
}

// readCertificates reads the files of certificate mode. Each must be what its name
// says; that the Alipay certificate comes from the root is checked by admit.
func (s *settings) readCertificates(env provider.Env, key *rsa.PrivateKey) (certificateFiles, error) {
	var files certificateFiles
	var err error
	if files.app, err = env.OwnCertificate("app_certificate", s.AppCertificate, key); err != nil {
		return files, err
	}
	if files.roots, err = env.Authorities("root_certificate", s.RootCertificate); err != nil {
		return files, err
	}
	if rootSerial(files.roots) == "" {
		return files, pay.Errorf(pay.CodeInvalid, "root_certificate", "the file %s holds no certificate signed with RSA: take alipayRootCert.crt", s.RootCertificate)
	}
	leaf, err := env.Certificate("alipay_certificate", s.AlipayCertificate)
	if err != nil {
		return files, err
	}
	text, err := env.Secret("alipay_certificate", s.AlipayCertificate)
	if err != nil {
		return files, err
	}
	files.alipay = []*x509.Certificate{leaf}
	if chain := parseChain([]byte(text)); len(chain) > 1 {
		files.alipay = append(files.alipay, chain[1:]...)
	}
	return files, nil
}

// parseChain reads the certificates of a text in PEM, and leaves out what Go can't read.
func parseChain(text []byte) []*x509.Certificate {
	var chain []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if cert, err := x509.ParseCertificate(block.Bytes); err == nil {
			chain = append(chain, cert)
		}
	}
	return chain
}

// certSerial returns what Alipay calls the SN of a certificate: the MD5 of its
// issuer's name, the last part first, and its serial number in decimal.
func certSerial(cert *x509.Certificate) string {
	sum := md5.Sum([]byte(cert.Issuer.String() + cert.SerialNumber.String()))
	return hex.EncodeToString(sum[:])
}

// rsaAlgorithms are the ones that a root counts with.
var rsaAlgorithms = []x509.SignatureAlgorithm{x509.SHA256WithRSA, x509.SHA1WithRSA}

// rootSerial returns alipay_root_cert_sn: those of the roots signed with RSA, in the
// file's order.
func rootSerial(roots []*x509.Certificate) string {
	var serials []string
	for _, root := range roots {
		if slices.Contains(rsaAlgorithms, root.SignatureAlgorithm) {
			serials = append(serials, certSerial(root))
		}
	}
	return strings.Join(serials, "_")
}

// admit takes a certificate for one of Alipay's: it comes from the root, through those
// that follow it, is in force, and is not of our own key.
func (c *certificates) admit(chain []*x509.Certificate) error {
	leaf, between := chain[0], x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	switch key := provider.SignerKey(leaf); {
	case key == nil:
		return errors.New("is not one of an RSA key of 2048 bits or more")
	case key.Equal(c.app.PublicKey):
		return errors.New("is the application's own; take alipayCertPublicKey_RSA2.crt")
	}
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: c.roots, Intermediates: between, CurrentTime: c.env.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil || len(chains[0]) < 2 { // it must not be its own root
		return errors.New("does not come from the root in root_certificate: take both files from the same application in Alipay's console")
	}
	if err := c.load(leaf); err != nil {
		return errors.New("can't be used")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[certSerial(leaf)] = leaf
	return nil
}

// check reports whether the certificate that a message names is one of Alipay's, in
// force. One that is not known is asked for, at most once in five minutes whoever
// names it: messages are forged too. Fails with an error that wraps
// provider.ErrUnknownKey.
func (c *certificates) check(ctx context.Context, serial string) error {
	if !serialForm.MatchString(serial) {
		return unknownKey("what it names is no certificate")
	}
	if c.inForce(serial) {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, renewTimeout)
	defer cancel()
	err := c.renewal.Ask(ctx, renewEvery, func(ctx context.Context) error { return c.renew(ctx, serial) })
	switch {
	case c.inForce(serial): // who waited for somebody else's may have got it too
		return nil
	case err == nil || errors.Is(err, provider.ErrTooSoon):
		return unknownKey("it names an unknown certificate")
	}
	return unknownKey("it names an unknown certificate: " + err.Error())
}

// renew asks for one of Alipay's certificates and admits it.
func (c *certificates) renew(ctx context.Context, serial string) error {
	text, err := c.fetch(ctx, serial)
	if err != nil {
		return errors.New("Alipay does not give it out")
	}
	chain := parseChain(text)
	if len(chain) == 0 || certSerial(chain[0]) != serial {
		return errors.New("Alipay gives out another in its place")
	}
	if err := c.admit(chain); err != nil {
		return fmt.Errorf("what Alipay gives out %w", err)
	}
	return nil
}

func (c *certificates) inForce(serial string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	cert := c.known[serial]
	return cert != nil && provider.InForce(cert, c.env.Now())
}

// serials lists Alipay's certificates in force.
func (c *certificates) serials() (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for serial, cert := range c.known {
		if provider.InForce(cert, c.env.Now()) {
			list = append(list, serial)
		}
	}
	return list
}

// Keys implements provider.KeyHolder. A public key has no name and no end.
func (a *account) Keys() []provider.Key {
	if a.certificates == nil {
		return nil
	}
	return a.certificates.list()
}

// Forget implements provider.Forgetter.
func (a *account) Forget() {
	if a.certificates != nil {
		a.certificates.renewal.Forget()
	}
}

// list returns the application's certificate and those of Alipay's.
func (c *certificates) list() []provider.Key {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := []provider.Key{provider.CertificateKey(certSerial(c.app), provider.KeyOurs, c.app)}
	for _, serial := range slices.Sorted(maps.Keys(c.known)) {
		keys = append(keys, provider.CertificateKey(serial, provider.KeyTheirs, c.known[serial]))
	}
	return keys
}

func unknownKey(reason string) error {
	return fmt.Errorf("alipay: %w: %s", provider.ErrUnknownKey, reason)
}

// certified is a transport that lets no answer through that names a certificate which
// is not one of Alipay's: the library would take it for unreadable.
type certified struct {
	http.RoundTripper
	certificates *certificates
}

// RoundTrip implements http.RoundTripper.
func (t certified) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	var named struct {
		Serial string `json:"alipay_cert_sn"`
	}
	if json.Unmarshal(body, &named) == nil && named.Serial != "" {
		if err := t.certificates.check(r.Context(), named.Serial); err != nil {
			return nil, err
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// certify puts the account's client into certificate mode. Certificates are asked for
// by a client of its own: the answer is signed by the very one that is not known yet.
// What is believed of it is what comes from the root.
func (a *account) certify(files certificateFiles, client func(*http.Client) (*sdk.Client, error)) error {
	plain, err := client(a.env.HTTP)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	for _, root := range files.roots {
		roots.AddCert(root)
	}
	c := &certificates{
		env: a.env, roots: roots, app: files.app, known: map[string]*x509.Certificate{}, renewal: provider.Renewal{Now: a.env.Now},
		load:  func(cert *x509.Certificate) error { return a.client.LoadAlipayCertPublicKey(certPEM(cert)) },
		fetch: func(ctx context.Context, serial string) ([]byte, error) { return download(ctx, plain, serial) },
	}
	transport := a.env.HTTP.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	checked := *a.env.HTTP
	checked.Transport = certified{transport, c}
	if a.client, err = client(&checked); err != nil {
		return err
	}
	var bundle strings.Builder
	for _, root := range files.roots {
		bundle.WriteString(certPEM(root))
	}
	for _, each := range []*sdk.Client{plain, a.client} {
		if err := each.LoadAppCertPublicKey(certPEM(files.app)); err != nil {
			return pay.Errorf(pay.CodeInvalid, "app_certificate", "can't be used")
		}
		if err := each.LoadAliPayRootCert(bundle.String()); err != nil {
			return pay.Errorf(pay.CodeInvalid, "root_certificate", "can't be used")
		}
	}
	if err := c.admit(files.alipay); err != nil {
		return pay.Errorf(pay.CodeInvalid, "alipay_certificate", "the certificate in %s %s", a.AlipayCertificate, err)
	}
	a.certificates = c
	return nil
}

// download asks Alipay for one of its certificates.
func download(ctx context.Context, client *sdk.Client, serial string) ([]byte, error) {
	reply, err := client.CertDownload(ctx, sdk.CertDownload{AliPayCertSN: serial})
	if err != nil {
		return nil, redact(err)
	}
	if string(reply.Code) != success {
		return nil, judge(nil, string(reply.Code), reply.SubCode)
	}
	return base64.StdEncoding.DecodeString(reply.AliPayCertContent)
}

func certPEM(cert *x509.Certificate) string { return pemText("CERTIFICATE", cert.Raw) }
