package document

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"morepay/internal/strictjson"
)

// reader checks one JSON value and stores it. Readers are put together in
// decode.go; they go on after a mistake, so that all are found at once.
type reader func(v *strictjson.Value)

// decoder collects the problems.
type decoder struct {
	root     *strictjson.Value
	problems strictjson.Problems
	incoming bool // what was stored before may break newer rules
}

// report adds a problem with a value.
func (d *decoder) report(v *strictjson.Value, rule strictjson.Rule, format string, args ...any) {
	d.problems.AddAt(v, rule, format, args...)
}

// contradict adds a problem between values that are each right.
func (d *decoder) contradict(path string, rule strictjson.Rule, format string, args ...any) {
	d.problems.Add(path, d.root.LineOf(path), rule, format, args...)
}

// is reports whether a value is of a kind, and adds a problem if not.
func (d *decoder) is(k strictjson.Kind, v *strictjson.Value) bool { return v.Is(k, &d.problems) }

// field is one field of an object.
type field struct {
	name     string
	required bool
	read     reader
}

// object reads an object with these fields and no others.
func (d *decoder) object(fields ...field) reader {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return func(v *strictjson.Value) {
		if !d.is(strictjson.Object, v) {
			return
		}
		seen := make(map[string]bool, len(v.Fields))
		for i := range v.Fields {
			f := &v.Fields[i]
			if known := slices.Index(names, f.Name); known >= 0 {
				seen[f.Name] = true
				fields[known].read(&f.Value)
				continue
			}
			seen[d.problems.AddUnknown(f, names)] = true
		}
		for _, f := range fields {
			if f.required && !seen[f.name] {
				d.problems.Add(strictjson.Join(v.Path, f.name), v.Line, RuleRequired, "is missing")
			}
		}
	}
}

// dictionary reads an object whose keys are data.
func (d *decoder) dictionary(entry func(key string, v *strictjson.Value)) reader {
	return d.notEmpty(func(v *strictjson.Value) {
		if !d.is(strictjson.Object, v) {
			return
		}
		for i := range v.Fields {
			entry(v.Fields[i].Name, &v.Fields[i].Value)
		}
	})
}

// notEmpty returns a reader of objects that must say something.
func (d *decoder) notEmpty(read reader) reader {
	return func(v *strictjson.Value) {
		if v.Kind == strictjson.Object && len(v.Fields) == 0 {
			d.report(v, strictjson.RuleRange, "must not be empty; leave it out")
		}
		read(v)
	}
}

// optional reads into a new T and stores a pointer to it.
func optional[T any](into **T, read func(*T) reader) reader {
	return func(v *strictjson.Value) {
		*into = new(T)
		read(*into)(v)
	}
}

// list reads an array of at least least items.
func list[T any](d *decoder, into *[]T, least int, item func(*T) reader) reader {
	return func(v *strictjson.Value) {
		if !d.is(strictjson.Array, v) {
			return
		}
		if len(v.Items) < least {
			d.report(v, strictjson.RuleRange, "must have at least %d, has %d", least, len(v.Items))
		}
		*into = make([]T, len(v.Items))
		for i := range v.Items {
			item(&(*into)[i])(&v.Items[i])
		}
	}
}

// set reads an array of words, none of them twice.
func set[T ~string](d *decoder, into *[]T, least int, item func(*T) reader) reader {
	return func(v *strictjson.Value) {
		list(d, into, least, item)(v)
		seen := map[T]bool{}
		for i, word := range *into {
			if word != "" && seen[word] { // "" was refused already
				d.report(&v.Items[i], RuleDuplicate, "%q is given twice", strictjson.Cut(string(word)))
			}
			seen[word] = true
		}
	}
}

func (d *decoder) boolean(into *bool) reader {
	return func(v *strictjson.Value) {
		if d.is(strictjson.Bool, v) {
			*into = v.Text == "true"
		}
	}
}

