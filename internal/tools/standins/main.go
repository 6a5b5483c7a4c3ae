// Command standins turns a folder of stand-in packages into arguments of go
// build: an -overlay for those of the standard library, a -modfile with replace
// directives for those of other modules.
//
//	go run ./internal/tools/standins -o DIR wasm/stub ./wasm
//
// It writes overlay.json, go.mod and go.sum to DIR, and then lists what the
// given main package links. Each stand-in names its importers in a line
//
//	//standin:for IMPORTPATH…
//
// and any other importer is an error, because it would be compiled against a
// stand-in that was not made for it.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	out := flag.String("o", "", "`folder` to write to")
	flag.Parse()
	if *out == "" || flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*out, flag.Arg(0), flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, "standins:", err)
		os.Exit(1)
	}
}

func run(out, folder, program string) error {
	goroot, err := goCommand("env", "GOROOT")
	if err != nil {
		return err
	}
	found, err := find(folder, filepath.Join(strings.TrimSpace(goroot), "src"))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	if err := writeOverlay(filepath.Join(out, "overlay.json"), found); err != nil {
		return err
	}
	if err := writeModfile(out, found); err != nil {
		return err
	}
	links, err := goCommand("list", "-deps", "-f", `{{.ImportPath}} {{join .Imports " "}}`,
		"-overlay", filepath.Join(out, "overlay.json"), "-modfile", filepath.Join(out, "go.mod"), program)
	if err != nil {
		return err
	}
	return checkImporters(links, found)
}

// standin is one folder of stand-ins.
type standin struct {
	path  string   // import path
	dir   string   // our folder
	files []string // names of our Go files
	users []string // import paths of those that it was made for
	std   string   // folder of the real package in GOROOT, or "" if it is another module's
}

// find lists the stand-ins under folder. src is GOROOT/src.
func find(folder, src string) ([]standin, error) {
	var found []standin
	err := filepath.WalkDir(folder, func(dir string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		files, err := names(dir, ".go")
		if err != nil || len(files) == 0 {
			return err
		}
		rel, err := filepath.Rel(folder, dir)
		if err != nil {
			return err
		}
		s := standin{path: filepath.ToSlash(rel), dir: dir, files: files}
		if s.users, err = users(dir, files); err != nil {
			return err
		}
		if info, err := os.Stat(filepath.Join(src, rel)); err == nil && info.IsDir() {
			s.std = filepath.Join(src, rel)
		}
		found = append(found, s)
		return nil
	})
	return found, err
}

// users reads the //standin:for lines of a stand-in's files.
func users(dir string, files []string) ([]string, error) {
	var list []string
	for _, name := range files {
		source, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return nil, err
		}
		for line := range strings.Lines(string(source)) {
			if paths, ok := strings.CutPrefix(line, "//standin:for "); ok {
				list = append(list, strings.Fields(paths)...)
			}
		}
	}
	return list, nil
}

// names lists the files of dir that end in one of suffixes.
func names(dir string, suffixes ...string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, e := range entries {
		if e.Type().IsRegular() && slices.Contains(suffixes, filepath.Ext(e.Name())) {
			list = append(list, e.Name())
		}
	}
	return list, nil
}

// writeOverlay hides each file of the real packages and shows ours instead.
func writeOverlay(file string, found []standin) error {
	replace := map[string]string{}
	for _, s := range found {
		if s.std == "" {
			continue
		}
		theirs, err := names(s.std, ".go", ".s")
		if err != nil {
			return err
		}
		for _, name := range theirs {
			replace[filepath.Join(s.std, name)] = ""
		}
		for _, name := range s.files {
			ours, err := filepath.Abs(filepath.Join(s.dir, name))
			if err != nil {
				return err
			}
			replace[filepath.Join(s.std, name)] = ours
		}
	}
	body, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, body, 0o644)
}

// writeModfile copies our go.mod and go.sum and replaces the modules that have
// a stand-in. It runs in the module's root: replace paths are relative to that.
func writeModfile(out string, found []standin) error {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	for _, s := range found {
		if s.std == "" {
			mod = fmt.Appendf(mod, "\nreplace %s => ./%s\n", s.path, filepath.ToSlash(filepath.Clean(s.dir)))
		}
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "go.mod"), mod, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "go.sum"), sum, 0o644)
}

// checkImporters reads lines of "package import import…" and refuses an importer
// of a stand-in that was not made for it.
func checkImporters(links string, found []standin) error {
	users := map[string][]string{}
	for _, s := range found {
		users[s.path] = s.users
	}
	for line := range strings.Lines(links) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		for _, path := range fields[1:] {
			if made, ok := users[path]; ok && !slices.Contains(made, fields[0]) {
				return fmt.Errorf("%s imports %s, whose stand-in in the browser's bundle was not made for it", fields[0], path)
			}
		}
	}
	return nil
}

// goCommand runs go for the browser's platform and returns what it printed.
func goCommand(args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("go %s: %w", args[0], err)
	}
	return out.String(), nil
}
