package page

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"morepay/internal/qrcode"
)

// maxCodes bounds the drawn codes that are kept; one takes about 8 KiB.
const maxCodes = 2048

// codes keeps drawn codes, because drawing one costs more than the rest of the
// page. A code follows from its payload alone, so all pages may share it.
var codes = newCodeCache(maxCodes)

// codeCache holds the codes that were asked for last. It is safe for concurrent
// use.
type codeCache struct {
	drawn *lru.Cache[string, qrcode.Code]
}

// newCodeCache makes a cache for size codes. It panics if that is none.
func newCodeCache(size int) codeCache {
	drawn, err := lru.New[string, qrcode.Code](size)
	if err != nil {
		panic(err)
	}
	return codeCache{drawn}
}

// get returns the code of a payload, and draws it if it is not kept.
func (c codeCache) get(payload string) (qrcode.Code, error) {
	if code, ok := c.drawn.Get(payload); ok {
		return code, nil
	}
	code, err := qrcode.Encode(payload)
	if err == nil {
		c.drawn.Add(payload, code)
	}
	return code, err
}
