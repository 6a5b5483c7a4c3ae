// Package providertest holds what the tests of every adapter need: RSA keys, an
// environment with a fixed clock, an order, and a wire whose replies are exactly
// what a test says.
//
// What must not live here: the words, signatures and replies of one provider,
// which stay with its tests, and the simulator.
package providertest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Number is the out_trade_no of [Order].
const Number = "MP00000000000000000000000000001A"

// Nowhere is an origin that nobody listens at: for what must not be sent.
const Nowhere = "http://127.0.0.1:1"

// Now is the time in every [Env].
var Now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// The keys of the merchant and of the provider, made once per test binary.
var (
	MerchantKey = sync.OnceValue(newKey)
	ProviderKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// PrivatePEM returns a private key as PKCS#8 in PEM.
func PrivatePEM(key any) []byte {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// PublicPEM returns a key's public half as PKIX in PEM.
func PublicPEM(key *rsa.PrivateKey) []byte {
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		panic(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

// Env returns an environment at [Now] whose requests go to origin and whose key
// files are files.
func Env(origin string, files map[string][]byte) provider.Env {
	return provider.Env{
		HTTP: provider.NewHTTPClient(provider.TestTransport(origin)),
		ReadKey: func(name string) ([]byte, error) {
			if raw, ok := files[name]; ok {
				return raw, nil
			}
			return nil, errors.New("no such file")
		},
		Now: func() time.Time { return Now },
	}
}

// Open opens an account with settings that are good.
func Open(tb testing.TB, open provider.Open, settings map[string]any, env provider.Env) provider.Provider {
	tb.Helper()
	p, err := open([]byte(JSON(tb, settings)), env)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Order returns an order that every adapter takes on its rails, for an account
// of the provider of that id, by the first of its methods.
func Order(id, account string, rail pay.Rail) provider.Order {
	return provider.Order{
		OutTradeNo: Number, AttemptID: "at_1", Reference: "order-1", Method: MethodOf(id), Rail: rail, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Description: "Tea <green> & cup", ExpiresAt: Now.Add(30 * time.Minute),
		NotifyURL: "https://pay.example/notify/" + id + "/" + account, ReturnURL: "https://pay.example/return/at_1?x=1&y=2",
		PayerIP: "123.125.81.6", OS: "ios",
	}
}

// MethodOf returns the first method of a provider.
func MethodOf(id string) pay.Method {
	all := method.All()
	return all[slices.IndexFunc(all, func(m *method.Method) bool { return m.Provider == id })].ID
}

// Start makes the request for an order and sends it.
func Start(tb testing.TB, p provider.Provider, o provider.Order) (pay.Action, error) {
	tb.Helper()
	request, err := p.Request(o)
	if err != nil {
		tb.Fatal(err)
	}
	return p.Start(tb.Context(), o.Rail, request)
}

// With returns fields with some of them changed; a nil value takes one away.
func With(fields, change map[string]any) map[string]any {
	fields = maps.Clone(fields)
	maps.Copy(fields, change)
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	return fields
}

// JSON encodes v.
func JSON(tb testing.TB, v any) string {
	tb.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(raw)
}

// Undecided fails unless err leaves the outcome open and holds none of some
// words, as for [Clean].
func Undecided(tb testing.TB, err error, words ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatal("no error")
	}
	for _, definite := range []error{provider.ErrRefused, provider.ErrPaid, provider.ErrClosed, provider.ErrAbsent, provider.ErrNotReady, provider.ErrLater} {
		if errors.Is(err, definite) {
			tb.Errorf("%v counts as %q", err, definite)
		}
	}
	Clean(tb, err, words...)
}

// Clean fails if an error spreads over lines, or holds a canary, a key, or any
// of some words.
func Clean(tb testing.TB, err error, words ...string) {
	tb.Helper()
	for _, word := range append(words, "canary", "PRIVATE KEY", "\n") {
		if strings.Contains(err.Error(), word) {
			tb.Errorf("the error holds %q: %v", word, err)
		}
	}
}
