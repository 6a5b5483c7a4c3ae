package pay_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"morepay/internal/pay"
)

// TestDocument holds docs/state-machine.md to the code.
func TestDocument(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/state-machine.md")
	must(t, err)
	doc := string(text)

	t.Run("session-diagram", func(t *testing.T) {
		want := edges(pay.SessionStatuses, pay.SessionInputs, pay.SessionStatus.Next)
		checkDiagram(t, doc, "Session", append(want, "[*] --> open"))
	})
	t.Run("attempt-diagram", func(t *testing.T) {
		want := edges(pay.AttemptStates, pay.AttemptInputs, pay.AttemptState.Next)
		checkDiagram(t, doc, "Attempt", append(want, "[*] --> submitting"))
	})
	t.Run("refund-diagram", func(t *testing.T) {
		statuses := pay.RefundStatuses
		want := edges(statuses, statuses, func(from, word pay.RefundStatus) (pay.RefundStatus, bool) {
			return refundNext(t, from)(word)
		})
		checkDiagram(t, doc, "Refund", append(want, "[*] --> pending"))
	})
	t.Run("tests", func(t *testing.T) {
		known := testsOf(t, "..")
		for _, match := range regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(doc, -1) {
			if !known[match[1]] {
				t.Errorf("there is no test %s", match[1])
			}
		}
	})
	t.Run("mutants", func(t *testing.T) {
		want := map[string]string{}
		for _, m := range mutants {
			want[m.name] = m.breaks
		}
		got := map[string]string{}
		for _, match := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| ([A-Za-z0-9]+) \\|$").FindAllStringSubmatch(doc, -1) {
			got[match[1]] = match[2]
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("mutants (-code +document):\n%s", diff)
		}
	})
}

// edges returns the arrows of a machine, as Mermaid writes them.
func edges[S, I ~string](states []S, inputs []I, next func(S, I) (S, bool)) []string {
	var list []string
	for _, s := range states {
		for _, in := range inputs {
			if to, ok := next(s, in); ok {
				list = append(list, fmt.Sprintf("%s --> %s: %s", s, to, in))
			}
		}
	}
	return list
}

// checkDiagram compares the arrows of the diagram under a heading.
func checkDiagram(t *testing.T, doc, heading string, want []string) {
	t.Helper()
	_, section, _ := strings.Cut(doc, "\n## "+heading+"\n")
	_, diagram, _ := strings.Cut(section, "```mermaid\nstateDiagram-v2\n")
	diagram, _, _ = strings.Cut(diagram, "```")
	var got []string
	for line := range strings.Lines(diagram) {
		got = append(got, strings.TrimSpace(line))
	}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("arrows (-code +document):\n%s", diff)
	}
}

// testsOf returns the names of the tests in the packages below a folder: an invariant may be held by a store or by the wire too.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	declaration := regexp.MustCompile(`(?m)^func (Test[A-Za-z]+)\(`)
	names := map[string]bool{}
	must(t, filepath.WalkDir(folder, func(file string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		source, err := os.ReadFile(file)
		for _, match := range declaration.FindAllSubmatch(source, -1) {
			names[string(match[1])] = true
		}
		return err
	}))
	if len(names) == 0 {
		t.Fatalf("no tests found in %s", folder)
	}
	return names
}
