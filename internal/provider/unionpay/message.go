package unionpay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// message is what goes to and comes from UnionPay: names with one value each.
type message map[string]string

// signatureField holds the signature of all the others.
const signatureField = "signature"

// signed returns the text that a signature is over: all fields but the signature, sorted,
// the empty ones too, as k=v&k=v without escaping.
func (m message) signed() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m)) {
		if name == signatureField {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + m[name])
	}
	return b.String()
}

// digest returns what is signed instead of the text: the SHA-256 of the SHA-256 of the
// text, the latter as lower-case hexadecimal digits.
func (m message) digest() []byte {
	inner := sha256.Sum256([]byte(m.signed()))
	outer := sha256.Sum256([]byte(hex.EncodeToString(inner[:])))
	return outer[:]
}

// sign puts the signature into a message.
func (m message) sign(key *rsa.PrivateKey) error {
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, m.digest())
	if err != nil {
		return unusable("the message can't be signed")
	}
	m[signatureField] = base64.StdEncoding.EncodeToString(signature)
	return nil
}

// form returns a message as a browser posts it.
func (m message) form() url.Values {
	values := url.Values{}
	for name, value := range m {
		values.Set(name, value)
	}
	return values
}

// maxFields is more than any message of UnionPay's has.
const maxFields = 200

var (
	errNotPairs = errors.New("it does not consist of names and values")
	errTwice    = errors.New("a field is given twice")
	errCrowd    = errors.New("it has too many fields")
)

// parseAnswer reads an answer, which is k=v&k=v without escaping. A value may hold &
// and = between the brackets {} and [].
func parseAnswer(text string) (message, error) {
	m := message{}
	for rest := text; rest != ""; {
		var pair string
		pair, rest = cutPair(rest)
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" {
			return nil, errNotPairs
		}
		if _, twice := m[name]; twice {
			return nil, errTwice
		}
		if len(m) == maxFields {
			return nil, errCrowd
		}
		m[name] = value
	}
	return m, nil
}

// cutPair cuts a text at its first & outside of brackets.
func cutPair(text string) (pair, rest string) {
	depth := 0
	for i, c := range []byte(text) {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '&':
			if depth <= 0 {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

// parseForm reads a notification, which is a form.
func parseForm(body []byte) (message, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errNotPairs
	}
	if len(values) > maxFields {
		return nil, errCrowd
	}
	m := message{}
	for name, each := range values {
		if len(each) != 1 {
			return nil, errTwice
		}
		m[name] = each[0]
	}
	return m, nil
}

// unambiguous reports whether what is signed can be read as this message only. Without
// that, a field could be hidden in the value of another under the same signature.
func (m message) unambiguous() bool {
	again, err := parseAnswer(m.signed())
	if err != nil {
		return false
	}
	_, had := m[signatureField]
	if had {
		again[signatureField] = m[signatureField]
	}
	return maps.Equal(m, again)
}
