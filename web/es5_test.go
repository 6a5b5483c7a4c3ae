package web

import (
	"os"
	"testing"

	"github.com/robertkrimen/otto/parser"
)

// The oldest in-app browsers read the JavaScript of 2009 and stop at anything else:
// all that paying and its news need is written in it. boot.js and embed.js are newer,
// and what they add is left out there.
func TestScriptsAreES5(t *testing.T) {
	for _, name := range []string{"entry.js", Listen, Frame, Share, Post} {
		t.Run(name, func(t *testing.T) {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := parser.ParseFile(nil, name, source, 0); err != nil {
				t.Error(err)
			}
		})
	}
}
