package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
)

// A scenario is played from the page: what came of it stands there, with the way to its
// order's story and the command that does the same.
func TestScenarioIsPlayed(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	const name = "shop/double-submit" // there are others whose names begin so
	list := s.Get(t, s.SimURL+"/qa/scenarios?filter="+name).Body
	for _, want := range []string{"<strong>1 of ", `value="` + name + `"`, "&#34;steps&#34;: ["} {
		if !strings.Contains(list, want) {
			t.Errorf("the list has no %s", want)
		}
	}
	started := s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+"/qa/scenarios", url.Values{"filter": {name}, "seed": {"7"}}.Encode(), "Content-Type", "application/x-www-form-urlencoded"))
	if started.Status != http.StatusSeeOther {
		t.Fatalf("status %d: %s", started.Status, started.Body)
	}
	run := s.Get(t, s.SimURL+started.Header.Get("Location"))
	for !strings.Contains(run.Body, "Ended.") { // the test's own deadline ends it
		time.Sleep(20 * time.Millisecond) // how often we look
		run = s.Get(t, s.SimURL+started.Header.Get("Location"))
	}
	for _, want := range []string{"1 of 1 played, 0 failed", "as it should", "/qa/trace/cs_", "morepay qa run --seed 7 --filter &#39;" + name} {
		if !strings.Contains(run.Body, want) {
			t.Errorf("the page does not say %s:\n%s", want, run.Body)
		}
	}
}

// What can't be played is refused, and the field is named.
func TestScenarioIsRefused(t *testing.T) {
	t.Parallel()
	s := demotest.Start(t)
	for _, test := range []struct{ filter, seed, want string }{
		{"no-such-scenario", "1", "<code>filter</code> no scenario"},
		{"", "one", "<code>seed</code> must be a whole number"},
	} {
		form := url.Values{"filter": {test.filter}, "seed": {test.seed}}
		got := s.Do(t, demotest.Request(t, http.MethodPost, s.SimURL+"/qa/scenarios", form.Encode(), "Content-Type", "application/x-www-form-urlencoded"))
		if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, test.want) {
			t.Errorf("%+v: status %d: %s", test, got.Status, got.Body)
		}
	}
	if got := s.Get(t, s.SimURL+"/qa/runs/99"); got.Status != http.StatusBadRequest {
		t.Errorf("a run that never was: status %d", got.Status)
	}
}
