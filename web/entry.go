package web

import (
	"strings"
	"sync"
)

// EntryScript returns the script that stands in the page itself, to be put into a
// script element with the attributes data-list, the address of the page's list of methods,
// and on a page that answers a form data-address, where it is to be loaded again.
func EntryScript() string { return entryScript() }

var entryScript = sync.OnceValue(func() string {
	source, err := sources.ReadFile("entry.js")
	if err != nil {
		panic(err) // embedded
	}
	return withoutComments(string(source))
})

// withoutComments drops a script's lines that are comments, and its indentation.
func withoutComments(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "//") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// EntryScriptHash returns the source expression that allows [EntryScript] in a
// Content-Security-Policy, as [StylesheetHash] does the style sheet.
func EntryScriptHash() string { return entryScriptHash() }

var entryScriptHash = sync.OnceValue(func() string { return HashSource(entryScript()) })
