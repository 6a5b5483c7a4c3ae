//go:build js && wasm

// Package cipher stands in for crypto/cipher in the browser's bundle: see
// crypto/aes beside it.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app crypto/aes
package cipher

import "errors"

// Block is never implemented here.
type Block interface{ BlockSize() int }

// AEAD has the methods of the real one that go-app calls.
type AEAD interface {
	NonceSize() int
	Seal(dst, nonce, plaintext, additionalData []byte) []byte
	Open(dst, nonce, ciphertext, additionalData []byte) ([]byte, error)
}

// NewGCM always fails.
func NewGCM(Block) (AEAD, error) { return nil, errors.ErrUnsupported }
