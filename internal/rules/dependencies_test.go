package rules_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDependenciesHaveReasons: docs/dependencies.md has a row for each module that we
// ask for, and for none else.
func TestDependenciesHaveReasons(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, r := range mod.Require {
		if !r.Indirect {
			asked[r.Path] = true
		}
	}
	explained := map[string]bool{}
	for row := range strings.Lines(read(t, "docs/dependencies.md")) {
		cells := strings.Split(row, "|")
		if len(cells) != 6 || !strings.HasPrefix(row, "| `") {
			continue
		}
		for _, q := range quoted.FindAllStringSubmatch(cells[1], -1) {
			explained[q[1]] = true
			if !asked[q[1]] {
				t.Errorf("docs/dependencies.md explains %s, which go.mod does not ask for", q[1])
			}
		}
	}
	for module := range asked {
		if !explained[module] {
			t.Errorf("docs/dependencies.md does not say why there is %s", module)
		}
	}
}

// unpinned finds commands that bring in whatever is newest, or what nobody has hashed.
var unpinned = regexp.MustCompile(`@latest|@main\b|@master\b|\bgo install \S+@|\bnpx\b|\bnpm (i|install|add)\b|\bpip install\b|\b(curl|wget) +[-"'$a-z]`)

// TestToolsArePinned: what builds and tests the product is named with its version,
// in files that are reviewed.
func TestToolsArePinned(t *testing.T) {
	t.Parallel()
	var files []string
	err := filepath.WalkDir(".ci", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "node_modules" {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() && filepath.Ext(file) == "" {
			files = append(files, file)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 2 {
		t.Fatalf("only %q were found", files)
	}
	for _, file := range append(files, "Makefile") {
		for line := range strings.Lines(read(t, file)) {
			if found := unpinned.FindString(line); found != "" {
				t.Errorf("%s: %q is not pinned: %s", file, found, line)
			}
		}
	}
	pins, err := os.ReadFile(".ci/tools/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"golangci-lint", "govulncheck", "cyclonedx-gomod"} {
		if !strings.Contains(string(pins), "/"+tool) {
			t.Errorf(".ci/tools/go.mod does not pin %s", tool)
		}
	}
}
