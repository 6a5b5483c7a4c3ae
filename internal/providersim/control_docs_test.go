package providersim

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documented finds a route of the control API in a table of the documents.
var documented = regexp.MustCompile("(?m)^\\| `((?:GET|POST|DELETE) /control/[a-z]+)` ")

// TestControlIsDocumented: whoever tests a shop of their own finds every call.
func TestControlIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/own-shop.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range documented.FindAllSubmatch(text, -1) {
		found = append(found, string(m[1]))
	}
	slices.Sort(found)
	if diff := cmp.Diff(slices.Sorted(maps.Keys((&Sim{}).controls())), found); diff != "" {
		t.Errorf("the table and the routes differ (-routes +table):\n%s", diff)
	}
}

// namedTest finds a test in a table: of this package, or of the module beside it.
var namedTest = regexp.MustCompile("`(foreign\\.)?(Test[A-Za-z0-9]+)`")

// TestDivergencesNameTests: each row of the tables names the tests that hold it.
func TestDivergencesNameTests(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("DIVERGENCES.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{"": testsIn(t, "."), "foreign.": testsIn(t, "foreign")}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(line, "| \n"), " | ")
		if !strings.HasPrefix(line, "| ") || cells[len(cells)-1] == "Test" {
			continue
		}
		rows++
		found := namedTest.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(found) == 0 {
			t.Errorf("no test is named for %.60s", line)
		}
		for _, name := range found {
			if !strings.Contains(sources[name[1]], "\nfunc "+name[2]+"(") {
				t.Errorf("there is no %s", name[0])
			}
		}
	}
	if rows < 40 {
		t.Errorf("only %d rows were read", rows)
	}
}

// testsIn returns the text of all tests of a folder.
func testsIn(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
