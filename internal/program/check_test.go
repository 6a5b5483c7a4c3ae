package program_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"morepay/internal/merchant"
	"morepay/internal/program"
	"morepay/internal/provider/providertest"
	"morepay/internal/store"
)

// broken returns a configuration in which everything is wrong that can be, and what
// is said of it.
func broken(t *testing.T) (program.Config, []string) {
	c := config(t)
	c.SimURL, c.BaseURL, c.Secret, c.Retain, c.ReconcileAt, c.AdminKey = "", "http://pay.example", "c2hvcnQ=", "all=1d", "noon", "x"
	dir := t.TempDir()
	for name, text := range map[string]string{"a": `{"orgins": []}`, "b": `{"mode": "live", "retrun_urls": []}`} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name, "merchant.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Merchants = program.Folder(dir)
	return c, []string{
		"--base-url", "--secret", "openssl rand -base64 32", "all", "noon", "--admin-key",
		`a/merchant.json:1: orgins: is not a known field: did you mean "origins"?`, `b/merchant.json:1: retrun_urls: is not a known field: did you mean "return_urls"?`,
	}
}

// A check and a start say the same, and everything at once.
func TestCheckSaysWhatAStartRefuses(t *testing.T) {
	t.Parallel()
	c, says := broken(t)
	_, refusal := program.Open(t.Context(), c)
	report := c.Check()
	found := report.Err()
	for _, text := range says {
		if refusal == nil || !strings.Contains(refusal.Error(), text) {
			t.Errorf("a start does not say %s: %v", text, refusal)
		}
		if found == nil || !strings.Contains(found.Error(), text) {
			t.Errorf("the check does not say %s: %v", text, found)
		}
	}
	c.Merchants = program.Folder(filepath.Join(t.TempDir(), "none"))
	if report := c.Check(); !strings.Contains(report.Err().Error(), "--merchants") {
		t.Errorf("a folder that is not there: %v", report.Err())
	}
}

// A start logs what the check warns of.
func TestStartLogsWhatTheCheckWarnsOf(t *testing.T) {
	t.Parallel()
	c := config(t)
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bench"), 0o700); err != nil {
		t.Fatal(err)
	}
	document := `{"schema": 1, "merchant": "bench", "name": "Bench", "locale": "en", "visible": 2, "methods": [{"method": "alipay", "state": "open", "rails": ["qr"], "currencies": ["CNY"]}]}`
	for name, text := range map[string]string{"capabilities.json": document, "merchant.json": `{"mode": "test"}`} {
		if err := os.WriteFile(filepath.Join(dir, "bench", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(c.Data, "secret"), bytes.Repeat([]byte{1}, 32), 0o644); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c.Merchants, c.Log, c.AdminListen = program.Folder(dir), slog.New(slog.NewTextHandler(&log, nil)), "0.0.0.0:0"
	report := c.Check()
	if report.Err() != nil {
		t.Fatal(report.Err())
	}
	for _, text := range []string{"--admin-listen", "secret", "origins", "return_urls", "api_keys", "alipay is open"} {
		if !slices.ContainsFunc(report.Warnings, func(w string) bool { return strings.Contains(w, text) }) {
			t.Errorf("the check does not warn of %s: %q", text, report.Warnings)
		}
	}
	p, err := program.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if warned := strings.Count(log.String(), "level=WARN"); warned != len(report.Warnings) {
		t.Errorf("a start warns %d times, the check %d times:\n%s\n%q", warned, len(report.Warnings), log.String(), report.Warnings)
	}
}

// An account of a company's test system takes no real money, which nobody must overlook.
func TestSandboxIsWarnedOf(t *testing.T) {
	t.Parallel()
	for sandbox, warned := range map[string]bool{"true": true, "false": false} {
		dir := filepath.Join(t.TempDir(), "bench")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{
			"capabilities.json": `{"schema": 1, "merchant": "bench", "name": "Bench", "locale": "en", "visible": 2, "methods": [{"method": "alipay", "state": "open", "rails": ["redirect"], "currencies": ["CNY"]}]}`,
			"merchant.json": `{"mode": "live", "accounts": {"alipay": {"app_id": "9021000000000001", "seller_id": "2088000000000001",
				"private_key": "own", "public_key": "theirs", "sandbox": ` + sandbox + `}}}`,
			"own": string(providertest.PrivatePEM(providertest.MerchantKey())), "theirs": string(providertest.PublicPEM(providertest.ProviderKey())),
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		report := program.Config{Merchants: program.Folder(filepath.Dir(dir))}.CheckMerchants()
		says := slices.ContainsFunc(report.Warnings, func(w string) bool { return strings.Contains(w, "sandbox") && strings.Contains(w, "no real money") })
		if report.Err() != nil || says != warned {
			t.Errorf("sandbox %s: %v, warnings %q", sandbox, report.Err(), report.Warnings)
		}
	}
}

// A check and a start name stored documents that today's rules would refuse; a check
// makes no database.
func TestStoredDocumentsThatBreakNewerRules(t *testing.T) {
	t.Parallel()
	c := config(t)
	if report := c.CheckStored(t.Context()); len(report.Warnings) > 0 || report.Err() != nil {
		t.Errorf("nothing is stored: %+v", report)
	}
	if found, err := os.ReadDir(c.Data); err != nil || len(found) > 0 {
		t.Errorf("the check has made %v, %v", found, err)
	}
	db, err := store.Open(t.Context(), c.Data, nil)
	if err != nil {
		t.Fatal(err)
	}
	document := `{"schema":1,"merchant":"old","name":"Old","locale":"en","visible":1,"methods":[{"method":"alipay","state":"open","rails":["qr"],"currencies":["CNY"],"limits":{"CNY":{"max":10000000001}}}]}`
	if _, err := db.Documents.Put(t.Context(), []merchant.Change{{Merchant: "old", JSON: []byte(document)}}, "ann", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	const says = "old: version 1, in force: methods[0].limits.CNY.max: alipay takes at most 10000000000"
	if report := c.CheckStored(t.Context()); report.Err() != nil || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], says) {
		t.Errorf("the check says %+v", report)
	}
	var log bytes.Buffer
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	p, err := program.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), says) {
		t.Errorf("the start does not say it:\n%s", &log)
	}
}

func TestCheckOfAdminListen(t *testing.T) {
	t.Parallel()
	for address, warned := range map[string]bool{
		"127.0.0.1:8082": false, "[::1]:8082": false, "10.1.2.3:8082": false, "localhost:8082": false,
		"0.0.0.0:8082": true, ":8082": true, "[::]:8082": true, "203.0.113.5:8082": true,
	} {
		c := config(t)
		c.AdminListen = address
		report := c.Check()
		if got := slices.ContainsFunc(report.Warnings, func(w string) bool { return strings.HasPrefix(w, "--admin-listen") }); got != warned {
			t.Errorf("%s: warned %v, want %v", address, got, warned)
		}
		c.AdminListen = "8082"
		if report := c.Check(); report.Err() == nil {
			t.Error("an address without a port is in order")
		}
	}
}
