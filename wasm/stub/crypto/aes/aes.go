//go:build js && wasm

// Package aes stands in for crypto/aes in the browser's bundle: go-app offers
// encrypted browser storage, and we store nothing there.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app
package aes

import (
	"crypto/cipher"
	"errors"
)

// NewCipher always fails.
func NewCipher([]byte) (cipher.Block, error) { return nil, errors.ErrUnsupported }
