package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo/demotest"
	"morepay/internal/scenario"
)

// TestRecord writes what happened to an order as a scenario, which the other command
// takes and plays.
func TestRecord(t *testing.T) {
	s := demotest.Start(t)
	rows := scenario.Select(scenario.Table(), "rails/qr-desktop")
	played := s.Stage().Run(t.Context(), rows[0], scenario.Options{Seed: 1, Patience: time.Minute})
	if played.Err != nil {
		t.Fatal(played.Err)
	}
	file := filepath.Join(t.TempDir(), "mine.json")
	if err := os.WriteFile(file, []byte(told(t, "qa", "record", played.Session, "--sim", s.SimURL)), 0o600); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	recorded, err := scenario.Read(b)
	if err != nil || len(recorded) != 1 || recorded[0].Name != "recorded-"+played.Session || recorded[0].Ledger.Status != "paid" {
		t.Fatalf("%v: %s", err, b)
	}
	if said := told(t, "qa", "run", "--file", file, "--browser", "none", "--seed", "1"); !strings.Contains(said, recorded[0].Name) {
		t.Errorf("it was played as %s", said)
	}
	for _, args := range [][]string{{"qa", "record", "cs_none", "--sim", s.SimURL}, {"qa", "record", played.Session, "--sim", "http://127.0.0.1:1"}} {
		if err := run(t, args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
