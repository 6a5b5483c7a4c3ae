package httpd

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"morepay/internal/pay"
)

// NewSecret makes a fresh server secret.
func NewSecret() []byte {
	b := make([]byte, MinSecret)
	rand.Read(b)
	return b
}

// LoadSecret decodes a secret given in base64, or reads the one that the data
// folder holds, which is made the first time.
func LoadSecret(encoded, folder string) ([]byte, error) {
	if encoded != "" {
		b, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil, pay.Errorf(pay.CodeInvalid, "secret", "is not base64")
		}
		return b, nil
	}
	file := filepath.Join(folder, "secret")
	if b, err := os.ReadFile(file); !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	b := NewSecret()
	return b, os.WriteFile(file, b, 0o600)
}
