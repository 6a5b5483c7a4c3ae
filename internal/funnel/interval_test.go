package funnel_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"morepay/internal/funnel"
)

func near(a, b float64) bool { return math.Abs(a-b) < 5e-5 }

// From Newcombe's two papers of 1998, table I and table II.
func TestIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		share     funnel.Share
		low, high float64
	}{
		{funnel.Share{Part: 81, Whole: 263}, .2553, .3662},
		{funnel.Share{Part: 15, Whole: 148}, .0624, .1605},
		{funnel.Share{Part: 0, Whole: 20}, 0, .1611},
		{funnel.Share{Part: 1, Whole: 29}, .0061, .1718},
	} {
		if low, high := c.share.Interval(); !near(low, c.low) || !near(high, c.high) {
			t.Errorf("%v: %v to %v, want %v to %v", c.share, low, high, c.low, c.high)
		}
	}
	for _, c := range []struct {
		is, was   funnel.Share
		low, high float64
	}{
		{funnel.Share{Part: 56, Whole: 70}, funnel.Share{Part: 48, Whole: 80}, .0524, .3339},
		{funnel.Share{Part: 9, Whole: 10}, funnel.Share{Part: 3, Whole: 10}, .1705, .8090},
		{funnel.Share{Part: 10, Whole: 10}, funnel.Share{Part: 0, Whole: 10}, .6075, 1},
	} {
		if change, low, high := c.is.Change(c.was); !near(low, c.low) || !near(high, c.high) || !near(change, c.is.Value()-c.was.Value()) {
			t.Errorf("%v after %v: %v, %v to %v, want %v to %v", c.is, c.was, change, low, high, c.low, c.high)
		}
	}
}

// shares are those of up to so many.
func shares(most int) *rapid.Generator[funnel.Share] {
	return rapid.Custom(func(t *rapid.T) funnel.Share {
		whole := rapid.IntRange(0, most).Draw(t, "whole")
		return funnel.Share{Part: rapid.IntRange(0, whole).Draw(t, "part"), Whole: whole}
	})
}

// An interval holds the share, lies within 0 and 1, is the mirror of the other share's,
// and narrower the more there are.
func TestIntervalHoldsItsShare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := shares(1e6).Draw(t, "share")
		low, high := s.Interval()
		if p := s.Value(); s.Whole > 0 && (low > p || p > high) || low < 0 || high > 1 || low > high {
			t.Fatalf("%v lies from %v to %v", s, low, high)
		}
		rest := funnel.Share{Part: s.Whole - s.Part, Whole: s.Whole}
		if l, h := rest.Interval(); math.Abs(l-(1-high)) > 1e-9 || math.Abs(h-(1-low)) > 1e-9 {
			t.Fatalf("%v lies from %v to %v, the rest from %v to %v", s, low, high, l, h)
		}
		more := funnel.Share{Part: 4 * s.Part, Whole: 4 * s.Whole}
		if l, h := more.Interval(); s.Whole > 0 && h-l >= high-low {
			t.Fatalf("of %v it is %v wide, of %v %v", s, high-low, more, h-l)
		}
		change, l, h := s.Change(shares(1e6).Draw(t, "before"))
		if l > change || change > h {
			t.Fatalf("%v lies not from %v to %v", change, l, h)
		}
	})
}

// Of 100 intervals 95 hold the truth, on the average over what may be true: summed up
// over all that can come of so many.
func TestIntervalHoldsTheTruth(t *testing.T) {
	t.Parallel()
	const whole, steps = 200, 99
	sum := 0.0
	for i := 1; i <= steps; i++ {
		truth, held := float64(i)/(steps+1), 0.0
		for part := range whole + 1 {
			if low, high := (funnel.Share{Part: part, Whole: whole}).Interval(); low <= truth && truth <= high {
				held += chance(part, whole, truth)
			}
		}
		if held < .9 {
			t.Errorf("of %v the intervals hold %v", truth, held)
		}
		sum += held
	}
	if mean := sum / steps; math.Abs(mean-.95) > .005 {
		t.Errorf("%v of the intervals hold the truth", mean)
	}
}

// chance returns that of part out of whole, each with a chance of p.
func chance(part, whole int, p float64) float64 {
	logOf := func(n int) float64 { v, _ := math.Lgamma(float64(n) + 1); return v }
	return math.Exp(logOf(whole) - logOf(part) - logOf(whole-part) + float64(part)*math.Log(p) + float64(whole-part)*math.Log(1-p))
}
