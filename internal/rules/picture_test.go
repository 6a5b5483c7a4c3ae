package rules_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	arrow   = regexp.MustCompile(`(?m)^    (\S+) --> (.+)$`)
	link    = regexp.MustCompile(`\]\(([^):#]+)(?:#[^)]*)?\)`)
	quoted  = regexp.MustCompile("`([^`]+)`")
	decided = regexp.MustCompile(`\n\n\*\*Status\.\*\* [A-Z][^\n]*\b20\d\d-\d\d-\d\d\b`)
)

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// name returns the picture's name of a package.
func name(importPath string) string {
	if importPath == "morepay" {
		return "server.go"
	}
	return strings.TrimPrefix(strings.TrimPrefix(importPath, "morepay/"), "internal/")
}

// below adds to seen what can be reached from a package.
func below(arrows map[string][]string, from string, seen map[string]bool) {
	for _, to := range arrows[from] {
		if !seen[to] {
			seen[to] = true
			below(arrows, to, seen)
		}
	}
}

// The picture's arrows are imports, and every import of the program is an arrow
// or a path of them.
func TestArchitectureIsDrawn(t *testing.T) {
	imports, drawn := map[string][]string{}, map[string][]string{}
	for _, p := range packages(t, nil, ".") {
		for _, to := range p.Imports {
			if p.ours() && strings.HasPrefix(to, "morepay/") {
				imports[name(p.ImportPath)] = append(imports[name(p.ImportPath)], name(to))
			}
		}
	}
	for _, a := range arrow.FindAllStringSubmatch(read(t, "docs/architecture.md"), -1) {
		drawn[a[1]] = append(drawn[a[1]], strings.Split(a[2], " & ")...)
	}
	for from, list := range drawn {
		for _, to := range list {
			if !slices.Contains(imports[from], to) {
				t.Errorf("an arrow leads from %s to %s, which it does not import", from, to)
			}
		}
	}
	for from, list := range imports {
		seen := map[string]bool{}
		below(drawn, from, seen)
		for _, to := range list {
			if !seen[to] {
				t.Errorf("%s imports %s, and no arrow says so", from, to)
			}
		}
	}
}

// The map in README names every folder with Go files, and nothing else.
func TestReadmeNamesEveryPackage(t *testing.T) {
	_, text, _ := strings.Cut(read(t, "README.md"), "## Where things are")
	text, _, _ = strings.Cut(text, "\n\nDependencies")
	named, found := map[string]bool{}, map[string]bool{"server.go": true}
	for row := range strings.Lines(text) {
		cells := strings.Split(row, "|")
		if len(cells) < 4 {
			continue
		}
		for _, q := range quoted.FindAllStringSubmatch(cells[2], -1) {
			named[q[1]] = true
		}
	}
	for _, s := range parsed(t) {
		if folder := path.Dir(filepath.ToSlash(s.path)); folder != "." && !strings.HasPrefix(folder, "wasm/stub/") {
			found[folder] = true
		}
	}
	found["wasm/stub"] = true // its folders are named as the packages that they stand in for
	for _, folder := range slices.Sorted(maps.Keys(found)) {
		if !named[folder] {
			t.Errorf("the map in README does not name %s", folder)
		}
	}
	for _, folder := range slices.Sorted(maps.Keys(named)) {
		if !found[folder] {
			t.Errorf("the map in README names %s, which is not there", folder)
		}
	}
}

// Every document can be found from the index, every link leads somewhere, and
// every decision has a status with a date.
func TestDocumentsAreLinked(t *testing.T) {
	index := map[string]bool{"docs/README.md": true}
	files := documents(t)
	for _, file := range files {
		text := read(t, file)
		if strings.HasPrefix(file, "docs/adr/") && !decided.MatchString(text) {
			t.Errorf("%s has no status with a date", file)
		}
		for _, l := range link.FindAllStringSubmatch(text, -1) {
			target := path.Join(path.Dir(file), l[1])
			if file == "docs/README.md" {
				index[target] = true
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", file, l[1])
			}
		}
	}
	for _, file := range files {
		if !index[file] {
			t.Errorf("docs/README.md does not name %s", file)
		}
	}
}

// documents lists every one, from the root.
func documents(t *testing.T) []string {
	t.Helper()
	files := []string{"README.md", "CHANGELOG.md"}
	err := filepath.WalkDir("docs", func(file string, d fs.DirEntry, err error) error {
		if d != nil && d.Name() == "node_modules" { // of those who try the examples
			return fs.SkipDir
		}
		if path.Ext(file) == ".md" {
			files = append(files, filepath.ToSlash(file))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var (
	anchored = regexp.MustCompile(`\]\(([^):#]*)#([^)]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fenced   = regexp.MustCompile("(?ms)^```.*?^```$")
	silent   = regexp.MustCompile(`[^\p{L}\p{N}_ -]`) // left out of anchors
)

// anchors lists those of a document's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	list := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(text, ""), -1) {
		list[strings.ReplaceAll(silent.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")] = true
	}
	return list
}

// A link into a document leads to one of its headings.
func TestAnchorsAreHeadings(t *testing.T) {
	for _, file := range documents(t) {
		for _, l := range anchored.FindAllStringSubmatch(read(t, file), -1) {
			target := file
			if l[1] != "" {
				target = path.Join(path.Dir(file), l[1])
			}
			if path.Ext(target) == ".md" && !anchors(read(t, target))[l[2]] {
				t.Errorf("%s links to %s#%s, and there is no such heading", file, l[1], l[2])
			}
		}
	}
}
