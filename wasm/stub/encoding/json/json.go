// Package json stands in for encoding/json in the browser's bundle: the real one
// takes an eighth of it. It decodes what our own server encodes, by the
// same field tags, and encodes nothing.
//
// It differs from the real one where our server gives it no cause: names of fields are
// compared as they are, structs embed none, no type but time.Time decodes itself, and
// a value of another type is an error at once.
//
//standin:for github.com/maxence-charriere/go-app/v10/pkg/app github.com/maxence-charriere/go-app/v10/pkg/errors
//standin:for morepay/app morepay/internal/capability morepay/internal/device
package json

import (
	"errors"
	"reflect"
	"strconv"
	"strings"
)

// RawMessage is the real type without its methods.
type RawMessage []byte

// Marshal always fails.
func Marshal(any) ([]byte, error) { return nil, errors.ErrUnsupported }

// MarshalIndent always fails.
func MarshalIndent(any, string, string) ([]byte, error) { return nil, errors.ErrUnsupported }

// Unmarshal decodes data to what into points to. When it fails, some of that may
// have been set.
func Unmarshal(data []byte, into any) error {
	target := reflect.ValueOf(into)
	if target.Kind() != reflect.Pointer || target.IsNil() {
		return errors.New("json: into must be a pointer")
	}
	d := &decoder{text: string(data)}
	d.value(target.Elem(), 0)
	if d.peek(); d.text != "" {
		d.failed = true
	}
	if d.failed {
		return errors.New("json: the text is cut off, malformed or of another type")
	}
	return nil
}

// maxDepth limits how deeply values nest.
const maxDepth = 64

// decoder reads one text from its front. After a failure nothing is left of it,
// so that all loops end.
type decoder struct {
	text   string // what is still to be read
	failed bool
}

func (d *decoder) fail() { d.failed, d.text = true, "" }

// peek skips white space and returns the next byte, 0 at the end.
func (d *decoder) peek() byte {
	d.text = strings.TrimLeft(d.text, " \t\r\n")
	if d.text == "" {
		return 0
	}
	return d.text[0]
}

// take reports whether the next byte is c, and reads it then.
func (d *decoder) take(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.text = d.text[1:]
	return true
}

func (d *decoder) need(c byte) {
	if !d.take(c) {
		d.fail()
	}
}

// value reads the next value into v, or skips it if v is the zero Value.
func (d *decoder) value(v reflect.Value, depth int) {
	if depth > maxDepth {
		d.fail()
		return
	}
	c := d.peek()
	if v.IsValid() && v.Type() == timeType {
		d.time(v, c)
		return
	}
	if v.IsValid() && v.Kind() == reflect.Pointer && c != 'n' {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		d.value(v.Elem(), depth)
		return
	}
	switch c {
	case '{':
		d.object(v, depth+1)
	case '[':
		d.array(v, depth+1)
	case '"':
		d.setString(v, d.quoted())
	default:
		d.literal(v)
	}
}

func (d *decoder) object(v reflect.Value, depth int) {
	if v.IsValid() && v.Kind() != reflect.Struct && v.Kind() != reflect.Map {
		d.fail()
		return
	}
	d.need('{')
	for more := !d.take('}'); more; more = d.next('}') {
		if d.peek() != '"' {
			d.fail()
			return
		}
		name := d.quoted()
		d.need(':')
		d.member(v, name, depth)
	}
}

// next reads what stands between two values and reports whether another follows.
func (d *decoder) next(end byte) bool {
	if d.take(',') {
		return true
	}
	d.need(end)
	return false
}

// member reads the value of a name into the field or entry of v.
func (d *decoder) member(v reflect.Value, name string, depth int) {
	if !v.IsValid() || v.Kind() == reflect.Struct {
		d.value(field(v, name), depth)
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	key := reflect.New(v.Type().Key()).Elem()
	d.setString(key, name)
	entry := reflect.New(v.Type().Elem()).Elem()
	d.value(entry, depth)
	if !d.failed {
		v.SetMapIndex(key, entry)
	}
}

// field returns the field of a name, the zero Value if v has none.
func field(v reflect.Value, name string) reflect.Value {
	if !v.IsValid() {
		return v
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.PkgPath == "" && tag != "-" && (tag == name || tag == "" && f.Name == name) {
			return v.Field(i)
		}
	}
	return reflect.Value{}
}

func (d *decoder) array(v reflect.Value, depth int) {
	if v.IsValid() && v.Kind() != reflect.Slice {
		d.fail()
		return
	}
	d.need('[')
	n := 0
	for more := !d.take(']'); more; more = d.next(']') {
		var item reflect.Value
		if v.IsValid() {
			item = reflect.New(v.Type().Elem()).Elem()
		}
		d.value(item, depth)
		if v.IsValid() && !d.failed {
			v.Set(reflect.Append(v.Slice(0, n), item))
		}
		n++
	}
	if v.IsValid() && n == 0 && !d.failed {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
}

func (d *decoder) setString(v reflect.Value, s string) {
	switch {
	case !v.IsValid() || d.failed:
	case v.Kind() == reflect.String:
		v.SetString(s)
	default:
		d.fail()
	}
}

// literal reads a number, true, false or null.
func (d *decoder) literal(v reflect.Value) {
	n := strings.IndexAny(d.text, " \t\r\n,:]}")
	if n < 0 {
		n = len(d.text)
	}
	word := d.text[:n]
	d.text = d.text[n:]
	switch word {
	case "null":
		if v.IsValid() && (v.Kind() == reflect.Pointer || v.Kind() == reflect.Map || v.Kind() == reflect.Slice) {
			v.SetZero()
		}
	case "true", "false":
		d.setBool(v, word == "true")
	default:
		d.number(v, word)
	}
}

func (d *decoder) setBool(v reflect.Value, is bool) {
	switch {
	case !v.IsValid():
	case v.Kind() == reflect.Bool:
		v.SetBool(is)
	default:
		d.fail()
	}
}

func (d *decoder) number(v reflect.Value, word string) {
	var err error
	switch {
	case !isNumber(word):
		err = strconv.ErrSyntax
	case !v.IsValid():
	case v.CanInt():
		var n int64
		n, err = strconv.ParseInt(word, 10, v.Type().Bits())
		v.SetInt(n)
	case v.CanFloat():
		var x float64
		x, err = strconv.ParseFloat(word, v.Type().Bits())
		v.SetFloat(x)
	default:
		err = strconv.ErrSyntax
	}
	if err != nil {
		d.fail()
	}
}

// isNumber reports whether a word is a number of JSON's grammar.
func isNumber(word string) bool {
	digits := func() bool {
		rest := strings.TrimLeft(word, "0123456789")
		some := rest != word
		word = rest
		return some
	}
	word = strings.TrimPrefix(word, "-")
	if len(word) > 1 && word[0] == '0' && word[1] >= '0' && word[1] <= '9' || !digits() {
		return false
	}
	if rest, ok := strings.CutPrefix(word, "."); ok {
		if word = rest; !digits() {
			return false
		}
	}
	if word != "" && (word[0] == 'e' || word[0] == 'E') {
		if word = word[1:]; word != "" && (word[0] == '+' || word[0] == '-') {
			word = word[1:]
		}
		if !digits() {
			return false
		}
	}
	return word == ""
}
