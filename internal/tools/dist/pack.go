package main

import (
	"archive/tar"
	"cmp"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// file is one of an archive.
type file struct {
	name    string // with slashes
	data    []byte
	program bool
}

// documents are what an archive holds besides the program. Folders go with all
// that is in them.
var documents = []string{"LICENSE", "README.md", "CHANGELOG.md", "docs/operate.md", "docs/operate", "docs/install", "docs/providers.md", "docs/providers"}

// contents reads the documents in a folder with the source. What is there only for
// tests is left out.
func contents(folder string) ([]file, error) {
	var files []file
	for _, d := range documents {
		err := filepath.WalkDir(filepath.Join(folder, filepath.FromSlash(d)), func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() {
				return skipModule(name)
			}
			if slices.Contains([]string{".go", ".mod", ".sum"}, path.Ext(name)) {
				return nil
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			below, err := filepath.Rel(folder, name)
			files = append(files, file{name: filepath.ToSlash(below), data: data})
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

// skipModule leaves out folders with a module of their own: they are tests.
func skipModule(folder string) error {
	if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// pack writes an archive: the same files make the same bytes, in whichever order
// they come and whoever packs them.
func pack(w io.Writer, folder string, files []file, at time.Time) error {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, f := range files {
		header := &tar.Header{Name: path.Join(folder, f.name), Size: int64(len(f.data)), Mode: 0o644, ModTime: at, Format: tar.FormatUSTAR}
		if f.program {
			header.Mode = 0o755
		}
		if err := t.WriteHeader(header); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	return errors.Join(t.Close(), z.Close())
}
