package rules_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// A pattern is an import path, with "morepay/internal/" left out where it is
// ours; "/..." at its end stands for what is below too.

// how far a ban goes.
type how bool

const (
	itself how = false // the package's own imports
	atAll  how = true  // and those of all our packages that it stands on
)

// bans says what may not be imported, and why. Do not relax one to make
// something build: its reason has to go first.
var bans = []struct {
	from []string
	how  how
	to   []string
	why  string
}{
	{[]string{"pay"}, itself, []string{"morepay/..."}, "the words of the business stand on nothing: all else is said in them"},
	{[]string{"device"}, itself, []string{"morepay/..."}, "what a user agent is has nothing to do with payments"},
	{[]string{"method"}, itself, []string{"capability/...", "view", "checkout", "provider/..."}, "a method is data: which merchant has it, and who moves its money, is decided elsewhere"},
	{[]string{"capability/..."}, atAll, []string{"view", "checkout", "locale", "provider/...", "store/...", "merchant/..."}, "the decision is a pure function of its arguments, on the server and in the browser"},
	{[]string{"capability"}, itself, []string{"capability/document", "strictjson"}, "the browser decides with documents that the server has decoded: a strict decoder would only make the bundle larger"},
	{[]string{"view"}, atAll, []string{"checkout", "provider/...", "store/...", "merchant/...", "locale", "page", "httpd"}, "the view is what the browser may know, and the browser must not need the server to build"},
	{[]string{"morepay/app", "morepay/wasm"}, atAll, []string{"checkout", "provider/...", "store/...", "merchant/...", "locale", "page", "httpd", "qrcode", "morepay/web"}, "what the browser needs comes in the view: texts, links and drawn codes"},
	{[]string{"qrcode"}, itself, []string{"view", "checkout", "page", "httpd"}, "a code is drawn from its payload"},
	{[]string{"account"}, itself, []string{"checkout", "page", "httpd", "store/...", "merchant/...", "view", "capability/..."}, "an account says whom to ask and whether they answer: what follows from an answer is decided in checkout"},
	{[]string{"checkout"}, itself, []string{"reconcile", "desk", "httpd", "page", "view", "qrcode", "store/...", "merchant/...", "webhook", "idempotency", "locale", "morepay/app", "morepay/web", "database/sql"}, "the service knows money: what a payer sees of it is made elsewhere. It declares what it needs, and technology adapts to it"},
	{[]string{"reconcile"}, itself, []string{"httpd", "page", "store/...", "merchant/...", "webhook", "view", "database/sql"}, "reconciliation declares what it needs, as checkout does, and stands on it"},
	{[]string{"desk"}, itself, []string{"httpd", "page", "store/...", "merchant/...", "webhook", "view", "database/sql"}, "what people decide is carried out as what providers say is: through checkout"},
	{[]string{"merchant"}, itself, []string{"merchant/folder", "account", "provider/...", "webhook", "checkout", "httpd", "store/..."}, "documents are public: a merchant's secrets and accounts are the folder's"},
	{[]string{"merchant/folder"}, itself, []string{"checkout", "page", "httpd", "store/..."}, "a folder says what its people wrote: what is in force, and what follows, is decided elsewhere"},
	{[]string{"page"}, itself, []string{"httpd", "store/...", "merchant/...", "provider/...", "webhook", "net/http", "database/sql"}, "a page is a function of ledger, facts, request and time, so a test needs no server to make one"},
	{[]string{"httpd"}, itself, []string{"morepay/app", "locale", "qrcode"}, "a page is made in one place"},
	{[]string{"provider/..."}, atAll, []string{"checkout", "store/...", "merchant/...", "httpd", "view", "capability/..."}, "an adapter knows its provider and our words: what follows from a payment is decided in one place"},
	{[]string{"provider/wechatpay"}, itself, []string{"provider/alipay", "provider/merchantlink", "provider/unionpay"}, "a provider is one folder: it can be taken out"},
	{[]string{"provider/alipay"}, itself, []string{"provider/wechatpay", "provider/merchantlink", "provider/unionpay"}, "a provider is one folder: it can be taken out"},
	{[]string{"provider/merchantlink"}, itself, []string{"provider/wechatpay", "provider/alipay", "provider/unionpay"}, "a provider is one folder: it can be taken out"},
	{[]string{"provider/unionpay"}, itself, []string{"provider/wechatpay", "provider/alipay", "provider/merchantlink"}, "a provider is one folder: it can be taken out"},
	{[]string{"provider/providertest"}, itself, []string{"provider/wechatpay", "provider/alipay", "provider/merchantlink", "provider/unionpay", "providersim"}, "what the tests of all adapters share knows none of them"},
	{[]string{"provider/wechatpay", "provider/alipay", "provider/merchantlink", "provider/unionpay"}, itself, []string{"strictjson"}, "a provider's answer may gain fields at any time"},
	{[]string{"providersim"}, itself, []string{"morepay/...", "github.com/wechatpay-apiv3/...", "github.com/smartwalle/..."}, "code on both sides of a wire makes both wrong in the same way, and the tests green"},
	{[]string{"store/..."}, itself, []string{"provider/...", "httpd", "view", "capability/...", "morepay/app"}, "a store keeps what it is given and decides nothing"},
	{[]string{"store/sqlite"}, itself, []string{"store/postgres"}, "each database is to run without the other"},
	{[]string{"store/postgres"}, itself, []string{"store/sqlite"}, "each database is to run without the other"},
	{[]string{"httpd"}, itself, []string{"provider/...", "providersim", "demo/...", "store/...", "database/sql"}, "routes speak to the service: which provider or database is behind it is wired in program"},
	{[]string{"admin"}, itself, []string{"page", "store/...", "provider/...", "providersim", "console", "cli", "morepay/app", "database/sql"}, "the operators' pages do what the command line does, through the same desks: a way of their own would be another truth"},
	{[]string{"stylesheet"}, itself, []string{"morepay/..."}, "how pages look has nothing to do with what they say"},
	{[]string{"check"}, itself, []string{"checkout", "desk", "store/...", "merchant/...", "provider/wechatpay", "provider/alipay", "provider/merchantlink", "provider/unionpay", "database/sql"}, "a check looks at a server from outside: what it is told, its folders and database say themselves"},
	{[]string{"program"}, atAll, []string{"demo/...", "providersim", "cli", "qa"}, "the program knows neither who runs it nor what it is tried with"},
	{[]string{"demo"}, itself, []string{"checkout", "httpd", "store/...", "provider/...", "morepay/app"}, "the demo's shop uses the public API as any merchant would"},
	{[]string{"demo/watch"}, itself, []string{"checkout", "httpd", "store/...", "provider/...", "providersim", "morepay/app"}, "who watches browsers reads what they say and are answered, and takes part in nothing"},
	{[]string{"morepay/docs/examples/shop"}, itself, []string{"morepay/..."}, "a shop knows the public API, and is there to be copied"},
	{[]string{"console"}, itself, []string{"checkout", "httpd", "page", "store/...", "merchant/...", "provider/...", "providersim", "morepay/app"}, "the console shows the decision and opens the product's own pages: a page of its own would be another truth"},
	{[]string{"morepay/docs/examples/api"}, itself, []string{"morepay/internal/...", "morepay/app"}, "an example for merchants has what they have: the client"},
	{[]string{"morepay/docs/examples/cashier"}, itself, []string{"morepay/..."}, "a cashier knows the protocol, and is there to be copied"},
	{[]string{"scenario/..."}, itself, []string{"app", "capability/...", "checkout", "demo/...", "httpd", "page", "store/...", "merchant/...", "provider/...", "providersim"}, "a scenario sees what payer and merchant see, and reaches it as they do"},
	{[]string{"locale"}, itself, []string{"checkout", "page", "httpd", "capability/...", "device"}, "a catalogue holds sentences, and no rule picks them there"},
	{[]string{"morepay/web/client"}, itself, []string{"morepay/..."}, "a merchant takes it along: it knows the public API and nothing else of ours"},
	{[]string{"openapi"}, itself, []string{"morepay/..."}, "a description that is made of the program can't be wrong about it, nor right: tests hold the two together"},
	{[]string{"strictjson"}, itself, []string{"morepay/..."}, "how JSON is spelled has nothing to do with what it says"},
	{[]string{"colour"}, itself, []string{"morepay/..."}, "whether text can be read on a colour has nothing to do with whose page it is"},
	{[]string{"linediff"}, itself, []string{"morepay/..."}, "which differences count is for those who know what the lines mean"},
	{[]string{"seal"}, itself, []string{"morepay/..."}, "what is sealed has nothing to do with how"},
	{[]string{"secret"}, itself, []string{"seal", "checkout", "httpd", "store/...", "merchant/...", "provider/...", "database/sql"}, "which secrets a server has says nothing of what is done with them"},
	{[]string{"webhook"}, itself, []string{"checkout", "httpd", "store/...", "merchant/...", "provider/...", "database/sql"}, "telling merchants knows what happened, not how it came about or where it is kept"},
	{[]string{"retention"}, itself, []string{"checkout", "desk", "httpd", "store/...", "merchant/...", "webhook", "provider/...", "database/sql"}, "how long what is kept does not depend on what it is, nor on where"},
	{[]string{"funnel"}, itself, []string{"checkout", "desk", "httpd", "page", "store/...", "merchant/...", "webhook", "provider/...", "database/sql"}, "how far payers got is counted by what others say of it"},
	{[]string{"tracing"}, itself, []string{"morepay/..."}, "a span bears names that it is given, and can't look for more"},
	{[]string{"certificate"}, itself, []string{"morepay/..."}, "where certificates come from has nothing to do with what is served"},
	{[]string{"run"}, itself, []string{"morepay/..."}, "starting and stopping knows nothing of what is started"},
	{[]string{"morepay"}, atAll, []string{"e2e/...", "harness", "demo/demotest", "needs", "marked", "provider/providertest", "store/storetest", "store/pgtest", "testing", "github.com/chromedp/...", "github.com/gobwas/...", "github.com/makiuchi-d/...", "pgregory.net/...", "github.com/robertkrimen/...", "github.com/Shopify/...", "github.com/google/go-cmp/...", "github.com/getkin/...", "go.uber.org/goleak"}, "what only tests need stays out of the program"},
	{[]string{"morepay"}, atAll, []string{"net/http/httptest", "expvar", "plugin"}, "what is not needed to serve only widens what can be attacked"},
}

