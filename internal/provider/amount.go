package provider

import (
	"fmt"
	"strconv"
	"strings"
)

// maxYuanDigits keeps amounts far from the end of int64.
const maxYuanDigits = 12

// ParseYuan reads an amount in yuan with up to two decimals, such as "12.3", and
// returns it in fen. No float is involved. A sign, an exponent or a third decimal
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
