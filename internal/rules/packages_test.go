package rules_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestLockFilesPinPackages: what npm installs is pinned by its hash, and comes from
// whichever registry the machine is set to.
func TestLockFilesPinPackages(t *testing.T) {
	t.Parallel()
	var locks []string
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if entry != nil && entry.IsDir() && (entry.Name() == "node_modules" || entry.Name() == ".git") {
			return fs.SkipDir
		}
		if filepath.Base(file) == "package-lock.json" {
			locks = append(locks, file)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(locks) == 0 {
		t.Fatal("no lock file was found")
	}
	for _, file := range locks {
		checkLock(t, file)
	}
}

func checkLock(t *testing.T, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lock struct {
		Packages map[string]struct{ Resolved, Integrity string }
	}
	if err := json.Unmarshal(b, &lock); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	for name, p := range lock.Packages {
		ours := strings.HasPrefix(p.Resolved, "file:")
		if p.Resolved != "" && !ours {
			t.Errorf("%s: %s names an address: npm config set omit-lockfile-registry-resolved true", file, name)
		}
		if p.Integrity == "" && !ours && name != "" {
			t.Errorf("%s: %s has no hash", file, name)
		}
	}
}
