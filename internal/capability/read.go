package capability

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// reader checks one JSON value and stores it. Readers are put together in
// decode.go; they go on after a mistake, so that all are found at once.
type reader func(v value, path string)

// decoder collects the problems.
type decoder struct {
	problems Problems
}

func (d *decoder) report(path string, rule Rule, format string, args ...any) {
	d.problems = append(d.problems, Problem{Path: path, Rule: rule, Message: fmt.Sprintf(format, args...)})
}

// is tells whether a value has a kind, and reports it if not.
func (d *decoder) is(k kind, v value, path string) bool {
	if v.kind != k {
		d.report(path, RuleType, "must be a JSON %s, is %s", k, v.kind)
	}
	return v.kind == k
}

// field is one field of an object.
type field struct {
	name     string
	required bool
	read     reader
}

// object reads an object with these fields and no others.
func (d *decoder) object(fields ...field) reader {
	return func(v value, path string) {
		seen := d.each(v, path, func(name string, v value, path string) {
			i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
			if i < 0 {
				d.report(path, RuleUnknownField, "unknown field")
				return
			}
			fields[i].read(v, path)
		})
		for _, f := range fields {
			if f.required && seen != nil && !seen[f.name] {
				d.report(join(path, f.name), RuleRequired, "is missing")
			}
		}
	}
}

// dictionary reads an object whose keys are data. entry gives the reader of one
// key's value, nil if it has reported the key.
func (d *decoder) dictionary(entry func(key, path string) reader) reader {
	return d.notEmpty(func(v value, path string) {
		d.each(v, path, func(key string, v value, path string) {
			if read := entry(key, path); read != nil {
				read(v, path)
			}
		})
	})
}

// each visits the fields of an object, those that stand twice only once, and
// returns which there are; nil if v is no object.
func (d *decoder) each(v value, path string, visit func(name string, v value, path string)) map[string]bool {
	if !d.is(kindObject, v, path) {
		return nil
	}
	seen := make(map[string]bool, len(v.fields))
	for _, f := range v.fields {
		at := join(path, f.name)
		if seen[f.name] {
			d.report(at, RuleDuplicateKey, "is given twice")
			continue
		}
		seen[f.name] = true
		visit(f.name, f.value, at)
	}
	return seen
}

// notEmpty is a reader of objects that must say something.
func (d *decoder) notEmpty(read reader) reader {
	return func(v value, path string) {
		if v.kind == kindObject && len(v.fields) == 0 {
			d.report(path, RuleRange, "must not be empty; leave it out")
		}
		read(v, path)
	}
}

// optional reads into a new T and stores a pointer to it.
func optional[T any](into **T, read func(*T) reader) reader {
	return func(v value, path string) {
		*into = new(T)
		read(*into)(v, path)
	}
}

// list reads an array of at least least items.
func list[T any](d *decoder, into *[]T, least int, item func(*T) reader) reader {
	return func(v value, path string) {
		if !d.is(kindArray, v, path) {
			return
		}
		if len(v.items) < least {
			d.report(path, RuleRange, "must have at least %d", least)
		}
		*into = make([]T, len(v.items))
		for i := range v.items {
			item(&(*into)[i])(v.items[i], fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

// set reads an array of words, none of them twice.
func set[T ~string](d *decoder, into *[]T, least int, item func(*T) reader) reader {
	return func(v value, path string) {
		list(d, into, least, item)(v, path)
		seen := map[T]bool{}
		for i, word := range *into {
			if word != "" && seen[word] { // "" was refused already
				d.report(fmt.Sprintf("%s[%d]", path, i), RuleDuplicate, "%q is given twice", word)
			}
			seen[word] = true
		}
	}
}

func (d *decoder) boolean(into *bool) reader {
	return func(v value, path string) {
		if d.is(kindBool, v, path) {
			*into = v.truth
		}
	}
}

// integer reads a whole number from least to most.
func integer[T ~int | ~int64](d *decoder, into *T, least, most int64) reader {
	return func(v value, path string) {
		n, ok := d.decimal(v, path, 0)
		if !ok {
			return
		}
		if n < least || n > most {
			d.report(path, RuleRange, "must be from %d to %d", least, most)
			return
		}
		*into = T(n)
	}
}

// percent reads 0 to 100 in steps of 0.01.
func (d *decoder) percent(into *float64) reader {
	return func(v value, path string) {
		n, ok := d.decimal(v, path, 2)
		if !ok {
			return
		}
		if n < 0 || n > 100_00 {
			d.report(path, RuleRange, "must be from 0 to 100")
			return
		}
		*into = float64(n) / 100
	}
}

// decimal reads a number with at most places decimals, exactly, as a multiple
// of the last place. Like JSON Schema it takes 5, 5.0 and 0.5e1 for the same.
func (d *decoder) decimal(v value, path string, places int) (n int64, ok bool) {
	if !d.is(kindNumber, v, path) {
		return 0, false
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(v.text), "e")
	shift, err := strconv.Atoi("0" + strings.TrimLeft(exponent, "+-"))
	if strings.HasPrefix(exponent, "-") {
		shift = -shift
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	significant := strings.TrimRight(whole+fraction, "0")
	if significant == "" || significant == "-" {
		return 0, true
	}
	shift += places + len(whole) - len(significant) // zeros to append
	switch {
	case err != nil || shift > 18 || len(significant) > 19:
		d.report(path, RuleRange, "is a number out of every range")
		return 0, false
	case shift < 0:
		d.report(path, RuleType, "has too many decimals, %d are allowed", places)
		return 0, false
	}
	n, err = strconv.ParseInt(significant+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		d.report(path, RuleRange, "is a number out of every range")
	}
	return n, err == nil
}

// word reads a string that ok accepts.
func word[T ~string](d *decoder, into *T, rule Rule, must string, ok func(string) bool) reader {
	return func(v value, path string) {
		if !d.is(kindString, v, path) {
			return
		}
		if !ok(v.text) {
			d.report(path, rule, "%s, is %q", must, v.text)
			return
		}
		*into = T(v.text)
	}
}

// oneOf reads a string of a closed list.
func oneOf[T ~string](d *decoder, into *T, known []T) reader {
	return word(d, into, RuleUnknownID, "must be one of "+enumerate(known), func(s string) bool {
		return slices.Contains(known, T(s))
	})
}

func enumerate[T ~string](words []T) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(w))
	}
	return b.String()
}

// text reads free text of 1 to most characters without control characters.
func text[T ~string](d *decoder, into *T, most int) reader {
	return func(v value, path string) {
		if !d.is(kindString, v, path) {
			return
		}
		if n := utf8.RuneCountInString(v.text); n < 1 || n > most {
			d.report(path, RuleRange, "must have 1 to %d characters, has %d", most, n)
			return
		}
		if strings.ContainsFunc(v.text, isControl) {
			d.report(path, RuleFormat, "must not have control characters")
			return
		}
		*into = T(v.text)
	}
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// clock reads a time, see parseClock. Its offset from UTC is kept.
func (d *decoder) clock(into *time.Time) reader {
	return func(v value, path string) {
		if !d.is(kindString, v, path) {
			return
		}
		t, ok := parseClock(v.text)
		if !ok {
			d.report(path, RuleFormat, "must be a time such as 2026-01-02T15:04:05+08:00, is %q", v.text)
			return
		}
		*into = t
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
