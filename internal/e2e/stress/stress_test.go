package stress_test

import (
	"testing"
	"time"

	"morepay/internal/e2e/stress"
	"morepay/internal/needs"
)

// TestRows runs every row at a small scale. What they demand is the same, but
// for speed.
func TestRows(t *testing.T) {
	needs.Time(t)
	binary, err := stress.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range append(stress.Rows(), stress.Benches()...) {
		t.Run(row.Name, func(t *testing.T) {
			e := &stress.Env{Dir: t.TempDir(), Binary: binary, Seed: 1, Quick: true, Log: t.Output()}
			for _, r := range stress.Run(t.Context(), e, []stress.Row{row}, time.Minute, func(stress.Result) {}) {
				t.Logf("%s (%s, %v)", r.Seen, r.Target, r.Took.Round(time.Millisecond))
				if r.Err != nil {
					t.Error(r.Err)
				}
			}
		})
	}
}
