package document_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"morepay/internal/capability/capabilitytest"
	"morepay/internal/capability/document"
	"morepay/internal/strictjson"
)

// broken lists the fixtures of testdata/broken: each has exactly one mistake.
var broken = []struct {
	name string
	path string
	rule strictjson.Rule
}{
	{"cut-off", "", "syntax"},
	{"two-documents", "", "syntax"},
	{"not-an-object", "", "type"},
	{"nested-too-deeply", "", "syntax"},
	{"duplicate-key", "visible", "duplicate_key"},
	{"duplicate-currency-of-limits", "methods[0].limits.CNY", "duplicate_key"},
	{"name-in-capitals", "Name", "wrong_case"},
	{"version-in-capitals", "Version", "wrong_case"},
	{"half-a-surrogate-pair", "name", "encoding"},
	{"invalid-utf-8", "name", "encoding"},
	{"visible-with-exponent", "visible", "digits"},
	{"limits-with-decimals", "methods[0].limits.CNY.max", "digits"},
	{"percent-with-exponent", "methods[0].rollout.percent", "digits"},
	{"unknown-field", "colour", "unknown_field"},
	{"unknown-field-of-method", "methods[0].fee", "unknown_field"},
	{"unknown-field-of-theme", "theme.css", "unknown_field"},
	{"unknown-field-of-goods", "methods[0].products.excluded.brands", "unknown_field"},
	{"without-schema", "schema", "required"},
	{"without-merchant", "merchant", "required"},
	{"without-name", "name", "required"},
	{"without-locale", "locale", "required"},
	{"without-visible", "visible", "required"},
	{"without-methods", "methods", "required"},
	{"method-without-method", "methods[0].method", "required"},
	{"method-without-state", "methods[0].state", "required"},
	{"method-without-rails", "methods[0].rails", "required"},
	{"method-without-currencies", "methods[0].currencies", "required"},
	{"rollout-without-percent", "methods[0].rollout.percent", "required"},
	{"schema-of-the-future", "schema", "range"},
	{"schema-as-text", "schema", "type"},
	{"version-negative", "version", "range"},
	{"version-not-exact", "version", "range"},
	{"merchant-upper-case", "merchant", "format"},
	{"merchant-empty", "merchant", "format"},
	{"name-empty", "name", "range"},
	{"name-too-long", "name", "range"},
	{"name-with-newline", "name", "format"},
	{"name-blank", "name", "invisible"},
	{"name-of-no-width", "name", "invisible"},
	{"name-turned-round", "name", "invisible"},
	{"name-with-line-separator", "name", "invisible"},
	{"name-with-late-control", "name", "invisible"},
	{"name-of-joiners", "name", "invisible"},
	{"limits-above-alipays-min", "methods[0].limits.CNY.min", "bound"},
	{"limits-above-alipays-max", "methods[0].limits.CNY.max", "bound"},
	{"currency-that-alipay-never-takes", "methods[0].currencies[0]", "currency"},
	{"currency-that-wechat-pay-never-takes", "methods[0].currencies[0]", "currency"},
	{"accent-too-light", "theme.accent", "contrast"},
	{"accent-of-three-digits", "theme.accent", "format"},
	{"preset-unknown", "theme.preset", "unknown_id"},
	{"logo-as-link", "logo", "format"},
	{"operator-empty", "operator", "range"},
	{"help-as-script", "help", "format"},
	{"help-with-space", "help", "format"},
	{"help-of-nothing", "help", "format"},
	{"locale-with-underscore", "locale", "format"},
	{"unknown-accent", "theme.accent", "unknown_id"},
	{"visible-zero", "visible", "range"},
	{"visible-fraction", "visible", "type"},
	{"instant-as-number", "instant", "type"},
	{"friend-pay-as-text", "friend_pay", "type"},
	{"ranking-unknown", "ranking[0]", "unknown_id"},
	{"ranking-twice", "ranking[1]", "duplicate"},
	{"ranking-undeclared", "ranking[0]", "undeclared"},
	{"no-methods", "methods", "range"},
	{"method-unknown", "methods[0].method", "unknown_id"},
	{"method-twice", "methods[1].method", "method_twice"},
	{"state-unknown", "methods[0].state", "unknown_id"},
	{"reason-too-long", "methods[0].reason", "range"},
	{"primary-as-number", "methods[0].primary", "type"},
	{"rank-too-big", "methods[0].rank", "range"},
	{"icon-as-link", "methods[0].icon", "format"},
	{"rail-unknown", "methods[0].rails[0]", "unknown_id"},
	{"rail-that-needs-no-grant", "methods[0].rails[1]", "unknown_id"},
	{"rail-of-another-method", "methods[0].rails[1]", "rail"},
	{"rail-twice", "methods[0].rails[1]", "duplicate"},
	{"rails-null", "methods[0].rails", "type"},
	{"currency-unknown", "methods[0].currencies[0]", "unknown_id"},
	{"currency-lower-case", "methods[0].currencies[0]", "unknown_id"},
	{"no-currencies", "methods[0].currencies", "range"},
	{"limits-empty", "methods[0].limits", "range"},
	{"limits-of-nothing", "methods[0].limits.CNY", "range"},
	{"limits-zero", "methods[0].limits.CNY.min", "range"},
	{"limits-in-yuan", "methods[0].limits.CNY.max", "type"},
	{"limits-huge", "methods[0].limits.CNY.max", "range"},
	{"limits-reversed", "methods[0].limits.CNY.max", "reversed"},
	{"limits-unknown-currency", "methods[0].limits.XXX", "unknown_id"},
	{"limits-undeclared-currency", "methods[0].limits.USD", "undeclared"},
	{"instalments-empty", "methods[0].instalments", "range"},
	{"instalments-of-one", "methods[0].instalments[0]", "range"},
	{"instalments-as-text", "methods[0].instalments[0]", "type"},
	{"instalments-twice", "methods[0].instalments[1]", "duplicate"},
	{"instalments-that-alipay-has-not", "methods[0].instalments[1]", "instalments"},
	{"instalments-of-wechat-pay", "methods[0].instalments[0]", "instalments"},
	{"region-unknown", "methods[0].regions[0]", "unknown_id"},
	{"regions-empty", "methods[0].regions", "range"},
	{"products-empty", "methods[0].products", "range"},
	{"products-allowed-empty", "methods[0].products.allowed", "range"},
	{"products-categories-empty", "methods[0].products.allowed.categories", "range"},
	{"products-category-twice", "methods[0].products.excluded.categories[1]", "duplicate"},
	{"products-overlap", "methods[0].products.excluded.skus[1]", "overlap"},
	{"host-unknown", "methods[0].host_min_version.netscape", "unknown_id"},
	{"host-version-of-one-part", "methods[0].host_min_version.taobao", "format"},
	{"host-version-as-number", "methods[0].host_min_version.taobao", "type"},
	{"host-system-unknown", "methods[0].host_min_version.wechat.symbian", "unknown_id"},
	{"host-systems-empty", "methods[0].host_min_version.wechat", "range"},
	{"host-key-system-unknown", "methods[0].host_min_version.wechat/symbian", "unknown_id"},
	{"hosts-unknown", "methods[0].hosts.netscape", "unknown_id"},
	{"hosts-wall-unknown", "methods[0].hosts.jd", "unknown_id"},
	{"percent-over-100", "methods[0].rollout.percent", "range"},
	{"percent-negative", "methods[0].rollout.percent", "range"},
	{"percent-too-fine", "methods[0].rollout.percent", "decimals"},
	{"batch-with-space", "methods[0].rollout.batch", "format"},
	{"rollout-missing", "methods[0].rollout", "state"},
	{"rollout-though-open", "methods[0].rollout", "state"},
	{"rollout-though-scheduled", "methods[0].rollout", "state"},
	{"schedule-missing", "methods[0].schedule", "state"},
	{"schedule-though-open", "methods[0].schedule", "state"},
	{"schedule-empty", "methods[0].schedule", "range"},
	{"schedule-without-zone", "methods[0].schedule.from", "format"},
	{"schedule-date-only", "methods[0].schedule.from", "format"},
	{"schedule-no-such-day", "methods[0].schedule.from", "format"},
	{"schedule-reversed", "methods[0].schedule.until", "reversed"},
	{"schedule-of-no-time", "methods[0].schedule.until", "reversed"},
}

