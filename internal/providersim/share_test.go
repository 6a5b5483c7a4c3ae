package providersim

import (
	"slices"
	"testing"
)

// TestShares: a share strikes about so many of the opportunities, down to one of a
// thousand, and a rule of percents strikes the same ones as that of as many thousandths.
func TestShares(t *testing.T) {
	t.Parallel()
	const opportunities = 20_000
	pattern := func(r Rule) (struck []int) {
		r.Fault = "callbacks-moved"
		sim := New(Options{Origin: "http://127.0.0.1", Seed: 3})
		if err := sim.Inject(r); err != nil {
			t.Fatal(err)
		}
		for i := range opportunities {
			if sim.rules[0].draw() {
				struck = append(struck, i)
			}
		}
		return struck
	}
	for _, c := range []struct{ perMille, least, most int }{{1, 8, 40}, {500, 9_500, 10_500}, {1000, opportunities, opportunities}} {
		if n := len(pattern(Rule{PerMille: c.perMille})); n < c.least || n > c.most {
			t.Errorf("%d per mille struck %d of %d", c.perMille, n, opportunities)
		}
	}
	if !slices.Equal(pattern(Rule{Percent: 30}), pattern(Rule{PerMille: 300})) {
		t.Error("30 percent and 300 per mille struck others")
	}
}
