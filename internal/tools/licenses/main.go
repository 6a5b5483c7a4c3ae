// Command licenses writes the text of every licence under which something in the
// released program is used, one after the other, to standard output. Its test
// holds docs/licenses.md to the same list.
//
//	go run ./internal/tools/licenses > THIRD_PARTY_LICENSES
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

func main() {
	list, err := used()
	if err == nil {
		err = writeTexts(os.Stdout, list)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "licenses:", err)
		os.Exit(1)
	}
}

// builds are the programs that are released: where each runs, and its package.
var builds = []struct{ system, arch, pkg string }{
	{"linux", "amd64", "."},
	{"linux", "arm64", "."},
	{"darwin", "amd64", "."},
	{"darwin", "arm64", "."},
	{"js", "wasm", "./wasm"},
}

// module is something of somebody else's in a released program.
type module struct {
	Path, Version, Dir string
	Main               bool
	texts              []text
}

// text is a file with a licence.
type text struct {
	name string
	body []byte
	ids  []string // as SPDX spells them
}

// licences returns the SPDX ids of all of a module's licences.
func (m module) licences() []string {
	var ids []string
	for _, t := range m.texts {
		ids = append(ids, t.ids...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// used lists the modules of which a package is in a released program, and Go itself.
func used() ([]module, error) {
	root, err := output(nil, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	found := map[string]module{"Go": {Path: "Go", Dir: strings.TrimSpace(string(root))}}
	for _, b := range builds {
		out, err := output([]string{"GOOS=" + b.system, "GOARCH=" + b.arch, "CGO_ENABLED=0"}, "go", "list", "-deps", "-json=Module", b.pkg)
		if err != nil {
			return nil, err
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct{ Module *module }
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return nil, err
			}
			if p.Module != nil && !p.Module.Main {
				found[p.Module.Path] = *p.Module
			}
		}
	}
	var list []module
	for _, m := range found {
		if m.texts, err = read(m.Dir); err != nil {
			return nil, fmt.Errorf("%s: %w", m.Path, err)
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b module) int { return cmp.Compare(a.Path, b.Path) })
	return list, nil
}

func output(environment []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stderr = os.Stderr
	return cmd.Output()
}

// named matches files that hold licences, and what comes with them.
var named = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice|patents)([.-].*)?$`)

// read returns the licences in a folder. A folder without one is an error: nothing
// may be released that nobody allows.
func read(folder string) ([]text, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var list []text
	known := false
	for _, e := range entries {
		if e.IsDir() || !named.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		t := text{name: e.Name(), body: body, ids: identify(body)}
		known = known || len(t.ids) > 0
		list = append(list, t)
	}
	if !known {
		return nil, errors.New("no licence was recognised")
	}
	return list, nil
}

// mostly is how much of a text, in per cent, must be licences for it to count as one.
const mostly = 60

// identify returns the ids of the licences that a text is made of.
func identify(body []byte) []string {
	coverage := licensecheck.Scan(body)
	if coverage.Percent < mostly {
		return nil
	}
	var ids []string
	for _, m := range coverage.Match {
		if !m.IsURL {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// writeTexts writes all licences.
func writeTexts(w io.Writer, list []module) error {
	for _, m := range list {
		for _, t := range m.texts {
			_, err := fmt.Fprintf(w, "%s\n%s: %s\n\n%s\n\n", strings.Repeat("=", 80), strings.TrimSpace(m.Path+" "+m.Version), t.name, bytes.TrimSpace(t.body))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
