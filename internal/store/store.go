// Package store opens the database that the configuration names, and hands it
// what makes the messages to merchants.
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
	"morepay/internal/webhook"
)

// FileName is the SQLite database in the data folder.
const FileName = "morepay.db"

// private makes sure that the file is there and nobody else's to read, whoever
// made the folder: SQLite gives its other files the same permissions.
func private(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Open opens PostgreSQL if source is a postgres:// URL, else SQLite in the
// folder source, which is made if it isn't there. notify may be nil.
func Open(ctx context.Context, source string, notify checkout.Notifier) (*sqlstore.DB, error) {
	if strings.HasPrefix(source, "postgres://") || strings.HasPrefix(source, "postgresql://") {
		return postgres.Open(ctx, source, webhook.NewMessage, notify)
	}
	if err := os.MkdirAll(source, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(source, FileName)
	if err := private(file); err != nil {
		return nil, err
	}
	return sqlite.Open(ctx, file, webhook.NewMessage, notify)
}
