package providersim

import (
	"flag"
	"strings"
	"testing"

	"morepay/internal/marked"
)

var update = flag.Bool("update", false, "write docs/qa.md")

// TestDocs holds the tables of docs/qa.md to those of the program.
func TestDocs(t *testing.T) {
	t.Parallel()
	marked.Hold(t, "../../docs/qa.md", map[string]string{"faults": faultsDoc()}, *update)
}

func faultsDoc() string {
	s := marked.Row("fault", "what happens", "strikes", "shows", "ends", "only") + strings.Repeat("|---", 6) + "|\n"
	for _, f := range Faults() {
		strikes := strings.Join(f.On, ", ")
		switch {
		case f.on == opCalls:
			strikes = "any call"
		case f.on == 0:
			strikes = "a notification"
		case f.on&opCalls == opCalls:
			strikes = strings.Join(append([]string{"any call"}, (f.on&^opCalls).names()...), ", ")
		}
		var only []string
		for _, w := range f.Only {
			only = append(only, string(w))
		}
		s += marked.Row("`"+f.Name+"`", f.Does, strikes, string(f.Shows), string(f.Ends), strings.Join(only, ", "))
	}
	return s
}
