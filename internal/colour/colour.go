// Package colour reads the colours that merchants give to their pages, and says
// whether text can be read on them.
//
// What must not live here: the colours of our own style sheet (package web).
package colour

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// RGB is a colour of a screen, red, green and blue from 0 to 1.
type RGB struct{ R, G, B float64 }

// White is the colour of text on a button.
var White = RGB{1, 1, 1}

// Parse reads a colour such as #0a7d4f: six digits, in lower case.
func Parse(s string) (RGB, bool) {
	digits, ok := strings.CutPrefix(s, "#")
	if !ok || len(digits) != 6 || strings.Trim(digits, "0123456789abcdef") != "" {
		return RGB{}, false
	}
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil {
		return RGB{}, false
	}
	part := func(shift int) float64 { return float64(n>>shift&0xff) / 0xff }
	return RGB{part(16), part(8), part(0)}, true
}

// HSL is a colour by hue, in degrees, and by saturation and lightness, in percent,
// as CSS writes it.
type HSL struct{ H, S, L int }

// HSL returns the nearest colour of whole degrees and percents.
func (c RGB) HSL() HSL {
	high, low := max(c.R, c.G, c.B), min(c.R, c.G, c.B)
	l, d := (high+low)/2, high-low
	if d == 0 {
		return HSL{0, 0, percent(l)}
	}
	var h float64
	switch high {
	case c.R:
		h = math.Mod((c.G-c.B)/d+6, 6)
	case c.G:
		h = (c.B-c.R)/d + 2
	default:
		h = (c.R-c.G)/d + 4
	}
	return HSL{int(math.Round(h*60)) % 360, percent(d / (1 - math.Abs(2*l-1))), percent(l)}
}

func percent(x float64) int { return int(math.Round(x * 100)) }

// RGB returns the colour that a screen shows.
func (c HSL) RGB() RGB {
	s, l := float64(c.S)/100, float64(c.L)/100
	part := func(n float64) float64 {
		k := math.Mod(n+float64(c.H)/30, 12)
		return l - s*min(l, 1-l)*max(-1, min(k-3, 9-k, 1))
	}
	return RGB{part(0), part(8), part(4)}
}

// Variables returns the colour as the three variables of the style sheet.
func (c HSL) Variables() string { return fmt.Sprintf("--h:%d;--s:%d%%;--l:%d%%", c.H, c.S, c.L) }

// Contrast returns the contrast of two colours by WCAG 2.2, from 1 to 21.
func Contrast(a, b RGB) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is the relative luminance of WCAG 2.2.
func (c RGB) luminance() float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Readable is the contrast that text needs by WCAG 2.2, level AA.
const Readable = 4.5
