package cli

import (
	"testing"

	"github.com/alecthomas/kong"

	"morepay/internal/reconcile"
)

// What is more pressing decides how the command ends; kong reads the status.
func TestReconcileEndsWith(t *testing.T) {
	t.Parallel()
	const agrees, differs, noBill, failed, notCompared = reconcile.Agrees, reconcile.Differs, reconcile.NoBill, reconcile.Failed, reconcile.NotCompared
	for _, c := range []struct {
		want int
		of   []reconcile.Outcome
	}{
		{0, []reconcile.Outcome{agrees, agrees}},
		{0, []reconcile.Outcome{agrees, notCompared}},
		{1, []reconcile.Outcome{agrees, differs, failed, noBill, notCompared}},
		{2, []reconcile.Outcome{agrees, failed, noBill}},
		{2, []reconcile.Outcome{notCompared}},
		{2, nil},
		{3, []reconcile.Outcome{agrees, noBill, notCompared}},
	} {
		var results []reconcile.Result
		for _, o := range c.of {
			results = append(results, reconcile.Result{Outcome: o})
		}
		got := 0
		if end := ending(results); end != nil {
			coder, ok := error(end).(kong.ExitCoder)
			if !ok {
				t.Fatal("kong can't read the status")
			}
			got = coder.ExitCode()
		}
		if got != c.want {
			t.Errorf("%v ends with %d, want %d", c.of, got, c.want)
		}
	}
}
