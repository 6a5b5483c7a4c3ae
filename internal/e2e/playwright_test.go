package e2e_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// TestPlaywrightExample runs the documents' example of an end-to-end test, as a reader
// would, against a demo of its own.
func TestPlaywrightExample(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "playwright.config.js", "pay.spec.js"} {
		b, err := os.ReadFile(filepath.Join("../../docs/examples/playwright", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	needs.Packages(t, dir)
	s := demotest.Start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*browsertest.Patience)
	defer cancel()
	run := exec.CommandContext(ctx, needs.Npm(t), "test", "--silent")
	run.WaitDelay = browsertest.Patience // for what it started
	run.Dir = dir
	run.Env = append(os.Environ(), "CHROMIUM="+needs.Chromium(t), "MOREPAY_URL="+s.Origin, "MOREPAY_SIM_URL="+s.SimURL, "MOREPAY_KEY="+s.Shop(t, "bench").Key, "CI=")
	if out, err := run.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
