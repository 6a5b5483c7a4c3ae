package admin

import (
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	twin    = regexp.MustCompile(`(?m)(?:^|"twin"}}|class="twin">)morepay ([^<\n]+)`)
	command = regexp.MustCompile("(?m)^\\| `([a-z ]+)` \\| (.*) \\|$")
	flag    = regexp.MustCompile(`--[a-z-]+`)
	blank   = regexp.MustCompile(`{{[^}]*}}`)
)

// Every command that a page names is there, with the flags that it is given.
func TestTwins(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string][]string{}
	for _, row := range command.FindAllStringSubmatch(string(docs), -1) {
		flags[row[1]] = flag.FindAllString(row[2], -1)
	}
	pages, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range pages {
		b, err := fs.ReadFile(files, page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range twin.FindAllStringSubmatch(string(b), -1) {
			n++
			for _, line := range alternatives(m[1]) {
				checkTwin(t, page, line, flags)
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d commands were found", n)
	}
}

// alternatives returns a line of a template with each branch of its choice, without its
// other actions.
func alternatives(line string) (list []string) {
	for _, keep := range []string{"$1", "$2"} {
		chosen := regexp.MustCompile(`{{if [^}]*}}([a-z]+){{else}}([a-z]+){{end}}`).ReplaceAllString(line, keep)
		list = append(list, blank.ReplaceAllString(chosen, ""))
	}
	return list
}

func checkTwin(t *testing.T, page, line string, flags map[string][]string) {
	t.Helper()
	words := strings.Fields(line)
	name := words[0]
	known, ok := flags[name]
	if !ok && len(words) > 1 {
		name += " " + words[1]
		known, ok = flags[name]
	}
	if !ok {
		t.Errorf("%s: there is no command for %q", page, line)
	}
	for _, f := range flag.FindAllString(line, -1) {
		if !slices.Contains(known, f) {
			t.Errorf("%s: %s has no %s", page, name, f)
		}
	}
}
