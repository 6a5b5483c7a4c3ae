package cli

import (
	"fmt"
	"runtime/debug"
)

// Version returns which build of the program this is, in one line.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "morepay, of an unknown build"
	}
	return describe(info)
}

// VersionCommand says the same as the flag --version.
type VersionCommand struct{}

// Run prints the build.
func (VersionCommand) Run() error {
	_, err := fmt.Println(Version())
	return err
}

// describe names the version, the revision and its time if the build knows them,
// whether the source was edited since, and the Go that compiled it.
func describe(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	line := "morepay " + info.Main.Version
	if revision := settings["vcs.revision"]; revision != "" {
		line += fmt.Sprintf(", revision %.12s of %s", revision, settings["vcs.time"])
	}
	if settings["vcs.modified"] == "true" {
		line += ", edited"
	}
	return line + ", " + info.GoVersion
}
