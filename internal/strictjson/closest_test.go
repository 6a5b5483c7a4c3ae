package strictjson_test

import (
	"strings"
	"testing"

	"morepay/internal/strictjson"
)

func TestClosest(t *testing.T) {
	t.Parallel()
	known := []string{"origins", "return_urls", "api_keys", "accounts", "mode", "id", "url"}
	for name, want := range map[string]string{
		"orgins":                  "origins",
		"origns":                  "origins",
		"orignis":                 "origins",
		"return_url":              "return_urls",
		"apikeys":                 "api_keys",
		"acounts":                 "accounts",
		"mod":                     "mode",
		"ulr":                     "url",
		"x":                       "",
		"":                        "",
		"colour":                  "",
		"di":                      "id",
		strings.Repeat("a", 1000): "",
	} {
		if got := strictjson.Closest(name, known); got != want {
			t.Errorf("%.20q: got %q, want %q", name, got, want)
		}
	}
	if got := strictjson.Closest("a", nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
