// Command dist makes the archives of a release: for each system the program, its
// documents and unit files, with a bill of materials (CycloneDX) and checksums. It
// takes what is committed, not what is being edited, and makes everything twice,
// in two folders and the second time without Go's cache: what differs in a byte is
// no release.
//
//	go run ./internal/tools/dist [-o build/dist] [-once]
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	out := flag.String("o", filepath.Join("build", "dist"), "`folder` to write to; what it held is removed")
	once := flag.Bool("once", false, "don't make it a second time to compare")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *out, *once); err != nil {
		fmt.Fprintln(os.Stderr, "dist:", err)
		os.Exit(1)
	}
}

// systems are what archives are made for.
var systems = []struct{ system, arch string }{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}}

// The names of what is made for an archive.
const (
	program    = "morepay"
	thirdParty = "THIRD_PARTY_LICENSES"
)

// sums is the file of checksums, as sha256sum -c reads it.
const sums = "SHA256SUMS"

func run(ctx context.Context, out string, once bool) error {
	work, err := os.MkdirTemp("", "morepay-dist-")
	if err != nil {
		return err
	}
	defer removeAll(work)
	r, err := current(ctx)
	if err != nil {
		return err
	}
	if err := r.build(ctx, filepath.Join(work, "first"), out, nil); err != nil {
		return err
	}
	if once {
		return nil
	}
	again := filepath.Join(work, "again")
	if err := r.build(ctx, filepath.Join(work, "a-second-folder"), again, []string{"GOCACHE=" + filepath.Join(work, "cache")}); err != nil {
		return err
	}
	if err := same(out, again); err != nil {
		return err
	}
	fmt.Printf("made twice, and the same in every byte: %s\n", filepath.Join(out, sums))
	return nil
}

// removeAll removes a folder with Go's cache, which may be read only.
func removeAll(folder string) {
	_ = filepath.WalkDir(folder, func(name string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(name, 0o755)
		}
		return nil
	})
	os.RemoveAll(folder)
}

// release is what archives are made of.
type release struct {
	commit, version string
	at              time.Time // of the commit: the only time that archives know
}

// current returns the release that the current folder's last commit is.
func current(ctx context.Context) (release, error) {
	var r release
	out, err := command(ctx, ".", nil, "git", "show", "-s", "--format=%H %ct", "HEAD")
	if err != nil {
		return r, err
	}
	commit, seconds, _ := strings.Cut(out, " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return r, err
	}
	r.commit, r.at = commit, time.Unix(unix, 0).UTC()
	r.version, err = command(ctx, ".", nil, "git", "describe", "--tags", "--always", "--abbrev=12", commit)
	return r, err
}

// build makes the release from a clone of its own, and writes it to out.
func (r release) build(ctx context.Context, clone, out string, env []string) error {
	if err := errors.Join(os.RemoveAll(out), os.MkdirAll(out, 0o755)); err != nil {
		return err
	}
	out, err := filepath.Abs(out)
	if err != nil {
		return err
	}
	for _, step := range [][]string{
		{".", "git", "clone", "--quiet", "--no-checkout", ".", clone},
		{clone, "git", "checkout", "--quiet", "--detach", r.commit},
		{clone, "make", "wasm"},
	} {
		if _, err := command(ctx, step[0], env, step[1], step[2:]...); err != nil {
			return err
		}
	}
	licences, err := command(ctx, clone, env, "go", "run", "./internal/tools/licenses")
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, s := range systems {
		files, err := r.archive(ctx, clone, out, s.system, s.arch, licences, env)
		if err != nil {
			return err
		}
		for _, file := range files {
			data, err := os.ReadFile(filepath.Join(out, file))
			if err != nil {
				return err
			}
			fmt.Fprintf(&list, "%x  %s\n", sha256.Sum256(data), file)
		}
	}
	return os.WriteFile(filepath.Join(out, sums), []byte(list.String()), 0o644)
}

// archive writes one system's archive and bill of materials, and returns their names.
func (r release) archive(ctx context.Context, clone, out, system, arch, licences string, env []string) ([]string, error) {
	name := strings.Join([]string{"morepay", r.version, system, arch}, "-")
	binary := filepath.Join(clone, "build", name, program)
	target := append([]string{"CGO_ENABLED=0", "GOFLAGS=", "GOOS=" + system, "GOARCH=" + arch, "GOAMD64=v1", "GOARM64=v8.0"}, env...)
	if _, err := command(ctx, clone, target, "go", "build", "-trimpath", "-buildvcs=true", "-ldflags", "-s -w", "-o", binary, "."); err != nil {
		return nil, err
	}
	bill := name + ".cdx.json"
	// The bill is read from the program itself, so it has what was built and nothing else.
	_, err := command(ctx, clone, env, "go", "tool", "-modfile=.ci/tools/go.mod", "cyclonedx-gomod", "bin",
		"-json", "-std", "-licenses", "-noserial", "-notimestamp", "-version", r.version, "-output", filepath.Join(out, bill), binary)
	if err != nil {
		return nil, err
	}
	files, err := contents(clone)
	if err != nil {
		return nil, err
	}
	built, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	files = append(files, file{name: program, data: built, program: true}, file{name: thirdParty, data: []byte(licences)})
	var packed bytes.Buffer
	if err := pack(&packed, name, files, r.at); err != nil {
		return nil, err
	}
	fmt.Printf("%s.tar.gz: %d bytes\n", name, packed.Len())
	return []string{name + ".tar.gz", bill}, os.WriteFile(filepath.Join(out, name+".tar.gz"), packed.Bytes(), 0o644)
}

// same fails if two folders don't have the same checksums.
func same(a, b string) error {
	first, err := os.ReadFile(filepath.Join(a, sums))
	if err != nil {
		return err
	}
	second, err := os.ReadFile(filepath.Join(b, sums))
	if err != nil {
		return err
	}
	if !bytes.Equal(first, second) {
		return fmt.Errorf("made a second time it is another:\n%s\nis not\n%s", second, first)
	}
	return nil
}

// command runs a program in a folder and returns what it prints, without the space
// around it.
func command(ctx context.Context, folder string, env []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, &complaints)
	}
	return strings.TrimSpace(string(out)), nil
}
