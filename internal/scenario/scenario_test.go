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

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/needs"
	"morepay/internal/scenario"
	"morepay/internal/scenario/chromium"
	"morepay/internal/trace"
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

// TestPageTells plays scenarios on a demo whose pages tell of themselves: what no request
// shows stands in the session's trace, in its order.
func TestPageTells(t *testing.T) {
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
	s := demotest.Start(t, func(c *demo.Config) { c.Tell = true })
	for name, want := range map[string][]string{
		"wechat-absent":           {"opening", "fallback"},
		"leaves-unpaid":           {"hidden", "shown"},
		"one-5xx-then-fine-jsapi": {"answered-paid"},
		"declined-in-wechat-risk": {},
	} {
		t.Run(name, func(t *testing.T) {
			played := s.Stage().Run(t.Context(), named(t, name), scenario.Options{Browser: browser, Seed: 1})
			if played.Err != nil {
				t.Fatal(played.Err)
			}
			var story trace.Trace
			s.Get(t, s.SimURL+"/qa/trace/"+played.Session+"?format=json").Decode(t, &story)
			var told []string
			for _, e := range story.Entries {
				if e.Browser != nil && slices.Contains(want, e.Browser.Did) {
					told = append(told, e.Browser.Did)
				}
			}
			if !slices.Equal(told, want) {
				t.Errorf("the page told %q, want %q", told, want)
			}
		})
	}
}

func named(t *testing.T, name string) scenario.Scenario {
	t.Helper()
	rows := scenario.Table()
	i := slices.IndexFunc(rows, func(s scenario.Scenario) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("there is no scenario %s", name)
	}
	return rows[i]
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
