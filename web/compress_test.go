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

// TestStream: after each flush there is enough to read all that was written.
func TestStream(t *testing.T) {
	t.Parallel()
	for accept, name := range map[string]string{"gzip, br": "br", "gzip": "gzip", "": "identity"} {
		for range 3 { // compressors are used again
			pipe, w := io.Pipe()
			out, coding := web.NewStream(accept, w)
			if coding != name {
				t.Errorf("%q: coded as %q", accept, coding)
			}
			parts := []string{"the list", ", and the code"}
			asked := make(chan bool)
			go func() {
				for _, part := range parts {
					<-asked
					io.WriteString(out, part)
					out.Flush()
				}
				out.Close()
				w.Close()
			}()
			var body io.Reader = pipe
			for i, part := range parts {
				asked <- true
				if i == 0 {
					body = reader(t, coding, pipe)
				}
				got := make([]byte, len(part))
				if _, err := io.ReadFull(body, got); err != nil || string(got) != part {
					t.Errorf("%s: read %q, %v", coding, got, err)
				}
			}
			if rest, err := io.ReadAll(body); err != nil || len(rest) > 0 {
				t.Errorf("%s: %q is left, %v", coding, rest, err)
			}
		}
	}
}

func unpack(t *testing.T, coding string, packed []byte) []byte {
	body, err := io.ReadAll(reader(t, coding, bytes.NewReader(packed)))
	if err != nil {
		t.Error(err)
	}
	return body
}

// reader reads what is coded.
func reader(t *testing.T, coding string, r io.Reader) io.Reader {
	switch coding {
	case "br":
		return br.NewReader(r)
	case "gzip":
		unzipped, err := gz.NewReader(r)
		if err != nil {
			t.Error(err)
			return strings.NewReader("")
		}
		return unzipped
	}
	return r
}
