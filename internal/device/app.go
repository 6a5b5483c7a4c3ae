package device

import (
	"slices"
	"strings"
)

// app is a row of the apps table: a browser, or an app whose web-view shows our
// page.
type app struct {
	id        string
	container Container
	host      Host   // "" if nothing depends on which app it is
	all       tokens // all of which are in the user agent
	any       tokens // one of which is in the user agent; none listed is no condition
	none      tokens // none of which is in the user agent
	versions  tokens // what stands before the host's version; the first that is followed by one counts
	claimed   bool   // no user agent tells it: the app says so itself, see [Hints]
}

// Sample is the user agent of a device, with the hints that its browser gives
// beyond it.
type Sample struct {
	App       string // id of the app
	System    string // id of the system
	UserAgent string
	Hints     Hints
}

func (a *app) matches(ua string) bool {
	return !a.claimed && fits(ua, a.all, a.any, a.none)
}

// version finds the host's version in a lower-case user agent, else "".
func (a *app) version(ua string) string {
	for token := range strings.SplitSeq(string(a.versions), "|") {
		_, after, _ := strings.Cut(ua, token)
		if v := versionAt(after); token != "" && v != "" {
			return v
		}
	}
	return ""
}

func appOf(ua string) *app {
	for i := range apps {
		if apps[i].matches(ua) {
			return &apps[i]
		}
	}
	return &apps[len(apps)-1]
}

// appByID returns the row of that id, else the last one.
func appByID(id string) *app {
	for i := range apps {
		if apps[i].id == id {
			return &apps[i]
		}
	}
	return &apps[len(apps)-1]
}

// Profiles lists the profiles that have a sample.
func Profiles() []Profile {
	list := make([]Profile, len(samples))
	for i, s := range samples {
		list[i] = s.profile()
	}
	return list
}

// SampleOf returns a user agent (and hints) of that profile. ok is false if
// there is none.
func SampleOf(p Profile) (s Sample, ok bool) {
	for _, s := range samples {
		if s.profile() == p {
			return s, true
		}
	}
	return Sample{}, false
}

// Of returns the device of that profile's sample. ok is false if there is none.
func Of(p Profile) (d Device, ok bool) {
	s, ok := SampleOf(p)
	if !ok {
		return Device{}, false
	}
	return Detect(s.UserAgent).Refine(s.Hints), true
}

func (s Sample) profile() Profile { return Profile(s.App + "-" + s.System) }

// MobileSystems are the systems on which apps open wallets.
var MobileSystems = []OS{Android, IOS, HarmonyOS}

// AllHosts lists the apps that are known by name.
func AllHosts() []Host {
	var list []Host
	for i := range apps {
		if h := apps[i].host; h != "" && !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	return list
}

// Hosts lists the apps whose version can be told, and so can be required.
func Hosts() []Host {
	var list []Host
	seen := map[Host]bool{}
	for i := range apps {
		if h := apps[i].host; (apps[i].versions != "" || apps[i].claimed) && !seen[h] {
			seen[h] = true
			list = append(list, h)
		}
	}
	return list
}
