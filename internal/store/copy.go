package store

import (
	"context"
	"path/filepath"

	"morepay/internal/store/postgres"
	"morepay/internal/store/sqlite"
)

// Backup copies the SQLite database of a folder into a file, see [sqlite.Backup].
func Backup(ctx context.Context, folder, to string) error {
	return sqlite.Backup(ctx, filepath.Join(folder, FileName), to)
}

// Copy brings everything in the SQLite database of a folder into PostgreSQL, numbers
// of events included, see [postgres.Copy]. No server may use the folder.
func Copy(ctx context.Context, folder, url string) ([]postgres.Copied, error) {
	source, err := sqlite.OpenSource(ctx, filepath.Join(folder, FileName))
	if err != nil {
		return nil, err
	}
	defer source.Close()
	return postgres.Copy(ctx, source, url)
}
