package app

import (
	"flag"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"testing"

	"morepay/web"
)

var pages = flag.String("pages", "", "write every screen as a page of its own into this directory, to look at")

// TestPages writes what -pages asks for: the quickest way to see a change of the
// style sheet on every screen.
func TestPages(t *testing.T) {
	t.Parallel()
	if *pages == "" {
		t.Skip("no -pages directory")
	}
	for name, v := range testViews() {
		theme := ""
		for attribute, value := range ThemeAttributes(v) {
			theme += fmt.Sprintf(" %s=%q", attribute, value)
		}
		page := `<!doctype html><html data-ready lang="` + v.Locale + `"` + theme + `><meta charset="utf-8">` +
			`<meta name="viewport" content="width=device-width, initial-scale=1"><title>` + html.EscapeString(Title(v)) +
			`</title><style>` + web.Stylesheet() + `</style><body>` + HTML(v)
		if err := os.WriteFile(filepath.Join(*pages, name+".html"), []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
