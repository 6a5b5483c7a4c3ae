package strictjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Decode reads one JSON value of at most limit bytes into what into points to.
// The error is a Problems; what into points to is then half filled.
//
// It knows structs whose fields all have json tags, slices, maps with strings as
// keys, pointers, strings, booleans, whole numbers and json.RawMessage, and
// panics on other types: they are a mistake of the program. A field that the text
// leaves out keeps its value. A struct's field that is null counts as left out, as
// writers of many languages mean it, but a whole number is digits or nothing.
func Decode(data []byte, into any, limit int) error {
	v, problems := Parse(data, limit)
	if v != nil {
		problems.fill(v, reflect.ValueOf(into).Elem())
	}
	return problems.Err()
}

var rawMessage = reflect.TypeFor[json.RawMessage]()

// fill stores a value, or adds what is wrong with it.
func (p *Problems) fill(v *Value, into reflect.Value) {
	if into.Type() == rawMessage {
		into.SetBytes(bytes.Clone(v.Raw))
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		p.fill(v, into.Elem())
	case reflect.Struct:
		p.fillStruct(v, into)
	case reflect.Map:
		p.fillMap(v, into)
	case reflect.Slice:
		p.fillSlice(v, into)
	case reflect.String:
		if v.Is(String, p) {
			into.SetString(v.Text)
		}
	case reflect.Bool:
		if v.Is(Bool, p) {
			into.SetBool(v.Text == "true")
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.fillInt(v, into)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		p.fillUint(v, into)
	default:
		panic(fmt.Sprintf("strictjson: can't decode into %s", into.Type()))
	}
}

func (p *Problems) fillStruct(v *Value, into reflect.Value) {
	if !v.Is(Object, p) {
		return
	}
	fields := fieldsOf(into.Type())
	for i := range v.Fields {
		f := &v.Fields[i]
		index, ok := fields[f.Name]
		switch {
		case !ok:
			p.AddUnknown(f, slices.Collect(maps.Keys(fields)))
		case f.Value.Kind == Null && mayBeNull(into.Field(index)):
		default:
			p.fill(&f.Value, into.Field(index))
		}
	}
}

// mayBeNull reports whether null leaves a field out.
func mayBeNull(field reflect.Value) bool {
	return !field.CanInt() && !field.CanUint() && field.Type() != rawMessage
}

// fieldsOf returns the indexes of a struct's fields by their names in JSON.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		switch name {
		case "":
			panic(fmt.Sprintf("strictjson: field %s of %s has no json tag", t.Field(i).Name, t))
		case "-":
		default:
			fields[name] = i
		}
	}
	return fields
}

func (p *Problems) fillMap(v *Value, into reflect.Value) {
	if !v.Is(Object, p) {
		return
	}
	into.Set(reflect.MakeMapWithSize(into.Type(), len(v.Fields)))
	for i := range v.Fields {
		f := &v.Fields[i]
		item := reflect.New(into.Type().Elem()).Elem()
		p.fill(&f.Value, item)
		into.SetMapIndex(reflect.ValueOf(f.Name).Convert(into.Type().Key()), item)
	}
}

func (p *Problems) fillSlice(v *Value, into reflect.Value) {
	if !v.Is(Array, p) {
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(v.Items), len(v.Items)))
	for i := range v.Items {
		p.fill(&v.Items[i], into.Index(i))
	}
}

func (p *Problems) fillInt(v *Value, into reflect.Value) {
	if !p.digits(v) {
		return
	}
	n, err := strconv.ParseInt(v.Text, 10, into.Type().Bits())
	if err != nil {
		p.AddAt(v, RuleRange, "is too small or too large, is %s", Cut(v.Text))
		return
	}
	into.SetInt(n)
}

func (p *Problems) fillUint(v *Value, into reflect.Value) {
	if !p.digits(v) {
		return
	}
	n, err := strconv.ParseUint(v.Text, 10, into.Type().Bits())
	if err != nil {
		p.AddAt(v, RuleRange, "is too small or too large, is %s", Cut(v.Text))
		return
	}
	into.SetUint(n)
}

// digits reports whether a value is a whole number written in digits, and adds a
// problem if not.
func (p *Problems) digits(v *Value) bool {
	if v.Kind != Number {
		p.AddAt(v, RuleType, "must be a whole number, is %s", v.Kind)
		return false
	}
	return p.InDigits(v)
}
