package document_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"pgregory.net/rapid"

	"morepay/internal/capability/capabilitytest"
	"morepay/internal/capability/document"
	"morepay/internal/strictjson"
)

// beyondSchema lists the rules that a JSON Schema can't state, with the reason.
// The list may only get shorter.
var beyondSchema = map[strictjson.Rule]string{
	strictjson.RuleSyntax:       "a schema is about JSON values, not about texts that are none",
	strictjson.RuleTooLarge:     "a schema does not see bytes",
	strictjson.RuleDuplicateKey: "a schema sees objects after their keys have been merged",
	strictjson.RuleDigits:       "a schema sees numbers, however they are written",
	strictjson.RuleEncoding:     "a schema sees characters after they have been decoded",
	document.RuleMethodTwice:    "uniqueItems compares whole entries, not one field of them",
	document.RuleInvisible:      "not every validator's patterns know the classes of Unicode",
	document.RuleReversed:       "no keyword compares two values",
	document.RuleOverlap:        "no keyword compares two lists",
	document.RuleDecimals:       "multipleOf divides binary fractions in most validators, and refuses 0.07",
	document.RuleContrast:       "no keyword computes",
	document.RuleUndeclared:     "no keyword looks a value up in another place",
}

func compiled(t testing.TB) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(document.Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	if err := c.AddResource("capabilities.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("capabilities.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// compare holds the verdicts of schema and decoder on one document to each
// other.
func compare(t interface{ Errorf(string, ...any) }, s *jsonschema.Schema, data []byte) {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Errorf("not JSON: %v\n%s", err, data)
		return
	}
	refused := s.Validate(value)
	_, err = document.Decode(data)
	problems, _ := err.(strictjson.Problems)
	stated := slices.DeleteFunc(slices.Clone(problems), func(p strictjson.Problem) bool { return beyondSchema[p.Rule] != "" })
	if (refused == nil) != (len(stated) == 0) {
		t.Errorf("%s\nschema: %v\ndecoder: %v", data, refused, err)
	}
}

func TestSchemaAgreesOnGenerated(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	rapid.Check(t, func(t *rapid.T) {
		compare(t, s, capabilitytest.AnyDocument(capabilitytest.Rapid(t)).JSON())
	})
}

func TestSchemaAgreesOnMutated(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	rapid.Check(t, func(t *rapid.T) {
		roll := capabilitytest.Rapid(t)
		data := capabilitytest.AnyDocument(roll).JSON()
		for range 1 + roll(3) {
			value, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if data, err = json.Marshal(mutate(roll, value)); err != nil {
				t.Fatal(err)
			}
		}
		compare(t, s, data)
	})
}

// oddities are the values that mutations put in place of others: JSON, one a
// line.
var oddities = strings.Split(strings.TrimSpace(`
null
true
""
"x"
"CNY"
"EUR"
"cny"
"CN"
"zz"
"alipay"
"open"
"rollout"
"scheduled"
"qr"
"page_qr"
"en-"
"zh-Hant-TW-x1"
"zh-Hant-TW-x1-y2"
"zh-"
"english"
"zh-1"
"zh-123456789"
"A_b"
"10.40"
"1.2.3.4.5"
"2027-01-01T00:00:00Z"
"2027-01-01T00:00:00+08:00"
"2027-02-30T00:00:00Z"
"2027-01-01T24:00:00Z"
"2027-01-01T00:00:60Z"
"2027-01-01T00:00:00.5Z"
"2027-01-01t00:00:00z"
"2027-01-01T00:00:00-00:00"
"2027-01-01T00:00:00+00:00"
"2027-01-01T00:00:00-00:30"
"2027-01-01T00:00:00+24:00"
"2027-01-01T00:00:00+08:60"
"1999-12-31T00:00:00Z"
"2100-01-01T00:00:00Z"
"2099-12-31T23:59:59-23:59"
"2027-1-1T00:00:00Z"
"2027-01-01T1:00:00Z"
"2027-01-01T00:00:00,5Z"
"2027-01-01T00:00:00+8:00"
"2027-01-01T00:00:00+0800"
"2027-01-01 00:00:00Z"
"2027-01-01T00:00:00-24:00"
"2028-02-29T00:00:00Z"
"2027-02-29T00:00:00Z"
"a\tb"
"a\u007fb"
"茶"
"\u2028"
0
-0
-1
1
1.0
1e0
1.5
0.01
0.001
99.99
100.0
100.01
9007199254740991
9007199254740992
1e30
[]
["x"]
["CNY","CNY"]
["x","x"]
{}
{"CNY":{"min":1}}
{"percent":50}
{"from":"2027-01-01T00:00:00Z"}
{"taobao":"10.40"}
{"taobao":"1"}
{"min":2,"max":1}
`), "\n")

func oddity(roll capabilitytest.Dice) any {
	return json.RawMessage(capabilitytest.Pick(roll, oddities))
}

// TestSchemaAgreesOnEveryReplacement puts every oddity into every place of a
// document that has everything.
func TestSchemaAgreesOnEveryReplacement(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	full, err := os.ReadFile("testdata/full.json")
	if err != nil {
		t.Fatal(err)
	}
	for place := range count(decoded(t, full)) {
		for _, odd := range oddities {
			data, err := json.Marshal(replaced(decoded(t, full), place, json.RawMessage(odd)))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, s, data)
		}
	}
}

