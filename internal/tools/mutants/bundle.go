package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// dist is where the program takes the browser's bundle from.
const dist = "web/dist"

// inBrowser reports whether the mistake shows only in a bundle that was built with it.
func (r row) inBrowser() bool { return strings.HasPrefix(r.file, "app/") }

// bundle builds the browser's bundle with what an overlay has in place of true files, and
// returns the built files by those that they stand for.
func bundle(ctx context.Context, folder string, replaced map[string]string) (map[string]string, error) {
	build, built := filepath.Join(folder, "build"), filepath.Join(folder, "dist")
	if err := runMake(ctx, "standins", "BUILD="+build); err != nil {
		return nil, err
	}
	file := filepath.Join(build, "overlay.json")
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var all overlay
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	maps.Copy(all.Replace, replaced)
	if err := errors.Join(all.write(file), os.MkdirAll(built, 0o755)); err != nil {
		return nil, err
	}
	if err := runMake(ctx, "wasm", "BUILD="+build, "DIST="+built, "--old-file=standins"); err != nil {
		return nil, err
	}
	return stand(built, dist)
}

func runMake(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "make", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("make %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// stand returns the files of a folder by those of another that they stand for.
func stand(folder, in string) (map[string]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string, len(entries))
	for _, e := range entries {
		original, err := filepath.Abs(filepath.Join(in, e.Name()))
		if err != nil {
			return nil, err
		}
		files[original] = filepath.Join(folder, e.Name())
	}
	return files, nil
}
