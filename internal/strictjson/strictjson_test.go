package strictjson_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/strictjson"
)

const limit = 1 << 10

// order has a field of every type that can be decoded into.
type order struct {
	Name   string            `json:"name"`
	Gift   bool              `json:"gift,omitempty"`
	Amount money             `json:"amount"`
	Refund *money            `json:"refund"`
	Items  []item            `json:"items"`
	Notes  map[string]string `json:"notes"`
	Extra  json.RawMessage   `json:"extra"`
	Seed   uint8             `json:"seed"`
	Hidden string            `json:"-"`
}

type money struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

type item struct {
	SKU string `json:"sku"`
}

// TestRules has one mistake a row.
func TestRules(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		path       string
		line       int
		rule       strictjson.Rule
	}{
		{"nothing", "", "", 1, strictjson.RuleSyntax},
		{"blank", " \n", "", 2, strictjson.RuleSyntax},
		{"half-an-object", "{\"name\":\"a\"", "", 1, strictjson.RuleSyntax},
		{"half-a-field", "{\n\"amount\":{\n\"value\":", "amount.value", 3, strictjson.RuleSyntax},
		{"half-a-list", "{\"items\":[{}", "items[1]", 1, strictjson.RuleSyntax},
		{"comma-at-the-end", "{\"name\":\"a\",\n}", "", 1, strictjson.RuleSyntax},
		{"no-colon", "{\"name\" 1}", "name", 1, strictjson.RuleSyntax},
		{"name-without-quotes", "{\nname:1}", "", 2, strictjson.RuleSyntax},
		{"bracket-for-brace", "{]", "", 1, strictjson.RuleSyntax},
		{"single-quotes", "{'name':1}", "", 1, strictjson.RuleSyntax},
		{"comment", "{} // mine", "", 1, strictjson.RuleSyntax},
		{"byte-order-mark", "\ufeff{}", "", 1, strictjson.RuleSyntax},
		{"utf-16", "\xff\xfe{\x00}\x00", "", 1, strictjson.RuleSyntax},
		{"two-values", "{}\n\n{}", "", 3, strictjson.RuleSyntax},
		{"zero-byte-after", "{}\x00", "", 1, strictjson.RuleSyntax},
		{"control-character", "{\"name\":\"a\tb\"}", "name", 1, strictjson.RuleSyntax},
		{"leading-zero", `{"amount":{"value":01}}`, "amount", 1, strictjson.RuleSyntax},
		{"plus-sign", `{"amount":{"value":+1}}`, "amount.value", 1, strictjson.RuleSyntax},
		{"not-a-number", `{"amount":{"value":NaN}}`, "amount.value", 1, strictjson.RuleSyntax},
		{"too-deep", strings.Repeat("[", 40) + strings.Repeat("]", 40), "", 1, strictjson.RuleSyntax},
		{"too-deep-where-anything-goes", `{"extra":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "", 1, strictjson.RuleSyntax},
		{"too-large", `{"name":"` + strings.Repeat("a", limit) + `"}`, "", 1, strictjson.RuleTooLarge},
		{"invalid-utf-8", "{\"name\":\"\xff\"}", "name", 1, strictjson.RuleEncoding},
		{"invalid-utf-8-where-anything-goes", "{\"extra\":[\n{\"a\":\"\xff\"}]}", "extra[0].a", 2, strictjson.RuleEncoding},
		{"overlong-utf-8", "{\"name\":\"\xc0\xaf\"}", "name", 1, strictjson.RuleEncoding},
		{"surrogate-in-utf-8", "{\"name\":\"\xed\xa0\x80\"}", "name", 1, strictjson.RuleEncoding},
		{"high-surrogate-alone", `{"name":"\ud83d"}`, "name", 1, strictjson.RuleEncoding},
		{"low-surrogate-alone", `{"name":"\ude00"}`, "name", 1, strictjson.RuleEncoding},
		{"surrogates-turned-round", `{"name":"\ude00\ud83d"}`, "name", 1, strictjson.RuleEncoding},
		{"invalid-utf-8-in-a-key", "{\"notes\":{\"\xff\":\"a\"}}", "notes", 1, strictjson.RuleEncoding},
		{"twice", "{\"name\":\"a\",\n\"name\":\"b\"}", "name", 2, strictjson.RuleDuplicateKey},
		{"twice-the-same", `{"name":"a","name":"a"}`, "name", 1, strictjson.RuleDuplicateKey},
		{"twice-by-escape", `{"name":"a","n\u0061me":"b"}`, "name", 1, strictjson.RuleDuplicateKey},
		{"twice-below", `{"items":[{},{"sku":"a","sku":"b"}]}`, "items[1].sku", 1, strictjson.RuleDuplicateKey},
		{"twice-in-a-map", `{"notes":{"a":"b","a":"c"}}`, "notes.a", 1, strictjson.RuleDuplicateKey},
		{"twice-where-anything-goes", `{"extra":{"a":{"b":1,"b":2}}}`, "extra.a.b", 1, strictjson.RuleDuplicateKey},
		{"unknown", `{"nam":"a"}`, "nam", 1, strictjson.RuleUnknownField},
		{"unknown-below", `{"amount":{"cents":1}}`, "amount.cents", 1, strictjson.RuleUnknownField},
		{"unknown-without-a-name", `{"":1}`, "", 1, strictjson.RuleUnknownField},
		{"unknown-with-control-characters", `{"a\nb":1}`, `a\nb`, 1, strictjson.RuleUnknownField},
		{"name-of-go", `{"Hidden":"a"}`, "Hidden", 1, strictjson.RuleUnknownField},
		{"other-case", `{"Name":"a"}`, "Name", 1, strictjson.RuleWrongCase},
		{"other-case-below", `{"amount":{"VALUE":1}}`, "amount.VALUE", 1, strictjson.RuleWrongCase},
		{"other-case-of-unicode", `{"item\u017f":[]}`, "itemſ", 1, strictjson.RuleWrongCase},
		{"list-for-object", `[]`, "", 1, strictjson.RuleType},
		{"null-for-object", `null`, "", 1, strictjson.RuleType},
		{"number-for-string", "{\n\"name\":\n1}", "name", 3, strictjson.RuleType},
		{"null-in-list", `{"items":[null]}`, "items[0]", 1, strictjson.RuleType},
		{"null-in-map", `{"notes":{"a":null}}`, "notes.a", 1, strictjson.RuleType},
		{"object-for-list", `{"items":{}}`, "items", 1, strictjson.RuleType},
		{"string-in-list", `{"items":[{},"a"]}`, "items[1]", 1, strictjson.RuleType},
		{"list-for-map", `{"notes":[]}`, "notes", 1, strictjson.RuleType},
		{"number-in-map", `{"notes":{"a":1}}`, "notes.a", 1, strictjson.RuleType},
		{"string-for-boolean", `{"gift":"true"}`, "gift", 1, strictjson.RuleType},
		{"string-for-whole-number", `{"amount":{"value":"1"}}`, "amount.value", 1, strictjson.RuleType},
		{"null-for-whole-number", `{"amount":{"value":null}}`, "amount.value", 1, strictjson.RuleType},
		{"fraction", `{"amount":{"value":1.5}}`, "amount.value", 1, strictjson.RuleDigits},
		{"fraction-of-nothing", `{"amount":{"value":1.0}}`, "amount.value", 1, strictjson.RuleDigits},
		{"exponent", `{"amount":{"value":1e2}}`, "amount.value", 1, strictjson.RuleDigits},
		{"exponent-in-capitals", `{"amount":{"value":1E2}}`, "amount.value", 1, strictjson.RuleDigits},
		{"too-large-a-number", `{"amount":{"value":9223372036854775808}}`, "amount.value", 1, strictjson.RuleRange},
		{"too-large-for-its-type", `{"seed":256}`, "seed", 1, strictjson.RuleRange},
		{"negative-without-sign", `{"seed":-1}`, "seed", 1, strictjson.RuleRange},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := problems(t, tt.text)
			if len(got) != 1 || got[0].Path != tt.path || got[0].Line != tt.line || got[0].Rule != tt.rule {
				t.Errorf("got %+v, want %s at %q, line %d", got, tt.rule, tt.path, tt.line)
			}
		})
	}
}

// problems decodes a text that must be refused.
func problems(t *testing.T, text string) strictjson.Problems {
	t.Helper()
	err := strictjson.Decode([]byte(text), new(order), limit)
	p, ok := errors.AsType[strictjson.Problems](err)
	if !ok {
		t.Fatalf("error is %v, want Problems", err)
	}
	return p
}

// TestNullIsLeftOut: many writers write null for what they don't have.
func TestNullIsLeftOut(t *testing.T) {
	t.Parallel()
	got := order{Name: "kept"}
	err := strictjson.Decode([]byte(`{"name":null,"gift":null,"amount":null,"refund":null,"items":null,"notes":null}`), &got, limit)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(order{Name: "kept"}, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	got := order{Hidden: "kept", Seed: 7}
	err := strictjson.Decode([]byte(` {"name":"茶 \ud83c\udf75","gift":true,"amount":{"currency":"CNY","value":-9223372036854775808},
		"refund":{"value":1},"items":[{"sku":"a"},{}],"notes":{"Name":"b","name":"c"},"extra":{"a":[1.5e3, null]}} `), &got, limit)
	if err != nil {
		t.Fatal(err)
	}
	want := order{
		Name: "茶 🍵", Gift: true, Amount: money{"CNY", -1 << 63}, Refund: &money{Value: 1}, Items: []item{{"a"}, {}},
		Notes: map[string]string{"Name": "b", "name": "c"}, Extra: json.RawMessage(`{"a":[1.5e3, null]}`), Seed: 7, Hidden: "kept",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
}

// TestTheSmallestCase: encoding/json takes this for 1 fen, most readers for 100.
func TestTheSmallestCase(t *testing.T) {
	t.Parallel()
	got := problems(t, `{"amount":{"currency":"CNY","value":100},"amount":{"VALUE":1}}`)
	if want := "amount: is given twice"; got.Error() != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	got := problems(t, "{\"nam\":\"a\",\n\"Gift\":true,\n\"amount\":{\"value\":1e2},\n\"name\":\"\xff\",\"name\":\"\"}")
	want := strictjson.Problems{
		{Path: "name", Line: 4, Rule: "encoding", Message: "holds a character that is no Unicode"},
		{Path: "name", Line: 4, Rule: "duplicate_key", Message: "is given twice"},
		{Path: "nam", Line: 1, Rule: "unknown_field", Message: `is not a known field: did you mean "name"?`},
		{Path: "Gift", Line: 2, Rule: "wrong_case", Message: `must be spelled "gift"`},
		{Path: "amount.value", Line: 3, Rule: "digits", Message: "must be a whole number in digits, is 1e2"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	t.Parallel()
	many := problems(t, `{"items":[`+strings.Repeat("1,", 100)+`1]}`)
	if len(many) != strictjson.MaxProblems {
		t.Errorf("%d problems, want %d", len(many), strictjson.MaxProblems)
	}
	long := problems(t, `{"`+strings.Repeat("茶", 100)+`":1,"seed":`+strings.Repeat("9", 100)+`}`)
	for _, p := range long {
		if n := utf8.RuneCountInString(p.Error()); n > 120 {
			t.Errorf("%d characters: %s", n, p)
		}
	}
}

func TestOtherTypesPanic(t *testing.T) {
	t.Parallel()
	for name, into := range map[string]any{"float": new(float64), "untagged": new(struct{ A int }), "any": new(any)} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("was decoded into")
				}
			}()
			strictjson.Decode([]byte(`{}`), into, limit)
		})
	}
}

// anyText makes texts that are often taken and often not quite.
func anyText(t *rapid.T) string {
	names := []string{"name", "gift", "amount", "refund", "items", "notes", "extra", "seed", "Name", "value", "currency", "sku", "-"}
	values := []string{
		`""`, `"a"`, `"\u00e9\ud83d\ude00"`, `"\ud800"`, `0`, `-0`, `7`, `-7`, `255`, `1e2`, `1.0`, `true`, `false`, `null`, `[]`, `{}`,
		`{"value":1}`, `{"currency":"CNY","value":5980}`, `[{"sku":"a"}]`, `{"a":"b"}`, "\"\xff\"",
	}
	var fields []string
	for range rapid.IntRange(0, 5).Draw(t, "fields") {
		fields = append(fields, fmt.Sprintf("%q: %s", rapid.SampledFrom(names).Draw(t, "name"), rapid.SampledFrom(values).Draw(t, "value")))
	}
	return "{" + strings.Join(fields, ",\n") + "}"
}

// TestAcceptedMeansTheSame: what is accepted, encoding/json reads as the same.
func TestAcceptedMeansTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { compare(t, []byte(anyText(t))) })
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		``, `null`, `[]`, `{}{}`, `{"name":"a"}`, `{"amount":{"currency":"CNY","value":100},"amount":{"VALUE":1}}`, "{\"name\":\"\xff\"}",
		`{"name":"\ud83d\ude00","items":[{"sku":"a"}],"extra":[1e5],"refund":{"value":-1}}`, `{"notes":{"a":"b"},"seed":256,"gift":true}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) { compare(t, data) })
}

// compare holds Decode to encoding/json.
func compare(t interface{ Fatalf(string, ...any) }, data []byte) {
	var got, want order
	err := strictjson.Decode(data, &got, limit)
	if err != nil {
		p, ok := errors.AsType[strictjson.Problems](err)
		if !ok || len(p) == 0 || len(p) > strictjson.MaxProblems {
			t.Fatalf("refused without a problem: %v", err)
		}
		for _, problem := range p {
			if lines := 1 + strings.Count(string(data), "\n"); problem.Line < 1 || problem.Line > lines || problem.Rule == "" || problem.Message == "" {
				t.Fatalf("%+v of a text of %d lines", problem, lines)
			}
		}
		return
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatalf("accepted %q, but encoding/json says %v", data, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q (-encoding/json +strictjson):\n%s", data, diff)
	}
}

func BenchmarkDecode(b *testing.B) {
	text := []byte(`{"name":"a","amount":{"currency":"CNY","value":5980},"items":[{"sku":"a"},{"sku":"b"}],"notes":{"a":"b"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if err := strictjson.Decode(text, new(order), limit); err != nil {
			b.Fatal(err)
		}
	}
}
