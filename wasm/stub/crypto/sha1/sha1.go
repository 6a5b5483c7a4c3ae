//go:build js && wasm

// Package sha1 stands in for crypto/sha1 in the browser's bundle: go-app makes
// version tags of its page handler with it, on the server only.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app
package sha1

// Size is that of a SHA-1 checksum, in bytes.
const Size = 20

func Sum([]byte) [Size]byte { panic("crypto/sha1: not in this bundle") }
