package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"morepay/internal/e2e/browsertest"
)

func TestMinify(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, css, want string }{
		{"empty", "", ""},
		{"rule", "a {\n  color: red;\n}\n", "a{color:red;}"},
		{"comments", "/* a */ b /* c */ { /* d */ e: f /* g */ }/* h */", "b{e:f}"},
		{"open-comment", "a{b:c}/* d", "a{b:c}"},
		{"descendant", "a  b\n c , d{}", "a b c,d{}"},
		{"comment-between-words", "a/**/b{}", "a b{}"},
		{"pseudo-class-of-descendant", "a :hover{}", "a :hover{}"},
		{"pseudo-class", "a:hover , a::before {}", "a:hover,a::before{}"},
		{"calc-keeps-operators", "a{width:calc(1px + 2px - 3px)}", "a{width:calc(1px + 2px - 3px)}"},
		{"media", "@media (min-width: 30em) and (hover) {a{b:c}}", "@media (min-width:30em) and (hover){a{b:c}}"},
		{"string", `a::after { content: "  /* {x} : ;  " ; }`, `a::after{content:"  /* {x} : ;  ";}`},
		{"escaped-quote", `a{b:"\"  c"  d}`, `a{b:"\"  c" d}`},
		{"single-quotes", `a{b:'  "  '}`, `a{b:'  "  '}`},
		{"open-string", `a{b:"c  d`, `a{b:"c  d`},
		{"values", "a{margin: 0  auto ; font: 1rem / 1.5 a , b}", "a{margin:0 auto;font:1rem / 1.5 a,b}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := minify(test.css); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// To a browser, the sheet that is sent says what the one in the repository says.
func TestMinifiedSheetMeansTheSame(t *testing.T) {
	source, err := sources.ReadFile("checkout.css")
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!doctype html><link rel="icon" href="data:,"><style>%s</style><style>%s</style>`, source, Stylesheet())
	}))
	t.Cleanup(server.Close)
	tab := browsertest.Start(t).Open(t)
	tab.Go(server.URL)
	var sheets [2][]string
	tab.Eval(`[...document.styleSheets].map((sheet) => [...sheet.cssRules].map((rule) => rule.cssText))`, &sheets)
	if len(sheets[0]) == 0 || !slices.Equal(sheets[0], sheets[1]) {
		t.Errorf("the rules are\n%s\nwant\n%s", strings.Join(sheets[1], "\n"), strings.Join(sheets[0], "\n"))
	}
}

func FuzzMinify(f *testing.F) {
	for _, css := range []string{"", "a { b : c }", "/*", `"\`, "'", "a/**/ /**/b", "\\", "é { }"} {
		f.Add(css)
	}
	f.Fuzz(func(t *testing.T, css string) {
		once := minify(css)
		if len(once) > len(css)+strings.Count(css, "/*") {
			t.Errorf("%q grew to %q", css, once)
		}
		if twice := minify(once); twice != once {
			t.Errorf("%q became %q, and %q when minified again", css, once, twice)
		}
	})
}
