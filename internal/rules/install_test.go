package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	twin      = regexp.MustCompile(`\bMOREPAY_[A-Z_]+\b`)
	drain     = regexp.MustCompile(`MOREPAY_DRAIN[:,=]? (?:value: )?(\d+s)`)
	grace     = regexp.MustCompile(`(?:terminationGracePeriodSeconds: |TimeoutStopSec=|stop_grace_period: |--stop-timeout )(\d+)`)
	afterward = regexp.MustCompile(`const stopWithin = (\d+) \* time\.Second`)
)

// installed returns the files with which the program is installed, by name.
func installed(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("docs/install/*")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.IsDir() {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[filepath.Base(file)] = string(text)
	}
	if len(texts) < 7 {
		t.Fatalf("only %d files were found", len(texts))
	}
	return texts
}

// TestInstallNamesFlags: what the files set in the environment is a flag of serve.
func TestInstallNamesFlags(t *testing.T) {
	t.Parallel()
	flags := map[string]bool{}
	addFlags(t, flags, "server.go")
	for name, text := range installed(t) {
		for _, v := range twin.FindAllString(text, -1) {
			flag := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(v, "MOREPAY_"), "_", "-"))
			if !flags[flag] {
				t.Errorf("%s sets %s, but there is no %s", name, v, flag)
			}
		}
	}
}

// TestInstallGivesTimeToStop: nothing kills a server before it has drained and finished.
func TestInstallGivesTimeToStop(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("internal/run/run.go")
	if err != nil {
		t.Fatal(err)
	}
	limit := afterward.FindStringSubmatch(string(source))
	if limit == nil {
		t.Fatal("internal/run does not say how long it takes to stop")
	}
	seconds, err := strconv.Atoi(limit[1])
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for name, text := range installed(t) {
		draining := 5 * time.Second // the flag's default
		if m := drain.FindStringSubmatch(text); m != nil {
			if draining, err = time.ParseDuration(m[1]); err != nil {
				t.Fatal(err)
			}
		}
		for _, m := range grace.FindAllStringSubmatch(text, -1) {
			given, err := strconv.Atoi(m[1])
			if err != nil {
				t.Fatal(err)
			}
			said++
			if need := draining + time.Duration(seconds)*time.Second; time.Duration(given)*time.Second < need+time.Second {
				t.Errorf("%s gives %d s, and a stop may take %v", name, given, need)
			}
		}
	}
	if said < 4 {
		t.Errorf("only %d files say how long a stop may take", said)
	}
}
