package storetest

import (
	"fmt"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/secret"
)

var fingerprintCases = []testCase{
	{"admitted-by-one-in-common", fingerprintsAdmitted},
	{"the-first-two-at-once", fingerprintsAtOnce},
	{"replaced", fingerprintsReplaced},
}

// known checks which fingerprints are kept.
func (fx *fixture) known(want ...secret.Known) {
	fx.Helper()
	got, err := fx.Fingerprints.Known(fx.Context())
	fx.must(err)
	if diff := cmp.Diff(want, got); diff != "" {
		fx.Errorf("kept (-want +got):\n%s", diff)
	}
}

// admit returns how many fingerprints were kept before.
func (fx *fixture) admit(at time.Time, own ...string) int {
	fx.Helper()
	before, err := fx.Fingerprints.Admit(fx.Context(), own, at)
	fx.must(err)
	return len(before)
}

func fingerprintsAdmitted(fx *fixture) {
	at := start.UTC().Truncate(time.Millisecond)
	later := at.Add(time.Hour)
	fx.known()
	if n := fx.admit(at, "a"); n != 0 {
		fx.Errorf("%d were there before the first", n)
	}
	if n := fx.admit(later, "b"); n != 1 {
		fx.Errorf("a stranger was told of %d, want 1", n)
	}
	fx.known(secret.Known{Fingerprint: "a", AddedAt: at, UsedAt: at})
	fx.admit(later, "b", "a")
	fx.known(secret.Known{Fingerprint: "a", AddedAt: at, UsedAt: later}, secret.Known{Fingerprint: "b", AddedAt: later, UsedAt: later})
	fx.admit(later.Add(time.Hour), "b")
	fx.known(secret.Known{Fingerprint: "a", AddedAt: at, UsedAt: later}, secret.Known{Fingerprint: "b", AddedAt: later, UsedAt: later.Add(time.Hour)})
}

// Of servers that start at the same moment on an empty database, each with a
// secret of its own, one is the first.
func fingerprintsAtOnce(fx *fixture) {
	const servers = 8
	first := make([]bool, servers)
	var wg sync.WaitGroup
	for i := range servers {
		wg.Go(func() {
			before, err := fx.Fingerprints.Admit(fx.Context(), []string{fmt.Sprint("server ", i)}, start)
			first[i] = err == nil && len(before) == 0
			if err != nil {
				fx.Error(err)
			}
		})
	}
	wg.Wait()
	for i, alone := range first {
		if alone {
			at := start.UTC().Truncate(time.Millisecond)
			fx.known(secret.Known{Fingerprint: fmt.Sprint("server ", i), AddedAt: at, UsedAt: at})
		}
	}
}

func fingerprintsReplaced(fx *fixture) {
	at := start.UTC().Truncate(time.Millisecond)
	fx.admit(at, "a", "b", "c")
	fx.must(fx.Fingerprints.Replace(fx.Context(), []string{"b", "d"}, at.Add(time.Hour)))
	fx.known(secret.Known{Fingerprint: "b", AddedAt: at, UsedAt: at.Add(time.Hour)}, secret.Known{Fingerprint: "d", AddedAt: at.Add(time.Hour), UsedAt: at.Add(time.Hour)})
}
