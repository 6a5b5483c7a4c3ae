package provider

import (
	"context"
	"crypto/x509"
	"slices"
	"time"
)

// KeyHolder is a provider with keys or certificates that end, or that it changes.
type KeyHolder interface {
	// Keys lists those that are held, ended ones too, and asks nobody.
	Keys() []Key
}

// KeyRenewer is a KeyHolder whose provider can be asked for its keys.
type KeyRenewer interface {
	// RenewKeys asks for them now. It is for people: who needs one to verify a message
	// has it asked for anyway, though not as often as messages come.
	RenewKeys(ctx context.Context) error
}

// Key is a key or certificate that an account stands on.
type Key struct {
	ID     string // as messages name it: an id, or the serial of a certificate
	Use    KeyUse
	Begins time.Time // zero for a key without a certificate, which never ends
	Ends   time.Time
}

// KeyUse is what a key is for.
type KeyUse string

// The uses of keys.
const (
	KeyOurs   KeyUse = "ours"   // we sign by it
	KeyTheirs KeyUse = "theirs" // the provider signs by it
	KeyMiddle KeyUse = "middle" // an authority's, which issues theirs
	KeyRoot   KeyUse = "root"   // and which issues that one
)

// CertificateKey returns a certificate as a key.
func CertificateKey(id string, use KeyUse, cert *x509.Certificate) Key {
	return Key{ID: id, Use: use, Begins: cert.NotBefore, Ends: cert.NotAfter}
}

// FollowedIn reports whether a list holds a key of the same use that is in force by the
// time k ends, and lasts longer.
func (k Key) FollowedIn(list []Key) bool {
	return slices.ContainsFunc(list, func(next Key) bool {
		return next.Use == k.Use && (next.Ends.IsZero() || next.Ends.After(k.Ends) && !next.Begins.After(k.Ends))
	})
}
