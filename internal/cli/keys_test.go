package cli_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/merchant"
)

// TestKeys: the list has every key of the folder, with its last use and without the key.
func TestKeys(t *testing.T) {
	dir, data := filepath.Join(t.TempDir(), "merchants"), t.TempDir()
	if err := demo.Export(dir, "", "http://127.0.0.1:8080", nil); err != nil {
		t.Fatal(err)
	}
	s := demotest.Start(t, func(c *demo.Config) { c.Data = data })
	list := func(args ...string) string {
		return told(t, append([]string{"keys", "--merchants", dir, "--data", data}, args...)...)
	}
	before := list("--merchant", "bench")
	row := regexp.MustCompile(`(?m)^bench +demo-refund +refund +([0-9a-f]{16}) +-$`).FindStringSubmatch(before)
	if row == nil || strings.Count(before, "\n") != 5 || !regexp.MustCompile(`(?m)^bench +demo +read,write,refund +[0-9a-f]{16} +-$`).MatchString(before) {
		t.Fatalf("the list is\n%s", before)
	}
	use := merchant.KeyUse{Merchant: "bench", Key: row[1], At: s.Now()}
	if err := s.Stores.KeyUses.AddKeyUses(t.Context(), []merchant.KeyUse{use}); err != nil {
		t.Fatal(err)
	}
	if after := list(); !regexp.MustCompile(`(?m)^bench +demo-refund +refund +`+row[1]+` +20..-..-..T`).MatchString(after) || !strings.Contains(after, "\ninstant ") {
		t.Errorf("after it was used:\n%s", after)
	}
}
