package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestBudget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, size := range map[string]int{"app.wasm": 900, "app.wasm.br": 100, "app.wasm.gz": 200, "big.js": 9, "big.js.br": 5000, "big.js.gz": 5000} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	bundle, script := filepath.Join(dir, "app.wasm"), filepath.Join(dir, "big.js")
	for _, test := range []struct {
		name   string
		budget int64
		file   string
		says   string
	}{
		{"under", 101, bundle, ""},
		{"exactly", 100, bundle, ""},
		{"over", 99, bundle, "100 bytes with brotli, 1 over its budget of 99"},
		{"not-built", 100, filepath.Join(dir, "none.wasm"), "make wasm"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := run(test.budget, []string{test.file, script})
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("got %v, want %q", err, test.says)
			}
		})
	}
}
