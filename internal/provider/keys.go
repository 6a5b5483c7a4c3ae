package provider

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"

	"morepay/internal/pay"
)

// minKeyBits is the shortest RSA key that is accepted. Providers ask for 2048.
const minKeyBits = 2048

// Secret reads the file that a setting names and returns its text without the
// line break at the end. field is the setting, for the *pay.Error.
func (e Env) Secret(field, file string) (string, error) {
	if file == "" {
		return "", pay.Errorf(pay.CodeInvalid, field, "is missing: it names a key file")
	}
	raw, err := e.ReadKey(file)
	if err != nil {
		return "", &pay.Error{Code: pay.CodeInvalid, Field: field, Message: "the key file can't be read", Err: err}
	}
	secret := strings.TrimRight(string(raw), "\r\n")
	if secret == "" {
		return "", pay.Errorf(pay.CodeInvalid, field, "the key file %s is empty", file)
	}
	return secret, nil
}

// KeyPair reads our private key and the provider's public one from the files that
// the settings private_key and public_key name. Our own public key in the place of
// the provider's, the usual mistake, is a *pay.Error: it would verify nothing.
func (e Env) KeyPair(privateFile, publicFile string) (*rsa.PrivateKey, *rsa.PublicKey, error) {
	ours, err := e.PrivateKey("private_key", privateFile)
	if err != nil {
		return nil, nil, err
	}
	theirs, err := e.publicKey("public_key", publicFile)
	if err != nil {
		return nil, nil, err
	}
	if ours.PublicKey.Equal(theirs) {
		return nil, nil, pay.Errorf(pay.CodeInvalid, "public_key", "the file %s holds the merchant's own key; the provider's is needed, from its console", publicFile)
	}
	return ours, theirs, nil
}

// PrivateKey reads an RSA key (PKCS#8, as PEM or as bare base64) from the file
// that a setting names. field is the setting, for the *pay.Error.
func (e Env) PrivateKey(field, file string) (*rsa.PrivateKey, error) {
	der, err := e.der(field, file)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if _, err := x509.ParsePKCS1PrivateKey(der); err == nil {
			return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds a PKCS#1 key; make it PKCS#8: openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW", file)
		}
		return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds no private key in PKCS#8, which is needed", file)
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, notRSA(field, file)
	}
	if err := checkBits(field, file, &key.PublicKey); err != nil {
		return nil, err
	}
	return key, nil
}

// publicKey reads a provider's RSA public key (PKIX, as PEM or as bare base64)
// from the file that a setting names. field is the setting, for the *pay.Error.
func (e Env) publicKey(field, file string) (*rsa.PublicKey, error) {
	der, err := e.der(field, file)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		if _, err := x509.ParseCertificate(der); err == nil {
			return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds a certificate; the provider's public key is needed", file)
		}
		return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds no public key in PKIX, which is needed", file)
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, notRSA(field, file)
	}
	if err := checkBits(field, file, key); err != nil {
		return nil, err
	}
	return key, nil
}

// Fingerprint returns a hash of what makes an account the one that it is.
func Fingerprint(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(h, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// KeyFingerprint is the hash of an RSA key pair: our private key and the provider's
// public one, which is nil where it has only certificates.
func KeyFingerprint(ours *rsa.PrivateKey, theirs *rsa.PublicKey) string {
	if theirs == nil {
		return Fingerprint(string(x509.MarshalPKCS1PrivateKey(ours)))
	}
	return Fingerprint(string(x509.MarshalPKCS1PrivateKey(ours)), string(x509.MarshalPKCS1PublicKey(theirs)))
}

func (e Env) der(field, file string) ([]byte, error) {
	text, err := e.Secret(field, file)
	if err != nil {
		return nil, err
	}
	if block, _ := pem.Decode([]byte(text)); block != nil {
		return block.Bytes, nil
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, field, "the file %s holds neither PEM nor base64: one of them is needed", file)
	}
	return der, nil
}

func notRSA(field, file string) error {
	return pay.Errorf(pay.CodeInvalid, field, "the key in %s is not an RSA key, which is needed", file)
}

func checkBits(field, file string, key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minKeyBits {
		return pay.Errorf(pay.CodeInvalid, field, "the key in %s is an RSA key of %d bits, at least %d are needed", file, bits, minKeyBits)
	}
	return nil
}
