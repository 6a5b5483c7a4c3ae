package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"morepay/web"
)

// folder makes a folder like web, without a published version.
func folder(t *testing.T, loader string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "embed"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, web.Embed), loader)
	write(t, filepath.Join(dir, "embed", "published.txt"), "# VERSION INTEGRITY\n")
	return dir
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	dir := folder(t, "first")
	if err := publish(dir, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, web.Embed), "second")
	if err := publish(dir, "1.1.0"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, web.Embed), "third")
	if err := publish(dir, "1.1.0"); err == nil {
		t.Error("a version was published twice")
	}
	list, err := web.Versions(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	want := []web.Published{{Version: "1.0.0", Integrity: web.Integrity([]byte("first"))}, {Version: "1.1.0", Integrity: web.Integrity([]byte("second"))}}
	if len(list) != 2 || list[0] != want[0] || list[1] != want[1] {
		t.Errorf("published are %v, want %v", list, want)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	dir := folder(t, "first")
	if err := publish(dir, "1.0.0"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, web.Embed), "second")
	var out bytes.Buffer
	if err := show(&out, dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(out.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	want := []string{
		"/embed/1.0.0.js " + web.Integrity([]byte("first")),
		"/embed.js " + web.Integrity([]byte("second")) + " (changes with releases)",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	write(t, filepath.Join(dir, "embed", "1.0.0.js"), "edited")
	if err := show(&out, dir); err == nil {
		t.Error("an edited version is shown")
	}
}
