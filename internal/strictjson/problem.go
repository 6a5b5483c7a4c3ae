package strictjson

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxProblems is the number of problems that are reported of one text.
const MaxProblems = 50

// maxQuoted is the number of characters of a value or name that are repeated in
// a problem.
const maxQuoted = 64

// Rule names what a text may not do. Packages that check more than this one does
// add rules of their own.
type Rule string

// The rules.
const (
	RuleSyntax       Rule = "syntax"        // not JSON, nested too deeply, or more than one value
	RuleTooLarge     Rule = "too_large"     // more bytes than allowed
	RuleEncoding     Rule = "encoding"      // invalid UTF-8, or half a surrogate pair
	RuleDuplicateKey Rule = "duplicate_key" // the same field twice in one object
	RuleUnknownField Rule = "unknown_field"
	RuleWrongCase    Rule = "wrong_case" // a known field in other letters, Amount for amount
	RuleType         Rule = "type"       // a string where a number belongs, …
	RuleDigits       Rule = "digits"     // a number that isn't written in digits, 1e2 for 100
	RuleRange        Rule = "range"      // a number that is too small or too large
)

// Problem is one mistake in a text.
type Problem struct {
	Path    string `json:"path"` // such as methods[0].limits.CNY.max; "" for the whole
	Line    int    `json:"line"` // from 1 on
	Rule    Rule   `json:"rule"`
	Message string `json:"message"` // one English sentence without its subject
}

func (p Problem) Error() string {
	if p.Path == "" {
		return p.Message
	}
	return p.Path + ": " + p.Message
}

// Problems lists the mistakes in a text, up to MaxProblems. It is an error.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.Error()
	}
	return strings.Join(lines, "\n")
}

// Summary returns the path and the message of the first problem, and in the
// message how many there are.
func (p Problems) Summary() (path, message string) {
	path, message = p[0].Path, p[0].Message
	if len(p) > 1 {
		message += fmt.Sprintf(" (1 of %d mistakes)", len(p))
	}
	return path, message
}

// Add appends a problem, unless there are MaxProblems already.
func (p *Problems) Add(path string, line int, rule Rule, format string, args ...any) {
	if len(*p) < MaxProblems {
		*p = append(*p, Problem{path, line, rule, fmt.Sprintf(format, args...)})
	}
}

// AddAt appends a problem with a value.
func (p *Problems) AddAt(v *Value, rule Rule, format string, args ...any) {
	p.Add(v.Path, v.Line, rule, format, args...)
}

// AddUnknown adds that a field is none of the known ones. It returns the one that
// it is in other letters, or "".
func (p *Problems) AddUnknown(f *Field, known []string) string {
	for _, name := range known {
		if strings.EqualFold(name, f.Name) {
			p.AddAt(&f.Value, RuleWrongCase, "must be spelled %q", name)
			return name
		}
	}
	if name := Closest(f.Name, known); name != "" {
		p.AddAt(&f.Value, RuleUnknownField, "is not a known field: did you mean %q?", name)
		return ""
	}
	p.AddAt(&f.Value, RuleUnknownField, "is not a known field")
	return ""
}

// Place gives the problems that have no line the one at which their path stands in a
// text.
func (p Problems) Place(text *Value) {
	for i := range p {
		if p[i].Line == 0 {
			p[i].Line = text.LineOf(p[i].Path)
		}
	}
}

// InDigits reports whether a whole number is written in digits, and adds a
// problem if not.
func (p *Problems) InDigits(v *Value) bool {
	ok := !strings.ContainsAny(v.Text, ".eE")
	if !ok {
		p.AddAt(v, RuleDigits, "must be a whole number in digits, is %s", Cut(v.Text))
	}
	return ok
}

// Err returns the problems as an error, nil if there are none.
func (p Problems) Err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Cut shortens text that comes from outside to what a problem may repeat of it.
func Cut(s string) string {
	if utf8.RuneCountInString(s) <= maxQuoted {
		return s
	}
	return string([]rune(s)[:maxQuoted]) + "…"
}

// Join returns the path of a field below path.
func Join(path, name string) string {
	name = Cut(name)
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		name = strings.Trim(strconv.Quote(name), `"`)
	}
	if path == "" {
		return name
	}
	return path + "." + name
}
