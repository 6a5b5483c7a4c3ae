package app

import (
	"strings"
	"testing"

	"morepay/internal/capability"
)

// TestCause: who can't pay is told what stands in the way, and of the several
// things that do the one that can be helped.
func TestCause(t *testing.T) {
	t.Parallel()
	const (
		blocked, closed, above, below = capability.ReasonBlockedInContainer, capability.ReasonMethodClosed, capability.ReasonAmountAboveMax, capability.ReasonAmountBelowMin
		down, later, update, refused  = capability.ReasonProviderUnavailable, capability.ReasonNotYetOpen, capability.ReasonHostUpdateRequired, capability.ReasonRailNotGranted
	)
	tests := map[string]struct {
		methods [][]capability.ReasonCode
		want    string
	}{
		"no-methods":           {nil, "none.closed"},
		"all-closed":           {[][]capability.ReasonCode{{closed}, {closed, above}}, "none.closed"},
		"one-is-down":          {[][]capability.ReasonCode{{blocked}, {down}}, "none.outage"},
		"down-and-closed":      {[][]capability.ReasonCode{{closed, down}}, "none.closed"},
		"blocked":              {[][]capability.ReasonCode{{closed}, {above}, {blocked}}, "none.device"},
		"blocked-and-too-much": {[][]capability.ReasonCode{{above, blocked}}, "none.closed"},
		"too-old":              {[][]capability.ReasonCode{{update}}, "none.device"},
		"too-much-too-little":  {[][]capability.ReasonCode{{above}, {below}}, "none.amount"},
		"not-yet":              {[][]capability.ReasonCode{{later}, {refused}}, "none.later"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var d capability.Decision
			for _, codes := range tt.methods {
				var c capability.Choice
				for _, code := range codes {
					c.Reasons = append(c.Reasons, capability.Reason{Code: code})
				}
				d.Choices = append(d.Choices, c)
			}
			if got := causeOf(d).key; got != tt.want {
				t.Errorf("told is %q, want %q", got, tt.want)
			}
		})
	}
}

// TestBackToTheMerchant: every screen has a way to the merchant, but that in a frame
// the merchant's page is there already.
func TestBackToTheMerchant(t *testing.T) {
	t.Parallel()
	for name, v := range testViews() {
		if strings.HasPrefix(name, "hostile") {
			continue
		}
		v.Progress.ContinueURL = "https://shop.example/back"
		for parent, want := range map[string]bool{"": true, "https://shop.example": final(v.Progress.State)} {
			v.Parent = parent
			if got := strings.Contains(HTML(v), `href="https://shop.example/back"`); got != want {
				t.Errorf("%s in a frame of %q leads back %t, want %t", name, parent, got, want)
			}
		}
	}
}
