package httpd

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"morepay/internal/pay"
)

// MinSecret is the least length of the server's secret, in bytes.
const MinSecret = 32

// formLife is the time for which a form token is valid.
const formLife = 30 * time.Minute

// secrets signs form tokens and seals what must not lie in the open at rest.
// All servers of one service share the secret.
type secrets struct {
	formKey []byte
	seal    cipher.AEAD
}

// newSecrets derives the keys. A short secret is an error: nothing may run on
// an empty key.
func newSecrets(secret []byte) (*secrets, error) {
	if len(secret) < MinSecret {
		return nil, pay.Errorf(pay.CodeInvalid, "secret", "must be at least %d bytes, is %d", MinSecret, len(secret))
	}
	formKey, err := hkdf.Key(sha256.New, secret, nil, "morepay form token", 32)
	if err != nil {
		return nil, err
	}
	sealKey, err := hkdf.Key(sha256.New, secret, nil, "morepay sealed bytes", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(sealKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &secrets{formKey: formKey, seal: aead}, err
}

// formToken lets a form of this session be posted in the next formLife. It is
// made of letters and digits only, as an OAuth state must be.
func (s *secrets) formToken(sessionID string, now time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.Add(formLife).Unix()))
	return hex.EncodeToString(append(b, s.formMAC(sessionID, b)...))
}

func (s *secrets) formMAC(sessionID string, expiry []byte) []byte {
	m := hmac.New(sha256.New, s.formKey)
	m.Write(expiry)
	m.Write([]byte(sessionID))
	return m.Sum(nil)[:16]
}

// checkForm fails with form_expired for a token that is old, foreign or made up.
func (s *secrets) checkForm(token, sessionID string, now time.Time) error {
	b, err := hex.DecodeString(token)
	if err != nil || len(b) != 24 || !hmac.Equal(b[8:], s.formMAC(sessionID, b[:8])) {
		return pay.Errorf(pay.CodeFormExpired, "form_token", "is not of this page")
	}
	if int64(binary.BigEndian.Uint64(b)) < now.Unix() {
		return pay.Errorf(pay.CodeFormExpired, "form_token", "is too old: reload the page")
	}
	return nil
}

// purpose names the use of sealed bytes. It is sealed in, so that nothing sealed
// for one purpose opens for another: a kept reply out of a copy of the database
// must not open as a link.
type purpose string

const (
	forReturn   purpose = "return"   // links by which wallets bring payers back
	forIdentity purpose = "identity" // links by which a provider that identified a payer does
	forReply    purpose = "reply"    // kept replies to merchants
)

func (s *secrets) sealBytes(p purpose, b []byte) []byte { return s.seal.Seal(nil, nil, b, []byte(p)) }

func (s *secrets) openBytes(p purpose, b []byte) ([]byte, error) {
	if len(b) < s.seal.Overhead() {
		return nil, errors.New("sealed bytes are too short")
	}
	return s.seal.Open(nil, nil, b, []byte(p))
}

// sealText seals bytes as text for a link.
func (s *secrets) sealText(p purpose, b []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.sealBytes(p, b))
}

// openText fails with not_found for anything that sealText did not make for p.
func (s *secrets) openText(p purpose, sealed string) ([]byte, error) {
	b, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, errNotFound
	}
	plain, err := s.openBytes(p, b)
	if err != nil {
		return nil, errNotFound
	}
	return plain, nil
}
