//go:build !js

package capability

import (
	"crypto/sha256"
	"encoding/hex"
)

// PayerKey makes the opaque key of a payer from the merchant's id of the payer,
// so that the id itself never reaches a page. No id, no key.
//
// The browser gets keys from the server; making them would pull crypto into its
// bundle.
func PayerKey(id string) string {
	if id == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("morepay payer\x00" + id))
	return hex.EncodeToString(sum[:16])
}
