//go:build js && wasm

// Package regexp stands in for regexp in the browser's bundle: go-app can route
// by regular expression, and we have no such routes.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app
package regexp

// Regexp has the method of the real one that go-app calls.
type Regexp struct{}

const unused = "regexp: not in this bundle"

func MustCompile(string) *Regexp        { panic(unused) }
func (*Regexp) MatchString(string) bool { panic(unused) }
