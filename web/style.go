package web

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"sync"
)

// Stylesheet returns the page's style sheet without comments and needless
// space, to be put into a style element as it is.
func Stylesheet() string { return stylesheet() }

// StylesheetHash returns the source expression that allows [Stylesheet] in a
// Content-Security-Policy: 'sha256-…', with its quotes.
func StylesheetHash() string { return stylesheetHash() }

var stylesheetHash = sync.OnceValue(func() string { return HashSource(stylesheet()) })

// HashSource returns the source expression that allows an inline text in a
// Content-Security-Policy.
func HashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var stylesheet = sync.OnceValue(func() string {
	source, err := sources.ReadFile("checkout.css")
	if err != nil {
		panic(err) // embedded
	}
	return minify(string(source))
})

// minify removes comments, and the white space that no selector or value can
// need: at the ends, around braces, semicolons and commas, and after a colon.
// Strings are left alone.
func minify(css string) string {
	var b strings.Builder
	gap := false // white space was read and not yet written
	last := byte(';')
	for len(css) > 0 {
		n := tokenLen(css)
		token := css[:n]
		css = css[n:]
		if strings.HasPrefix(token, "/*") || isSpace(token[0]) {
			gap = true
			continue
		}
		if gap && !strings.ContainsRune("{};,:", rune(last)) && !strings.ContainsRune("{};,", rune(token[0])) {
			b.WriteByte(' ')
		}
		b.WriteString(token)
		gap, last = false, token[len(token)-1]
	}
	return b.String()
}

// tokenLen returns the length of the comment, string or single byte that css
// starts with; what is not closed ends with the sheet.
func tokenLen(css string) int {
	switch {
	case strings.HasPrefix(css, "/*"):
		if end := strings.Index(css[2:], "*/"); end >= 0 {
			return end + 4
		}
		return len(css)
	case css[0] == '"' || css[0] == '\'':
		for i := 1; i < len(css); i++ {
			if css[i] == '\\' {
				i++
				continue
			}
			if css[i] == css[0] {
				return i + 1
			}
		}
		return len(css)
	default:
		return 1
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f' }
