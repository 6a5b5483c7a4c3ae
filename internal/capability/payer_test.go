//go:build !js

package capability_test

import (
	"strings"
	"testing"

	"morepay/internal/capability"
)

func TestPayerKey(t *testing.T) {
	t.Parallel()
	if got := capability.PayerKey(""); got != "" {
		t.Errorf("a payer without an id has key %q", got)
	}
	a, b := capability.PayerKey("13800000000"), capability.PayerKey("13800000001")
	if a == b || len(a) != 32 || strings.Contains(a, "138") {
		t.Errorf("keys %q and %q", a, b)
	}
}
