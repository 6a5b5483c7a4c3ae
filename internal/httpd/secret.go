package httpd

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"morepay/internal/pay"
	"morepay/internal/seal"
	"morepay/internal/secret"
)

// formLife is the time for which a form token is valid.
const formLife = 30 * time.Minute

// secrets signs form tokens and seals what must not lie in the open at rest.
// All servers of one service have the first secret of each among theirs.
type secrets struct {
	formKeys [][]byte // the first signs, all are good
	box      *seal.Box
}

// newSecrets derives the keys. A short secret is an error: nothing may run on
// an empty key.
func newSecrets(list ...[]byte) (*secrets, error) {
	s := &secrets{}
	for _, one := range list {
		if len(one) < secret.Min {
			return nil, pay.Errorf(pay.CodeInvalid, "secret", "must be at least %d bytes, is %d", secret.Min, len(one))
		}
		key, err := hkdf.Key(sha256.New, one, nil, "morepay form token", 32)
		if err != nil {
			return nil, err
		}
		s.formKeys = append(s.formKeys, key)
	}
	var err error
	s.box, err = seal.New(list...)
	return s, err
}

// formToken lets a form of this session be posted in the next formLife. It is
// made of letters and digits only, as an OAuth state must be.
func (s *secrets) formToken(sessionID string, now time.Time) string {
	b := binary.BigEndian.AppendUint64(nil, uint64(now.Add(formLife).Unix()))
	return hex.EncodeToString(append(b, formMAC(s.formKeys[0], sessionID, b)...))
}

func formMAC(key []byte, sessionID string, expiry []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(expiry)
	m.Write([]byte(sessionID))
	return m.Sum(nil)[:16]
}

// checkForm fails with form_expired for a token that is old, foreign or made up.
func (s *secrets) checkForm(token, sessionID string, now time.Time) error {
	b, err := hex.DecodeString(token)
	good := func(key []byte) bool { return hmac.Equal(b[8:], formMAC(key, sessionID, b[:8])) }
	if err != nil || len(b) != 24 || !slices.ContainsFunc(s.formKeys, good) {
		return pay.Errorf(pay.CodeFormExpired, "form_token", "is not of this page")
	}
	if int64(binary.BigEndian.Uint64(b)) < now.Unix() {
		return pay.Errorf(pay.CodeFormExpired, "form_token", "is too old: reload the page")
	}
	return nil
}

func (s *secrets) sealBytes(p seal.Purpose, b []byte) []byte { return s.box.Seal(p, b) }

func (s *secrets) openBytes(p seal.Purpose, b []byte) ([]byte, error) { return s.box.Open(p, b) }

// sealText seals bytes as text for a link.
func (s *secrets) sealText(p seal.Purpose, b []byte) string {
	return base64.RawURLEncoding.EncodeToString(s.sealBytes(p, b))
}

// openText fails with not_found for anything that sealText did not make for p.
func (s *secrets) openText(p seal.Purpose, sealed string) ([]byte, error) {
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
