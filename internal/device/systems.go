package device

// system is a row of the systems table.
type system struct {
	id   string
	any  []string // lower-case tokens, one of which is in the user agent
	os   OS
	form Form
}

// systems is read from top to bottom; the first row that matches wins. The last
// one always does.
var systems = []system{
	// HarmonyOS NEXT names its device type and never says Android.
	{"harmony-pc", []string{"(pc; openharmony"}, HarmonyOS, Desktop},
	{"harmony-tablet", []string{"(tablet; openharmony"}, HarmonyOS, Mobile},
	{"harmony-phone", []string{"openharmony"}, HarmonyOS, Mobile},
	{"windows", []string{"windows nt", "windowswechat"}, Windows, Desktop},
	{"iphone", []string{"iphone", "ipod"}, IOS, Mobile},
	{"ipad", []string{"ipad"}, IOS, Mobile},
	{"android", []string{"android"}, Android, Mobile},
	{"mac", []string{"macintosh", "macwechat"}, MacOS, Desktop},
	{"linux", []string{"x11;", "linux"}, Linux, Desktop},
	{"other", nil, OtherOS, Mobile},
}

func systemOf(ua string) *system {
	for i := range systems {
		if containsAny(ua, systems[i].any) {
			return &systems[i]
		}
	}
	return &systems[len(systems)-1]
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
