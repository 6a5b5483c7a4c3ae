package folder_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/merchant/folder"
)

// plant makes a folder of files, and of links where a text begins with "-> ".
func plant(t *testing.T, tree map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range tree {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if target, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(target, file)
		} else {
			err = os.WriteFile(file, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// Folders come from git, from Kubernetes and from disks of their own.
func TestTrees(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		tree    map[string]string
		leftOut string
		wrong   string // what is told; "" if the merchant is read
	}{
		"git": {map[string]string{
			"shop/capabilities.json": capabilities, "shop/merchant.json": settings,
			".git/HEAD": "ref: refs/heads/main", ".gitignore": "*.pem", "README.md": "ours",
		}, "", ""},
		"disk": {map[string]string{
			"shop/capabilities.json": capabilities, "shop/merchant.json": settings, "lost+found/#12": "",
		}, "lost+found", ""},
		// A volume of which every key is a file of one merchant.
		"volume-a-merchant": {map[string]string{
			"shop/..2026_11_28/capabilities.json": capabilities, "shop/..2026_11_28/merchant.json": settings,
			"shop/..data": "-> ..2026_11_28", "shop/capabilities.json": "-> ..data/capabilities.json", "shop/merchant.json": "-> ..data/merchant.json",
			"shop/icons/..2026_11_28/own.svg": "<svg/>", "shop/icons/..data": "-> ..2026_11_28", "shop/icons/own.svg": "-> ..data/own.svg",
		}, "", ""},
		// A volume of all merchants, whose items have paths.
		"volume-of-all": {map[string]string{
			"..2026_11_28/shop/capabilities.json": capabilities, "..2026_11_28/shop/merchant.json": settings,
			"..data": "-> ..2026_11_28", "shop": "-> ..data/shop",
		}, "", ""},
		"link-to-a-file":    {map[string]string{"shop/capabilities.json": capabilities, "shop/merchant.json": settings, "notes": "-> shop/capabilities.json"}, "", ""},
		"link-to-nothing":   {map[string]string{"shop/capabilities.json": capabilities, "other": "-> gone"}, "", "other leads nowhere"},
		"settings-alone":    {map[string]string{"shop/merchant.json": settings}, "", "shop/capabilities.json"},
		"file-that-is-gone": {map[string]string{"shop/capabilities.json": "-> gone", "shop/merchant.json": settings}, "", "shop/capabilities.json"},
		"merchant-itself":   {map[string]string{"capabilities.json": capabilities, "merchant.json": settings}, "", "name the one above"},
		"only-others":       {map[string]string{"lost+found/x": "", ".git/HEAD": ""}, "lost+found", "holds no merchant"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := os.DirFS(plant(t, c.tree))
			if got := strings.Join(folder.LeftOut(dir), " "); got != c.leftOut {
				t.Errorf("left out %q, want %q", got, c.leftOut)
			}
			merchants, err := folder.Load(dir, true)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("error is %v, want one that says %q", err, c.wrong)
				}
				return
			}
			if err != nil || len(merchants) != 1 || merchants[0].ID != "shop" || merchants[0].Document == nil || merchants[0].Settings.Mode != folder.ModeLive {
				t.Errorf("read %+v, %v", merchants, err)
			}
		})
	}
}

// One start must be enough to hear of all mistakes.
func TestLoadTellsEverySettingAtOnce(t *testing.T) {
	t.Parallel()
	wrong := strings.NewReplacer(
		`"live"`, `"test"`, `["https://shop.example"]`, `["https://shop.example", "*", "http://b"]`, `orders/"`, `orders"`,
		`9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`, `12`, `"webhooks": []`,
		`"rate": {"reads": -1, "polls": -1}, "webhooks": [{"url": "http://a", "secrets": []}, {"url": "https://b.example", "secrets": ["none"]}]`,
	).Replace(settings)
	dir := files(strings.Replace(capabilities, `"rails"`, `"icon": "a", "rails"`, 1), wrong)
	merchants, err := folder.Load(dir, true)
	if err == nil {
		t.Fatal("was accepted")
	}
	for _, want := range []string{
		"shop/capabilities.json:8: methods[0].icon: ",
		"shop/merchant.json:2: invalid_request (mode)", "shop/merchant.json:3: invalid_request (origins[1])", "shop/merchant.json:3: invalid_request (origins[2])",
		"shop/merchant.json:4: invalid_request (return_urls[0])", "shop/merchant.json:5: invalid_request (api_keys[0].sha256)",
		"(rate.reads)", "(rate.polls)", "webhooks[0]", "(webhooks[1].secrets[0])",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
	if len(merchants) != 1 || merchants[0].Document == nil {
		t.Errorf("the merchant is not there for its accounts to be looked at: %+v", merchants)
	}
}
