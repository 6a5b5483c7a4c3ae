package fresh_test

import (
	"os"
	"path/filepath"
	"testing"

	"morepay/internal/store"
	"morepay/internal/store/fresh"
)

// What is laid is what migrations make, and never over a database.
func TestLay(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "data")
	if err := fresh.Lay(folder); err != nil {
		t.Fatal(err)
	}
	schema, err := store.Schema(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	defer schema.Close()
	if status, err := schema.Status(t.Context()); err != nil || status.Version != status.Newest || len(status.Pending) != 0 {
		t.Errorf("the schema is %+v, %v", status, err)
	}

	file := filepath.Join(t.TempDir(), store.FileName)
	if err := os.WriteFile(file, []byte("a merchant's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := fresh.Lay(filepath.Dir(file)); err != nil {
		t.Fatal(err)
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != "a merchant's" {
		t.Errorf("the database became %q, %v", kept, err)
	}
}
