package unionpay_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"morepay/internal/provider/unionpay"
)

func read(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// The vector was made by OpenSSL alone, with a key of this test:
//
//	printf %s "$(cat vector.txt)" | openssl dgst -sha256 -hex | sed 's/.*= //' | tr -d '\n' > hex
//	openssl dgst -sha256 -sign vector_key.pem hex | base64 -w0 > vector.sig
func TestSignatureVector(t *testing.T) {
	t.Parallel()
	text := read(t, "vector.txt")
	m := unionpay.Message{}
	for pair := range strings.SplitSeq(text, "&") {
		name, value, _ := strings.Cut(pair, "=")
		m[name] = value
	}
	if got := m.Signed(); got != text {
		t.Errorf("signed is %q, want the fields sorted, the empty one too: %q", got, text)
	}
	block, _ := pem.Decode([]byte(read(t, "vector_key.pem")))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if err := unionpay.Sign(m, key.(*rsa.PrivateKey)); err != nil || m["signature"] != read(t, "vector.sig") {
		t.Errorf("the signature is %s, %v", m["signature"], err)
	}
	if got := m.Signed(); got != text {
		t.Error("the signature is part of what is signed")
	}
}

func TestParseAnswer(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]unionpay.Message{
		"":                           {},
		"a=1&b=2":                    {"a": "1", "b": "2"},
		"a=&b=2":                     {"a": "", "b": "2"},
		"signature=AA==&b=2":         {"signature": "AA==", "b": "2"},
		"a={x=1&y=2}&b=2":            {"a": "{x=1&y=2}", "b": "2"},
		"a={x={z=1&w=2}&y=[3&4]}&b=": {"a": "{x={z=1&w=2}&y=[3&4]}", "b": ""},
		"respMsg=成功[0000000]&b=2":    {"respMsg": "成功[0000000]", "b": "2"},
		"a=}&b=2":                    {"a": "}", "b": "2"},
		"a={&b=2":                    {"a": "{&b=2"},
		"a=+%2B&b=2":                 {"a": "+%2B", "b": "2"},
	} {
		if got, err := unionpay.ParseAnswer(text); err != nil || !maps.Equal(got, want) {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"a", "=1", "a=1&", "&a=1", "a=1&a=2", strings.Repeat("a&", 3)} {
		if got, err := unionpay.ParseAnswer(text); err == nil && text != "a=1&" {
			t.Errorf("%q is %q", text, got)
		}
	}
}

// What is signed tells one message from every other, or the message is refused: nothing
// can be moved from one field into another under the same signature.
func TestUnambiguous(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[a-c&=\[\]{}]{0,4}`)
	rapid.Check(t, func(t *rapid.T) {
		one, other := unionpay.Message(rapid.MapOf(rapid.StringMatching(`[a-c]{1,2}`), word).Draw(t, "one")),
			unionpay.Message(rapid.MapOf(rapid.StringMatching(`[a-c]{1,2}`), word).Draw(t, "other"))
		if !one.Unambiguous() || !other.Unambiguous() {
			return
		}
		if one.Signed() == other.Signed() && !maps.Equal(one, other) {
			t.Fatalf("%q and %q are signed alike", one, other)
		}
	})
	if (unionpay.Message{"a": "1&b=2"}).Unambiguous() {
		t.Error("a field in the value of another")
	}
}

func FuzzParseAnswer(f *testing.F) {
	for _, text := range []string{"a=1&b=2", "a={x=1&y=2}&signature=AA==", "respMsg=成功[0000000]", "a={&b", "&&="} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := unionpay.ParseAnswer(text)
		if err != nil {
			return
		}
		length := 0
		for name, value := range m {
			length += len(name) + len(value) + 1
		}
		if length > len(text) {
			t.Errorf("%q holds more than it says: %q", text, m)
		}
	})
}

func FuzzParseForm(f *testing.F) {
	f.Add([]byte("a=1&b=2"))
	f.Add([]byte("a=%zz"))
	f.Add([]byte("a=1&a=1"))
	p := open(f, "http://127.0.0.1:1", nil)
	f.Fuzz(func(t *testing.T, body []byte) {
		if _, err := p.Notification(nil, body); err == nil {
			t.Errorf("%q is believed", body)
		}
		if m, err := unionpay.ParseForm(body); err == nil && m == nil {
			t.Error(errors.New("nothing came of it"))
		}
	})
}
