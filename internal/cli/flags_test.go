package cli_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"morepay/internal/cli"
	"morepay/internal/pay"
)

func TestCheckOrigin(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{
		"":                           true,
		"https://pay.example":        true,
		"https://pay.example/":       true,
		"http://127.0.0.1:8081":      true,
		"http://[::1]:8081":          true,
		"pay.example":                false,
		"127.0.0.1:8081":             false,
		"https://":                   false,
		"ftp://pay.example":          false,
		"https://pay.example/x":      false,
		"https://pay.example?x=1":    false,
		"https://user@pay.example":   false,
		"https://pay.example/#there": false,
	} {
		if err := cli.CheckOrigin("base-url", value); (err == nil) != ok {
			t.Errorf("%q: %v, want accepted: %v", value, err, ok)
		}
	}
}

func TestCheckListen(t *testing.T) {
	t.Parallel()
	const url = "postgres://db/morepay"
	for _, c := range []struct {
		database, listen string
		ok               bool
	}{{"", "", true}, {url, "", true}, {url, url, true}, {"", url, false}, {url, "db", false}} {
		if err := cli.CheckListen(c.database, c.listen); (err == nil) != c.ok {
			t.Errorf("%q, %q: %v, want accepted: %v", c.database, c.listen, err, c.ok)
		}
	}
}

// run parses a command line as the program does, and runs it.
func run(t *testing.T, args ...string) error {
	t.Helper()
	var c cli.Commands
	k, err := kong.New(&c, kong.Name("morepay"), kong.Exit(func(int) { t.Error("the parser ended the program") }))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := k.Parse(args)
	if err != nil {
		return err
	}
	parsed.BindTo(t.Context(), (*context.Context)(nil))
	return parsed.Run()
}

// What is mistyped must be refused: an empty answer would look like a good one.
func TestMistypedIsRefused(t *testing.T) {
	t.Parallel()
	none := t.TempDir() + "/none"
	for name, c := range map[string]struct{ args, flag string }{
		"method":            {"matrix --method wechat", "--method"},
		"device":            {"matrix --device iphone", "--device"},
		"merchant":          {"matrix --merchant shop", "--merchant"},
		"explained-method":  {"explain --merchant demo --device safari-iphone --method wechat", "--method"},
		"explained-device":  {"explain --merchant demo --device iphone --method wechat_pay", "--device"},
		"matrix-data":       {"matrix --data " + none, "--data"},
		"data":              {"merchants list --data " + none, "--data"},
		"database":          {"merchants list --database mysql://db", "--database"},
		"matrix-database":   {"matrix --database " + none, "--database"},
		"prune-retain":      {"prune --retain sessions=30d", "--retain"},
		"prune-events":      {"prune --retain unpaid=7d", "--retain"},
		"prune-data":        {"prune --data " + none, "--data"},
		"migrated-data":     {"migrate --data " + none, "--data"},
		"checked-origin":    {"merchants check . --sim-url localhost:8081", "--sim-url"},
		"reconciled-origin": {"reconcile --since 2026-11-01 --sim-url localhost:8081", "--sim-url"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t, strings.Fields(c.args)...)
			refusal, ok := errors.AsType[*pay.Error](err)
			if !ok || refusal.Code != pay.CodeInvalid || refusal.Field != c.flag {
				t.Fatalf("got %v, want %s of %s", err, pay.CodeInvalid, c.flag)
			}
		})
	}
}
