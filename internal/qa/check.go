package qa

import (
	"strings"

	"morepay/internal/linediff"
)

// Check compares two matrices as Write wrote them, in any one format, and
// returns the difference as lines: "- " for what golden says, "+ " for what is
// so now; none if they agree. Columns may be wider or narrower.
func Check(golden, actual string) []string { return linediff.Diff(lines(golden), lines(actual)) }

// lines splits a text, without what differs only because of alignment or of
// the place in a list.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSuffix(strings.Join(strings.Fields(line), " "), ","); line != "" {
			list = append(list, line)
		}
	}
	return list
}
