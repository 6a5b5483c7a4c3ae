package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// damage remembers that the database was found damaged. From then on nothing is
// stored until the server is started again: what would be acknowledged now is lost
// when the backup takes the database's place.
type damage struct{ found atomic.Pointer[error] }

// see returns err and remembers it if it tells of damage.
func (d *damage) see(err error) error {
	if corrupt(err) {
		err = fmt.Errorf("the database is damaged, restore it from a backup: %w", err)
		d.found.CompareAndSwap(nil, &err)
	}
	return err
}

// err returns the damage that was seen first.
func (d *damage) err() error {
	if found := d.found.Load(); found != nil {
		return *found
	}
	return nil
}

func corrupt(err error) bool {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return false
	}
	primary := e.Code() & 0xff
	return primary == lib.SQLITE_CORRUPT || primary == lib.SQLITE_NOTADB
}

// check reads the whole database and fails if it is damaged. The statement is one
// of SQLite's two: quick_check, or integrity_check, which compares the indexes with
// the rows too and takes several times as long.
func check(ctx context.Context, db *sql.DB, statement string) error {
	var said string
	err := db.QueryRowContext(ctx, "PRAGMA "+statement+"(1)").Scan(&said)
	if err == nil && said != "ok" {
		err = errors.New(said)
	}
	if err != nil {
		return fmt.Errorf("the database is damaged, restore it from a backup: %w", err)
	}
	return nil
}
