package sqlite_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"morepay/internal/store/sqlite"
	"morepay/internal/webhook"
)

// holding, in the environment of this test's binary, has it open a database as a
// server does, say so, and wait for its end.
const holding = "MOREPAY_TEST_HOLDS"

// TestHolder is no test but what another process runs.
func TestHolder(t *testing.T) {
	path := os.Getenv(holding)
	if path == "" {
		t.Skip("runs in a process that another test starts")
	}
	if _, err := sqlite.OpenAlone(t.Context(), path, webhook.NewMessage, nil); err != nil {
		t.Fatal(err)
	}
	fmt.Println("holds")
	select {}
}

// hold starts a process that has a database as a server does.
func hold(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestHolder$")
	cmd.Env = append(os.Environ(), holding+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if lines.Text() == "holds" {
			return cmd
		}
	}
	t.Fatal("it holds nothing")
	return nil
}

func openAlone(t *testing.T, path string) error {
	t.Helper()
	db, err := sqlite.OpenAlone(t.Context(), path, webhook.NewMessage, nil)
	if err == nil {
		err = db.Close()
	}
	return err
}

// Two servers on one folder would each wake only their own payers and send every
// webhook twice. Commands share it.
func TestOneServerAFolder(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "morepay.db")
	first := hold(t, path)
	err := openAlone(t, path)
	if err == nil {
		t.Fatal("two servers have the folder")
	}
	for _, word := range []string{folder, fmt.Sprint("process ", first.Process.Pid)} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not name %q", err, word)
		}
	}
	command := mustOpen(t, path, nil)
	if err := command.Ready(t.Context()); err != nil {
		t.Errorf("a command beside the server: %v", err)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = first.Wait() // it was killed
	for range 2 {    // closing gives it back too
		if err := openAlone(t, path); err != nil {
			t.Errorf("after kill -9: %v", err)
		}
	}
}
