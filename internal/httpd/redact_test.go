package httpd

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	token := "WIue1wcOVv4dubYm4ETXZOx-I5LdV1VPDj3lczC0nsA"
	for _, text := range []string{
		"GET /pay/" + token + "/attempts", "POST /p/" + token + "/attempts", "next=%2Fp%2F" + token, "http://x/return/" + token, "Authorization: Bearer " + token,
		`{"document-uri":"https:\/\/pay.example\/pay\/` + token + `"}`, `https:\u002f\u002fx\u002fpay\u002f` + token, `\u002Freturn\u002F` + token,
		"next=%2Fpay%2F" + token + "%2Fattempts", "next=%2fidentified%2f" + token, "&#x2f;pay&#x2f;" + token, "&#47;pay&#47;" + token,
		"key sk_test_" + token + ".", "whsec_" + token + "== and more",
	} {
		attr := RedactAttr(nil, slog.String("m", text))
		if got := attr.Value.String(); strings.Contains(got, token[:8]) {
			t.Errorf("%q became %q", text, got)
		}
		attr = RedactAttr(nil, slog.Any("err", errors.New(text)))
		if got := attr.Value.String(); strings.Contains(got, token[:8]) {
			t.Errorf("the error %q became %q", text, got)
		}
	}
	for text, want := range map[string]string{
		"GET /pay/abc/attempts after": "GET /pay/…/attempts after",
		"GET /pay/{token}/attempts":   "GET /pay/{token}/attempts", // a route's pattern
		"/pay//pay/abc":               "/pay//pay/…",
	} {
		if got := redact(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}
