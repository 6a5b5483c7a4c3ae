package device_test

import (
	"slices"
	"strings"
	"testing"

	"morepay/internal/device"
)

// What tells an app and a system is in the user agent, and is told of the rows that the
// detection has chosen.
func TestWhy(t *testing.T) {
	t.Parallel()
	for _, p := range device.Profiles() {
		sample, _ := device.SampleOf(p)
		app, system := device.Why(sample.UserAgent)
		if got, want := app.Row+"-"+system.Row, string(device.Detect(sample.UserAgent).Profile); got != want {
			t.Errorf("%s: the reasons are of %s", want, got)
		}
		for _, word := range slices.Concat(app.Words, system.Words) {
			if !strings.Contains(strings.ToLower(sample.UserAgent), word) {
				t.Errorf("%s: %q is not in %s", p, word, sample.UserAgent)
			}
		}
		if len(app.Words) == 0 && app.Row != "unknown" || len(system.Words) == 0 && system.Row != "other" {
			t.Errorf("%s: no reason: %+v, %+v", p, app, system)
		}
	}
}
