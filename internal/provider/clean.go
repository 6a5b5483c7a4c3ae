package provider

import (
	"fmt"
	"strconv"
	"strings"
)

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

// maxYuanDigits keeps amounts far from the end of int64.
const maxYuanDigits = 12

// ParseYuan reads an amount in yuan with up to two decimals, such as "12.3", and
// gives it in fen. No float is involved. A sign, an exponent or a third decimal
// is an error.
func ParseYuan(s string) (fen int64, err error) {
	whole, cents, dot := strings.Cut(s, ".")
	if dot && (cents == "" || len(cents) > 2) || whole == "" || len(whole) > maxYuanDigits || !digits(whole+cents) {
		return 0, fmt.Errorf("%s is not an amount in yuan", Clean(s))
	}
	return strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
}

// FormatYuan writes an amount of fen in yuan with two decimals. fen must not be
// negative.
func FormatYuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

func digits(s string) bool {
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
