package providersim

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// documented finds a route of the control API in a table of the documents.
var documented = regexp.MustCompile("(?m)^\\| `((?:GET|POST|DELETE) /control/[a-z]+)` ")

// TestControlIsDocumented: whoever tests a shop of their own finds every call.
func TestControlIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/own-shop.md")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, m := range documented.FindAllSubmatch(text, -1) {
		found = append(found, string(m[1]))
	}
	slices.Sort(found)
	if diff := cmp.Diff(slices.Sorted(maps.Keys((&Sim{}).controls())), found); diff != "" {
		t.Errorf("the table and the routes differ (-routes +table):\n%s", diff)
	}
}
