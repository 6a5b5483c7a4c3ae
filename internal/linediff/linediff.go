// Package linediff compares lists of lines.
//
// What must not live here: what the lines mean, and which differences between
// two texts count.
package linediff

import "slices"

// Diff says how to get from before to after: "- " lines go, "+ " lines come, in
// their order; none if both are the same. It keeps as many lines as can be kept.
func Diff(before, after []string) []string {
	var diff []string
	i, j := 0, 0
	for _, k := range append(kept(before, after), pair{len(before), len(after)}) {
		diff = marked(diff, "- ", before[i:k.i])
		diff = marked(diff, "+ ", after[j:k.j])
		i, j = k.i+1, k.j+1
	}
	return diff
}

func marked(diff []string, mark string, lines []string) []string {
	for _, line := range lines {
		diff = append(diff, mark+line)
	}
	return diff
}

// pair is a line of a that stays, and its place in b.
type pair struct{ i, j int }

// kept finds a longest common subsequence. Its table is quadratic, so lines that
// only one side has, and the prefix that the others have in common, are taken
// out first: little is left of a long matrix.
func kept(a, b []string) []pair {
	as, bs := shared(a, b), shared(b, a)
	var pairs []pair
	for len(as) > 0 && len(bs) > 0 && a[as[0]] == b[bs[0]] {
		pairs = append(pairs, pair{as[0], bs[0]})
		as, bs = as[1:], bs[1:]
	}
	longest := lengths(as, bs, func(i, j int) bool { return a[i] == b[j] })
	for i, j := 0, 0; i < len(as) && j < len(bs); {
		switch {
		case a[as[i]] == b[bs[j]]:
			pairs = append(pairs, pair{as[i], bs[j]})
			i, j = i+1, j+1
		case longest[i+1][j] >= longest[i][j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}

// shared lists the indices of the lines that other has too.
func shared(lines, other []string) []int {
	has := make(map[string]bool, len(other))
	for _, line := range other {
		has[line] = true
	}
	var indices []int
	for i, line := range lines {
		if has[line] {
			indices = append(indices, i)
		}
	}
	return indices
}

// lengths returns a table: at [i][j] is the length of a longest common
// subsequence of as[i:] and bs[j:].
func lengths(as, bs []int, equal func(i, j int) bool) [][]int32 {
	table := make([][]int32, len(as)+1)
	table[len(as)] = make([]int32, len(bs)+1)
	for i, x := range slices.Backward(as) {
		table[i] = make([]int32, len(bs)+1)
		for j, y := range slices.Backward(bs) {
			table[i][j] = max(table[i+1][j], table[i][j+1])
			if equal(x, y) {
				table[i][j] = table[i+1][j+1] + 1
			}
		}
	}
	return table
}
