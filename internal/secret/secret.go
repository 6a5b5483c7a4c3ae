// Package secret knows the secrets of a server: how they are given, where the one
// lies that it makes itself, and that all servers on one database have them in
// common.
//
// What must not live here: what is sealed or signed with them.
package secret

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"morepay/internal/pay"
)

// Min is the least length of a secret, in bytes.
const Min = 32

// flag is how errors name the setting that gives secrets.
const flag = "--secret"

// fileName is the file in the data folder with a secret that was made there.
const fileName = "secret"

// New makes a secret.
func New() []byte {
	b := make([]byte, Min)
	rand.Read(b)
	return b
}

// Source says where a server's secrets are.
type Source struct {
	List   string // in base64, split by commas: the first seals and signs, all are understood; "" for the one in Folder
	Folder string // the data folder
	Shared bool   // other servers may be on the same database: only List can give all of them the same
}

// Check refuses, without looking at Folder, what can't be right. Errors are
// invalid_request and repeat nothing of a secret.
func (s Source) Check() error {
	if s.List == "" && s.Shared {
		return pay.Errorf(pay.CodeInvalid, flag, "is needed with --database, the same for all servers on it: %s; or the one that this server has had: base64 -w0 < %s",
			recipe, filepath.Join(s.Folder, fileName))
	}
	if s.List == "" {
		return nil
	}
	_, err := parse(s.List)
	return err
}

// Inspect reads the secrets as a start would, and makes none. It warns of a file
// that others can read.
func (s Source) Inspect() (warnings []string, err error) {
	if _, err := s.read(); err != nil {
		if missing(err) {
			return nil, nil // a start makes it
		}
		return nil, err
	}
	if s.List != "" {
		return nil, nil
	}
	info, err := os.Stat(s.file())
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		warnings = append(warnings, s.file()+": others on this machine can read the server's secret: chmod 600")
	}
	return warnings, err
}

const recipe = "openssl rand -base64 32"

// parse decodes a list of secrets.
func parse(list string) ([][]byte, error) {
	var secrets [][]byte
	for i, text := range strings.Split(list, ",") {
		b, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
		fault := ""
		switch {
		case err != nil:
			fault = "is not base64"
		case len(b) < Min:
			fault = fmt.Sprintf("has %d bytes", len(b))
		case slices.ContainsFunc(secrets, func(o []byte) bool { return string(o) == string(b) }):
			fault = "stands there twice"
		}
		if fault != "" {
			return nil, pay.Errorf(pay.CodeInvalid, flag, "must be secrets of at least %d bytes in base64, split by commas, and number %d %s; make one with: %s", Min, i+1, fault, recipe)
		}
		secrets = append(secrets, b)
	}
	return secrets, nil
}

// read returns the secrets, an fs.ErrNotExist if there is no file in Folder yet.
func (s Source) read() ([][]byte, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	if s.List != "" {
		return parse(s.List)
	}
	b, err := os.ReadFile(s.file())
	if err == nil && len(b) < Min {
		err = fmt.Errorf("%s is not the file that a server has made: it has %d bytes, at least %d are needed", s.file(), len(b), Min)
	}
	return [][]byte{b}, err
}

func (s Source) file() string { return filepath.Join(s.Folder, fileName) }

// create makes the secret of Folder.
func (s Source) create() ([][]byte, error) {
	b := New()
	return [][]byte{b}, errors.Join(os.MkdirAll(s.Folder, 0o700), os.WriteFile(s.file(), b, 0o600))
}

// Fingerprint tells a secret from others and nothing else of it. Who guesses gains
// no more by it than by any sealed bytes of the same database.
func Fingerprint(secret []byte) string {
	b, err := hkdf.Key(sha256.New, secret, nil, "morepay fingerprint of a secret", 8)
	if err != nil {
		panic(err) // only for a longer key than a hash can make
	}
	return hex.EncodeToString(b)
}

// fingerprints are those of a list, in its order.
func fingerprints(secrets [][]byte) []string {
	list := make([]string, len(secrets))
	for i, s := range secrets {
		list[i] = Fingerprint(s)
	}
	return list
}

// missing reports whether an error is that Folder holds no secret.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