// integer reads a whole number from least to most.
func integer[T ~int | ~int64](d *decoder, into *T, least, most int64) reader {
	return func(v *strictjson.Value) {
		n, ok := d.decimal(v, 0)
		if !ok {
			return
		}
		if least == most && n != least {
			d.report(v, strictjson.RuleRange, "must be %d", least)
			return
		}
		if n < least || n > most {
			d.report(v, strictjson.RuleRange, "must be from %d to %d", least, most)
			return
		}
		if d.problems.InDigits(v) {
			*into = T(n)
		}
	}
}

// percent reads 0 to 100 in steps of 0.01.
func (d *decoder) percent(into *float64) reader {
	return func(v *strictjson.Value) {
		n, ok := d.decimal(v, 2)
		if !ok {
			return
		}
		if n < 0 || n > 100_00 {
			d.report(v, strictjson.RuleRange, "must be from 0 to 100")
			return
		}
		if strings.ContainsAny(v.Text, "eE") {
			d.report(v, strictjson.RuleDigits, "must be written without an exponent, is %s", strictjson.Cut(v.Text))
			return
		}
		*into = float64(n) / 100
	}
}

// decimal reads a number with at most places decimals, exactly, as a multiple
// of the last place. It takes 5, 5.0 and 0.5e1 for the same, as JSON Schema does,
// so that only the spelling is left to refuse.
func (d *decoder) decimal(v *strictjson.Value, places int) (n int64, ok bool) {
	if !d.is(strictjson.Number, v) {
		return 0, false
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(v.Text), "e")
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
		d.report(v, strictjson.RuleRange, "is a number out of every range")
		return 0, false
	case shift < 0 && places == 0:
		d.report(v, strictjson.RuleType, "must be a whole number, is %s", strictjson.Cut(v.Text))
		return 0, false
	case shift < 0:
		d.report(v, RuleDecimals, "has too many decimals, %d are allowed", places)
		return 0, false
	}
	n, err = strconv.ParseInt(significant+strings.Repeat("0", shift), 10, 64)
	if err != nil {
		d.report(v, strictjson.RuleRange, "is a number out of every range")
	}
	return n, err == nil
}

// word reads a string that ok accepts.
func word[T ~string](d *decoder, into *T, rule strictjson.Rule, must string, ok func(string) bool) reader {
	return func(v *strictjson.Value) {
		if !d.is(strictjson.String, v) {
			return
		}
		if !ok(v.Text) {
			d.report(v, rule, "%s, is %q", must, strictjson.Cut(v.Text))
			return
		}
		*into = T(v.Text)
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
	return func(v *strictjson.Value) {
		if !d.is(strictjson.String, v) {
			return
		}
		if n := utf8.RuneCountInString(v.Text); n < 1 || n > most {
			d.report(v, strictjson.RuleRange, "must have 1 to %d characters, has %d", most, n)
			return
		}
		if strings.ContainsFunc(v.Text, isControl) {
			d.report(v, RuleFormat, "must not have control characters")
			return
		}
		if d.incoming && !d.visible(v) {
			return
		}
		*into = T(v.Text)
	}
}

// visible reports whether people see a text as what it is, and adds a problem if not.
// Emoji and some scripts are written with joiners.
func (d *decoder) visible(v *strictjson.Value) bool {
	shown := false
	for _, r := range v.Text {
		joiner := r == '\u200c' || r == '\u200d'
		if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) && !joiner {
			d.report(v, RuleInvisible, "must not have invisible characters, has U+%04X", r)
			return false
		}
		shown = shown || !joiner && !unicode.IsSpace(r)
	}
	if !shown {
		d.report(v, RuleInvisible, "must not be blank")
	}
	return shown
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// clock reads a time, see parseClock. Its offset from UTC is kept.
func (d *decoder) clock(into *time.Time) reader {
	return func(v *strictjson.Value) {
		if !d.is(strictjson.String, v) {
			return
		}
		t, ok := parseClock(v.Text)
		if !ok {
			d.report(v, RuleFormat, "must be a time of the years 2000 to 2099 such as 2026-01-02T15:04:05+08:00, is %q", strictjson.Cut(v.Text))
			return
		}
		*into = t
	}
}
