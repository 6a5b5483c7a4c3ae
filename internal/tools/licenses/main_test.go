package main

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"morepay/internal/marked"
)

var update = flag.Bool("update", false, "rewrite docs/licenses.md")

func TestMain(m *testing.M) {
	flag.Parse()
	if err := os.Chdir("../../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// allowed are licences that ask for their text and nothing of the program around
// them. docs/dependencies.md says the same.
var allowed = []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "GooglePatentsFile", "ISC", "MIT", "MPL-2.0", "Unlicense"}

// TestLicences holds the list to what is in the program, and that to what is allowed.
func TestLicences(t *testing.T) {
	list, err := used()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 20 {
		t.Fatalf("only %d modules were found", len(list))
	}
	var table strings.Builder
	for _, m := range list {
		for _, id := range m.licences() {
			if !slices.Contains(allowed, id) {
				t.Errorf("%s is under %s", m.Path, id)
			}
		}
		table.WriteString(marked.Row("`"+m.Path+"`", m.Version, strings.Join(m.licences(), ", ")))
	}
	marked.Hold(t, "docs/licenses.md", map[string]string{"licences": "| module | version | licence |\n|---|---|---|\n" + table.String()}, *update)
	var texts bytes.Buffer
	if err := writeTexts(&texts, list); err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if !strings.Contains(texts.String(), m.Path+" "+m.Version) && m.Version != "" {
			t.Errorf("the text of %s is missing", m.Path)
		}
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	apache, err := os.ReadFile("LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		{"licence", string(apache), []string{"Apache-2.0"}},
		{"story", "Once upon a time there was a module without a licence.", nil},
		{"mention", strings.Repeat("All rights are ours, and yours are none. ", 400) + string(apache), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := identify([]byte(test.text)); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
