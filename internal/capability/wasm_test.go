//go:build !js

package capability_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"morepay/internal/needs"
)

// TestBrowserDecidesAlike builds this package's tests for the browser, runs
// TestDigest there (in Node) and here, and compares.
func TestBrowserDecidesAlike(t *testing.T) {
	t.Parallel()
	needs.Node(t)
	cmd := exec.Command("go", "test", "-count=1", "-v", "-run", "^TestDigest$", "-exec", filepath.Join(needs.GOROOT(t), "lib", "wasm", "go_js_wasm_exec"), ".")
	cmd.Env = append(smallEnv(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	there := digestLine.FindSubmatch(out)
	if there == nil {
		t.Fatalf("%v printed no digest:\n%s", cmd.Args, out)
	}
	if here := digest(t); here != string(there[1]) {
		t.Errorf("%d decisions: here %s, in the browser %s", inputs, here, there[1])
	}
}

var digestLine = regexp.MustCompile(`digest ([0-9a-f]{64})`)

// smallEnv returns the part of our environment that the go command needs:
// WebAssembly takes only a few kilobytes of it.
func smallEnv() []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GOCACHE", "GOPATH", "GOMODCACHE", "GOFLAGS", "GOPROXY", "GOTOOLCHAIN"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}
