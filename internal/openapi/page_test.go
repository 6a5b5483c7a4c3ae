package openapi_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/openapi"
)

var (
	anchor = regexp.MustCompile(` id="([^"]+)"`)
	link   = regexp.MustCompile(` href="#([^"]+)"`)
)

// TestPage: the page shows every operation, schema and code once, its links lead
// somewhere, and it needs nothing but the style sheet.
func TestPage(t *testing.T) {
	t.Parallel()
	b, err := openapi.Page()
	if err != nil {
		t.Fatal(err)
	}
	page, there := string(b), map[string]bool{}
	for _, found := range anchor.FindAllStringSubmatch(page, -1) {
		if there[found[1]] {
			t.Errorf("two parts are called %s", found[1])
		}
		there[found[1]] = true
	}
	for _, found := range link.FindAllStringSubmatch(page, -1) {
		if !there[found[1]] {
			t.Errorf("a link leads to %s, which is not there", found[1])
		}
	}
	var d struct {
		Paths, Webhooks map[string]map[string]struct{ OperationID string }
		Components      struct{ Schemas map[string]any }
		Codes           map[string]any `json:"x-error-codes"`
	}
	if err := json.Unmarshal(openapi.Document(), &d); err != nil {
		t.Fatal(err)
	}
	for _, routes := range []map[string]map[string]struct{ OperationID string }{d.Paths, d.Webhooks} {
		for path, operations := range routes {
			for _, o := range operations {
				if !there[o.OperationID] || !strings.Contains(page, path) {
					t.Errorf("%s of %s is not shown", o.OperationID, path)
				}
			}
		}
	}
	for name := range d.Components.Schemas {
		if !there[name] {
			t.Errorf("the schema %s is not shown", name)
		}
	}
	for code := range d.Codes {
		if !strings.Contains(page, "<code>"+code+"</code></th>") {
			t.Errorf("the code %s is not shown", code)
		}
	}
	for _, never := range []string{"<script", "<style", " style=", "http://", "https://", "ZgotmplZ", "`"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
}
