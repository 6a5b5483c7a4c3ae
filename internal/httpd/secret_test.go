package httpd

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"morepay/internal/pay"
	"morepay/internal/seal"
	"morepay/internal/secret"
)

var start = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testSecrets(t testing.TB) *secrets {
	t.Helper()
	s, err := newSecrets([]byte(strings.Repeat("k", secret.Min)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestShortSecretIsRefused(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, secret.Min - 1} {
		if _, err := newSecrets(make([]byte, n)); pay.CodeOf(err) != pay.CodeInvalid {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestFormToken(t *testing.T) {
	t.Parallel()
	s := testSecrets(t)
	token := s.formToken("cs_1", start)
	other, err := newSecrets([]byte(strings.Repeat("o", secret.Min)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, token, session string
		now                  time.Time
		keys                 *secrets
		ok                   bool
	}{
		{"good", token, "cs_1", start, s, true},
		{"last-second", token, "cs_1", start.Add(formLife), s, true},
		{"too-old", token, "cs_1", start.Add(formLife + time.Second), s, false},
		{"another-session", token, "cs_2", start, s, false},
		{"another-secret", token, "cs_1", start, other, false},
		{"empty", "", "cs_1", start, s, false},
		{"not-hex", "zz" + token[2:], "cs_1", start, s, false},
		{"short", token[:46], "cs_1", start, s, false},
		{"later-expiry", "00ff" + token[4:], "cs_1", start, s, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.keys.checkForm(c.token, c.session, c.now)
			if (err == nil) != c.ok {
				t.Errorf("error is %v", err)
			}
			if err != nil && pay.CodeOf(err) != pay.CodeFormExpired {
				t.Errorf("code is %s", pay.CodeOf(err))
			}
		})
	}
}

func TestSealedTextOpensOnlyWhole(t *testing.T) {
	t.Parallel()
	s := testSecrets(t)
	rapid.Check(t, func(t *rapid.T) {
		plain := rapid.SliceOf(rapid.Byte()).Draw(t, "plain")
		sealed := s.sealText(seal.ForReturn, plain)
		got, err := s.openText(seal.ForReturn, sealed)
		if err != nil || string(got) != string(plain) {
			t.Fatalf("opened %q, %v", got, err)
		}
		for _, other := range []seal.Purpose{seal.ForIdentity, seal.ForReply} {
			if got, err := s.openText(other, sealed); err == nil {
				t.Fatalf("what was sealed for a return opened as %s: %q", other, got)
			}
		}
		i := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		damaged := []byte(sealed)
		damaged[i] = "AB"[map[bool]int{true: 1, false: 0}[damaged[i] == 'A']]
		if string(damaged) == sealed {
			return
		}
		if got, err := s.openText(seal.ForReturn, string(damaged)); err == nil && string(got) != string(plain) {
			t.Fatalf("a damaged text opened as %q", got)
		}
	})
}
