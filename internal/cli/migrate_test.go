package cli_test

import (
	"errors"
	"testing"

	"github.com/alecthomas/kong"
)

// A script can tell by the status whether the tables are those of the program.
func TestMigrate(t *testing.T) {
	folder := t.TempDir()
	status := func() int {
		err := run(t, "migrate", "--status", "--data", folder)
		if err == nil {
			return 0
		}
		var coder kong.ExitCoder
		if !errors.As(err, &coder) {
			t.Fatal(err)
		}
		return coder.ExitCode()
	}
	for range 2 { // the first changed nothing
		if got := status(); got != 1 {
			t.Errorf("an empty folder: status %d, want 1", got)
		}
	}
	if err := run(t, "migrate", "--data", folder); err != nil {
		t.Fatal(err)
	}
	if got := status(); got != 0 {
		t.Errorf("migrated: status %d, want 0", got)
	}
}
