// Package marked holds files that people read to what the program says: whole ones, or
// tables in the documents, each between two marks, <!-- name --> and <!-- /name -->. A
// test writes them.
//
// What must not live here: what is in a file or table.
package marked

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Hold fails if the tables of a file, by the name of their marks, are not those that
// are given; with update it writes them.
func Hold(t testing.TB, file string, tables map[string]string, update bool) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := string(data)
	for name, table := range tables {
		begin, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->\n"
		before, rest, ok := strings.Cut(want, begin)
		_, after, ended := strings.Cut(rest, end)
		if !ok || !ended {
			t.Fatalf("%s has no marks for %s", file, name)
		}
		want = before + begin + table + end + after
	}
	File(t, file, want, update)
}

// File fails if a file is not what is wanted; with update it writes it.
func File(t testing.TB, file, want string, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), want); diff != "" {
		t.Errorf("%s is out of date (-file +program), run with -update and look at each difference:\n%s", file, diff)
	}
}

// Row returns a row of a table in Markdown.
func Row(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
