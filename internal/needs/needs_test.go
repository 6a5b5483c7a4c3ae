package needs_test

import (
	"strings"
	"testing"

	"morepay/internal/needs"
)

// verdict keeps what a test would have ended with.
type verdict struct {
	testing.TB
	skipped, failed string
}

func (v *verdict) Helper() {}

func (v *verdict) Skipf(format string, _ ...any) { v.skipped = format }

func (v *verdict) Fatalf(format string, _ ...any) { v.failed = format }

func TestMissingToolSkipsUnlessInCI(t *testing.T) {
	if testing.Short() {
		t.Skip("with -short all is skipped")
	}
	t.Setenv("PATH", t.TempDir())
	for _, test := range []struct {
		name, ci       string
		skipped, fails bool
	}{
		{"here", "", true, false},
		{"ci", "1", false, true},
		{"ci-of-others", "true", false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("CI", test.ci)
			v := &verdict{TB: t}
			needs.Node(v)
			if (v.skipped != "") != test.skipped || (v.failed != "") != test.fails {
				t.Errorf("skipped: %q, failed: %q", v.skipped, v.failed)
			}
			if test.skipped && !strings.Contains(v.skipped, "needs") {
				t.Errorf("the reason is %q", v.skipped)
			}
		})
	}
}
