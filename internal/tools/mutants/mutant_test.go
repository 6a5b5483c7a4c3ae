package main

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// TestTable: every row finds its line, what it makes of that is Go, and no two have
// one name.
func TestTable(t *testing.T) {
	t.Chdir("../../..")
	rows := table()
	if len(rows) < 80 {
		t.Errorf("%d rows, want at least 80", len(rows))
	}
	seen := map[string]bool{}
	for _, r := range slices.Concat(rows, scenarioRows) {
		source, err := r.broken()
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), r.file, source, 0); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
		if seen[r.name] {
			t.Errorf("two rows are called %s", r.name)
		}
		seen[r.name] = true
		if !strings.HasPrefix(r.pkg(), "./internal/") || r.run() == "" {
			t.Errorf("%s: %q names no tests", r.name, r.tests)
		}
	}
}

// TestDraw: a seed draws the same rows again, each once.
func TestDraw(t *testing.T) {
	names := func(seed uint64) (list []string) {
		for _, r := range draw(table(), 10, seed) {
			list = append(list, r.name)
		}
		return list
	}
	one := names(1)
	if len(one) != 10 || !slices.Equal(one, names(1)) || slices.Equal(one, names(2)) {
		t.Errorf("drew %v, then %v, and by another seed %v", one, names(1), names(2))
	}
	slices.Sort(one)
	if len(slices.Compact(one)) != 10 {
		t.Errorf("drew twice: %v", one)
	}
}

// TestJudge: how tests fail decides whether they noticed.
func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name, out string
		hangs     bool
		want      string // "" for not killed
	}{
		{"assertion", "--- FAIL: TestApply (0.00s)\n    x_test.go:1: bad\nFAIL\n", false, "killed by TestApply"},
		{"panic", "panic: runtime error\nFAIL\tx\t0.1s\n", false, "killed"},
		{"not-go", "# x\nx.go:1: undefined\nFAIL\tx [build failed]\n", false, ""},
		{"hangs", "panic: test timed out after 1m30s\nFAIL\tx\n", false, ""},
		{"hangs-as-it-says", "panic: test timed out after 1m30s\nFAIL\tx\n", true, "killed by time"},
		{"ends-where-it-should-hang", "--- FAIL: TestApply (0.00s)\n", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := row{hangs: c.hangs}.judge(c.out)
			if got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// TestTry breaks this package's own sample, with a test that notices and with one
// that does not.
func TestTry(t *testing.T) {
	t.Chdir("../../..")
	if testing.Short() {
		t.Skip("builds a package for each mutant")
	}
	r := row{
		name: "third decimal", file: "internal/provider/amount.go", line: "len(cents) > 2", becomes: "len(cents) > 3",
		tests: "./internal/provider TestParseYuan",
	}
	if verdict, err := r.try(t.Context(), t.TempDir()); err != nil || verdict != "killed by TestParseYuan" {
		t.Errorf("got %q, %v", verdict, err)
	}
	for tests, want := range map[string]string{"./internal/provider TestClean": "SURVIVED", "./internal/provider TestNoSuch": "has no test"} {
		r.tests = tests
		if verdict, err := r.try(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %q, %v", tests, verdict, err)
		}
	}
}
