package sqlstore

import (
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"morepay/internal/pay"
)

// The adapters below couple a struct's field with a column whose type differs.
// Each works in both directions: Value writes the field, Scan fills it.

// millis is a time as Unix milliseconds, 0 for the zero time. Value rounds the
// field as well, so that what has been stored equals what will be loaded.
type millis struct{ t *time.Time }

func toMillis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func round(t time.Time) time.Time { return fromMillis(toMillis(t)) }

func (m millis) Value() (driver.Value, error) {
	*m.t = round(*m.t)
	return toMillis(*m.t), nil
}

func (m millis) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T, want int64", src)
	}
	*m.t = fromMillis(ms)
	return nil
}

// happened reads from a column of millis whether there is a time at all.
type happened struct{ yes *bool }

func (h happened) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T, want int64", src)
	}
	*h.yes = ms != 0
	return nil
}

// jsonColumn is a value as JSON.
type jsonColumn struct{ v any }

func (d jsonColumn) Value() (driver.Value, error) {
	text, err := json.Marshal(d.v)
	return string(text), err
}

func (d jsonColumn) Scan(src any) error {
	switch text := src.(type) {
	case string:
		return json.Unmarshal([]byte(text), d.v)
	case []byte:
		return json.Unmarshal(text, d.v)
	}
	return fmt.Errorf("a JSON value is stored as %T, want text", src)
}

// action is an action as JSON, null for none. Its time is rounded as in millis.
type action struct{ a **pay.Action }

func (a action) Value() (driver.Value, error) {
	if *a.a != nil {
		rounded := **a.a
		rounded.ExpiresAt = round(rounded.ExpiresAt)
		*a.a = &rounded
	}
	return jsonColumn{a.a}.Value()
}

func (a action) Scan(src any) error { return jsonColumn{a.a}.Scan(src) }

// digest stands for all that a statement says, so that a sender who uses an id
// again for another statement is noticed. It is written and never read. How the
// statement came to us, and its raw form, are no part of it.
type digest struct{ e *pay.Evidence }

func (d digest) Value() (driver.Value, error) {
	said := *d.e
	said.ReceivedAt, said.Raw = time.Time{}, nil
	text, err := json.Marshal(said)
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

func (d digest) Scan(any) error { return nil }

// blob is bytes; none and nil are the same.
type blob struct{ b *[]byte }

func (b blob) Value() (driver.Value, error) { return append([]byte{}, *b.b...), nil }

func (b blob) Scan(src any) error {
	bytes, ok := src.([]byte)
	if !ok {
		return fmt.Errorf("bytes are stored as %T, want []byte", src)
	}
	*b.b = append([]byte(nil), bytes...)
	return nil
}

// optional is a text that is NULL when it is empty.
type optional struct{ s *string }

func (o optional) Value() (driver.Value, error) {
	if *o.s == "" {
		return nil, nil
	}
	return *o.s, nil
}

func (o optional) Scan(src any) error {
	switch text := src.(type) {
	case nil:
		*o.s = ""
	case string:
		*o.s = text
	default:
		return fmt.Errorf("a text is stored as %T, want string", src)
	}
	return nil
}

// values returns fields as a database takes them: plain values that can be
// compared with an earlier state of the same fields.
func values(fields []any) ([]any, error) {
	out := make([]any, len(fields))
	for i, field := range fields {
		value, err := driver.DefaultParameterConverter.ConvertValue(field)
		if err != nil {
			return nil, err
		}
		out[i] = value
	}
	return out, nil
}
