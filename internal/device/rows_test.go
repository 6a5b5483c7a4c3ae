package device

import "testing"

// TestEveryRowHasASample: a row without one is a guess that nobody can look at.
func TestEveryRowHasASample(t *testing.T) {
	t.Parallel()
	ofApp, ofSystem := map[string]bool{}, map[string]bool{}
	for _, s := range samples {
		ofApp[s.App], ofSystem[s.System] = true, true
	}
	for _, a := range apps {
		if !ofApp[a.id] {
			t.Errorf("the app %s has no sample", a.id)
		}
	}
	for _, s := range systems {
		if !ofSystem[s.id] {
			t.Errorf("the system %s has no sample", s.id)
		}
	}
}
