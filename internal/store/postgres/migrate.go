package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"morepay/internal/store/schema"
)

// Schema opens the tables of the database that a URL names, which must lead there
// without a pooler. It must be closed.
func Schema(ctx context.Context, url string) (*schema.Schema, error) {
	config, _, err := settings(url)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	at, err := look(ctx, config.ConnConfig)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	if at.pooled {
		return nil, errors.New("postgres: this URL leads to a pooler: migrations need the database's own")
	}
	return tables(config.ConnConfig)
}

func tables(config *pgx.ConnConfig) (*schema.Schema, error) {
	db := stdlib.OpenDB(*config)
	const exists = "SELECT to_regclass('" + goose.DefaultTablename + "') IS NOT NULL"
	s, err := schema.New(db, goose.DialectPostgres, exists, migrations, goose.WithSessionLocker(migrationLock{}))
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// migrate brings the schema up to date. Behind a pooler it must be so already: the
// lock that keeps servers apart meanwhile belongs to one connection.
func migrate(ctx context.Context, config *pgx.ConnConfig, pooled bool) error {
	s, err := tables(config)
	if err != nil {
		return err
	}
	defer s.Close()
	if pooled {
		return s.Check(ctx)
	}
	err = s.Up(ctx)
	if is(err, notPermitted) {
		return fmt.Errorf("%w\nthis role may not change tables: run morepay migrate as one that may", err)
	}
	return err
}

// migrationLock keeps servers that start together from meeting.
type migrationLock struct{}

// SessionLock implements [lock.SessionLocker].
func (migrationLock) SessionLock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock("+lockSpace+", 0)")
	return err
}

// SessionUnlock implements [lock.SessionLocker].
func (migrationLock) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock("+lockSpace+", 0)")
	return err
}
