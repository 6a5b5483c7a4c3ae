// Package store opens the database that the configuration names, and hands it
// what makes the messages to merchants.
package store

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/checkout"
	"morepay/internal/store/postgres"
	"morepay/internal/store/schema"
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

// Config says which database to open and how. Only Source is needed.
type Config struct {
	Source  string                // PostgreSQL's URL, else the folder of SQLite
	Listen  string                // URL of the same PostgreSQL with no pooler between; "" if Source is that
	Alone   bool                  // keep other servers away from a folder, and refuse a damaged database there
	Notify  checkout.Notifier     // hears of every session with new events, whoever stored them; nil for nobody
	Wait    time.Duration         // for how long a PostgreSQL that does not answer yet is tried again
	Log     *slog.Logger          // default slog.Default
	Metrics prometheus.Registerer // nil for none
}

func isURL(source string) bool {
	return strings.HasPrefix(source, "postgres://") || strings.HasPrefix(source, "postgresql://")
}

// Open opens PostgreSQL, or SQLite in a folder that is made if it isn't there.
func (c Config) Open(ctx context.Context) (*sqlstore.DB, error) {
	if isURL(c.Source) {
		return postgres.Open(ctx, postgres.Config{
			URL: c.Source, Listen: c.Listen, Message: webhook.NewMessage, Notify: c.Notify, Wait: c.Wait, Log: c.Log, Metrics: c.Metrics,
		})
	}
	if err := os.MkdirAll(c.Source, 0o700); err != nil {
		return nil, err
	}
	file := filepath.Join(c.Source, FileName)
	if err := private(file); err != nil {
		return nil, err
	}
	if c.Alone {
		return sqlite.OpenAlone(ctx, file, webhook.NewMessage, c.Notify)
	}
	return sqlite.Open(ctx, file, webhook.NewMessage, c.Notify)
}

// Open opens the database that source names. notify may be nil.
func Open(ctx context.Context, source string, notify checkout.Notifier) (*sqlstore.DB, error) {
	return Config{Source: source, Notify: notify}.Open(ctx)
}

// Schema opens the tables of the database that source names, without changing
// them. It must be closed.
func Schema(ctx context.Context, source string) (*schema.Schema, error) {
	if isURL(source) {
		return postgres.Schema(ctx, source)
	}
	file := filepath.Join(source, FileName)
	if err := private(file); err != nil {
		return nil, err
	}
	return sqlite.Schema(file)
}
