package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Backup copies the database in a file, as it stands at one moment, into another
// file, which must not be there yet. Servers go on meanwhile. The copy is complete,
// checked and on disk when it gets its name.
func Backup(ctx context.Context, path, to string) (err error) {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("%s is there already: a backup takes nothing's place", to)
	}
	if _, err := os.Stat(path); err != nil {
		return err
	}
	part := to + ".part"
	if err := reserve(part); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(part)) }()
	if err := copyInto(ctx, path, part); err != nil {
		return err
	}
	if err := syncFile(part); err != nil {
		return err
	}
	if err := os.Link(part, to); err != nil { // unlike a rename it takes nothing's place
		return err
	}
	return syncFile(filepath.Dir(to))
}

// reserve makes an empty file that is nobody else's to read.
func reserve(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func copyInto(ctx context.Context, path, part string) error {
	from, err := openPlain(path)
	if err != nil {
		return err
	}
	defer from.Close()
	if _, err := from.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return err
	}
	// Without the pragmas: the copy is to stay one file.
	copied, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: part, RawQuery: "mode=ro"}).String())
	if err != nil {
		return err
	}
	defer copied.Close()
	return check(ctx, copied, "integrity_check")
}

// syncFile brings a file, or the names in a folder, to disk.
func syncFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// openPlain opens connections to a database that is there, without bringing its
// tables up to date.
func openPlain(path string) (*sql.DB, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	return sql.Open("sqlite", dsn(path, url.Values{"mode": {"rw"}}))
}
