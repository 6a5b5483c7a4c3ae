package scenario_test

import (
	"flag"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"morepay/internal/demo/demotest"
	"morepay/internal/needs"
	"morepay/internal/scenario"
	"morepay/internal/scenario/chromium"
)

func stage(t *testing.T) *scenario.Stage {
	t.Helper()
	s := demotest.Start(t)
	return &scenario.Stage{Origin: s.Origin, Sim: s.SimURL, Key: func(id string) string { return s.Shop(t, id).Key }}
}

// TestTable plays the scenarios in a browser.
func TestTable(t *testing.T) {
	needs.Bundle(t)
	browser, err := chromium.Start(needs.Chromium(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := browser.Close(); err != nil {
			t.Error(err)
		}
	})
	on := stage(t)
	for _, row := range due(t) {
		t.Run(row.Name, func(t *testing.T) {
			result := on.Run(t.Context(), row, scenario.Options{Browser: browser, Seed: 1})
			if result.Err != nil {
				t.Errorf("%s: %v", result.Session, result.Err)
				keep(t, result.Picture)
			}
		})
	}
}

// due returns the rows that are played: a third of them, another third with another
// commit, or all where MOREPAY_SCENARIOS=all, and always those that -run names.
func due(t *testing.T) []scenario.Scenario {
	rows := scenario.Table()
	if named := flag.Lookup("test.run").Value.String(); os.Getenv("MOREPAY_SCENARIOS") == "all" || strings.Contains(named, "/") {
		return rows
	}
	commit, err := exec.Command("git", "rev-parse", "HEAD").Output()
	if err != nil {
		t.Logf("no commit (%v): the first third is played", err)
	}
	third := crc32.ChecksumIEEE(commit) % 3
	return slices.DeleteFunc(rows, func(s scenario.Scenario) bool { return crc32.ChecksumIEEE([]byte(s.Name))%3 != third })
}

func keep(t *testing.T, picture []byte) {
	file := filepath.Join(os.TempDir(), "scenario-"+filepath.Base(t.Name())+".png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Log(err)
		return
	}
	t.Logf("picture: %s", file)
}