func TestBrokenFixtures(t *testing.T) {
	t.Parallel()
	for _, tt := range broken {
		t.Run(tt.name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", "broken", tt.name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			got := problems(t, data)
			if len(got) != 1 || got[0].Path != tt.path || got[0].Rule != tt.rule {
				t.Errorf("got %+v, want %s at %q", got, tt.rule, tt.path)
			}
		})
	}
}

// TestEveryFixtureIsListed: no file of the folder goes untested.
func TestEveryFixtureIsListed(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "broken", "*"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != len(broken) {
		t.Errorf("%d files, %d rows", len(files), len(broken))
	}
}

// problems decodes a document that must be refused.
func problems(t *testing.T, data []byte) strictjson.Problems {
	t.Helper()
	doc, err := document.Decode(data)
	if err == nil {
		t.Fatalf("accepted: %s", doc.JSON())
	}
	p, ok := errors.AsType[strictjson.Problems](err)
	if !ok {
		t.Fatalf("the error is no Problems: %v", err)
	}
	return p
}

// TestAllProblemsAtOnce: one mistake does not hide another.
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	got := problems(t, []byte(`{
		"schema": 1, "merchant": "Tea", "locale": "en", "visible": 0, "colour": "red",
		"methods": [
			{"method": "wechat_pay", "state": "rollout", "rails": ["qr", "carrier"], "currencies": ["RMB"], "rollout": {"percent": 101}},
			{"method": "wechat_pay", "state": "open", "rails": [], "currencies": ["CNY"], "limits": {"CNY": {"min": 2, "max": 1}}}
		]}`))
	want := strings.Join([]string{
		`merchant: must be 1 to 64 of a-z, 0-9, - and _, the first a letter or digit, is "Tea"`,
		`visible: must be from 1 to 99`,
		`colour: is not a known field`,
		`methods[0].rails[1]: must be one of jsapi, app, mini_program, deep_link, qr, redirect, is "carrier"`,
		`methods[0].currencies[0]: must be a currency of ISO 4217, is "RMB"`,
		`methods[0].rollout.percent: must be from 0 to 100`,
		`name: is missing`,
		`methods[1].method: "wechat_pay" has an entry already`,
		`methods[1].limits.CNY.max: must not be less than min, 2`,
	}, "\n")
	if diff := cmp.Diff(want, got.Error()); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

