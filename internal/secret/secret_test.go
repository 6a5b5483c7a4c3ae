package secret_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/secret"
	"morepay/internal/store/sqlite"
	"morepay/internal/store/sqlstore"
)

// text returns a secret of one letter, in base64.
func text(letter string) string {
	return base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, secret.Min)))
}

func TestCheck(t *testing.T) {
	t.Parallel()
	hex := strings.Repeat("0123456789abcdef", 4)
	for name, c := range map[string]struct {
		list string
		want string // of the error
	}{
		"none":         {"", ""},
		"one":          {text("a"), ""},
		"two":          {text("a") + "," + text("b"), ""},
		"of-a-shell":   {" " + text("a") + "\n, " + text("b") + "\n", ""},
		"hexadecimal":  {hex, ""}, // which is base64 too
		"short":        {base64.StdEncoding.EncodeToString([]byte("hello-secret")), "number 1 has 12 bytes"},
		"second-short": {text("a") + ",aGVsbG8=", "number 2 has 5 bytes"},
		"empty-second": {text("a") + ",", "number 2 has 0 bytes"},
		"not-base64":   {"my-secret-passphrase!", "number 1 is not base64"},
		"semicolon":    {text("a") + ";" + text("b"), "number 1 is not base64"},
		"twice":        {text("a") + "," + text("b") + "," + text("a"), "number 3 stands there twice"},
	} {
		err := secret.Source{List: c.list}.Check()
		if (err == nil) != (c.want == "") {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			continue
		}
		for _, part := range []string{"--secret", c.want, "openssl rand -base64 32"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %v does not say %q", name, err, part)
			}
		}
		for one := range strings.SplitSeq(c.list, ",") {
			if len(one) >= 8 && strings.Contains(err.Error(), one[:8]) {
				t.Errorf("%s: the secret is repeated: %v", name, err)
			}
		}
	}
	if err := (secret.Source{Folder: "data", Shared: true}).Check(); err == nil || !strings.Contains(err.Error(), "openssl rand") || !strings.Contains(err.Error(), "data/secret") {
		t.Errorf("servers that share a database without being given a secret: %v", err)
	}
}

// fixture is a database, and what starts servers on it.
type fixture struct {
	*testing.T
	db  *sqlstore.DB
	log bytes.Buffer
}

func newFixture(t *testing.T) *fixture {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "morepay.db"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &fixture{T: t, db: db}
}

func (fx *fixture) join(from secret.Source) ([][]byte, error) {
	return secret.Join(fx.Context(), from, fx.db.Fingerprints, time.Now(), slog.New(slog.NewTextHandler(&fx.log, nil)))
}

// starts checks whether a server with these secrets starts.
func (fx *fixture) starts(ok bool, letters ...string) {
	fx.Helper()
	_, err := fx.join(given(letters...))
	if (err == nil) != ok {
		fx.Errorf("a server with %v starts: %v", letters, err)
	}
	if err != nil && (pay.CodeOf(err) != pay.CodeInvalid || !strings.Contains(err.Error(), "--secret")) {
		fx.Errorf("the error of a server with %v: %v", letters, err)
	}
}

func given(letters ...string) secret.Source {
	var list []string
	for _, l := range letters {
		list = append(list, text(l))
	}
	return secret.Source{List: strings.Join(list, ","), Shared: true}
}

func TestOneSecretForAll(t *testing.T) {
	fx := newFixture(t)
	fx.starts(true, "a")
	fx.starts(true, "a")
	fx.starts(false, "b")
	fx.starts(false, "b", "c")
	fx.starts(true, "a", "b")
	fx.starts(true, "b", "a")
	fx.starts(true, "b")
	fx.starts(true, "a") // until it is retired
	if fx.log.Len() > 0 {
		t.Errorf("it was warned: %s", &fx.log)
	}
	if _, err := secret.Retire(t.Context(), given("c"), fx.db.Fingerprints, false, time.Now()); err == nil {
		t.Error("all secrets were retired for one that no server has")
	}
	gone, err := secret.Retire(t.Context(), given("b"), fx.db.Fingerprints, false, time.Now())
	if err != nil || len(gone) != 1 {
		t.Fatalf("retired %v, %v", gone, err)
	}
	fx.starts(false, "a")
	fx.starts(true, "b")
	if _, err := secret.Retire(t.Context(), given("c"), fx.db.Fingerprints, true, time.Now()); err != nil {
		t.Error(err)
	}
	fx.starts(false, "b")
	fx.starts(true, "c")
}

// Who puts the new secret first before all servers have it is warned.
func TestTooSoonFirst(t *testing.T) {
	fx := newFixture(t)
	fx.starts(true, "a")
	fx.starts(true, "b", "a")
	if !strings.Contains(fx.log.String(), "level=WARN") || !strings.Contains(fx.log.String(), "second place") {
		t.Errorf("logged %q", &fx.log)
	}
}

func TestUse(t *testing.T) {
	fx := newFixture(t)
	use := func(ok bool, letters ...string) {
		t.Helper()
		if _, err := secret.Use(t.Context(), given(letters...), fx.db.Fingerprints); (err == nil) != ok {
			t.Errorf("work with %v: %v", letters, err)
		}
	}
	use(false, "a") // nobody knows it yet
	fx.starts(true, "a", "b")
	use(true, "a")
	use(true, "b")
	use(true, "b", "c")
	use(false, "c", "b") // what c seals, no server opens
	use(false, "c")
	if _, err := secret.Use(t.Context(), secret.Source{Folder: t.TempDir()}, fx.db.Fingerprints); err == nil {
		t.Error("work without any secret")
	}
}

// A server of its own makes its secret once. One whose file is gone is refused, and
// makes no other.
func TestOwnSecret(t *testing.T) {
	fx := newFixture(t)
	own := secret.Source{Folder: filepath.Join(t.TempDir(), "data")}
	first, err := fx.join(own)
	if err != nil || len(first) != 1 || len(first[0]) < secret.Min {
		t.Fatalf("made %d, %v", len(first), err)
	}
	if again, err := fx.join(own); err != nil || !bytes.Equal(again[0], first[0]) {
		t.Errorf("the second start: %v", err)
	}
	file := filepath.Join(own.Folder, "secret")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if _, err := fx.join(secret.Source{List: base64.StdEncoding.EncodeToString(first[0]) + "," + text("n")}); err != nil {
		t.Errorf("the same secret by flag, with a new one: %v", err)
	}
	if err := os.WriteFile(file, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := fx.join(own); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a spoiled file: %v", err)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if _, err := fx.join(own); err == nil || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "--lost") {
		t.Errorf("without the file: %v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("another secret was made")
	}
	if _, err := secret.Retire(t.Context(), own, fx.db.Fingerprints, true, time.Now()); err != nil {
		t.Error(err)
	}
	if _, err := fx.join(own); err != nil {
		t.Errorf("after the loss was said: %v", err)
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	a, b := secret.Fingerprint(secret.New()), secret.Fingerprint(bytes.Repeat([]byte("a"), 4096))
	if len(a) != 16 || len(b) != 16 || a == b {
		t.Errorf("fingerprints %s and %s", a, b)
	}
}
