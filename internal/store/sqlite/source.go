package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/pressly/goose/v3"
)

// Source is a database that is read as a whole, with no server on its folder. It
// must be closed.
type Source struct {
	*sql.DB
	lock io.Closer
}

// OpenSource opens the database in a file. It fails if a server has its folder, if
// it is damaged, and if its tables are not those of this program.
func OpenSource(ctx context.Context, path string) (*Source, error) {
	held, err := lock(path)
	if err != nil {
		return nil, err
	}
	db, err := openPlain(path)
	if err != nil {
		return nil, errors.Join(err, held.Close())
	}
	s := &Source{db, held}
	if err := s.examine(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Source) examine(ctx context.Context) error {
	if err := check(ctx, s.DB, "integrity_check"); err != nil {
		return err
	}
	t, err := tables(s.DB)
	if err != nil {
		return err
	}
	is, err := t.Status(ctx)
	if err != nil {
		return err
	}
	if is.Version != is.Newest || len(is.Pending) > 0 {
		return fmt.Errorf("the tables have version %d, this program's have %d: bring them up to date first, with morepay migrate", is.Version, is.Newest)
	}
	return nil
}

// Close gives the folder back.
func (s *Source) Close() error { return errors.Join(s.DB.Close(), s.lock.Close()) }

// Tables lists the tables that hold something of ours, each after those that its
// rows refer to. It asks the database itself, so that none is forgotten.
func (s *Source) Tables(ctx context.Context) ([]string, error) {
	names, err := s.column(ctx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> ? ORDER BY name", goose.DefaultTablename)
	if err != nil {
		return nil, err
	}
	var sorted []string
	for len(names) > 0 {
		ready, err := s.firstWhoseParents(ctx, names)
		if err != nil {
			return nil, err
		}
		sorted = append(sorted, names[ready])
		names = slices.Delete(names, ready, ready+1)
	}
	return sorted, nil
}

// firstWhoseParents returns the first of the tables that refers to none of the others.
func (s *Source) firstWhoseParents(ctx context.Context, names []string) (int, error) {
	for i, name := range names {
		parents, err := s.column(ctx, `SELECT "table" FROM pragma_foreign_key_list(?)`, name)
		if err != nil {
			return 0, err
		}
		if !slices.ContainsFunc(parents, func(p string) bool { return p != name && slices.Contains(names, p) }) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the tables %v refer to each other in a circle", names)
}

// Columns lists the columns of a table, by name.
func (s *Source) Columns(ctx context.Context, table string) ([]string, error) {
	return s.column(ctx, "SELECT name FROM pragma_table_info(?) ORDER BY name", table)
}

func (s *Source) column(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := s.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}