func decoded(t *testing.T, data []byte) any {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// count returns the number of values in a value, itself included.
func count(v any) int {
	n := 1
	for _, child := range children(v) {
		n += count(child.value)
	}
	return n
}

// replaced returns v with its place-th value, counted from the top, being
// another.
func replaced(v any, place int, by any) any {
	if place == 0 {
		return by
	}
	place--
	for _, child := range children(v) {
		if n := count(child.value); place >= n {
			place -= n
			continue
		}
		child.set(replaced(child.value, place, by))
		return v
	}
	panic("no such place")
}

type child struct {
	value any
	set   func(any)
}

// children returns the values of an object, by name, or of an array.
func children(v any) []child {
	var list []child
	switch v := v.(type) {
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			list = append(list, child{v[k], func(by any) { v[k] = by }})
		}
	case []any:
		for i := range v {
			list = append(list, child{v[i], func(by any) { v[i] = by }})
		}
	}
	return list
}

// names are keys that mutations add.
var names = []string{"x", "rollout", "schedule", "limits", "regions", "products", "allowed", "excluded", "theme", "version", "CNY", "USD", "taobao", "min", "from", "until", "salt", "batch", "reason", "icon"}

// mutate changes one place in a JSON value.
func mutate(roll capabilitytest.Dice, v any) any {
	switch v := v.(type) {
	case map[string]any:
		return mutateObject(roll, v)
	case []any:
		return mutateArray(roll, v)
	}
	return oddity(roll)
}

func mutateObject(roll capabilitytest.Dice, v map[string]any) any {
	keys := slices.Sorted(maps.Keys(v))
	switch action := roll(8); {
	case action == 0 || len(keys) == 0:
		v[capabilitytest.Pick(roll, names)] = oddity(roll)
	case action == 1:
		delete(v, capabilitytest.Pick(roll, keys))
	case action == 2:
		return oddity(roll)
	default:
		k := capabilitytest.Pick(roll, keys)
		v[k] = mutate(roll, v[k])
	}
	return v
}

func mutateArray(roll capabilitytest.Dice, v []any) any {
	switch action := roll(6); {
	case action == 0 || len(v) == 0:
		return append(v, oddity(roll))
	case action == 1:
		return append(v, capabilitytest.Pick(roll, v))
	case action == 2:
		return oddity(roll)
	}
	i := roll(len(v))
	v[i] = mutate(roll, v[i])
	return v
}

// TestSchemaOnFixtures: every fixture with a rule beyond the schema must pass
// the schema, so that beyondSchema shrinks as soon as it can; every other one
// must fail it.
func TestSchemaOnFixtures(t *testing.T) {
	t.Parallel()
	s := compiled(t)
	covered := map[strictjson.Rule]bool{strictjson.RuleTooLarge: true}
	for _, tt := range broken {
		covered[tt.rule] = true
		if tt.rule == strictjson.RuleSyntax {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "broken", tt.name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			compare(t, s, data)
		})
	}
	for rule := range beyondSchema {
		if !covered[rule] {
			t.Errorf("no fixture shows that %s is beyond the schema", rule)
		}
	}
}

// TestWordLists tries every word that could be a currency or region: decoder
// and schema agree, and what they take is known to the Unicode project too.
func TestWordLists(t *testing.T) {
	t.Parallel()
	var s struct {
		Defs struct{ Currency, Region struct{ Enum []string } } `json:"$defs"`
	}
	if err := json.Unmarshal(document.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		length int
		before string
		after  string
		listed []string
		known  func(string) bool
	}{
		{"currencies", 3, `"currencies":["`, `"]`, s.Defs.Currency.Enum, func(w string) bool { _, err := currency.ParseISO(w); return err == nil }},
		{"regions", 2, `"currencies":["CNY"],"regions":["`, `"]`, s.Defs.Region.Enum, func(w string) bool { r, err := language.ParseRegion(w); return err == nil && r.IsCountry() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			accepted := 0
			for _, word := range allWords(tt.length) {
				_, err := document.Decode([]byte(`{"schema":1,"merchant":"m","name":"M","locale":"en","visible":1,"methods":[{"method":"unionpay","state":"open","rails":[],` +
					tt.before + word + tt.after + `}]}`))
				if err != nil {
					continue
				}
				accepted++
				if !slices.Contains(tt.listed, word) {
					t.Errorf("%s is taken by the decoder only", word)
				}
				if !tt.known(word) && !newer[word] {
					t.Errorf("%s is not known to golang.org/x/text", word)
				}
			}
			if accepted != len(tt.listed) {
				t.Errorf("the decoder takes %d, the schema lists %d", accepted, len(tt.listed))
			}
		})
	}
}

// newer are codes that the tables of golang.org/x/text are too old for.
var newer = map[string]bool{"MRU": true, "SLE": true, "VED": true, "VES": true, "XCG": true, "ZWG": true}

func allWords(length int) []string {
	words := []string{""}
	for range length {
		var longer []string
		for _, w := range words {
			for c := 'A'; c <= 'Z'; c++ {
				longer = append(longer, w+string(c))
			}
		}
		words = longer
	}
	return words
}
