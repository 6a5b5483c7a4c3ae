package merchant

import (
	"bytes"
	"encoding/json"

	"morepay/internal/capability"
)

// Diff says in lines what would change from the stored document to the one in a
// file: "- " lines go, "+ " lines come.
func Diff(stored, file *capability.Document) []string {
	return diffLines(linesOf(stored), linesOf(file))
}

// linesOf is a document as people read it; nothing if there is none.
func linesOf(doc *capability.Document) [][]byte {
	if doc == nil {
		return nil
	}
	return bytes.Split(Indent(doc.JSON()), []byte("\n"))
}

// Indent writes a stored document as people read it.
func Indent(doc []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, doc, "", "  "); err != nil {
		return doc // not JSON: show it as it is
	}
	return append(b.Bytes(), '\n')
}

func diffLines(a, b [][]byte) []string {
	// Longest common subsequence: documents have some hundred lines.
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if bytes.Equal(a[i], b[j]) {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && bytes.Equal(a[i], b[j]):
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && length[i+1][j] >= length[i][j+1]:
			out = append(out, "- "+string(a[i]))
			i++
		default:
			out = append(out, "+ "+string(b[j]))
			j++
		}
	}
	return out
}
