package json_test

import (
	real "encoding/json"
	"reflect"
	"testing"
	"time"

	"morepay/wasm/stub/encoding/json"
)

// sample has a field of each kind that a view has.
type sample struct {
	Text   string            `json:"text"`
	Count  int64             `json:"count,omitempty"`
	Small  int8              `json:"small"`
	Ratio  float64           `json:"ratio"`
	Yes    bool              `json:"yes"`
	At     time.Time         `json:"at,omitzero"`
	Words  map[string]string `json:"words"`
	List   []sample          `json:"list,omitempty"`
	Next   *sample           `json:"next,omitempty"`
	Untold string            `json:"-"`
	Plain  []string
}

func TestDecodesAsTheRealOne(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"empty":      `{}`,
		"all":        `{"text":"a","count":-12,"small":127,"ratio":1.5e3,"yes":true,"at":"2026-11-23T09:30:00.5+08:00","words":{"a":"b","":"c"},"Plain":["x"]}`,
		"nested":     `{"list":[{"text":"a"},{"next":{"next":{"list":[]}}}]}`,
		"null":       `{"text":null,"count":null,"at":null,"words":null,"list":null,"next":null}`,
		"unknown":    `{"more":{"a":[1,2,{"b":[[]]}],"c":"\u0041"},"text":"a"}`,
		"space":      " {\n\t\"text\" : \"a\" , \"list\" : [ { } , { } ]\r\n} ",
		"escapes":    `{"text":"\"\\\/\b\f\n\r\t\u4ed8\u003c\ud83d\ude00"}`,
		"surrogates": `{"text":"\ud83d \ude00 \ud83d\u0041 \ud83dx"}`,
		"utf-8":      `{"text":"微信支付 😀"}`,
		"not-utf-8":  "{\"text\":\"a\xffb\"}",
		"twice":      `{"text":"a","text":"b","next":{"text":"c"},"next":{"count":1}}`,
		"untold":     `{"Untold":"a","-":"b"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var got, want sample
			if err := real.Unmarshal([]byte(text), &want); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestRefusesAsTheRealOne(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		``, ` `, `{`, `}`, `{}}`, `{} {}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `{"a" 1}`, `[]`, `"a"`, `1`, `true`,
		`{"text":1}`, `{"text":true}`, `{"text":{}}`, `{"text":[]}`, `{"count":"1"}`, `{"count":1.5}`, `{"small":128}`, `{"yes":1}`,
		`{"list":{}}`, `{"list":[1]}`, `{"list":[{},]}`, `{"list":[{} {}]}`, `{"words":[]}`, `{"words":{"a":1}}`, `{"at":"today"}`, `{"at":1}`,
		`{"ratio":01}`, `{"ratio":+1}`, `{"ratio":.5}`, `{"ratio":1.}`, `{"ratio":1e}`, `{"ratio":0x1}`, `{"ratio":NaN}`, `{"ratio":1_0}`, `{"other":1.}`,
		`{"text":"a`, `{"text":"\`, `{"text":"\x"}`, `{"text":"\u12"}`, `{"text":"\u12g4"}`, "{\"text\":\"a\nb\"}", `{"yes":tru}`, `{"yes":}`,
	} {
		var got, want sample
		if real.Unmarshal([]byte(text), &want) == nil {
			t.Errorf("the real one takes %s", text)
		}
		if json.Unmarshal([]byte(text), &got) == nil {
			t.Errorf("%s is taken", text)
		}
	}
}

// TestTimes: a time is what the real decoder makes of it, or refused as it does.
func TestTimes(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"2026-11-23T09:30:00Z", "2026-11-23T09:30:00.5+08:00", "2026-11-23T09:30:00.123456789-23:59", "2026-11-23T09:30:00.1234567899Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
		"2024-02-29T00:00:00Z", "2023-02-29T00:00:00Z", "2026-06-31T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00z", "2026-01-01t00:00:00Z", "2026-01-01 00:00:00Z", "2026-1-01T00:00:00Z",
		"2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+0800", "2026-01-01T00:00:00+8:00",
		"2026-01-01T00:00:00--8:00", "2026-01-01T00:00:00Z ", "2026-01-01T00:00:00Z+", "2026-01-01T00:00:00.5.5Z", "20260-01-01T00:00:00Z", "", "Z", "２026-01-01T00:00:00Z",
	} {
		var got, want sample
		refused := real.Unmarshal([]byte(`{"at":"`+text+`"}`), &want)
		err := json.Unmarshal([]byte(`{"at":"`+text+`"}`), &got)
		if (err == nil) != (refused == nil) || !got.At.Equal(want.At) {
			t.Errorf("%q is %v, %v; to the real one %v, %v", text, got.At, err, want.At, refused)
		}
	}
}

// TestTimesThatAreNone: the real decoder takes these, against RFC 3339. No server of
// ours writes them.
func TestTimesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"2026-01-01T0:00:00Z", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60"} {
		var got sample
		if json.Unmarshal([]byte(`{"at":"`+text+`"}`), &got) == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add([]byte(`{"text":"\ud83d\ude00","list":[{"at":"2026-11-23T09:30:00Z"},{"next":{"words":{"a":"b"}}}],"ratio":-0.5e-7}`))
	f.Add([]byte(`{"Plain":["a",null],"count":9223372036854775808}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, want, again sample
		if json.Unmarshal(text, &got) == nil && !real.Valid(text) {
			t.Fatalf("%q is taken, but is no JSON", text)
		}
		if real.Unmarshal(text, &want) != nil {
			return
		}
		encoded, err := real.Marshal(want)
		if err != nil {
			return // a time beyond the year 9999
		}
		if err := json.Unmarshal(encoded, &again); err != nil {
			t.Fatalf("%s: %v", encoded, err)
		}
		if now, err := real.Marshal(again); err != nil || string(now) != string(encoded) {
			t.Fatalf("%s became %s, %v", encoded, now, err)
		}
	})
}
