// Package locale holds the catalogues: every sentence that a payer can read, in
// each language, one JSON file a language. A new file is a new language.
//
// The server picks a catalogue and sends it with the view; the browser has no
// texts of its own. What must not live here: decisions, names of payment methods
// (package method), and texts for developers.
package locale

import (
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"morepay/internal/pay"
	"morepay/internal/view"
)

// Fallback is the language of everyone whom no other serves.
const Fallback = "en"

// MerchantCodes are the error codes that only a merchant's server can meet: no
// catalogue has a sentence for them.
var MerchantCodes = []pay.Code{
	pay.CodeUnauthorized, pay.CodeScopeMissing, pay.CodeMethodNotAllowed, pay.CodePrecondition, pay.CodeIdempotency, pay.CodeCursorExpired, pay.CodeRefundExceeds,
	pay.CodeReferenceOpen,
}

// catalogue is one language.
type catalogue struct {
	tag  string
	text view.Text
}

//go:embed catalogues/*.json
var sources embed.FS

// known is sorted by tag but for Fallback, which is first: language.NewMatcher
// takes the first for whoever matches nothing.
var known = load(sources)

var (
	byTag   = index(known)
	matcher = language.NewMatcher(tags(known))
)

// load panics on a broken catalogue: it is part of the program.
func load(dir fs.FS) []catalogue {
	names, err := fs.Glob(dir, "catalogues/*.json")
	if err != nil {
		panic(err)
	}
	var list []catalogue
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			panic(err)
		}
		c := catalogue{tag: strings.TrimSuffix(path.Base(name), ".json")}
		if err := json.Unmarshal(data, &c.text); err != nil {
			panic(fmt.Sprintf("%s: %v", name, err))
		}
		writeNumbers(c)
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b catalogue) int { return fallbackFirst(a) - fallbackFirst(b) })
	return list
}

// writeNumbers adds how the language writes numbers, as CLDR has it. The digits are
// Latin everywhere: the wallet shows the same amount in them.
func writeNumbers(c catalogue) {
	printer := message.NewPrinter(language.MustParse(c.tag + "-u-nu-latn"))
	marks := strings.FieldsFunc(printer.Sprint(number.Decimal(1234.5)), unicode.IsDigit)
	if len(marks) != 2 {
		panic(fmt.Sprintf("%s: numbers have the marks %q", c.tag, marks))
	}
	c.text["number.group"], c.text["number.decimal"] = marks[0], marks[1]
}

func fallbackFirst(c catalogue) int {
	if c.tag == Fallback {
		return 0
	}
	return 1
}

func index(list []catalogue) map[string]view.Text {
	m := make(map[string]view.Text, len(list))
	for _, c := range list {
		m[c.tag] = c.text
	}
	return m
}

func tags(list []catalogue) []language.Tag {
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

// Text returns the catalogue of a tag, or of [Fallback] if the tag is none of
// [Tags]. It must not be changed.
func Text(tag string) view.Text {
	if tag == Pseudo {
		return pseudo
	}
	if text, ok := byTag[tag]; ok {
		return text
	}
	return byTag[Fallback]
}

// Problem returns the sentence for an error that a payer has met. A code
// without one gets the sentence of an internal error.
func Problem(t view.Text, code pay.Code) string {
	return t.Or("error."+string(code), t["error."+string(pay.CodeInternal)])
}

// maxHeader limits the bytes of an Accept-Language header that are read.
const maxHeader = 1 << 10

// Match picks the language of a page: the first of asked, such as the payer's own
// choice and the session's, that we speak, else the best of the payer's browser.
// A browser that names none that we speak gets [Fallback], and one that names none
// at all the merchant's default. The tag it returns is one of [Tags], or [Pseudo]
// if just that was asked for.
func Match(asked []string, acceptLanguage, merchantDefault string) string {
	for _, tag := range asked {
		if tag == Pseudo {
			return Pseudo
		}
		if tag, _ := best(tag); tag != "" {
			return tag
		}
	}
	if len(acceptLanguage) > maxHeader {
		acceptLanguage = ""
	}
	tag, named := best(acceptLanguage)
	if !named {
		tag, _ = best(merchantDefault)
	}
	return cmp.Or(tag, Fallback)
}

// best returns the tag of [Tags] that suits a list of wishes best, or "", and
// reports whether the list names any language.
func best(wishes string) (tag string, named bool) {
	wanted, _, err := language.ParseAcceptLanguage(wishes)
	wanted = slices.DeleteFunc(wanted, func(t language.Tag) bool { return t == anyLanguage })
	if err != nil || len(wanted) == 0 {
		return "", false
	}
	if _, i, confidence := matcher.Match(wanted...); confidence > language.No {
		return known[i].tag, true
	}
	return "", true
}

// anyLanguage is what "*" is read as.
var anyLanguage = language.MustParse("mul")

// Money writes an amount in the language of a tag, or of [Fallback].
func Money(tag string, m pay.Money) string { return Text(tag).Money(m) }
