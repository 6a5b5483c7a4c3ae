package capability

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// kind is the JSON type of a value.
type kind string

const (
	kindNull   kind = "null"
	kindBool   kind = "boolean"
	kindNumber kind = "number"
	kindString kind = "string"
	kindArray  kind = "array"
	kindObject kind = "object"
)

// value is a parsed JSON value. Unlike a map it keeps fields that stand twice.
type value struct {
	kind   kind
	text   string // of a string or, as written, of a number
	truth  bool
	items  []value
	fields []namedValue
}

type namedValue struct {
	name  string
	value value
}

// maxDepth is how deep values may nest; a document needs six levels.
const maxDepth = 16

// parse reads exactly one JSON value.
func parse(data []byte) (value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readValue(d, 0)
	if err != nil {
		return value{}, syntaxError(data, d.InputOffset(), err)
	}
	end := d.InputOffset()
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return value{}, fmt.Errorf("something follows the document on line %d", lineAfter(data, end))
	}
	return v, nil
}

func syntaxError(data []byte, read int64, err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("the document ends in the middle")
	}
	return fmt.Errorf("not JSON on line %d: %w", lineAfter(data, read), err)
}

// lineAfter is the line of the first token after those that have been read.
func lineAfter(data []byte, read int64) int {
	rest := bytes.TrimLeft(data[read:], " \t\r\n")
	return 1 + bytes.Count(data[:len(data)-len(rest)], []byte("\n"))
}

func readValue(d *json.Decoder, depth int) (value, error) {
	if depth > maxDepth {
		return value{}, errors.New("nested too deeply")
	}
	token, err := d.Token()
	if err != nil {
		return value{}, err
	}
	switch t := token.(type) {
	case nil:
		return value{kind: kindNull}, nil
	case bool:
		return value{kind: kindBool, truth: t}, nil
	case json.Number:
		return value{kind: kindNumber, text: t.String()}, nil
	case string:
		return value{kind: kindString, text: t}, nil
	case json.Delim:
		if t == '[' {
			return readArray(d, depth)
		}
		return readObject(d, depth)
	}
	return value{}, fmt.Errorf("unexpected token %v", token)
}

func readArray(d *json.Decoder, depth int) (value, error) {
	v := value{kind: kindArray}
	for d.More() {
		item, err := readValue(d, depth+1)
		if err != nil {
			return value{}, err
		}
		v.items = append(v.items, item)
	}
	_, err := d.Token() // the closing bracket
	return v, err
}

func readObject(d *json.Decoder, depth int) (value, error) {
	v := value{kind: kindObject}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return value{}, err
		}
		field, err := readValue(d, depth+1)
		if err != nil {
			return value{}, err
		}
		v.fields = append(v.fields, namedValue{fmt.Sprint(name), field})
	}
	_, err := d.Token() // the closing brace
	return v, err
}
