package web_test

import (
	"bytes"
	gz "compress/gzip"
	"io"
	"strings"
	"sync"
	"testing"

	br "github.com/andybalholm/brotli"

	"morepay/web"
)

// TestCompress: whatever a compressor wrote before, and whoever uses another one
// now, a body comes back as it was.
func TestCompress(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for i := range 50 {
		body := []byte(strings.Repeat("an order of somebody; ", i) + string(rune('a'+i)))
		all.Go(func() {
			for accept, name := range map[string]string{"gzip, br": "br", "gzip": "gzip", "": "identity"} {
				packed, coding, err := web.Compress(accept, body)
				if err != nil || coding != name {
					t.Errorf("%q: coded as %q, %v", accept, coding, err)
					continue
				}
				if got := unpack(t, coding, packed); !bytes.Equal(got, body) {
					t.Errorf("%s: got %q, want %q", coding, got, body)
				}
			}
		})
	}
	all.Wait()
}

func unpack(t *testing.T, coding string, packed []byte) []byte {
	var r io.Reader = bytes.NewReader(packed)
	var err error
	switch coding {
	case "br":
		r = br.NewReader(r)
	case "gzip":
		r, err = gz.NewReader(r)
	}
	if err != nil {
		t.Error(err)
		return nil
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return body
}
