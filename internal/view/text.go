package view

import (
	"strconv"
	"strings"
	"time"

	"morepay/internal/pay"
)

// Text is the catalogue of one language: key → sentence with {placeholders}.
// Package locale makes it; it goes to the browser as part of the view.
type Text map[string]string

// Say returns the sentence of a key with its placeholders filled; args are
// names and values in turn. A key that is missing stands for itself, so that a
// gap in a catalogue shows and breaks nothing.
func (t Text) Say(key string, args ...string) string {
	return Fill(t.Or(key, key), args...)
}

// Or returns the plain sentence of a key, or another if the catalogue has none.
func (t Text) Or(key, otherwise string) string {
	if sentence, ok := t[key]; ok {
		return sentence
	}
	return otherwise
}

// Fill puts args, names and values in turn, into a sentence. What it puts in is not looked at again, so a
// name with braces stays as it is; so does a placeholder that args don't have.
func Fill(sentence string, args ...string) string {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(sentence, "{")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		name, rest, _ := strings.Cut(after, "}")
		value, ok := find(name, args)
		if !ok {
			b.WriteString("{")
			sentence = after
			continue
		}
		b.WriteString(value)
		sentence = rest
	}
}

func find(name string, args []string) (string, bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == name {
			return args[i+1], true
		}
	}
	return "", false
}

// Money writes an amount in this language, by integers only.
func (t Text) Money(m pay.Money) string {
	pattern := t.Or("money."+m.Currency, t.Or("money", "{currency} {amount}"))
	sign, digits := "", strconv.FormatInt(m.Value, 10)
	if m.Value < 0 {
		sign, digits = "-", digits[1:]
	}
	exponent := pay.Exponent(m.Currency)
	for len(digits) <= exponent {
		digits = "0" + digits
	}
	whole, fraction := digits[:len(digits)-exponent], digits[len(digits)-exponent:]
	amount := grouped(whole, t.Or("number.group", ","))
	if fraction != "" {
		amount += t.Or("number.decimal", ".") + fraction
	}
	return sign + Fill(pattern, "amount", amount, "currency", m.Currency)
}

// grouped puts a separator between each three digits, counted from the right.
func grouped(digits, separator string) string {
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(separator)
		}
		b.WriteRune(d)
	}
	return b.String()
}

// calm is the time left, in seconds, above which only minutes are shown: digits
// that change every second press people who have time.
const calm = 5 * 60

// Left writes how much time is left: hours and minutes, minutes, or in the last
// five minutes minutes and seconds. Less than nothing is nothing.
func (t Text) Left(d time.Duration) string {
	s := max(0, int(d/time.Second))
	switch {
	case s >= 3600:
		return t.Say("left.hours", "h", strconv.Itoa(s/3600), "m", strconv.Itoa(s%3600/60))
	case s > calm:
		return t.Say("left.minutes", "m", strconv.Itoa(s/60))
	}
	return t.Say("left.seconds", "m", strconv.Itoa(s/60), "s", two(s%60))
}

// Date writes a day as the time's own zone sees it. The pattern has the month as a
// number, {m}, or as a word, {month}: one of "date.months", twelve with bars between.
func (t Text) Date(at time.Time) string {
	y, m, d := at.Date()
	month := strconv.Itoa(int(m))
	if names := strings.Split(t["date.months"], "|"); len(names) == 12 {
		month = names[m-1]
	}
	return t.Say("date", "y", strconv.Itoa(y), "m", strconv.Itoa(int(m)), "month", month, "d", strconv.Itoa(d))
}

// Clock writes a time of the day as the time's own zone sees it.
func (t Text) Clock(at time.Time) string {
	h, m, _ := at.Clock()
	return two(h) + ":" + two(m)
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}
