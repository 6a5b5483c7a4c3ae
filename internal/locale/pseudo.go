package locale

import (
	"strings"

	"morepay/internal/view"
)

// Pseudo is the tag of a language for tests: English with accents, a third longer
// and in brackets, so that a text that does not come from a catalogue, is cut off
// or has no room shows at a glance.
const Pseudo = "en-XA"

var pseudo = pseudoText(byTag[Fallback])

// plain are the prefixes of keys that are patterns rather than sentences.
var plain = []string{"locale.", "money", "number.", "date", "left.", "list."}

func pseudoText(from view.Text) view.Text {
	text := make(view.Text, len(from))
	for key, sentence := range from {
		text[key] = sentence
		if !hasPrefix(key, plain) {
			text[key] = stretched(sentence)
		}
	}
	text["locale.name"] = "Pseudo"
	return text
}

func hasPrefix(key string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

var accents = strings.NewReplacer("a", "á", "e", "é", "i", "í", "o", "ö", "u", "ü", "c", "ç", "n", "ñ", "y", "ý", "A", "Å", "E", "É", "O", "Ö", "U", "Ü")

// stretched leaves {placeholders} alone.
func stretched(sentence string) string {
	var b strings.Builder
	for rest := sentence; rest != ""; {
		before, after, _ := strings.Cut(rest, "{")
		b.WriteString(accents.Replace(before))
		name, next, found := strings.Cut(after, "}")
		if found {
			b.WriteString("{" + name + "}")
		}
		rest = next
	}
	return "[" + b.String() + strings.Repeat("·", len(sentence)/3) + "]"
}
