package web

import (
	"bytes"
	"regexp"
)

// pieces finds what [Shipped] changes: comments, and space around punctuation and at
// the beginning of lines. Strings and templates come first, to be kept. What it doesn't
// know are expressions with spaces beside punctuation, and statements without a semicolon.
var pieces = regexp.MustCompile("\"[^\"\\n]*\"|`[^`]*`|\\s*//.*\\s*|\\s*[-{}()=,;:?&|+<>!\\[\\]]+\\s*|\\n\\s+")

// Shipped returns the merchant's loader as it is served: what makes it easy to read, a
// third of it, is for those who work on it.
func Shipped(loader []byte) []byte {
	return pieces.ReplaceAllFunc(loader, func(piece []byte) []byte {
		bare := bytes.TrimSpace(piece)
		switch {
		case len(bare) == 0:
			return []byte("\n")
		case bytes.HasPrefix(bare, []byte("//")):
			return nil
		case bare[0] == '"' || bare[0] == '`':
			return piece
		}
		return bare
	})
}
