package checkout

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ" // 32 letters, none that is taken for another

// randomID returns prefix and n random letters of five bits each.
func randomID(prefix string, n int) string {
	raw := make([]byte, n)
	rand.Read(raw) // never fails: crypto/rand ends the program instead
	return spell(prefix, raw)
}

// idOf returns prefix and n letters, at most 32, that follow from a name.
func idOf(prefix string, n int, name string) string {
	sum := sha256.Sum256([]byte(name))
	return spell(prefix, sum[:n])
}

func spell(prefix string, raw []byte) string {
	var b strings.Builder
	b.WriteString(prefix)
	for _, c := range raw {
		b.WriteByte(alphabet[c%32])
	}
	return b.String()
}

// SessionPrefix begins the id of every session.
const SessionPrefix = "cs_"

func newSessionID() string { return randomID(SessionPrefix, 24) }
func newAttemptID() string { return randomID("at_", 24) }

// newNumber makes an out_trade_no or out_refund_no: 32 letters, which every
// provider takes (WeChat Pay allows 6 to 32).
func newNumber() string { return randomID("mp", 30) }

// newToken makes a payer's token: 32 random bytes as 43 URL-safe letters.
func newToken() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// HashToken returns the hash by which the store knows a token.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
