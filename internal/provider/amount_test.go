package provider_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"morepay/internal/provider"
)

func TestParseYuan(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "0.01": 1, "0.1": 10, "1": 100, "59.80": 5980, "59.8": 5980, "007.05": 705, "100000000.00": 10_000_000_000,
		"999999999999.99": 99_999_999_999_999,
	} {
		if got, err := provider.ParseYuan(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", ".", "1.", ".5", "-1", "+1", "1e3", "0x1", "1.001", "1,00", "1 ", " 1", "１", "1.2.3", "1.-1", "NaN", "9999999999999"} {
		if got, err := provider.ParseYuan(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}

func TestYuanRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(0, 99_999_999_999_999).Draw(t, "fen")
		text := provider.FormatYuan(fen)
		if got, err := provider.ParseYuan(text); err != nil || got != fen {
			t.Fatalf("%d fen is %s yuan is %d fen, %v", fen, text, got, err)
		}
		if whole, cents, ok := strings.Cut(text, "."); !ok || whole == "" || len(cents) != 2 {
			t.Fatalf("%d fen is %s", fen, text)
		}
	})
}

func FuzzParseYuan(f *testing.F) {
	f.Add("59.80")
	f.Add("1e9")
	f.Fuzz(func(t *testing.T, text string) {
		fen, err := provider.ParseYuan(text)
		if err == nil && (fen < 0 || !utf8.ValidString(text)) {
			t.Fatalf("%q is %d fen", text, fen)
		}
	})
}
