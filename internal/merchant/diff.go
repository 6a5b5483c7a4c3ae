package merchant

import (
	"bytes"
	"encoding/json"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/linediff"
)

// Diff says in lines what would change from the stored document to the one in a
// file: "- " lines go, "+ " lines come.
func Diff(stored, file *capability.Document) []string {
	return linediff.Diff(linesOf(stored), linesOf(file))
}

// linesOf returns a document as people read it; nothing if there is none.
func linesOf(doc *capability.Document) []string {
	if doc == nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(doc.Indented()), "\n"), "\n")
}

// Indent writes a stored document as people read it.
func Indent(doc []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, doc, "", "  "); err != nil {
		return doc // not JSON: show it as it is
	}
	return append(b.Bytes(), '\n')
}
