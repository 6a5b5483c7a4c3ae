package device

// system is a row of the systems table.
type system struct {
	id       string
	os       OS
	form     Form
	computer bool // a desktop that somebody works at, not a screen to look at
}

// systems lists what apps run on. How each is told from a user agent stands in
// systemSigns. The last row is what isn't known.
var systems = []system{
	{"tv-android", Android, Desktop, false},
	{"car-android", Android, Desktop, false},
	{"tv-harmony", HarmonyOS, Desktop, false},
	{"car-harmony", HarmonyOS, Desktop, false},
	{"harmony-pc", HarmonyOS, Desktop, true},
	{"harmony-tablet", HarmonyOS, Mobile, false},
	{"harmony-phone", HarmonyOS, Mobile, false},
	{"windows-phone", Windows, Mobile, false},
	{"iphone", IOS, Mobile, false},
	{"ipad", IOS, Mobile, false},
	{"tv", Linux, Desktop, false},
	{"car", Linux, Desktop, false},
	{"linux-pc", Linux, Desktop, true},
	{"linux", Linux, Desktop, true},
	{"windows", Windows, Desktop, true},
	{"android", Android, Mobile, false},
	{"mac", MacOS, Desktop, true},
	{"linux-phone", Linux, Mobile, false},
	{"other", OtherOS, Mobile, false},
}

// systemByID returns the row of that id, else the last one.
func systemByID(id string) *system {
	for i := range systems {
		if systems[i].id == id {
			return &systems[i]
		}
	}
	return &systems[len(systems)-1]
}
