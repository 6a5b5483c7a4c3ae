package rules_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A test in the docs: `internal/x.TestY` or `internal/x.TestY/row`.
var namedTest = regexp.MustCompile("`(?:([a-z0-9/]+)\\.)?((?:Test|Fuzz)[A-Za-z0-9]+)(?:/([a-z0-9-]+))?`")

var attackRow = regexp.MustCompile(`^\| \d+ \|`)

// The table of attacks names a test for each. A test that is renamed must not
// leave a promise behind that nothing keeps.
func TestSecurityDocNamesTests(t *testing.T) {
	doc, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]string{}
	for _, name := range namedTest.FindAllStringSubmatch(string(doc), -1) {
		folder, function, row := "./"+name[1], name[2], name[3]
		if sources[folder] == "" {
			sources[folder] = testsIn(t, folder)
		}
		if !strings.Contains(sources[folder], "\nfunc "+function+"(") || !strings.Contains(sources[folder], row) {
			t.Errorf("there is no %s", name[0])
		}
	}
	for line := range strings.Lines(string(doc)) {
		if attackRow.MatchString(line) && !namedTest.MatchString(line) {
			t.Errorf("no test is named for %.60s", line)
		}
	}
	if len(sources) < 10 {
		t.Errorf("only %d packages are named: was the table read?", len(sources))
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
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	return all.String()
}
