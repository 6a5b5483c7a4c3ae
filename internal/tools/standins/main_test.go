package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files below a fresh folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, body := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFindTellsStandardFromOtherModules(t *testing.T) {
	t.Parallel()
	src := tree(t, map[string]string{"net/http/server.go": "", "net/http/server_amd64.s": "", "net/http/notes.txt": ""})
	ours := tree(t, map[string]string{
		"README.md":             "",
		"net/http/http.go":      "package http\n",
		"example.com/id/id.go":  "// Package id.\n//\n//standin:for a/b c\npackage id\n//standin:for d\n",
		"example.com/id/go.mod": "module example.com/id\n",
	})
	found, err := find(ours, src)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 {
		t.Fatalf("found %v, want two stand-ins", found)
	}
	id, http := found[0], found[1]
	if id.path != "example.com/id" || id.std != "" || strings.Join(id.users, " ") != "a/b c d" {
		t.Errorf("the other module's is %+v", id)
	}
	if http.path != "net/http" || http.std != filepath.Join(src, "net/http") || len(http.users) != 0 {
		t.Errorf("the standard library's is %+v", http)
	}

	overlay := filepath.Join(t.TempDir(), "overlay.json")
	if err := writeOverlay(overlay, found); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(overlay)
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Replace map[string]string }
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		filepath.Join(src, "net/http/server.go"):      "",
		filepath.Join(src, "net/http/server_amd64.s"): "",
		filepath.Join(src, "net/http/http.go"):        filepath.Join(ours, "net/http/http.go"),
	}
	if len(got.Replace) != len(want) {
		t.Errorf("the overlay is %v, want %v", got.Replace, want)
	}
	for file, instead := range want {
		if shown, ok := got.Replace[file]; !ok || shown != instead {
			t.Errorf("%s is replaced by %q, want %q", file, shown, instead)
		}
	}
}

func TestCheckImporters(t *testing.T) {
	t.Parallel()
	found := []standin{{path: "regexp", users: []string{"github.com/x/ui"}}, {path: "crypto/aes"}}
	for _, test := range []struct{ name, links, says string }{
		{"nobody", "fmt os\nos\n", ""},
		{"the-user", "github.com/x/ui regexp fmt\n", ""},
		{"another", "fmt os\nmorepay/app fmt regexp\n", "morepay/app imports regexp"},
		{"made-for-nobody", "github.com/x/ui crypto/aes\n", "github.com/x/ui imports crypto/aes"},
		{"path-of-the-same-end", "morepay/app my/regexp\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := checkImporters(test.links, found)
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}
