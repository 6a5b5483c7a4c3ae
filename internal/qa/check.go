package qa

import "strings"

// Check compares two matrices as Write wrote them, in any one format, and
// returns the difference as lines: "- " for what golden says, "+ " for what is
// so now; none if they agree. Columns may be wider or narrower.
func Check(golden, actual string) []string {
	want, got := lines(golden), lines(actual)
	wanted, known := set(want), set(got)
	var diff []string
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			i, j = i+1, j+1
		case i < len(want) && !known[want[i]] || j == len(got):
			diff = append(diff, "- "+want[i])
			i++
		case j < len(got) && !wanted[got[j]] || i == len(want):
			diff = append(diff, "+ "+got[j])
			j++
		default: // both are elsewhere in the other one: the order differs
			diff = append(diff, "- "+want[i], "+ "+got[j])
			i, j = i+1, j+1
		}
	}
	return diff
}

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

func set(list []string) map[string]bool {
	m := make(map[string]bool, len(list))
	for _, s := range list {
		m[s] = true
	}
	return m
}
