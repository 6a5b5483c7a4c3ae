package cli_test

import (
	"strings"
	"testing"

	"morepay/internal/demo"
	"morepay/internal/demo/demotest"
)

func TestTrace(t *testing.T) {
	data := t.TempDir()
	s := demotest.Start(t, func(c *demo.Config) { c.Data = data })
	open := s.Open(t, demotest.Order{Merchant: "bench"})
	for format, want := range map[string]string{"text": open.ID + " of merchant bench: open, 1234 CNY", "json": `"what": "session.created"`, "html": "<!doctype html>"} {
		if got := told(t, "trace", open.ID, "--data", data, "--format", format); !strings.Contains(got, want) {
			t.Errorf("%s: %s", format, got)
		}
	}
	for _, args := range [][]string{{"trace", "cs_none", "--data", data}, {"trace", open.ID, "--data", t.TempDir() + "/none"}, {"trace", open.ID, "--data", data, "--format", "pdf"}} {
		if err := run(t, args...); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}
