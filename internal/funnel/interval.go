package funnel

import "math"

// z is how many standard deviations 95 % of what chance does lie within, to either side.
const z = 1.959963984540054

// Share is how many of so many did something. 0 <= Part <= Whole.
type Share struct{ Part, Whole int }

// Value returns the share, from 0 to 1; 0 of none.
func (s Share) Value() float64 {
	if s.Whole == 0 {
		return 0
	}
	return float64(s.Part) / float64(s.Whole)
}

// Interval returns between what the chance of each lies, with a confidence of 95 %: Wilson's
// score interval. It holds Value, keeps within 0 and 1, and says nothing of none.
func (s Share) Interval() (low, high float64) {
	if s.Whole == 0 {
		return 0, 1
	}
	n, p := float64(s.Whole), s.Value()
	middle, half := p+z*z/(2*n), z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high = (middle-half)/(1+z*z/n), (middle+half)/(1+z*z/n)
	return max(0, min(low, p)), min(1, max(high, p))
}

// Change returns by how much a share differs from an earlier one, and between what the
// chance does, with a confidence of 95 %: Newcombe's interval. If 0 is not in it, chance
// alone hardly does that.
func (s Share) Change(before Share) (change, low, high float64) {
	was, wasLow, wasHigh := withInterval(before)
	is, isLow, isHigh := withInterval(s)
	change = is - was
	return change, change - math.Hypot(is-isLow, wasHigh-was), change + math.Hypot(isHigh-is, was-wasLow)
}

func withInterval(s Share) (value, low, high float64) {
	low, high = s.Interval()
	return s.Value(), low, high
}
