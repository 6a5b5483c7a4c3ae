//go:build js && wasm

// Package godebug stands in for internal/godebug in the browser's bundle: there
// is no GODEBUG in a browser, so every setting has its default. The real package
// brings a registry, a bisection tool and the runtime's metrics.
//
//standin:for time net/url
package godebug

// Setting is always unset.
type Setting struct{}

func New(string) *Setting           { return &Setting{} }
func (*Setting) Value() string      { return "" }
func (*Setting) IncNonDefault()     {}
func (*Setting) String() string     { return "" }
func (*Setting) Name() string       { return "" }
func (*Setting) Undocumented() bool { return false }
