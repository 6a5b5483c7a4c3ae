// Package needs skips tests on machines that lack what they need: the browser's
// bundle, Chromium, Firefox, WebKit, Node, curl, Java, PHP, packages of npm, axe-core, PostgreSQL, pgbouncer or a second address. Where
// the environment has CI set to anything, a missing tool fails the test instead, so
// that nothing is skipped there unseen. With -short, what needs one of them is skipped in any case.
//
// What must not live here: what is done with a tool that was found.
package needs

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Bundle skips the test if make wasm has not built the browser's bundle.
func Bundle(tb testing.TB) {
	tb.Helper()
	need(tb, "the browser's bundle (make wasm)", func() (string, error) { return file("web", "dist", "app.wasm") })
}

// Chromium returns the path of the browser, or skips the test.
func Chromium(tb testing.TB) string {
	tb.Helper()
	return need(tb, "Chromium (apt-get install chromium)", func() (string, error) {
		return command("chromium", "chromium-browser", "google-chrome")
	})
}

// Address skips the test where nothing can listen at an address of this machine.
func Address(tb testing.TB, host string) {
	tb.Helper()
	need(tb, "the address "+host+" (Linux has all of 127.0.0.0/8)", func() (string, error) {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return "", err
		}
		return host, l.Close()
	})
}

// Firefox returns the path of the browser, or skips the test.
func Firefox(tb testing.TB) string {
	tb.Helper()
	return need(tb, "Firefox (apt-get install firefox-esr)", func() (string, error) { return command("firefox-esr", "firefox") })
}

// WebKit returns the paths of WebKit's driver and of the browser that it drives, or
// skips the test.
func WebKit(tb testing.TB) (driver, browser string) {
	tb.Helper()
	const what = "WebKit (apt-get install webkit2gtk-driver)"
	driver = need(tb, what, func() (string, error) { return command("WebKitWebDriver") })
	browser = need(tb, what, miniBrowser)
	return driver, browser
}

// Xvfb returns the path of the screen that nobody sees, or skips the test.
func Xvfb(tb testing.TB) string {
	tb.Helper()
	return need(tb, "Xvfb (apt-get install xvfb)", func() (string, error) { return command("Xvfb") })
}

// Node returns the path of Node, or skips the test.
func Node(tb testing.TB) string {
	tb.Helper()
	return need(tb, "Node (apt-get install nodejs)", func() (string, error) { return command("node") })
}

// Curl skips the test where there is no curl, or no openssl beside it.
func Curl(tb testing.TB) {
	tb.Helper()
	need(tb, "curl (apt-get install curl)", func() (string, error) { return command("curl") })
	need(tb, "openssl (apt-get install openssl)", func() (string, error) { return command("openssl") })
}

// Python skips the test where there is no Python.
func Python(tb testing.TB) {
	tb.Helper()
	need(tb, "Python (apt-get install python3)", func() (string, error) { return command("python3") })
}

// Java returns the path of a Java that compiles what it runs, or skips the test.
func Java(tb testing.TB) string {
	tb.Helper()
	const what = "Java (apt-get install default-jdk-headless)"
	need(tb, what, func() (string, error) { return command("javac") })
	return need(tb, what, func() (string, error) { return command("java") })
}

// PHP returns the path of PHP, or skips the test.
func PHP(tb testing.TB) string {
	tb.Helper()
	return need(tb, "PHP (apt-get install php-cli)", func() (string, error) { return command("php") })
}

// Npm returns the path of npm, or skips the test.
func Npm(tb testing.TB) string {
	tb.Helper()
	return need(tb, "npm (apt-get install npm)", func() (string, error) { return command("npm") })
}

// Packages installs what the lock file of a folder names, or skips the test where
// neither npm's registry nor its cache has it. The packages' own scripts are not run.
func Packages(tb testing.TB, folder string) {
	tb.Helper()
	npm := Npm(tb)
	need(tb, "packages from npm's registry", func() (string, error) {
		install := exec.Command(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--fetch-retries=1", "--fetch-timeout=60000")
		install.Dir = folder
		if out, err := install.CombinedOutput(); err != nil {
			return "", fmt.Errorf("npm ci: %w\n%s", err, out)
		}
		return folder, nil
	})
}

// Axe returns the path of axe-core, the accessibility rules, or skips the test.
func Axe(tb testing.TB) string {
	tb.Helper()
	return need(tb, "axe-core (make deps)", func() (string, error) { return file(".ci", "axe", "node_modules", "axe-core", "axe.min.js") })
}

// GOROOT returns the folder of the Go that runs the tests.
func GOROOT(tb testing.TB) string {
	tb.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		tb.Fatalf("go env GOROOT: %v", err)
	}
	return strings.TrimSpace(string(out))
}

// Nginx returns the path of the proxy, or skips the test.
func Nginx(tb testing.TB) string {
	tb.Helper()
	return need(tb, "nginx (apt-get install nginx-light)", func() (string, error) { return command("nginx", "/usr/sbin/nginx") })
}

// Postgres returns the folder of the newest PostgreSQL server's programs, or
// skips the test.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return need(tb, "PostgreSQL (apt-get install postgresql)", postgres)
}

// Pgbouncer returns the path of the pooler, or skips the test.
func Pgbouncer(tb testing.TB) string {
	tb.Helper()
	return need(tb, "pgbouncer (apt-get install pgbouncer)", func() (string, error) { return command("pgbouncer", "/usr/sbin/pgbouncer") })
}

// Time skips a test that takes long where -short asks for quick ones.
func Time(tb testing.TB) {
	tb.Helper()
	if testing.Short() {
		tb.Skip("takes long, and -short is given")
	}
}

func need(tb testing.TB, what string, find func() (string, error)) string {
	tb.Helper()
	if testing.Short() {
		tb.Skipf("needs %s, and -short is given", what)
	}
	found, err := find()
	switch {
	case err == nil:
	case os.Getenv("CI") != "":
		tb.Fatalf("needs %s: %v", what, err)
	default:
		tb.Skipf("needs %s: %v", what, err)
	}
	return found
}

// file finds a file of this module.
func file(path ...string) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	found := filepath.Join(append([]string{root}, path...)...)
	_, err = os.Stat(found)
	return found, err
}

// command finds the first of some names of one program.
func command(names ...string) (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("not in PATH: " + strings.Join(names, ", "))
}

// miniBrowser finds WebKit's browser for tests where Debian keeps it.
func miniBrowser() (string, error) {
	found, err := filepath.Glob("/usr/lib/*/webkit2gtk-4*/MiniBrowser")
	if err == nil && len(found) == 0 {
		err = errors.New("no MiniBrowser below /usr/lib")
	}
	if err != nil {
		return "", err
	}
	return slices.Max(found), nil
}

// postgres finds the server where Debian keeps its versions, else by PATH.
func postgres() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("postgres")
		return filepath.Dir(path), err
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

// version returns the major version in a path such as
// /usr/lib/postgresql/17/bin/postgres.
func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// moduleRoot returns the folder of go.mod at or above the working directory,
// which for a test is its package.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("there is no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}
