package cli_test

import (
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/store"
)

// A backup is a database that a server starts on; it takes nothing's place, and a
// folder without a database has none.
func TestBackup(t *testing.T) {
	t.Parallel()
	folder, restored := t.TempDir(), t.TempDir()
	file := filepath.Join(restored, store.FileName)
	if err := run(t, "backup", file, "--data", folder); err == nil {
		t.Error("a folder without a database was backed up")
	}
	db, err := store.Open(t.Context(), folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := run(t, "backup", file, "--data", folder); err != nil {
		t.Fatal(err)
	}
	if err := run(t, "backup", file, "--data", folder); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("the second: %v", err)
	}
	copied, err := store.Open(t.Context(), restored, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	copied.Close()
}

func TestCopyNamesItsFlags(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"copy --to postgres://localhost/x":                  "--from",
		"copy --from .":                                     "--to",
		"copy --from . --to localhost":                      "postgres://",
		"copy --from ./nowhere --to postgres://localhost/x": "nowhere",
	} {
		if err := run(t, strings.Fields(args)...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want one that names %q", args, err, want)
		}
	}
}
