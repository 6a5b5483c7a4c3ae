package linediff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/linediff"
)

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, before, after, want string }{
		{"nothing", "", "", ""},
		{"same", "a b c", "a b c", ""},
		{"all-new", "", "a b", "+a +b"},
		{"all-gone", "a b", "", "-a -b"},
		{"changed", "a b c", "a x c", "-b +x"},
		{"inserted", "a c", "a b c", "+b"},
		{"removed", "a b c", "a c", "-b"},
		{"other-order", "a b", "b a", "-a +a"},
		{"repeated-lines", "{ a } { b }", "{ a } { x } { b }", "+x +} +{"},
		{"moved", "a b c d e", "a e b c d", "+e -e"},
		{"one-of-two-equal-lines", "a a", "a", "-a"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := linediff.Diff(strings.Fields(tt.before), strings.Fields(tt.after))
			want := strings.Fields(strings.NewReplacer("+", "+~", "-", "-~").Replace(tt.want))
			for i := range want {
				want[i] = strings.Replace(want[i], "~", " ", 1)
			}
			if diff := cmp.Diff(want, got, cmp.Comparer(slices.Equal[[]string])); diff != "" {
				t.Errorf("difference (-want +got):\n%s", diff)
			}
		})
	}
}

// Whoever follows a diff comes from before to after, and it is no longer than
// the one that a plain table finds.
func TestDiffLeadsThere(t *testing.T) {
	t.Parallel()
	lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "{", "}"}), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		before, after := lines.Draw(t, "before"), lines.Draw(t, "after")
		diff := linediff.Diff(before, after)
		if !reaches(before, after, diff) {
			t.Fatalf("%q does not lead from %q to %q", diff, before, after)
		}
		if shortest := len(before) + len(after) - 2*common(before, after); len(diff) != shortest {
			t.Fatalf("%q has %d lines, %d are enough", diff, len(diff), shortest)
		}
	})
}

// reaches reports whether diff, with lines of before kept between its own,
// makes after.
func reaches(before, after, diff []string) bool {
	if len(diff) == 0 {
		return slices.Equal(before, after)
	}
	keep := len(before) > 0 && len(after) > 0 && before[0] == after[0] && reaches(before[1:], after[1:], diff)
	line := diff[0][2:]
	switch {
	case keep:
		return true
	case diff[0][0] == '-':
		return len(before) > 0 && before[0] == line && reaches(before[1:], after, diff[1:])
	}
	return len(after) > 0 && after[0] == line && reaches(before, after[1:], diff[1:])
}

// common returns the length of a longest common subsequence, by its definition.
func common(a, b []string) int {
	row := make([]int, len(b)+1)
	for _, x := range a {
		diagonal := 0
		for j, y := range b {
			above := row[j+1]
			row[j+1] = max(above, row[j])
			if x == y {
				row[j+1] = diagonal + 1
			}
			diagonal = above
		}
	}
	return row[len(b)]
}

// A matrix of many merchants in which every cell changed.
func BenchmarkDiffAllChanged(b *testing.B) {
	before, after := make([]string, 20_000), make([]string, 20_000)
	for i := range before {
		name := strings.Repeat("m", i%50) + string(rune('0'+i%10))
		before[i], after[i] = name+" deep_link", name+" qr"
	}
	for b.Loop() {
		linediff.Diff(before, after)
	}
}
