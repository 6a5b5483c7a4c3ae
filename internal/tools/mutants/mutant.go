package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// row is a mistake in one line, and the tests that must notice it.
type row struct {
	name    string // what is broken
	file    string // from the module's root
	line    string // the text that is replaced; it stands in the file once
	becomes string
	tests   string // package, a space, and the pattern of go test -run
	hangs   bool   // the mistake shows by tests that never end
}

func (r row) pkg() string { pkg, _, _ := strings.Cut(r.tests, " "); return pkg }

func (r row) run() string { _, run, _ := strings.Cut(r.tests, " "); return run }

// broken returns the file with the mistake in it.
func (r row) broken() ([]byte, error) {
	source, err := os.ReadFile(r.file)
	if err != nil {
		return nil, err
	}
	switch n := bytes.Count(source, []byte(r.line)); {
	case n != 1:
		return nil, fmt.Errorf("%s: its text stands %d times in %s, want once", r.name, n, r.file)
	case r.line == r.becomes || strings.Contains(r.line, "\n"):
		return nil, fmt.Errorf("%s: must change one line", r.name)
	}
	return bytes.Replace(source, []byte(r.line), []byte(r.becomes), 1), nil
}

// overlay is what go build is told to read in place of files: paths by paths.
type overlay struct{ Replace map[string]string }

func (o overlay) write(file string) error {
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}

// lay writes the broken file to a folder, and the overlay with which go test reads it in
// place of the true one.
func (r row) lay(ctx context.Context, folder string) (file string, err error) {
	source, err := r.broken()
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(r.file)
	if err != nil {
		return "", err
	}
	mutant, file := filepath.Join(folder, "mutant.go"), filepath.Join(folder, "overlay.json")
	if err := os.WriteFile(mutant, source, 0o600); err != nil {
		return "", err
	}
	o := overlay{map[string]string{original: mutant}}
	if r.inBrowser() {
		built, err := bundle(ctx, folder, o.Replace)
		if err != nil {
			return "", err
		}
		maps.Copy(o.Replace, built)
	}
	return file, o.write(file)
}

// try runs the tests against the mistake. It fails unless they notice.
func (r row) try(ctx context.Context, folder string) (verdict string, err error) {
	overlay, err := r.lay(ctx, folder)
	if err != nil {
		return "", err
	}
	passed, out, err := test(ctx, r.pkg(), r.run(), "-overlay", overlay)
	if err != nil {
		return "", err
	}
	if passed {
		return "", errors.New("SURVIVED: " + r.tests)
	}
	return r.judge(out)
}

var failedTest = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

// judge reads how the tests failed: a mistake that does not compile proves nothing,
// nor do tests that never end, unless the row says so.
func (r row) judge(out string) (verdict string, err error) {
	hung := strings.Contains(out, "panic: test timed out")
	switch {
	case strings.Contains(out, "[build failed]"), strings.Contains(out, "[setup failed]"):
		return "", fmt.Errorf("does not compile:\n%s", out)
	case hung != r.hangs:
		return "", fmt.Errorf("the tests were cut off: %t, want %t", hung, r.hangs)
	case hung:
		return "killed by time", nil
	}
	if by := failedTest.FindStringSubmatch(out); by != nil {
		return "killed by " + by[1], nil
	}
	return "killed", nil // by a panic, or in TestMain
}

// sound fails unless the tests of the rows pass as the code is.
func sound(ctx context.Context, rows []row) error {
	patterns := map[string][]string{}
	for _, r := range rows {
		if _, err := r.broken(); err != nil {
			return err
		}
		if !slices.Contains(patterns[r.pkg()], r.run()) {
			patterns[r.pkg()] = append(patterns[r.pkg()], r.run())
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(patterns)) {
		passed, out, err := test(ctx, pkg, strings.Join(patterns[pkg], "|"), "-timeout", together)
		if err != nil {
			return err
		}
		if !passed {
			return fmt.Errorf("the tests fail without any mistake:\n%s", out)
		}
	}
	return nil
}

// within limits the time of a row's tests: none of them needs half of it.
const within = "90s"

// together limits the time of all tests of a package, as the code is.
const together = "15m"

// test runs tests and reports whether they passed. There must be some.
func test(ctx context.Context, pkg, run string, flags ...string) (passed bool, out string, err error) {
	args := slices.Concat([]string{"test", "-vet=off", "-count=1", "-failfast", "-timeout", within, "-run", run}, flags, []string{pkg})
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "RAPID_NOFAILFILE=1") // or random tests write into the tree what they found
	b, err := cmd.CombinedOutput()
	out = string(b)
	if strings.Contains(out, "[no tests to run]") {
		return false, out, fmt.Errorf("%s has no test %s", pkg, run)
	}
	if _, failed := errors.AsType[*exec.ExitError](err); failed && ctx.Err() == nil {
		return false, out, nil
	}
	return err == nil, out, err
}