// exceptions says what may be imported although a ban names it, and why.
var exceptions = []struct{ from, to, why string }{
	{"providersim", "strictjson", "the control API is ours: no provider's wire is read with it, on either side"},
	{"morepay", "github.com/chromedp/...", "morepay qa run opens the real page in the browser that it finds on the machine: a QA engineer needs no second tool"},
	{"morepay", "github.com/gobwas/...", "what chromedp speaks to the browser with"},
	{"morepay", "github.com/makiuchi-d/...", "the simulated phone reads screenshots of codes, on its own listener and in test mode only"},
}

func excepted(from, to string) bool {
	for _, e := range exceptions {
		if matches(e.from, from) && matches(e.to, to) {
			return true
		}
	}
	return false
}

// reserved says who alone may import something, and why.
var reserved = []struct {
	what string
	by   []string
	why  string
}{
	{"github.com/maxence-charriere/go-app/...", []string{"morepay/app", "morepay/web/internal/sample/..."}, "components are made in one place, through the helper that escapes attributes"},
	{"github.com/wechatpay-apiv3/...", []string{"provider/wechatpay"}, "a provider's words live in its folder only"},
	{"github.com/smartwalle/alipay/...", []string{"provider/alipay"}, "a provider's words live in its folder only"},
	{"github.com/go-json-experiment/...", []string{"strictjson"}, "what comes from outside is read by one decoder, which knows one spelling"},
	{"github.com/chromedp/...", []string{"scenario/chromium", "e2e/..."}, "the browser is driven in one place, and by the tests"},
	{"github.com/makiuchi-d/...", []string{"providersim"}, "codes are read by the simulated phone, and by nobody else"},
	{"database/sql", []string{"store/..."}, "SQL is written where the databases are"},
	{"modernc.org/sqlite/...", []string{"store/sqlite"}, "nothing above a store knows which database it is"},
	{"go.opentelemetry.io/...", []string{"tracing"}, "what a span may bear is decided in one place"},
	{"github.com/jackc/pgx/...", []string{"store/postgres", "store/pgtest"}, "nothing above a store knows which database it is"},
	{"github.com/alecthomas/kong", []string{"morepay", "cli"}, "configuration is read at the top and handed down"},
	{"syscall/js", []string{"morepay/app", "morepay/web/internal/sample/..."}, "the browser is reached from one package"},
	{"unsafe", nil, "nothing here is so fast that it must be wrong on another machine"},
	{"C", nil, "the server is one static binary"},
}

