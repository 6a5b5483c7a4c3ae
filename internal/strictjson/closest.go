package strictjson

import "slices"

// Closest returns the known name that a mistyped one was most likely meant to be,
// the first by the alphabet of several; "" if none is close.
func Closest(name string, known []string) string {
	if len(name) > maxQuoted {
		return ""
	}
	best, closest := len(name)/3+1, ""
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d := distance(name, k); d < best || d == best && closest == "" {
			best, closest = d, k
		}
	}
	if best >= len(closest) {
		return ""
	}
	return closest
}

// distance is the number of letters to insert, delete, change or swap with the next
// one that make a into b.
func distance(a, b string) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
