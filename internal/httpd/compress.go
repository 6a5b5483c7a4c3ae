package httpd

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"

	"github.com/andybalholm/brotli"

	"morepay/web"
)

// pageQuality is brotli's level for pages made per request: the page must be in
// one round trip's window, and 5 costs well under a millisecond.
const pageQuality = 5

// writeCompressed writes a page in the smallest coding that the client takes.
// The page holds secrets of its session, but nothing that anyone but the
// session's merchant chose, so its length tells an attacker nothing.
func writeCompressed(w http.ResponseWriter, r *http.Request, status int, page []byte) error {
	h := w.Header()
	h.Set("Vary", "Accept-Encoding, Accept")
	var b bytes.Buffer
	var c io.WriteCloser
	coding := web.Coding(r.Header.Get("Accept-Encoding"))
	switch coding {
	case "br":
		c = brotli.NewWriterLevel(&b, pageQuality)
	case "gzip":
		c = gzip.NewWriter(&b)
	}
	if c != nil {
		if _, err := c.Write(page); err != nil {
			return err
		}
		if err := c.Close(); err != nil {
			return err
		}
		h.Set("Content-Encoding", coding)
		page = b.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	_, err := w.Write(page)
	return err
}
