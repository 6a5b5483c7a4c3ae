package admin

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"strings"
	"time"

	"golang.org/x/text/language"

	"morepay/internal/pay"
)

// lang is a language of the pages.
type lang struct {
	tag       string
	texts     map[string]string // by the English sentence; nil for English
	templates *template.Template
}

// tags are the languages, the default first.
var tags = []string{"en", "zh-CN"}

var (
	matcher   = language.NewMatcher([]language.Tag{language.English, language.SimplifiedChinese})
	languages = map[string]*lang{"en": newLang("en", nil), "zh-CN": newLang("zh-CN", readTexts("zh-CN"))}
)

// readTexts reads the sentences of a language, by the English ones.
func readTexts(tag string) map[string]string {
	b, err := files.ReadFile("texts/" + tag + ".json")
	if err != nil {
		panic(err) // it is embedded
	}
	var texts map[string]string
	if err := json.Unmarshal(b, &texts); err != nil {
		panic(err) // a test reads it
	}
	return texts
}

func newLang(tag string, texts map[string]string) *lang {
	l := &lang{tag: tag, texts: texts}
	l.templates = template.Must(template.New("admin").Option("missingkey=error").Funcs(template.FuncMap{
		"t": l.say, "word": l.word, "stamp": stamp, "money": money, "major": major, "quoted": quoted, "standing": standing, "place": place,
	}).ParseFS(files, "pages/*.html"))
	return l
}

// say returns an English sentence in this language.
func (l *lang) say(english string, args ...any) string {
	text := cmp.Or(l.texts[english], english)
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// word returns what one of a closed list of a kind is called, such as a session's status.
// In English that is what the API calls it.
func (l *lang) word(kind string, value any) string {
	code := fmt.Sprint(value)
	return cmp.Or(l.texts[kind+":"+code], strings.ReplaceAll(code, "_", " "))
}

// language is what the visitor has chosen, else what the browser asks for.
func (v *visit) language() *lang {
	if v.person != nil {
		if l := languages[v.person.speaks()]; l != nil {
			return l
		}
	} else if l := languages[v.r.FormValue("lang")]; l != nil {
		return l
	}
	wanted, _, err := language.ParseAcceptLanguage(v.r.Header.Get("Accept-Language"))
	if err != nil {
		return languages[tags[0]]
	}
	_, i, _ := matcher.Match(wanted...)
	return languages[tags[i]]
}

// stamp writes a time in UTC, "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// money writes an amount in the currency's major unit.
func money(m pay.Money) string {
	digits := fmt.Sprintf("%0*d", pay.Exponent(m.Currency)+1, m.Value)
	if point := len(digits) - pay.Exponent(m.Currency); point < len(digits) {
		digits = digits[:point] + "." + digits[point:]
	}
	return digits + " " + m.Currency
}

// quoted returns a word as a shell takes it.
func quoted(value any) string { return "'" + strings.ReplaceAll(fmt.Sprint(value), "'", `'\''`) + "'" }
