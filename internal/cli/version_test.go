package cli

import (
	"runtime/debug"
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	t.Parallel()
	build := func(version string, settings ...debug.BuildSetting) *debug.BuildInfo {
		return &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: version}, Settings: settings}
	}
	revision := debug.BuildSetting{Key: "vcs.revision", Value: "0123456789abcdef0123456789abcdef01234567"}
	date := debug.BuildSetting{Key: "vcs.time", Value: "2026-11-28T04:17:41Z"}
	for _, test := range []struct {
		name string
		info *debug.BuildInfo
		want string
	}{
		{"without-vcs", build("(devel)"), "morepay (devel), go1.26.0"},
		{"release", build("v1.2.0", revision, date), "morepay v1.2.0, revision 0123456789ab of 2026-11-28T04:17:41Z, go1.26.0"},
		{
			"edited", build("v1.2.0+dirty", revision, date, debug.BuildSetting{Key: "vcs.modified", Value: "true"}),
			"morepay v1.2.0+dirty, revision 0123456789ab of 2026-11-28T04:17:41Z, edited, go1.26.0",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := describe(test.info); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestVersionNamesTheProgram(t *testing.T) {
	t.Parallel()
	if got := Version(); !strings.HasPrefix(got, "morepay ") {
		t.Errorf("got %q", got)
	}
}