// browser lists our packages in the bundle, and inBrowser what they may not
// import, and why. The bundle is the last thing that a payer's phone waits for.
var browser = []string{"pay", "capability", "device", "method", "view", "morepay/app", "morepay/wasm"}

var inBrowser = map[string]string{
	"net/http":      "brings TLS and a second HTTP client along: 350 kB over the line. The browser's fetch does",
	"database/sql":  "there is no database in a browser",
	"os":            "there are no files and no environment in a browser",
	"crypto/...":    "secrets are kept and signatures made on the server; a hash for the browser must be a small one",
	"log/slog":      "nobody reads a log there",
	"html/template": "takes reflection's methods along, so that the linker can drop nothing",
	"text/template": "takes reflection's methods along, so that the linker can drop nothing",
	"regexp":        "80 kB over the line for what strings can do",
	"embed":         "what the browser needs comes in the page",
	"net":           "there are no sockets in a browser",
}

// listed is a package as go list describes it.
type listed struct {
	ImportPath string
	Name       string
	Doc        string
	Imports    []string
	Standard   bool
	Module     *struct{ Main bool }
}

func (p listed) ours() bool { return p.Module != nil && p.Module.Main }

// packages lists packages with all that they depend on, by import path. Imports
// of tests are not among them.
func packages(t *testing.T, system []string, patterns ...string) map[string]listed {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Name,Doc,Imports,Standard,Module"}, patterns...)...)
	cmd.Env = append(os.Environ(), system...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &complaints)
	}
	found := map[string]listed{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return found
		} else if err != nil {
			t.Fatal(err)
		}
		found[p.ImportPath] = p
	}
}