// TestStored: what was taken before a rule was made goes on being read.
func TestStored(t *testing.T) {
	t.Parallel()
	for _, tt := range broken {
		data, err := os.ReadFile(filepath.Join("testdata", "broken", tt.name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		newer := slices.Contains([]strictjson.Rule{document.RuleInvisible, document.RuleCurrency, document.RuleBound}, tt.rule)
		if _, err := document.DecodeStored(data); (err == nil) != newer {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func TestDecodeSize(t *testing.T) {
	t.Parallel()
	full, err := os.ReadFile("testdata/full.json")
	if err != nil {
		t.Fatal(err)
	}
	fits := append(full, strings.Repeat(" ", document.MaxSize-len(full))...)
	if _, err := document.Decode(fits); err != nil {
		t.Errorf("a document of %d bytes is refused: %v", len(fits), err)
	}
	if got := problems(t, append(fits, ' ')); got[0].Rule != strictjson.RuleTooLarge {
		t.Errorf("got %+v, want %s", got, strictjson.RuleTooLarge)
	}
}

// TestNumbers: a whole number is written in digits, whatever else JSON Schema
// takes for the same.
func TestNumbers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text string
		want int // 0: refused
	}{
		{"7", 7},
		{"70", 70},
		{"7.0", 0},
		{"7.00e0", 0},
		{"0.7e1", 0},
		{"70e-1", 0},
		{"700E-2", 0},
		{"7e+1", 0},
		{"7.5", 0},
		{"75e-1", 0},
		{"-7", 0},
		{"-0", 0},
		{"0", 0},
		{"0e99", 0},
		{"7e18", 0},
		{"7e99999999999999999999", 0},
		{"7e-99999999999999999999", 0},
		{"7.00000000000000000000000000000001", 0},
		{"99999999999999999999999", 0},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			doc, err := document.Decode([]byte(`{"schema":1,"merchant":"m","name":"M","locale":"en","visible":` + tt.text +
				`,"methods":[{"method":"alipay","state":"open","rails":[],"currencies":["CNY"]}]}`))
			if (err == nil) != (tt.want != 0) || err == nil && doc.Visible != tt.want {
				t.Errorf("got %+v, %v, want %d", doc, err, tt.want)
			}
		})
	}
}

// TestEncoding: one document, one encoding, whatever the file looked like.
func TestEncoding(t *testing.T) {
	t.Parallel()
	full, err := os.ReadFile("testdata/full.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := document.Decode(full)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"compact": doc.JSON(), "indented": doc.Indented()} {
		again, err := document.Decode(data)
		if err != nil {
			t.Fatalf("%s: own encoding is refused:\n%v", name, err)
		}
		if diff := cmp.Diff(doc, again); diff != "" {
			t.Errorf("%s (-before +after):\n%s", name, diff)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		data := capabilitytest.AnyDocument(capabilitytest.Rapid(t)).JSON()
		doc, err := document.Decode(data)
		if err != nil {
			t.Fatalf("refused %s:\n%v", data, err)
		}
		if got := string(doc.JSON()); got != string(data) {
			t.Errorf("encoded %s, decoded and encoded %s", data, got)
		}
	})
}

func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/broken/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "testdata/full.json") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := document.Decode(data)
		if err != nil {
			if p, ok := errors.AsType[strictjson.Problems](err); !ok || len(p) == 0 || p.Error() == "" {
				t.Errorf("refused without a problem: %v", err)
			}
			return
		}
		again, err := document.Decode(doc.JSON())
		if err != nil {
			t.Fatalf("own encoding is refused:\n%v\n%s", err, doc.JSON())
		}
		if string(again.JSON()) != string(doc.JSON()) {
			t.Errorf("encoded %s, then %s", doc.JSON(), again.JSON())
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	full, err := os.ReadFile("testdata/full.json")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(full)))
	for b.Loop() {
		if _, err := document.Decode(full); err != nil {
			b.Fatal(err)
		}
	}
}

// TestVersionsOfSystems: an object of systems and keys of app and system say the same, and
// come out as keys.
func TestVersionsOfSystems(t *testing.T) {
	t.Parallel()
	const text = `{"schema": 1, "merchant": "a", "name": "A", "locale": "en", "visible": 1, "methods": [
		{"method": "wechat_pay", "state": "open", "rails": ["qr"], "currencies": ["CNY"], "host_min_version": %s}]}`
	object, err := document.Decode([]byte(fmt.Sprintf(text, `{"taobao": "10.40", "wechat": {"ios": "8.0.63", "harmonyos": "8.0.9"}}`)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := document.Decode([]byte(fmt.Sprintf(text, `{"taobao": "10.40", "wechat/ios": "8.0.63", "wechat/harmonyos": "8.0.9"}`)))
	if err != nil {
		t.Fatal(err)
	}
	if a, b := string(object.JSON()), string(keys.JSON()); a != b {
		t.Errorf("they differ:\n%s\n%s", a, b)
	}
	if _, err := document.Decode(object.JSON()); err != nil {
		t.Errorf("what comes out is not taken: %v", err)
	}
}
