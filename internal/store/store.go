// Package store opens the database that the configuration names.
package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"morepay/internal/checkout"
	"morepay/internal/store/postgres"
	"morepay/internal/store/sqlite"
	"morepay/internal/store/sqlstore"
)

// FileName is the SQLite database in the data folder.
const FileName = "morepay.db"

// Open opens PostgreSQL if source is a postgres:// URL, else SQLite in the
// folder source, which is made if it isn't there. notify may be nil.
func Open(ctx context.Context, source string, notify checkout.Notifier) (*sqlstore.DB, error) {
	if strings.HasPrefix(source, "postgres://") || strings.HasPrefix(source, "postgresql://") {
		return postgres.Open(ctx, source, notify)
	}
	if err := os.MkdirAll(source, 0o700); err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, filepath.Join(source, FileName), notify)
}
