package e2e_test

import (
	"net/http"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/store/pgtest"
)

// A server whose database takes no writes wants no requests, and payers get an answer
// all the same; it wants them again as soon as a primary is there.
func TestReadinessOnReadOnlyPrimary(t *testing.T) {
	database := pgtest.DSN(t)
	s := demotest.Start(t, func(c *demo.Config) { c.Database = database })
	created := s.Open(t, demotest.Order{})
	writable := pgtest.ReadOnly(t, database)
	pgtest.Interrupt(t, database)
	for _, origin := range []string{s.Origin, "http://" + s.AdminListen} {
		for range 2 {
			if a := s.Get(t, origin+"/readyz"); a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") == "" {
				t.Errorf("%s/readyz: %d %s", origin, a.Status, a.Body)
			}
		}
	}
	if a := s.Get(t, created.URL, "User-Agent", demotest.Desktop); a.Status != http.StatusOK {
		t.Errorf("the payer's page: %d", a.Status)
	}
	writable()
	if a := s.Get(t, s.Origin+"/readyz"); a.Status != http.StatusOK {
		t.Errorf("afterwards /readyz: %d %s", a.Status, a.Body)
	}
	s.Open(t, demotest.Order{})
}
