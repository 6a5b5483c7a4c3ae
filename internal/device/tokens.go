package device

import "strings"

// tokens are parts of a user agent in lower case, with | between them: one string each,
// because lists of strings weigh more in the browser's bundle.
type tokens string

// fits reports whether s contains each of all, one of some, if there are any, and none of
// the last.
func fits(s string, all, some, none tokens) bool {
	return all.each(s) && (some == "" || some.one(s)) && !none.one(s)
}

// each reports whether s contains every token.
func (t tokens) each(s string) bool {
	for rest := string(t); rest != ""; {
		var token string
		if token, rest, _ = strings.Cut(rest, "|"); !strings.Contains(s, token) {
			return false
		}
	}
	return true
}

// one reports whether s contains at least one of the tokens.
func (t tokens) one(s string) bool {
	for rest := string(t); rest != ""; {
		var token string
		if token, rest, _ = strings.Cut(rest, "|"); strings.Contains(s, token) {
			return true
		}
	}
	return false
}
