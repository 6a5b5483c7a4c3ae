package capability

import (
	"slices"
	"strings"
)

// Theme holds choices from closed lists and one colour, so that a document can't
// carry CSS.
type Theme struct {
	Preset  string `json:"preset,omitempty"`  // one of Presets, "" for the first
	Accent  string `json:"accent,omitempty"`  // one of Accents, "" for the first, or a colour such as #0a7d4f
	Corners string `json:"corners,omitempty"` // one of Corners, "" for the first
	Mode    string `json:"mode,omitempty"`    // one of Modes, "" for the first
}

// What themes may choose from. The first of each is the default, and no word is in
// two lists.
var (
	Presets = []string{"cashier", "plain", "compact"}
	Accents = []string{"blue", "green", "teal", "orange", "red", "violet", "graphite"}
	Corners = []string{"soft", "square", "round"}
	Modes   = []string{"auto", "light", "dark"}
)

// With returns the theme with the words that a merchant's page adds to it, with dots
// between, such as dark.plain: each takes the place of the choice that its list is
// for. Others count for nothing.
func (t Theme) With(words string) Theme {
	for word := range strings.SplitSeq(words, ".") {
		for _, choice := range []struct {
			of   []string
			into *string
		}{{Presets, &t.Preset}, {Accents, &t.Accent}, {Corners, &t.Corners}, {Modes, &t.Mode}} {
			if slices.Contains(choice.of, word) {
				*choice.into = word
			}
		}
	}
	return t
}
