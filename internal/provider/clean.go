package provider

import "strings"

// maxWord is the longest piece of a provider's answer that goes into an error.
const maxWord = 80

// Clean makes a word from outside, such as an error code, fit for logs: letters,
// digits and _ . / : - only, at most 80 of them. What a provider says in prose
// must not be logged at all, for it may repeat what we sent.
func Clean(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if b.Len() == maxWord {
			break
		}
		if isWord(c) {
			b.WriteByte(c)
		}
	}
	if b.Len() == 0 {
		return "?"
	}
	return b.String()
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || strings.IndexByte("_./:-", c) >= 0
}
