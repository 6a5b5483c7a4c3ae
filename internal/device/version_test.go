package device_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"morepay/internal/device"
)

func TestCompareVersions(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, a, b string
		want       int
	}{
		{"same", "10.40.0", "10.40.0", 0},
		{"two-parts-and-four", "10.40", "10.40.0.0", 0},
		{"numbers-not-letters", "10.9", "10.40", -1},
		{"third-part", "10.40.1", "10.40.0", +1},
		{"fourth-part", "10.48.30.2079", "10.48.30.2080", -1},
		{"fewer-parts-are-older", "10.40", "10.40.0.1", -1},
		{"unknown-is-oldest", "", "0.1", -1},
		{"leading-zeros", "8.01", "8.1", 0},
		{"big-numbers", "1.999999999", "2.0", -1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := device.CompareVersions(tt.a, tt.b); got != tt.want {
				t.Errorf("compare %q with %q: got %d, want %d", tt.a, tt.b, got, tt.want)
			}
			if got := device.CompareVersions(tt.b, tt.a); got != -tt.want {
				t.Errorf("compare %q with %q: got %d, want %d", tt.b, tt.a, got, -tt.want)
			}
		})
	}
}

func TestValidVersion(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"10.40": true, "10.40.0": true, "10.48.30.2079": true, "0.0": true,
		"": false, "10": false, "1.2.3.4.5": false, "1..2": false, ".1.2": false, "1.2.": false,
		"1.2a": false, "v1.2": false, "1.-2": false, "1.1234567890": false, "1.２": false,
	}
	for s, want := range tests {
		if got := device.ValidVersion(s); got != want {
			t.Errorf("%q: got %t, want %t", s, got, want)
		}
	}
}

func versions(t *rapid.T, label string) ([]int, string) {
	parts := rapid.SliceOfN(rapid.IntRange(0, 3), 2, 4).Draw(t, label)
	text := make([]string, len(parts))
	for i, p := range parts {
		text[i] = fmt.Sprint(p)
	}
	return parts, strings.Join(text, ".")
}

// TestVersionOrder: the order is that of the numbers, and it is transitive.
func TestVersionOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, a := versions(t, "a")
		y, b := versions(t, "b")
		_, c := versions(t, "c")
		if !device.ValidVersion(a) || !device.ValidVersion(b) {
			t.Fatalf("%q or %q is not valid", a, b)
		}
		if got, want := device.CompareVersions(a, b), compareNumbers(x, y); got != want {
			t.Errorf("compare %q with %q: got %d, want %d", a, b, got, want)
		}
		if device.CompareVersions(a, b) <= 0 && device.CompareVersions(b, c) <= 0 && device.CompareVersions(a, c) > 0 {
			t.Errorf("%q <= %q <= %q, but the first is newer than the last", a, b, c)
		}
	})
}

func compareNumbers(x, y []int) int {
	padded := func(s []int) (p [4]int) { copy(p[:], s); return p }
	p, q := padded(x), padded(y)
	for i := range p {
		if p[i] != q[i] {
			return map[bool]int{true: +1, false: -1}[p[i] > q[i]]
		}
	}
	return 0
}

func FuzzVersion(f *testing.F) {
	f.Add("10.40.0", "10.40")
	f.Add("", "1.2.3.4")
	f.Add("1.2(0x18003e3a)", "....")
	f.Add("99999999999999999999.1", "9.9")
	f.Fuzz(func(t *testing.T, a, b string) {
		if got, back := device.CompareVersions(a, b), device.CompareVersions(b, a); got != -back {
			t.Errorf("%q to %q is %d, but back %d", a, b, got, back)
		}
		if device.ValidVersion(a) && (len(a) > 39 || strings.Count(a, ".") > 3) {
			t.Errorf("%q is no version", a)
		}
	})
}
