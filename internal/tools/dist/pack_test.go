package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestPack: the same files make the same bytes, and nothing of the machine that
// packs them is in the archive.
func TestPack(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	files := []file{{name: "morepay", data: []byte("program"), program: true}, {name: "LICENSE", data: []byte("text")}, {name: "docs/operate.md"}}
	var first, second bytes.Buffer
	if err := pack(&first, "morepay-1", files, at); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(files)
	if err := pack(&second, "morepay-1", files, at.In(time.FixedZone("elsewhere", 3600))); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the order of files, or the zone of the time, is in the archive")
	}
	var names []string
	for _, h := range headers(t, &first) {
		names = append(names, h.Name)
		if !h.ModTime.Equal(at) || h.Uid != 0 || h.Gid != 0 || h.Uname != "" {
			t.Errorf("%s: of %s, %d:%d %s", h.Name, h.ModTime, h.Uid, h.Gid, h.Uname)
		}
		if program := h.Name == "morepay-1/morepay"; (h.Mode == 0o755) != program {
			t.Errorf("%s has mode %o", h.Name, h.Mode)
		}
	}
	if want := []string{"morepay-1/LICENSE", "morepay-1/docs/operate.md", "morepay-1/morepay"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}

var copied = regexp.MustCompile(`(?m)^COPY (?:--\S+ )*(.+) \S+$`)

// TestContainerCopies: what the image is made of is in the archive.
func TestContainerCopies(t *testing.T) {
	t.Parallel()
	files, err := contents(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{program: true, thirdParty: true}
	var recipe string
	for _, f := range files {
		names[f.name] = true
		if f.name == "docs/install/Containerfile" {
			recipe = string(f.data)
		}
	}
	lines := copied.FindAllStringSubmatch(recipe, -1)
	if len(lines) == 0 {
		t.Fatal("the Containerfile copies nothing")
	}
	for _, line := range lines {
		for _, name := range strings.Fields(line[1]) {
			if !names[name] {
				t.Errorf("%s is not in the archive", name)
			}
		}
	}
}

func headers(t *testing.T, archive io.Reader) []*tar.Header {
	t.Helper()
	z, err := gzip.NewReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	var list []*tar.Header
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, h)
	}
}

// TestContents: what an archive is to hold is there, and tests are not in it.
func TestContents(t *testing.T) {
	t.Parallel()
	files, err := contents(filepath.Join("..", "..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.name)
		if len(f.data) == 0 || strings.Contains(f.name, "_test") {
			t.Errorf("%s has no place there", f.name)
		}
	}
	for _, want := range []string{"LICENSE", "README.md", "docs/operate.md", "docs/install/morepay.service", "docs/install/morepay.socket"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is missing", want)
		}
	}
}
