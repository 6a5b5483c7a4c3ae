// Package schema brings the tables of a database to the version that this program
// works with, and keeps a program away from tables of a later one.
//
// What must not live here: the migrations themselves, and how a database is
// reached.
package schema

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"
)

// Schema is the tables of one database.
type Schema struct {
	db       *sql.DB
	exists   string
	provider *goose.Provider
}

// New makes a Schema from the migrations in a folder of that name. exists is the
// statement that tells whether the table of applied migrations is there.
func New(db *sql.DB, dialect goose.Dialect, exists string, migrations fs.FS, options ...goose.ProviderOption) (*Schema, error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	provider, err := goose.NewProvider(dialect, db, folder, options...)
	if err != nil {
		return nil, err
	}
	return &Schema{db, exists, provider}, nil
}

// Status is where a schema stands.
type Status struct {
	Version int64    // of the newest migration that was applied
	Newest  int64    // that this program knows
	Pending []string // migrations to apply, in order
}

// check refuses what only a later program understands.
func (s Status) check() error {
	if s.Version > s.Newest {
		return fmt.Errorf("the database has schema %d, which a newer program has made; this one knows %d: start the newer program, or restore the database from before", s.Version, s.Newest)
	}
	return nil
}

// Status reads where the schema stands, and changes nothing.
func (s *Schema) Status(ctx context.Context) (Status, error) {
	applied, err := s.applied(ctx)
	if err != nil {
		return Status{}, err
	}
	var status Status
	for version := range applied {
		status.Version = max(status.Version, version)
	}
	for _, m := range s.provider.ListSources() {
		status.Newest = max(status.Newest, m.Version)
		if !applied[m.Version] {
			status.Pending = append(status.Pending, path.Base(m.Path))
		}
	}
	return status, nil
}

// applied returns the versions of the migrations that were applied.
func (s *Schema) applied(ctx context.Context) (map[int64]bool, error) {
	versions := map[int64]bool{}
	var exists bool
	if err := s.db.QueryRowContext(ctx, s.exists).Scan(&exists); err != nil || !exists {
		return versions, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT version_id FROM "+goose.DefaultTablename+" WHERE is_applied")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var version int64
		if err := rows.Scan(&version); err != nil {
			return nil, err
		}
		versions[version] = true
	}
	return versions, rows.Err()
}

// Up applies what is pending. Where nothing is, it asks for no right but to read.
func (s *Schema) Up(ctx context.Context) error {
	status, err := s.Status(ctx)
	if err != nil {
		return err
	}
	if err := status.check(); err != nil || len(status.Pending) == 0 {
		return err
	}
	_, err = s.provider.Up(ctx)
	return err
}

// Check fails if Up would do anything.
func (s *Schema) Check(ctx context.Context) error {
	status, err := s.Status(ctx)
	if err == nil {
		err = status.check()
	}
	if err == nil && len(status.Pending) > 0 {
		err = fmt.Errorf("the database has schema %d, this program needs %d: run morepay migrate with the database's own URL", status.Version, status.Newest)
	}
	return err
}

// Close closes the database.
func (s *Schema) Close() error { return s.db.Close() }
