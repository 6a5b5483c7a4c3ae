//go:build js && wasm

// Package rand stands in for crypto/rand in the browser's bundle: go-app draws
// nonces for its encrypted storage from it, and we store nothing there.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app
package rand

import (
	"errors"
	"io"
)

// Reader always fails, so that nothing can take it for randomness.
var Reader io.Reader = reader{}

type reader struct{}

func (reader) Read([]byte) (int, error) { return 0, errors.ErrUnsupported }
