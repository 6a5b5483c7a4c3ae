package cli_test

import (
	"flag"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"morepay/internal/cli"
	"morepay/internal/marked"
)

var update = flag.Bool("update", false, "rewrite the table of commands in docs/operate.md")

// TestDocs holds the table of commands in docs/operate.md to the command line.
func TestDocs(t *testing.T) {
	t.Parallel()
	var c cli.Commands
	k, err := kong.New(&c, kong.Name("morepay"))
	if err != nil {
		t.Fatal(err)
	}
	table := marked.Row("command", "flags") + "|---|---|\n"
	for _, leaf := range k.Model.Leaves(true) {
		table += marked.Row("`"+strings.TrimPrefix(leaf.FullPath(), "morepay ")+"`", strings.Join(flagsOf(leaf), ", "))
	}
	marked.Hold(t, "../../docs/operate.md", map[string]string{"commands": table}, *update)
}

// flagsOf lists the flags of a command, but --help, in the order of their names.
func flagsOf(command *kong.Node) []string {
	var names []string
	for _, group := range command.AllFlags(true) {
		for _, f := range group {
			if f.Name != "help" {
				names = append(names, "`--"+f.Name+"`")
			}
		}
	}
	slices.Sort(names)
	return names
}
