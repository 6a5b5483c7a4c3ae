package colour_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"morepay/internal/colour"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"#0a7d4f": true, "#000000": true, "#ffffff": true,
		"": false, "#": false, "0a7d4f": false, "#0a7": false, "#0A7D4F": false, "#0a7d4g": false, "#0a7d4f0": false, "#-a7d4f": false, "red": false,
	} {
		if _, ok := colour.Parse(s); ok != want {
			t.Errorf("%q is taken: %t", s, ok)
		}
	}
}

// TestContrast has values of WCAG's own definition and of other calculators.
func TestContrast(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]float64{"#000000": 21, "#ffffff": 1, "#767676": 4.54, "#777777": 4.48, "#1677ff": 4.10, "#07c160": 2.39, "#e1251b": 4.68} {
		c, _ := colour.Parse(s)
		if got := colour.Contrast(c, colour.White); math.Abs(got-want) > 0.01 {
			t.Errorf("%s on white has %.2f, want %.2f", s, got, want)
		}
		if colour.Contrast(c, colour.White) != colour.Contrast(colour.White, c) {
			t.Errorf("%s: the order matters", s)
		}
	}
}

func TestHSL(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]colour.HSL{
		"#000000": {0, 0, 0}, "#ffffff": {0, 0, 100}, "#808080": {0, 0, 50}, "#ff0000": {0, 100, 50}, "#00ff00": {120, 100, 50}, "#0000ff": {240, 100, 50},
		"#1459d9": {219, 83, 46}, "#ff0001": {0, 100, 50},
	} {
		c, _ := colour.Parse(s)
		if got := c.HSL(); got != want {
			t.Errorf("%s is %v, want %v", s, got, want)
		}
	}
}

// TestHSLAndBack: whole percents move a colour by no more than eyes forgive.
func TestHSLAndBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.Float64Range(0, 1)
		c := colour.RGB{R: part.Draw(t, "r"), G: part.Draw(t, "g"), B: part.Draw(t, "b")}
		back := c.HSL().RGB()
		for _, d := range []float64{c.R - back.R, c.G - back.G, c.B - back.B} {
			if math.Abs(d) > 0.03 {
				t.Fatalf("%v comes back as %v", c, back)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add("#0a7d4f")
	f.Fuzz(func(t *testing.T, s string) {
		if c, ok := colour.Parse(s); ok && (c.HSL().H < 0 || c.HSL().H > 359 || c.HSL().S > 100 || c.HSL().L > 100) {
			t.Errorf("%q is %v", s, c.HSL())
		}
	})
}
