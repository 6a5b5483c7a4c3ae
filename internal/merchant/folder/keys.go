package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// APIKey lets a merchant's server in. Only its hash is kept: the key is 32
// random bytes, which need no slow hash.
type APIKey struct {
	ID     string  `json:"id"`
	SHA256 string  `json:"sha256"`           // hex, of the whole key
	Scopes []Scope `json:"scopes,omitempty"` // nil for all: keys are older than scopes
}

// Scope is a kind of calls that a key may be for.
type Scope string

// The scopes. None holds another.
const (
	ScopeRead   Scope = "read"   // what is there
	ScopeWrite  Scope = "write"  // open sessions, end them, and have events told again
	ScopeRefund Scope = "refund" // give money back
)

// Scopes lists all of them.
var Scopes = []Scope{ScopeRead, ScopeWrite, ScopeRefund}

// Allows reports whether the key may be used for calls of a scope.
func (k APIKey) Allows(s Scope) bool { return k.Scopes == nil || slices.Contains(k.Scopes, s) }

// Fingerprint names the key where its hash need not be known: the first 16 digits of that.
func (k APIKey) Fingerprint() string { return k.SHA256[:min(len(k.SHA256), 16)] }

// checkScopes refuses a key that is good for nothing or has scopes that there are not.
func (k APIKey) checkScopes() error {
	if k.Scopes != nil && len(k.Scopes) == 0 {
		return fmt.Errorf("is empty: the key could do nothing; leave it out for all of %v", Scopes)
	}
	for _, s := range k.Scopes {
		if !slices.Contains(Scopes, s) {
			return fmt.Errorf("%q is none of %v", s, Scopes)
		}
	}
	return nil
}

// HashKey returns what is kept of an API key.
func HashKey(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

// CheckKeyHash refuses what can't be the hash of a key. The hash of nothing is what
// a shell makes of a variable that isn't set: it would let in everybody who sends
// no key.
func CheckKeyHash(hash string) error {
	if b, err := hex.DecodeString(hash); err != nil || len(b) != sha256.Size || strings.ToLower(hash) != hash {
		return errors.New("must be 64 hexadecimal digits in lower case")
	}
	if hash == HashKey("") {
		return errors.New("is the hash of an empty key")
	}
	return nil
}
