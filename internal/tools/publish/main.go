// Command publish copies files to the folder of static assets and writes
// NAME.br and NAME.gz beside each, at the best level of either, so that the
// server never compresses one. Of the merchant's loader it is what shops are sent. A file that is there already, byte for byte and
// with both encodings, is left alone.
//
//	go run ./internal/tools/publish -o web/dist FILE…
package main

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/andybalholm/brotli"

	"morepay/web"
)

func main() {
	out := flag.String("o", "", "`folder` to write to")
	flag.Parse()
	if *out == "" || flag.NArg() == 0 {
		flag.Usage()
		os.Exit(2)
	}
	for _, file := range flag.Args() {
		if err := publish(file, *out); err != nil {
			fmt.Fprintln(os.Stderr, "publish:", err)
			os.Exit(1)
		}
	}
}

// encodings lists what is written beside a file: the shortest that any of the writers
// makes. Brotli's windows are those that every browser takes and that hold much or all of
// the bundle; which of them is the best one changes with every build.
var encodings = []struct {
	suffix  string
	writers []func(io.Writer) (io.WriteCloser, error)
}{
	{".br", []func(io.Writer) (io.WriteCloser, error){brotliOf(21), brotliOf(22), brotliOf(24)}},
	{".gz", []func(io.Writer) (io.WriteCloser, error){
		func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestCompression) },
	}},
}

// brotliOf compresses with a window of so many bits.
func brotliOf(window int) func(io.Writer) (io.WriteCloser, error) {
	return func(w io.Writer) (io.WriteCloser, error) {
		return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: window}), nil
	}
}

func publish(file, out string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if filepath.Base(file) == web.Embed {
		body = web.Shipped(body)
	}
	target := filepath.Join(out, filepath.Base(file))
	if published(target, body) {
		return nil
	}
	for _, e := range encodings {
		encoded, err := shortest(body, e.writers)
		if err != nil {
			return err
		}
		if err := os.WriteFile(target+e.suffix, encoded, 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(target, body, 0o644) // last: its presence vouches for the others
}

// published reports whether target holds body and has all its encodings.
func published(target string, body []byte) bool {
	old, err := os.ReadFile(target)
	if err != nil || !bytes.Equal(old, body) {
		return false
	}
	for _, e := range encodings {
		if _, err := os.Stat(target + e.suffix); err != nil {
			return false
		}
	}
	return true
}

func shortest(body []byte, writers []func(io.Writer) (io.WriteCloser, error)) (best []byte, err error) {
	for _, w := range writers {
		encoded, err := encode(body, w)
		if err != nil {
			return nil, err
		}
		if best == nil || len(encoded) < len(best) {
			best = encoded
		}
	}
	return best, nil
}

func encode(body []byte, writer func(io.Writer) (io.WriteCloser, error)) ([]byte, error) {
	var b bytes.Buffer
	w, err := writer(&b)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
