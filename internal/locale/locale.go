// Package locale holds the catalogues: every sentence that a payer can read, in
// each language, one JSON file a language. A new file is a new language.
//
// The server picks a catalogue and sends it with the view; the browser has no
// texts of its own. What must not live here: decisions, names of payment methods
// (package method), and texts for developers.
package locale

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// Fallback is the language of everyone whom no other serves.
const Fallback = "en"

// MerchantCodes are the error codes that only a merchant's server can meet: no
// catalogue has a sentence for them.
var MerchantCodes = []pay.Code{pay.CodeUnauthorized, pay.CodePrecondition, pay.CodeIdempotency, pay.CodeRefundExceeds}

// Catalogue is one language.
type Catalogue struct {
	tag  string
	text view.Text
}

// Tag is the BCP 47 tag of the language.
func (c Catalogue) Tag() string { return c.tag }

// Text is the sentence of a key; args are names and values of placeholders.
func (c Catalogue) Text(key string, args ...string) string { return c.text.Say(key, args...) }

// Error is the sentence for an error that a payer has met. A code without one
// gets the sentence of an internal error.
func (c Catalogue) Error(code pay.Code) string {
	return c.text.Or("error."+string(code), c.text["error."+string(pay.CodeInternal)])
}

// View is the whole catalogue as the browser gets it. It must not be changed.
func (c Catalogue) View() view.Text { return c.text }

//go:embed catalogues/*.json
var files embed.FS

// known is sorted by tag but for Fallback, which is first: language.NewMatcher
// takes the first for whoever matches nothing.
var known = load(files)

var (
	byTag   = index(known)
	matcher = language.NewMatcher(tags(known))
)

// load panics on a broken catalogue: it is part of the program.
func load(dir fs.FS) []Catalogue {
	names, err := fs.Glob(dir, "catalogues/*.json")
	if err != nil {
		panic(err)
	}
	var list []Catalogue
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			panic(err)
		}
		c := Catalogue{tag: strings.TrimSuffix(path.Base(name), ".json")}
		if err := json.Unmarshal(data, &c.text); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b Catalogue) int { return fallbackFirst(a) - fallbackFirst(b) })
	return list
}

func fallbackFirst(c Catalogue) int {
	if c.tag == Fallback {
		return 0
	}
	return 1
}

func index(list []Catalogue) map[string]Catalogue {
	m := make(map[string]Catalogue, len(list))
	for _, c := range list {
		m[c.tag] = c
	}
	return m
}

func tags(list []Catalogue) []language.Tag {
	t := make([]language.Tag, len(list))
	for i, c := range list {
		t[i] = language.MustParse(c.tag)
	}
	return t
}

// Tags lists the languages, the fallback first.
func Tags() []string {
	list := make([]string, len(known))
	for i, c := range known {
		list[i] = c.tag
	}
	return list
}

// For is the catalogue of exactly this tag.
func For(tag string) (Catalogue, bool) {
	c, ok := byTag[tag]
	return c, ok
}

// maxHeader is how many bytes of an Accept-Language header are read.
const maxHeader = 1 << 10

// Match picks the language of a page: the session's, if the merchant set one
// that we speak, else the best of the payer's browser, else the merchant's
// default, else [Fallback]. The tag it returns is one that [For] knows.
func Match(session, merchantDefault, acceptLanguage string) string {
	if len(acceptLanguage) > maxHeader {
		acceptLanguage = ""
	}
	for _, wish := range []string{session, acceptLanguage, merchantDefault} {
		wanted, _, err := language.ParseAcceptLanguage(wish)
		if err != nil || len(wanted) == 0 {
			continue
		}
		if _, i, confidence := matcher.Match(wanted...); confidence > language.No {
			return known[i].tag
		}
	}
	return Fallback
}

// Money writes an amount in the language of a tag, or of [Fallback].
func Money(tag string, m pay.Money) string {
	c, ok := For(tag)
	if !ok {
		c = byTag[Fallback]
	}
	return c.text.Money(m)
}
