package capability_test

import (
	"testing"

	"morepay/internal/capability"
)

func TestThemeWith(t *testing.T) {
	t.Parallel()
	base := capability.Theme{Accent: "#0a7d4f", Mode: "light"}
	for words, want := range map[string]capability.Theme{
		"":                             base,
		"dark":                         {Accent: "#0a7d4f", Mode: "dark"},
		"dark.plain.square.red":        {Preset: "plain", Accent: "red", Corners: "square", Mode: "dark"},
		"dark.auto":                    {Accent: "#0a7d4f", Mode: "auto"},
		"pink..url(x).#ffffff.<style>": base,
	} {
		if got := base.With(words); got != want {
			t.Errorf("with %q it is %+v, want %+v", words, got, want)
		}
	}
}

// TestThemeWords: no word may mean two things.
func TestThemeWords(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, list := range [][]string{capability.Presets, capability.Accents, capability.Corners, capability.Modes} {
		for _, word := range list {
			if seen[word] {
				t.Errorf("%s is in two lists", word)
			}
			seen[word] = true
		}
	}
}
