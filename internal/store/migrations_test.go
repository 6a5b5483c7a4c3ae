package store_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// name matches what a migration names: its tables, indexes and columns, in order.
// Types and constraints differ between the databases, these names must not.
var name = regexp.MustCompile(`(?m)^CREATE (?:TABLE|(?:UNIQUE )?INDEX) \w+|^ALTER TABLE \w+ (?:\w+ COLUMN|RENAME TO) \w+|^DROP .*|^    [a-z]\w*`)

// TestMigrationsAgree: the two databases have the same migrations under the same
// numbers, so that one set of statements and one document describe both.
func TestMigrationsAgree(t *testing.T) {
	t.Parallel()
	sqlite, postgres := migrations(t, "sqlite"), migrations(t, "postgres")
	if diff := cmp.Diff(sqlite, postgres); diff != "" {
		t.Errorf("the migrations differ (-sqlite +postgres):\n%s", diff)
	}
}

func migrations(t *testing.T, database string) map[string][]string {
	t.Helper()
	folder := filepath.Join(database, "migrations")
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) == 0 {
		t.Fatalf("%s has no migrations: %v", database, err)
	}
	names := map[string][]string{}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if names[e.Name()] = name.FindAllString(string(text), -1); len(names[e.Name()]) == 0 {
			t.Errorf("%s/%s names nothing", folder, e.Name())
		}
	}
	return names
}
