package web

import (
	"strings"
	"testing"
)

func TestMinify(t *testing.T) {
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
