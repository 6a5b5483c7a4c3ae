package cli_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/check"
	"morepay/internal/cli"
)

func TestTell(t *testing.T) {
	t.Parallel()
	broken := errors.New("it is broken")
	for name, c := range map[string]struct {
		report check.Report
		strict bool
		fails  string
	}{
		"in-order":         {check.Report{Notes: []string{"n"}}, true, ""},
		"warned":           {check.Report{Warnings: []string{"w"}}, false, ""},
		"warned-strictly":  {check.Report{Warnings: []string{"w"}}, true, "--strict"},
		"broken":           {check.Report{Errors: []error{broken}, Warnings: []string{"w"}}, false, "it is broken"},
		"broken-and-warns": {check.Report{Errors: []error{broken}, Warnings: []string{"w"}}, true, "it is broken"},
	} {
		var out strings.Builder
		err := cli.Tell(&out, c.report, c.strict)
		if (err == nil) != (c.fails == "") || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: %v, want %q", name, err, c.fails)
		}
		if strings.Contains(out.String(), "warning: w\n") != (len(c.report.Warnings) > 0) {
			t.Errorf("%s: it prints %q", name, &out)
		}
	}
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"10.0.0.0/8": "", "2001:db8::/32": "", "10.0.0.1": "write 10.0.0.1/32", "::1": "write ::1/128", "10.0.0.0/40": "such as 10.0.0.0/8", "proxy": "such as 10.0.0.0/8",
	} {
		var n cli.Network
		err := n.UnmarshalText([]byte(text))
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
		if err == nil && cli.Networks([]cli.Network{n})[0].String() != text {
			t.Errorf("%s is read as %v", text, cli.Networks([]cli.Network{n}))
		}
	}
}

// A folder's check warns of what a start would warn of.
func TestCheckMerchantsStrictly(t *testing.T) {
	t.Parallel()
	all := settings()
	if err := run(t, "merchants", "check", "--strict", shopOf(t, all)); err != nil {
		t.Fatalf("nothing to warn of: %v", err)
	}
	delete(all["accounts"].(map[string]any), "alipay")
	dir := shopOf(t, all)
	if err := run(t, "merchants", "check", dir); err != nil {
		t.Errorf("a method without an account: %v", err)
	}
	if err := run(t, "merchants", "check", "--strict", dir); err == nil {
		t.Error("with --strict a method without an account does not fail")
	}
	if err := os.Remove(filepath.Join(dir, "shop", "merchant.json")); err != nil {
		t.Fatal(err)
	}
	if err := run(t, "merchants", "check", "--strict", dir); err == nil {
		t.Error("with --strict a missing merchant.json does not fail")
	}
}
