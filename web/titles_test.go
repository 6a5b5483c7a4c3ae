package web_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"morepay/internal/locale"
)

// TestTitlesAreTheCatalogues: the frame around a page is called what the page calls
// its list, in every language.
func TestTitlesAreTheCatalogues(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("embed.js")
	if err != nil {
		t.Fatal(err)
	}
	table := regexp.MustCompile(`(?s)const TITLES = \{(.*?)\n  \};`).FindSubmatch(source)
	if table == nil {
		t.Fatal("there is no table of titles")
	}
	titles := map[string]string{}
	for _, m := range regexp.MustCompile(`"?([a-z-]+)"?: "([^"]*)"`).FindAllSubmatch(table[1], -1) {
		titles[string(m[1])] = string(m[2])
	}
	for _, tag := range locale.Tags() {
		base, _ := language.MustParse(tag).Base()
		got, ok := titles[strings.ToLower(tag)]
		if !ok {
			got = titles[base.String()]
		}
		if want := locale.Text(tag)["select.more"]; got != want {
			t.Errorf("%s: %q, want %q", tag, got, want)
		}
	}
}
