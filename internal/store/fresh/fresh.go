// Package fresh gives tests new databases whose tables are there already. To make
// them takes longer than much of what is tested, and tests make hundreds of databases.
//
// What must not live here: tables. They are made by the store's own migrations.
package fresh

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"morepay/internal/store"
)

// database is the file of a SQLite database that has been migrated and nothing else.
var database = sync.OnceValues(func() (file []byte, err error) {
	folder, err := os.MkdirTemp("", "morepay-fresh-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	db, err := store.Open(context.Background(), folder, nil)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(folder, store.FileName))
})

// Lay puts a SQLite database with all tables and no rows into a data folder, unless
// it has a database. It makes the folder if need be.
func Lay(folder string) error {
	empty, err := database()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(folder, store.FileName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = file.Write(empty)
	return errors.Join(err, file.Close())
}
