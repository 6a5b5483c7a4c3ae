package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
)

func TestPublish(t *testing.T) {
	t.Parallel()
	in, out := t.TempDir(), t.TempDir()
	file := filepath.Join(in, "a.js")
	body := bytes.Repeat([]byte("let a = 1;\n"), 1000)
	publishBody := func(body []byte) {
		t.Helper()
		if err := os.WriteFile(file, body, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := publish(file, out); err != nil {
			t.Fatal(err)
		}
	}
	publishBody(body)
	for _, test := range []struct {
		name   string
		reader func(io.Reader) (io.Reader, error)
	}{
		{"a.js", func(r io.Reader) (io.Reader, error) { return r, nil }},
		{"a.js.br", func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil }},
		{"a.js.gz", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	} {
		f, err := os.Open(filepath.Join(out, test.name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r, err := test.reader(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s holds %d other bytes (%v)", test.name, len(got), err)
		}
	}

	// What is there already is left alone; what is not, or has lost an encoding,
	// is written again.
	brotlied := filepath.Join(out, "a.js.br")
	hourAgo := time.Now().Add(-time.Hour)
	old := func() bool {
		info, err := os.Stat(brotlied)
		if err != nil {
			t.Fatal(err)
		}
		return info.ModTime().Before(time.Now().Add(-time.Minute))
	}
	if err := os.Chtimes(brotlied, hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
	publishBody(body)
	if !old() {
		t.Error("an unchanged file was compressed again")
	}
	publishBody(append(body, '\n'))
	if old() {
		t.Error("a changed file kept its old encoding")
	}
	if err := os.Remove(brotlied); err != nil {
		t.Fatal(err)
	}
	publishBody(append(body, '\n'))
	if old() {
		t.Error("the lost encoding did not come back")
	}
}
