package device

import "strings"

// ValidVersion reports whether s is a version that can be compared: two to four
// numbers of at most nine digits, joined by dots.
func ValidVersion(s string) bool {
	parts := 0
	for part := range strings.SplitSeq(s, ".") {
		if len(part) == 0 || len(part) > 9 || strings.Trim(part, "0123456789") != "" {
			return false
		}
		parts++
	}
	return parts >= 2 && parts <= 4
}

// CompareVersions returns -1, 0 or +1 as a is older than, the same as or newer
// than b. Missing numbers count as 0, so 10.40 and 10.40.0.0 are the same; ""
// is older than every version but 0.
func CompareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y int
		x, a = leadingNumber(a)
		y, b = leadingNumber(b)
		if x != y {
			return sign(x - y)
		}
	}
	return 0
}

// leadingNumber reads up to the first dot. Anything but digits counts as 0.
func leadingNumber(s string) (number int, rest string) {
	part, rest, _ := strings.Cut(s, ".")
	if len(part) > 9 {
		part = part[:9]
	}
	for _, c := range []byte(part) {
		if c < '0' || c > '9' {
			return 0, rest
		}
		number = number*10 + int(c-'0')
	}
	return number, rest
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

// versionAt reads the version at the start of s: up to four numbers. It is ""
// if there is none.
func versionAt(s string) string {
	end := len(s)
	for i, c := range []byte(s) {
		if c != '.' && (c < '0' || c > '9') {
			end = i
			break
		}
	}
	parts := strings.SplitN(strings.TrimRight(s[:end], "."), ".", 5)
	v := strings.Join(parts[:min(len(parts), 4)], ".")
	if !ValidVersion(v) {
		return ""
	}
	return v
}
