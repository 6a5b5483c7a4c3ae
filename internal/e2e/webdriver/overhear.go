package webdriver

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"morepay/internal/e2e/browsertest"
	"morepay/internal/needs"
)

// Overhear opens a page in WebKit without a driver until done says so, and returns
// what the page and the browser complained of: only such a browser tells its
// console, as it ends.
func Overhear(t testing.TB, url string, done func() bool) []string {
	t.Helper()
	_, browser := needs.WebKit(t)
	var said bytes.Buffer
	cmd := exec.Command(browser, "--enable-write-console-messages-to-stdout=true", url)
	cmd.Env = append(os.Environ(), "DISPLAY="+display(t), "HOME="+folder(t))
	cmd.Stdout, cmd.Stderr = &said, &said // it writes to the latter
	cmd.WaitDelay = closing
	ended := launch(t, cmd)
	there := eventually(done)
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("webdriver: MiniBrowser: %v", err)
	}
	select {
	case <-ended:
	case <-time.After(browsertest.Patience):
		t.Fatalf("webdriver: MiniBrowser does not end")
	}
	if !there {
		t.Fatalf("webdriver: the page did not get there, and says:\n%s", &said)
	}
	var complaints []string
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, " ERROR ") {
			complaints = append(complaints, strings.TrimSpace(line))
		}
	}
	return complaints
}
