package provider

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"reflect"
	"strings"

	"morepay/internal/pay"
)

// minKeyBits is the shortest RSA key that is accepted. Providers ask for 2048.
const minKeyBits = 2048

// DecodeSettings decodes an account's settings into a pointer to a struct whose
// fields all have json tags. A field that is unknown, written in another case,
// given twice or of another type is a *pay.Error that names it.
func DecodeSettings(raw json.RawMessage, into any) error {
	if err := checkKeys(raw, fieldNames(into)); err != nil {
		return err
	}
	err := json.Unmarshal(raw, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return pay.Errorf(pay.CodeInvalid, wrong.Field, "must be a %s", wrong.Type)
	}
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "", "must be valid JSON")
	}
	return nil
}

func fieldNames(into any) map[string]bool {
	t := reflect.TypeOf(into).Elem()
	names := map[string]bool{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}

func checkKeys(raw json.RawMessage, known map[string]bool) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return pay.Errorf(pay.CodeInvalid, "", "must be a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return pay.Errorf(pay.CodeInvalid, "", "must be valid JSON")
		}
		name, _ := token.(string)
		if !known[name] {
			return pay.Errorf(pay.CodeInvalid, name, "is not a setting of this provider")
		}
		if seen[name] {
			return pay.Errorf(pay.CodeInvalid, name, "is given twice")
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return pay.Errorf(pay.CodeInvalid, name, "must be valid JSON")
		}
	}
	return nil
}

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
		return "", pay.Errorf(pay.CodeInvalid, field, "the key file is empty")
	}
	return secret, nil
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
			return nil, pay.Errorf(pay.CodeInvalid, field, "is a PKCS#1 key; make it PKCS#8: openssl pkcs8 -topk8 -nocrypt -in OLD -out NEW")
		}
		return nil, pay.Errorf(pay.CodeInvalid, field, "is not a PKCS#8 private key")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, pay.Errorf(pay.CodeInvalid, field, "is not an RSA key")
	}
	if err := checkBits(field, &key.PublicKey); err != nil {
		return nil, err
	}
	return key, nil
}

// PublicKey reads a provider's RSA public key (PKIX, as PEM or as bare base64)
// from the file that a setting names. field is the setting, for the *pay.Error.
func (e Env) PublicKey(field, file string) (*rsa.PublicKey, error) {
	der, err := e.der(field, file)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		if _, err := x509.ParseCertificate(der); err == nil {
			return nil, pay.Errorf(pay.CodeInvalid, field, "is a certificate; the provider's public key is needed")
		}
		return nil, pay.Errorf(pay.CodeInvalid, field, "is not a PKIX public key")
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return nil, pay.Errorf(pay.CodeInvalid, field, "is not an RSA key")
	}
	if err := checkBits(field, key); err != nil {
		return nil, err
	}
	return key, nil
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
		return nil, pay.Errorf(pay.CodeInvalid, field, "is neither PEM nor base64")
	}
	return der, nil
}

func checkBits(field string, key *rsa.PublicKey) error {
	if bits := key.N.BitLen(); bits < minKeyBits {
		return pay.Errorf(pay.CodeInvalid, field, "is an RSA key of %d bits, at least %d are needed", bits, minKeyBits)
	}
	return nil
}