var (
	everything = []string{".", "./app/...", "./docs/...", "./internal/...", "./web/..."}
	js         = []string{"GOOS=js", "GOARCH=wasm"}
)

// full writes a pattern out.
func full(pattern string) string {
	first, _, _ := strings.Cut(pattern, "/")
	if _, err := os.Stat(filepath.Join("internal", first)); err == nil && first != "C" {
		return "morepay/internal/" + pattern
	}
	return pattern
}

func matches(pattern, importPath string) bool {
	whole := full(pattern)
	if below, ok := strings.CutSuffix(whole, "/..."); ok {
		return importPath == below || strings.HasPrefix(importPath, below+"/")
	}
	return importPath == whole
}

func anyMatches(patterns []string, importPath string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, importPath) })
}

// reach returns the packages that a package imports, each with where it is
// imported. Third parties are not followed: their imports are theirs.
func reach(all map[string]listed, from string, far how) map[string]string {
	via := map[string]string{}
	var visit func(string)
	visit = func(importPath string) {
		for _, to := range all[importPath].Imports {
			if _, seen := via[to]; seen {
				continue
			}
			via[to] = importPath
			if far == atAll && all[to].ours() {
				visit(to)
			}
		}
	}
	visit(from)
	return via
}

// The tests look at the repository from its root.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestImports(t *testing.T) {
	all := packages(t, nil, everything...)
	for _, ban := range bans {
		for _, pattern := range ban.from {
			from := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(p string) bool { return !matches(pattern, p) })
			if len(from) == 0 && pattern != "morepay/wasm" {
				t.Errorf("no package is called %s", pattern)
			}
			for _, p := range from {
				for to, via := range reach(all, p, ban.how) {
					if anyMatches(ban.to, to) && !matches(pattern, to) && !excepted(p, to) {
						t.Errorf("%s imports %s (in %s): %s", p, to, via, ban.why)
					}
				}
			}
		}
	}
	for _, r := range reserved {
		for name, p := range all {
			if !p.ours() || anyMatches(r.by, name) {
				continue
			}
			for _, to := range p.Imports {
				if matches(r.what, to) {
					t.Errorf("%s imports %s: %s", name, to, r.why)
				}
			}
		}
	}
}

