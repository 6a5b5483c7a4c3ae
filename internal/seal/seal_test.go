package seal_test

import (
	"bytes"
	"testing"

	"morepay/internal/seal"
)

func box(t *testing.T, secrets ...string) *seal.Box {
	t.Helper()
	var keys [][]byte
	for _, s := range secrets {
		keys = append(keys, []byte(s))
	}
	b, err := seal.New(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestOpensForItsPurposeOnly(t *testing.T) {
	t.Parallel()
	b := box(t, "a secret")
	sealed := b.Seal(seal.ForReply, []byte("plain"))
	if got, err := b.Open(seal.ForReply, sealed); err != nil || string(got) != "plain" {
		t.Errorf("opened %q, %v", got, err)
	}
	spoiled := bytes.Clone(sealed)
	spoiled[len(spoiled)-1]++
	for name, open := range map[string]func() ([]byte, error){
		"other-purpose": func() ([]byte, error) { return b.Open(seal.ForReturn, sealed) },
		"other-secret":  func() ([]byte, error) { return box(t, "another").Open(seal.ForReply, sealed) },
		"spoiled":       func() ([]byte, error) { return b.Open(seal.ForReply, spoiled) },
		"short":         func() ([]byte, error) { return b.Open(seal.ForReply, sealed[:5]) },
		"nothing":       func() ([]byte, error) { return b.Open(seal.ForReply, nil) },
	} {
		if got, err := open(); err == nil {
			t.Errorf("%s opens as %q", name, got)
		}
	}
	if _, err := seal.New(); err == nil {
		t.Error("a box without a secret")
	}
}

// While a secret is replaced, both open, and what the old one sealed is renewed.
func TestRenew(t *testing.T) {
	t.Parallel()
	sealed := box(t, "old").Seal(seal.ForWebhook, []byte("plain"))
	both := box(t, "new", "old")
	renewed, err := both.Renew(seal.ForWebhook, sealed)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := box(t, "new").Open(seal.ForWebhook, renewed); err != nil || string(got) != "plain" {
		t.Errorf("renewed: %q, %v", got, err)
	}
	if again, err := both.Renew(seal.ForWebhook, renewed); err != nil || !bytes.Equal(again, renewed) {
		t.Errorf("what is sealed with the first secret stays as it is: %v", err)
	}
}
