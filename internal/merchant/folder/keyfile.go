package folder

import (
	"errors"
	"io/fs"
	"path"
	"strings"
)

var (
	errNoKeyFile = errors.New("it is not in the merchant's folder")
	errKeyPasted = errors.New("it is to name a file in the merchant's folder, and this looks like the key itself")
)

// readKey reads a file of a merchant's folder that a setting names. Its errors
// don't repeat the name: somebody may have pasted the key itself there.
func readKey(dir fs.FS, merchant, name string) ([]byte, error) {
	b, err := fs.ReadFile(dir, path.Join(merchant, inside(name)))
	if err == nil {
		return b, nil
	}
	if looksLikeKey(name) {
		return nil, errKeyPasted
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok && !errors.Is(err, fs.ErrNotExist) {
		return nil, e.Err
	}
	return nil, errNoKeyFile
}

// inside returns the path below the merchant's folder to which a name leads, which
// can't leave it.
func inside(name string) string { return path.Clean("/" + name)[1:] }

// looksLikeKey reports whether a text is none of the names that people give to
// files: too long, of letters of PEM and base64, or without an ending.
func looksLikeKey(name string) bool {
	const longest, shortestKey = 64, 24
	return len(name) > longest || strings.ContainsAny(name, "\n+=") ||
		len(name) >= shortestKey && !strings.Contains(name, ".")
}
