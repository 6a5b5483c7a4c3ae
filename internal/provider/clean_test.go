package provider_test

import (
	"strings"
	"testing"

	"morepay/internal/provider"
)

func TestClean(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"PARAM_ERROR": "PARAM_ERROR", "/body/payer/openid": "/body/payer/openid", "a b\nc=\"d\"": "abcd", "": "?", "参数错误": "?",
		strings.Repeat("x", 1000): strings.Repeat("x", 80),
	} {
		if got := provider.Clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
