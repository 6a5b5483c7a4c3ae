package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"morepay/internal/pay"
)

// DecodeSettings decodes an account's settings into a pointer to a struct whose
// fields all have json tags. A field that is unknown, written in another case,
// given twice or of another type is a *pay.Error that names it.
func DecodeSettings(raw json.RawMessage, into any) error {
	if err := checkKeys(raw, fieldNames(into)); err != nil {
		return err
	}
	err := json.Unmarshal(raw, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return pay.Errorf(pay.CodeInvalid, wrong.Field, "must be a %s", wrong.Type)
	}
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "", "must be valid JSON")
	}
	return nil
}

func fieldNames(into any) map[string]bool {
	t := reflect.TypeOf(into).Elem()
	names := map[string]bool{}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}

func checkKeys(raw json.RawMessage, known map[string]bool) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if open, err := dec.Token(); err != nil || open != json.Delim('{') {
		return pay.Errorf(pay.CodeInvalid, "", "must be a JSON object")
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return pay.Errorf(pay.CodeInvalid, "", "must be valid JSON")
		}
		name, _ := token.(string)
		if !known[name] {
			return pay.Errorf(pay.CodeInvalid, name, "is not a setting of this provider")
		}
		if seen[name] {
			return pay.Errorf(pay.CodeInvalid, name, "is given twice")
		}
		seen[name] = true
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return pay.Errorf(pay.CodeInvalid, name, "must be valid JSON")
		}
	}
	return nil
}
