package httpd

import (
	"strings"
	"testing"

	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/secret"
)

func TestAdminKeyMustBeAHash(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"of-nothing": folder.HashKey(""), "in-the-open": "an operator's key", "short": "e3b0c442", "capitals": strings.ToUpper(folder.HashKey("a")),
	} {
		_, err := New(Config{Secrets: [][]byte{secret.New()}, AdminKey: key, Registry: testRegistry()})
		if pay.CodeOf(err) != pay.CodeInvalid || strings.Contains(err.Error(), "operator") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
