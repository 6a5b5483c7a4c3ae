package json

import (
	"reflect"
	"strings"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// time reads a time into v, or null. It does so itself: time.Time's own method
// brings the parser of all layouts into the bundle.
func (d *decoder) time(v reflect.Value, c byte) {
	if c == 'n' {
		d.literal(reflect.Value{})
		return
	}
	if c != '"' {
		d.fail()
		return
	}
	if t, ok := parseTime(d.quoted()); ok && !d.failed {
		v.Set(reflect.ValueOf(t))
		return
	}
	d.fail()
}

// parseTime reads a time as RFC 3339 has it, such as 2026-11-23T09:30:00.5+08:00.
func parseTime(text string) (time.Time, bool) {
	c := &clock{text: text, ok: true}
	year, month, day := c.number(4, ""), c.number(2, "-"), c.number(2, "-")
	hour, minute, second := c.number(2, "T"), c.number(2, ":"), c.number(2, ":")
	nanosecond, zone := c.fraction(), c.zone()
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanosecond, zone)
	// What there is not, such as the 31st of June or a 61st second, comes out as another.
	real := int(t.Month()) == month && t.Day() == day && t.Hour() == hour && t.Minute() == minute && t.Second() == second
	return t, c.ok && c.text == "" && real
}

// clock reads a time from its front. After a failure ok is false.
type clock struct {
	text string // what is still to be read
	ok   bool
}

// number reads so many digits after a separator.
func (c *clock) number(digits int, after string) (n int) {
	rest, found := strings.CutPrefix(c.text, after)
	if !found || len(rest) < digits {
		c.ok = false
		return 0
	}
	for _, digit := range []byte(rest[:digits]) {
		c.ok = c.ok && '0' <= digit && digit <= '9'
		n = n*10 + int(digit-'0')
	}
	c.text = rest[digits:]
	return n
}

// fraction reads the part of a second, if there is one, in nanoseconds.
func (c *clock) fraction() (nanoseconds int) {
	if !strings.HasPrefix(c.text, ".") {
		return 0
	}
	nanoseconds = c.number(1, ".") * 1e8
	for unit := int(1e7); c.text != "" && '0' <= c.text[0] && c.text[0] <= '9'; unit /= 10 {
		nanoseconds += c.number(1, "") * unit
	}
	return nanoseconds
}

// zone reads Z or an offset.
func (c *clock) zone() *time.Location {
	if rest, utc := strings.CutPrefix(c.text, "Z"); utc {
		c.text = rest
		return time.UTC
	}
	sign := 1
	if strings.HasPrefix(c.text, "-") {
		sign = -1
	}
	c.text = strings.Replace(c.text, "-", "+", 1)
	hours, minutes := c.number(2, "+"), c.number(2, ":")
	c.ok = c.ok && hours < 24 && minutes < 60
	return time.FixedZone("", sign*(hours*60+minutes)*60)
}
