package wechatpay

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"

	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// certificateList is the answer of /v3/certificates. Each certificate is encrypted with
// the APIv3 key, which only WeChat Pay and the merchant have: that is what makes it
// WeChat Pay's, for the signature of the answer is by one of them.
type certificateList struct {
	Data []struct {
		Serial    string `json:"serial_no"`
		Encrypted sealed `json:"encrypt_certificate"`
	} `json:"data"`
}

// fetchCertificates asks for the platform certificates. It does so by our own client: the
// SDK's helper asks when it is made, with a client of its own, and for good.
func (a *account) fetchCertificates(ctx context.Context) ([]*x509.Certificate, error) {
	result, err := a.download.Get(ctx, consts.WechatPayAPIServer+"/v3/certificates")
	if err != nil {
		return nil, redact(err)
	}
	body, err := io.ReadAll(result.Response.Body)
	if err != nil {
		return nil, &unusable{"the reply was cut short or too long"}
	}
	var list certificateList
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, &unusable{"the platform certificates can't be decoded"}
	}
	var all []*x509.Certificate
	for _, sent := range list.Data {
		cert, err := a.certificate(sent.Encrypted)
		if err != nil {
			return nil, err
		}
		if serialOf(cert) != sent.Serial {
			return nil, &unusable{"a platform certificate has another serial than its list says"}
		}
		if cert.NotAfter.After(a.env.Now()) {
			all = append(all, cert)
		}
	}
	if len(all) == 0 {
		return nil, &unusable{"the list has no platform certificate that is in force"}
	}
	brought := newKeys(a.PublicKeyID, a.keys.public, a.env.Now)
	brought.hold(all)
	if err := a.verifyBy(ctx, brought, result.Response.Header, body); err != nil {
		return nil, &unusable{err.Error()}
	}
	return all, nil
}

// certificate decrypts one and looks at it. It says nothing of when it is in force.
func (a *account) certificate(sent sealed) (*x509.Certificate, error) {
	plain, err := sent.open(a.apiV3Key)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(plain)
	if block == nil {
		return nil, &unusable{"a platform certificate is not PEM"}
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, &unusable{"a platform certificate can't be read"}
	}
	if provider.SignerKey(cert) == nil {
		return nil, &unusable{"a platform certificate is not one of an RSA key of 2048 bits"}
	}
	return cert, nil
}

// sealed is what WeChat Pay encrypts with the APIv3 key.
type sealed struct {
	Algorithm      string `json:"algorithm"`
	Ciphertext     string `json:"ciphertext"`
	Nonce          string `json:"nonce"`
	AssociatedData string `json:"associated_data"`
}

// open decrypts it. crypto/cipher panics on nonces of another size.
func (s sealed) open(apiV3Key string) ([]byte, error) {
	if s.Algorithm != algorithm || len(s.Nonce) != nonceSize {
		return nil, &unusable{"what is encrypted is not " + algorithm}
	}
	plain, err := utils.DecryptAES256GCM(apiV3Key, s.AssociatedData, s.Nonce, s.Ciphertext)
	if err != nil {
		return nil, &unusable{"it can't be decrypted with the configured api_v3_key"}
	}
	return []byte(plain), nil
}

// readKeys reads what WeChat Pay signs with, as far as the account has it in files.
func (a *account) readKeys(own *rsa.PrivateKey) error {
	a.keys = newKeys(a.PublicKeyID, nil, a.env.Now)
	if a.PublicKeyID != "" || a.PlatformCertificates == nil {
		_, public, err := a.env.KeyPair(a.PrivateKey, a.PublicKey)
		if err != nil {
			return err
		}
		a.keys.public = public
	}
	if a.PlatformCertificates == nil {
		return nil
	}
	a.keys.fetch = a.fetchCertificates
	var known []*x509.Certificate
	for _, file := range a.PlatformCertificates {
		cert, err := a.env.Certificate("platform_certificates", file)
		if err != nil {
			return err
		}
		if own.PublicKey.Equal(cert.PublicKey) {
			return pay.Errorf(pay.CodeInvalid, "platform_certificates", "the file %s holds the merchant's own certificate; WeChat Pay's is needed", file)
		}
		if serialOf(cert) == a.CertificateSerial {
			return pay.Errorf(pay.CodeInvalid, "certificate_serial", "is that of WeChat Pay's certificate in %s; the merchant's own is needed", file)
		}
		known = append(known, cert)
	}
	a.keys.hold(known)
	return nil
}

// readOwnCertificate reads the merchant's certificate, if it is given, and holds it to the
// number, the serial and the key. Its subject's common name is the number.
func (a *account) readOwnCertificate(own *rsa.PrivateKey) error {
	if a.Certificate == "" {
		return nil
	}
	cert, err := a.env.OwnCertificate("certificate", a.Certificate, own)
	if err != nil {
		return err
	}
	if caller := a.owner().caller(); cert.Subject.CommonName != caller {
		return pay.Errorf(pay.CodeInvalid, "certificate", "the file %s holds the certificate of %s; that of %s is needed", a.Certificate, provider.Clean(cert.Subject.CommonName), caller)
	}
	if serial := serialOf(cert); serial != a.CertificateSerial {
		return pay.Errorf(pay.CodeInvalid, "certificate_serial", "must be that of the certificate in %s, %s", a.Certificate, serial)
	}
	a.certified = cert
	return nil
}

// Keys implements provider.KeyHolder.
func (a *account) Keys() []provider.Key {
	all := a.keys.list()
	if a.certified != nil {
		all = append(all, provider.CertificateKey(serialOf(a.certified), provider.KeyOurs, a.certified))
	}
	return all
}

// RenewKeys implements provider.KeyRenewer. A public key can't be asked for.
func (a *account) RenewKeys(ctx context.Context) error {
	if a.keys.fetch == nil {
		return nil
	}
	return a.keys.renew(ctx, 0)
}
