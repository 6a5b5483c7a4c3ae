package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// logKey is what a key of a log line looks like. misnamed are those that say what
// another key says everywhere else.
var (
	logKey   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	misnamed = map[string]string{
		"error": "err", "session_id": "session", "attempt_id": "attempt", "refund_id": "refund", "merchant_id": "merchant", "number": "out_trade_no",
		"took": "ms", "path": "route",
	}
)

// logCalls are the methods of a logger, by the index of their first key.
var logCalls = map[string]int{
	"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "With": 0,
	"DebugContext": 2, "InfoContext": 2, "WarnContext": 2, "ErrorContext": 2,
}

// TestLogKeys: who searches the log finds the same under the same key.
func TestLogKeys(t *testing.T) {
	t.Parallel()
	lines := 0
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/providersim/") {
			return err
		}
		files := token.NewFileSet()
		parsed, err := parser.ParseFile(files, file, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			first, ok := firstLogKey(call)
			if !ok {
				return true
			}
			lines++
			for i := first; i < len(call.Args); i += 2 {
				checkLogKey(t, files.Position(call.Pos()), call.Args[i])
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if lines < 50 {
		t.Errorf("only %d calls were found", lines)
	}
}

// firstLogKey reports whether a call is one of a logger's methods with keys of its own,
// and the index of the first.
func firstLogKey(call *ast.CallExpr) (index int, ok bool) {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return 0, false
	}
	var logger string
	switch x := method.X.(type) {
	case *ast.Ident:
		logger = x.Name
	case *ast.SelectorExpr:
		logger = x.Sel.Name
	}
	if !slices.Contains([]string{"log", "Log", "slog"}, logger) {
		return 0, false
	}
	index, ok = logCalls[method.Sel.Name]
	return index, ok && call.Ellipsis == token.NoPos
}

func checkLogKey(t *testing.T, at token.Position, arg ast.Expr) {
	t.Helper()
	literal, ok := arg.(*ast.BasicLit)
	if !ok {
		t.Errorf("%s: a key must be written where the line is", at)
		return
	}
	key, _ := strconv.Unquote(literal.Value) // a literal that compiles
	if !logKey.MatchString(key) {
		t.Errorf("%s: key %q must be like out_trade_no", at, key)
	}
	if want := misnamed[key]; want != "" {
		t.Errorf("%s: key %q is %q everywhere else", at, key, want)
	}
}
