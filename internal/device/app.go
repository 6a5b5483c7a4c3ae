package device

import (
	"slices"
	"strings"
)

// app is a row of the apps table.
type app struct {
	id        string
	container Container
	host      Host // "" if nothing depends on which app it is
}

// appSign is a way to tell an app from a user agent.
type appSign struct {
	app      string // its id
	all      tokens // all of which are in the user agent
	any      tokens // one of which is in the user agent; none listed is no condition
	none     tokens // none of which is in the user agent
	versions tokens // what stands before the host's version; the first that is followed by one counts
}

// Sample is the user agent of a device, with the hints that its browser gives
// beyond it.
type Sample struct {
	App       string // id of the app
	System    string // id of the system
	UserAgent string
	Hints     Hints
}

// version finds the host's version in a lower-case user agent, else "".
func (s *appSign) version(ua string) string {
	for token := range strings.SplitSeq(string(s.versions), "|") {
		_, after, _ := strings.Cut(ua, token)
		if v := versionAt(after); token != "" && v != "" {
			return v
		}
	}
	return ""
}

// appOf finds the app, and its version if it tells one, in a lower-case user agent.
func appOf(ua string) (a *app, version string) {
	for i := range appSigns {
		if s := &appSigns[i]; fits(ua, s.all, s.any, s.none) {
			return appByID(s.app), s.version(ua)
		}
	}
	return appByID(""), ""
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

// Of returns the device of that profile's sample. Another version of its app than the
// sample's may follow, as in wechat-iphone@8.0.1. ok is false if there is no such device.
func Of(p Profile) (d Device, ok bool) {
	profile, version, versioned := strings.Cut(string(p), "@")
	s, ok := SampleOf(Profile(profile))
	if !ok {
		return Device{}, false
	}
	d = Detect(s.UserAgent).Refine(s.Hints)
	if !versioned {
		return d, true
	}
	d.HostVersion = version
	return d, d.Host != "" && ValidVersion(version)
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
	for _, s := range appSigns {
		if h := appByID(s.app).host; s.versions != "" && !slices.Contains(list, h) {
			list = append(list, h)
		}
	}
	return append(list, "app") // it tells its own, see [Hints]
}
