// Package seal keeps bytes so that only who has the server's secret can read
// them: in links that go through payers' browsers, and at rest.
//
// What must not live here: what the bytes say.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
)

// Purpose names the use of sealed bytes. It is sealed in, so that nothing sealed
// for one purpose opens for another: a kept reply out of a copy of the database
// must not open as a link.
type Purpose string

// The purposes.
const (
	ForReturn   Purpose = "return"   // links by which wallets bring payers back
	ForIdentity Purpose = "identity" // links by which a provider that identified a payer does
	ForReply    Purpose = "reply"    // kept replies to merchants
	ForWebhook  Purpose = "webhook"  // secrets that sign messages to merchants
)

// Box seals and opens. It is safe for concurrent use.
type Box struct {
	keys []cipher.AEAD // the first seals, all open
}

// New makes a box of the server's secrets, at least one: the first seals, and
// what any of them has sealed can be opened.
func New(secrets ...[]byte) (*Box, error) {
	b := &Box{}
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, secret, nil, "morepay sealed bytes", 32)
		if err != nil {
			return nil, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		b.keys = append(b.keys, aead)
	}
	if len(b.keys) == 0 {
		return nil, errors.New("there is no secret to seal with")
	}
	return b, nil
}

// Seal seals bytes for a purpose.
func (b *Box) Seal(p Purpose, plain []byte) []byte {
	return b.keys[0].Seal(nil, nil, plain, []byte(p))
}

// Open opens what Seal made for the same purpose.
func (b *Box) Open(p Purpose, sealed []byte) ([]byte, error) {
	plain, _, err := b.open(p, sealed)
	return plain, err
}

// Renew returns bytes sealed with the first secret: the same ones if they are
// already.
func (b *Box) Renew(p Purpose, sealed []byte) ([]byte, error) {
	plain, key, err := b.open(p, sealed)
	if err != nil || key == 0 {
		return sealed, err
	}
	return b.Seal(p, plain), nil
}

func (b *Box) open(p Purpose, sealed []byte) (plain []byte, key int, err error) {
	for i, aead := range b.keys {
		if len(sealed) < aead.Overhead() {
			return nil, 0, errors.New("sealed bytes are too short")
		}
		if plain, err = aead.Open(nil, nil, sealed, []byte(p)); err == nil {
			return bytes.Clone(plain), i, nil
		}
	}
	return nil, 0, errors.New("sealed bytes can't be opened: has the server's secret changed?")
}
