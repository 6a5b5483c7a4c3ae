package demo_test

import (
	"flag"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/marked"
)

var update = flag.Bool("update", false, "write the tables of docs/qa.md")

// TestDocs holds the table of docs/qa.md to that of the program.
func TestDocs(t *testing.T) {
	t.Parallel()
	s := marked.Row("`?via=`", "what the network does") + "|---|---|\n"
	for _, m := range demo.Modes() {
		s += marked.Row("`"+m.Name+"`", m.Does)
	}
	marked.Hold(t, "../../docs/qa.md", map[string]string{"network": s}, *update)
}
