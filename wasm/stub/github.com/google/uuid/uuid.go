//go:build js && wasm

// Package uuid stands in for github.com/google/uuid in the browser's bundle.
// The browser makes such ids itself; the real package brings crypto/rand with
// the FIPS module, md5, sha1 and database/sql/driver.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app
package uuid

import (
	"encoding/hex"
	"syscall/js"
)

// NewString returns a random UUID (RFC 9562, version 4). It is made of
// crypto.getRandomValues, which pages without TLS have too, unlike randomUUID.
func NewString() string {
	var b [16]byte
	random := js.Global().Get("Uint8Array").New(len(b))
	js.Global().Get("crypto").Call("getRandomValues", random)
	js.CopyBytesToGo(b[:], random)
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	s := hex.EncodeToString(b[:])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}
