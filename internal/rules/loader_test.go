package rules_test

import (
	"bytes"
	"os"
	"regexp"
	"testing"

	"morepay/web"
)

var firstHeading = regexp.MustCompile(`(?m)^## (.+)$`)

// A release comes with its loader published, so that shops can pin it. Between
// releases the loader may be ahead of what is published.
func TestReleasePublishesLoader(t *testing.T) {
	changes, err := os.ReadFile("CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	heading := firstHeading.FindSubmatch(changes)
	if heading == nil {
		t.Fatal("the changelog has no headings")
	}
	if bytes.Equal(heading[1], []byte("Unreleased")) {
		return
	}
	list, err := web.Versions(os.DirFS("web"))
	if err != nil {
		t.Fatal(err)
	}
	loader, err := os.ReadFile("web/embed.js")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) == 0 || list[len(list)-1].Integrity != web.Integrity(web.Shipped(loader)) {
		t.Errorf("%s is released with a loader that is not published: go run ./internal/tools/loader -publish VERSION", heading[1])
	}
}
