package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// notOurs are flags of other programs, and of kong itself, that docs/operate.md names.
var notOurs = map[string]string{
	"--time": "of docker stop", "--system": "of useradd", "--help": "kong's", "--deploy-hook": "of certbot",
}

var flagName = regexp.MustCompile("--[a-z][a-z-]*[a-z]")

// TestOperateNamesEveryFlag: an operator finds each flag in the document, and none
// that is not there.
func TestOperateNamesEveryFlag(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("internal/cli/*.go")
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]bool{}
	for _, file := range append(files, "server.go") {
		if !strings.HasSuffix(file, "_test.go") {
			addFlags(t, flags, file)
		}
	}
	if len(flags) < 40 {
		t.Fatalf("only %d flags were found", len(flags))
	}
	named := map[string]bool{}
	for _, name := range flagName.FindAllString(string(doc), -1) {
		named[name] = true
		if !flags[name] && notOurs[name] == "" {
			t.Errorf("docs/operate.md names %s, which no command has", name)
		}
	}
	for name := range flags {
		if !named[name] {
			t.Errorf("docs/operate.md does not name %s", name)
		}
	}
}

// addFlags reads the flags of a file: fields with a tag that has help, but is no
// command and no argument.
func addFlags(t *testing.T, flags map[string]bool, file string) {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		field, ok := n.(*ast.Field)
		if !ok || field.Tag == nil || len(field.Names) != 1 {
			return true
		}
		tag := reflect.StructTag(strings.Trim(field.Tag.Value, "`"))
		_, command := tag.Lookup("cmd")
		_, argument := tag.Lookup("arg")
		if _, help := tag.Lookup("help"); !help || command || argument {
			return true
		}
		name, ok := tag.Lookup("name")
		if !ok {
			name = kebab(field.Names[0].Name)
		}
		flags["--"+name] = true
		return true
	})
}

var words = regexp.MustCompile(`[A-Z]+[a-z0-9]*`)

// kebab writes a field's name as kong does a flag's.
func kebab(name string) string {
	parts := words.FindAllString(name, -1)
	return strings.ToLower(strings.Join(parts, "-"))
}
