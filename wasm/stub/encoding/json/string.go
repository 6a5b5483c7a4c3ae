package json

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads a string, which is next.
func (d *decoder) quoted() string {
	d.text = d.text[1:]
	n := strings.IndexAny(d.text, "\"\\")
	if n >= 0 && d.text[n] == '"' && plain(d.text[:n]) { // most have no escapes
		s := d.text[:n]
		d.text = d.text[n+1:]
		return s
	}
	var b strings.Builder
	for d.text != "" {
		switch c := d.text[0]; {
		case c == '"':
			d.text = d.text[1:]
			return b.String()
		case c == '\\':
			b.WriteRune(d.escaped())
		case c < ' ':
			d.fail()
		default:
			r, size := utf8.DecodeRuneInString(d.text) // what is no UTF-8 becomes U+FFFD
			b.WriteRune(r)
			d.text = d.text[size:]
		}
	}
	d.fail() // no end
	return ""
}

// plain reports whether a string is what it stands for.
func plain(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r < ' ' }) < 0
}

// escapes maps what follows a backslash to what it stands for.
var escapes = map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads an escape, which is next.
func (d *decoder) escaped() rune {
	if len(d.text) < 2 {
		d.fail()
		return 0
	}
	if d.text[1] == 'u' {
		return d.unicode()
	}
	r, ok := escapes[d.text[1]]
	d.text = d.text[2:]
	if !ok {
		d.fail()
	}
	return r
}

// unicode reads \uXXXX, or two of them that make one rune.
func (d *decoder) unicode() rune {
	first, ok := unit(d.text)
	if !ok {
		d.fail()
		return 0
	}
	d.text = d.text[6:]
	if !utf16.IsSurrogate(first) {
		return first
	}
	if second, ok := unit(d.text); ok {
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			d.text = d.text[6:]
			return r
		}
	}
	return utf8.RuneError
}

// unit reads the \uXXXX that s begins with.
func unit(s string) (rune, bool) {
	if len(s) < 6 || s[:2] != `\u` {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
