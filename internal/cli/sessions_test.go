package cli_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
	"morepay/internal/desk"
)

// TestFindSessions: support finds an order in one command.
func TestFindSessions(t *testing.T) {
	data := t.TempDir()
	s := demotest.Start(t, func(c *demo.Config) { c.Data = data })
	open := s.Open(t, demotest.Order{Merchant: "bench", Fen: 4711})
	now := time.Now().Format(time.RFC3339)
	for _, args := range [][]string{{open.ID}, {"--amount", "4711"}, {"--amount", "4711", "--at", now}, {"--at", now, "--merchant", "bench"}} {
		if got := told(t, append([]string{"sessions", "find", "--data", data}, args...)...); !strings.HasPrefix(got, open.ID+" of merchant bench: open, 4711 CNY, order ") {
			t.Errorf("%v: %s", args, got)
		}
	}
	for _, args := range [][]string{{"cs_none"}, {open.ID, "--merchant", "demo"}, {"--amount", "4711", "--at", "2020-01-01T00:00:00Z"}} {
		if got := told(t, append([]string{"sessions", "find", "--data", data}, args...)...); got != "nothing was found\n" {
			t.Errorf("%v: %s", args, got)
		}
	}
	var found desk.Findings
	if err := json.Unmarshal([]byte(told(t, "sessions", "find", open.ID, "--json", "--data", data)), &found); err != nil || len(found.Sessions) != 1 || found.Sessions[0].Session != open.ID {
		t.Errorf("as JSON: %+v, %v", found, err)
	}
	if err := run(t, "sessions", "find", "--data", data); err == nil {
		t.Error("a search for everything is taken")
	}
}
