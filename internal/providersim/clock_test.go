package providersim_test

import (
	"testing"
	"time"

	"morepay/internal/providersim"
)

// TestClock: both sides jump together, stand together, go on from where they stood,
// and can be apart.
func TestClock(t *testing.T) {
	t.Parallel()
	real := time.Date(2026, 5, 1, 10, 0, 0, 0, time.UTC)
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1", Shared: true, Now: func() time.Time { return real }})
	for _, step := range []struct {
		name        string
		do          func()
		now, server string
		frozen      bool
	}{
		{"jumps", func() { sim.Advance(time.Hour) }, "11:00", "11:00", false},
		{"stops", func() { sim.Freeze(true) }, "11:00", "11:00", true},
		{"stands", func() { real = real.Add(30 * time.Minute) }, "11:00", "11:00", true},
		{"jumps where it stands", func() { sim.Advance(-10 * time.Minute) }, "10:50", "10:50", true},
		{"parts", func() { sim.Part(5 * time.Minute) }, "10:50", "10:55", true},
		{"goes on", func() { sim.Freeze(false); real = real.Add(time.Minute) }, "10:51", "10:56", false},
		{"goes on once", func() { sim.Freeze(false) }, "10:51", "10:56", false},
		{"is reset", func() {
			if err := sim.Reset(); err != nil {
				t.Error(err)
			}
		}, "10:31", "10:31", false},
	} {
		step.do()
		c := sim.Clock()
		if c.Now.Format("15:04") != step.now || c.Server.Format("15:04") != step.server || c.Frozen != step.frozen ||
			!sim.ServerNow().Equal(*c.Server) || !sim.Now().Equal(c.Now) {
			t.Errorf("%s: %v, server %v, frozen %v", step.name, c.Now, c.Server, c.Frozen)
		}
	}
}

// TestClockAlone: a server in a process of its own has a clock of its own.
func TestClockAlone(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	var got map[string]any
	if status := fx.control("POST", "/control/clock", map[string]any{"server_ahead_seconds": 60}, &got); status != 400 {
		t.Errorf("%d %v", status, got)
	}
	if fx.control("POST", "/control/clock", map[string]any{"freeze": true}, &got); got["frozen"] != true || got["server_now"] != nil {
		t.Errorf("%v", got)
	}
	if status := fx.control("POST", "/control/reset", map[string]any{}, &got); status != 200 || got["server"] != false {
		t.Errorf("%d %v", status, got)
	}
}
