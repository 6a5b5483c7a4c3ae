package httpd_test

import (
	"testing"

	"morepay/internal/demo/demotest"
)

// TestStreamBeats: the first sign of life comes at once, so that a page knows
// whether what it opened gets through.
func TestStreamBeats(t *testing.T) {
	t.Parallel()
	s := start(t)
	if got := s.Events(t, s.Open(t, demotest.Order{})).NextOf(t, "beat"); got == "" {
		t.Error("an event without data does not reach a script")
	}
}
