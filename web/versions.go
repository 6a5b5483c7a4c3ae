package web

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Published is a version of the merchant's loader that shops may have pinned.
type Published struct {
	Version   string // semantic, such as 1.0.0
	Integrity string // value of an integrity attribute
}

// URL returns the path under which the version is served for ever.
func (p Published) URL() string { return "/" + p.file() }

func (p Published) file() string { return versionsFolder + "/" + p.Version + ".js" }

// String returns the version's line in the list.
func (p Published) String() string { return p.Version + " " + p.Integrity }

const (
	versionsFolder = "embed"
	versionsList   = versionsFolder + "/published.txt"
)

// versions returns the names of the published files.
func versions(sources fs.FS) []string {
	names, err := fs.Glob(sources, versionsFolder+"/*.js")
	if err != nil {
		panic(err) // the pattern is valid
	}
	return names
}

// Versions returns the published versions of a source folder of this package,
// oldest first. It fails if a file is not, byte for byte, what was published.
func Versions(folder fs.FS) ([]Published, error) {
	text, err := fs.ReadFile(folder, versionsList)
	if err != nil {
		return nil, err
	}
	list, err := parseVersions(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", versionsList, err)
	}
	for _, name := range versions(folder) {
		if !slices.ContainsFunc(list, func(p Published) bool { return p.file() == name }) {
			return nil, fmt.Errorf("%s is not in %s", name, path.Base(versionsList))
		}
	}
	for _, p := range list {
		body, err := fs.ReadFile(folder, p.file())
		if err != nil {
			return nil, err
		}
		if Integrity(body) != p.Integrity {
			return nil, fmt.Errorf("%s is not what was published: shops that pin it would be turned off", p.file())
		}
	}
	return list, nil
}

func parseVersions(text string) ([]Published, error) {
	var list []Published
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("%q is not VERSION INTEGRITY", strings.TrimSpace(line))
		}
		p := Published{Version: fields[0], Integrity: fields[1]}
		if err := follows(list, p.Version); err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// Next returns the version under which a loader may be published after those
// of a list.
func Next(list []Published, version string, loader []byte) (Published, error) {
	if err := follows(list, version); err != nil {
		return Published{}, err
	}
	p := Published{version, Integrity(loader)}
	if len(list) > 0 && list[len(list)-1].Integrity == p.Integrity {
		return Published{}, fmt.Errorf("the loader is still what %s is", list[len(list)-1].Version)
	}
	return p, nil
}

// follows reports, as an error, why a version can't come next in a list.
func follows(list []Published, version string) error {
	number := numbers(version)
	if number == nil {
		return fmt.Errorf("%q is not a version such as 1.0.0", version)
	}
	if len(list) == 0 {
		return nil
	}
	if last := list[len(list)-1].Version; slices.Compare(numbers(last), number) >= 0 {
		return errors.New(version + " does not come after " + last)
	}
	return nil
}

var versionShape = regexp.MustCompile(`^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$`)

// numbers returns the three numbers of a version, or nil.
func numbers(version string) []int {
	parts := versionShape.FindStringSubmatch(version)
	if parts == nil {
		return nil
	}
	list := make([]int, 3)
	for i := range list {
		list[i], _ = strconv.Atoi(parts[i+1]) // at most six digits
	}
	return list
}