func TestBundleImports(t *testing.T) {
	all := packages(t, js, "./wasm")
	for name, p := range all {
		if !p.ours() {
			continue
		}
		if !anyMatches(browser, name) {
			t.Errorf("%s is in the bundle, which should hold only %s", name, browser)
		}
		for _, to := range p.Imports {
			for pattern, why := range inBrowser {
				if matches(pattern, to) {
					t.Errorf("%s imports %s: %s", name, to, why)
				}
			}
		}
	}
	for _, pattern := range browser {
		if _, ok := all[full(pattern)]; !ok {
			t.Errorf("%s is not in the bundle", pattern)
		}
	}
}

// A package that says what lives in it, and what must not, stays one package.
func TestPackagesAreDocumented(t *testing.T) {
	all := packages(t, nil, everything...)
	maps.Copy(all, packages(t, js, "./wasm"))
	for name, p := range all {
		if p.ours() && p.Doc == "" {
			t.Errorf("%s has no package comment", name)
		}
	}
}

// source is one Go file that is not a test.
type source struct {
	path  string
	lines int
	file  *ast.File
}

var sources = sync.OnceValues(func() ([]source, error) {
	var list []source
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || name == "bin" || name == "build" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		list = append(list, source{name, bytes.Count(text, []byte("\n")), file})
		return err
	})
	return list, err
})

func parsed(t *testing.T) []source {
	t.Helper()
	list, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 100 {
		t.Fatalf("only %d files were found", len(list))
	}
	return list
}

// The sizes at which a second idea is usually hiding.
const (
	maxLines   = 600
	maxMethods = 10
)

func TestSizes(t *testing.T) {
	for _, s := range parsed(t) {
		if s.lines > maxLines {
			t.Errorf("%s has %d lines, more than %d", s.path, s.lines, maxLines)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if i, ok := n.(*ast.InterfaceType); ok && i.Methods.NumFields() > maxMethods {
				t.Errorf("%s: an interface has %d methods, more than %d", s.path, i.Methods.NumFields(), maxMethods)
			}
			return true
		})
	}
}

// A new method, rail, locale or device is a row of its table. A switch on one
// elsewhere is a second table that nobody will find.

// tables are the packages that own the ids.
var tables = []string{"internal/method/", "internal/device/", "internal/locale/", "internal/pay/", "internal/providersim/"}

// idSwitches counts the cases on ids that are left, by file. It may only shrink.
var idSwitches = map[string]int{}

func TestNoSwitchOnIDs(t *testing.T) {
	ids := map[string]bool{}
	for _, m := range method.All() {
		ids[string(m.ID)] = true
	}
	for _, r := range pay.Rails {
		ids[string(r)] = true
	}
	for _, tag := range locale.Tags() {
		ids[tag] = true
	}
	for _, c := range []device.Container{device.WeChat, device.WeCom, device.MiniProgram, device.Alipay, device.AliApp, device.UnionPay, device.WebView} {
		ids[string(c)] = true
	}
	found := map[string]int{}
	for _, s := range parsed(t) {
		if slices.ContainsFunc(tables, func(folder string) bool { return strings.HasPrefix(s.path, folder) }) {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok && slices.ContainsFunc(c.List, func(e ast.Expr) bool { return namesID(e, ids) }) {
				found[s.path]++
			}
			return true
		})
	}
	for file, n := range found {
		if n > idSwitches[file] {
			t.Errorf("%s has %d cases on ids of methods, rails, locales or devices: make them rows of a table", file, n)
		}
	}
	for file, n := range idSwitches {
		if found[file] < n {
			t.Errorf("%s has only %d such cases left: write that down in idSwitches", file, found[file])
		}
	}
}

// namesID reports whether an expression has an id in it: the text itself, or
// the name of a constant of the packages that own it.
func namesID(e ast.Expr, ids map[string]bool) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			found = found || n.Kind == token.STRING && ids[strings.Trim(n.Value, "\"`")]
		case *ast.SelectorExpr:
			owner, ok := n.X.(*ast.Ident)
			found = found || ok && (owner.Name == "device" && ast.IsExported(n.Sel.Name) || owner.Name == "pay" && strings.HasPrefix(n.Sel.Name, "Rail"))
		}
		return true
	})
	return found
}
