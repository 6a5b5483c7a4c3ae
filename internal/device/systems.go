package device

// system is a row of the systems table.
type system struct {
	id   string
	all  []string // lower-case tokens, all of which are in the user agent
	any  []string // one of which is in the user agent; none listed is no condition
	os   OS
	form Form

	computer bool // a desktop that somebody works at, not a screen to look at
}

// Screens in living rooms and cars have no wallet: a phone scans what they show.
var (
	television = []string{"android tv", "androidtv", "googletv", "google tv", "bravia", "smart-tv", "smarttv", "smart tv", "; aft", "crkey", "hbbtv", "tv box", "tvbox", "mibox", "mitv", "hismart", "viera", "(tv; openharmony", "(tv; harmonyos"}
	car        = []string{"dilink", "byd auto", "qtcarbrowser", "tesla/", "automotive", "(car; openharmony", "(car; harmonyos"}
)

// systems is read from top to bottom; the first row that matches wins. The last
// one always does.
var systems = []system{
	{id: "tv-android", all: []string{"android"}, any: television, os: Android, form: Desktop},
	{id: "car-android", all: []string{"android"}, any: car, os: Android, form: Desktop},
	{id: "tv-harmony", all: []string{"harmony"}, any: television, os: HarmonyOS, form: Desktop},
	{id: "car-harmony", all: []string{"harmony"}, any: car, os: HarmonyOS, form: Desktop},
	{id: "tv", any: television, os: Linux, form: Desktop},
	{id: "car", any: car, os: Linux, form: Desktop},
	// HarmonyOS NEXT names its device type, and Android only to look like it. Its PCs
	// call themselves OHOS too, in browsers that are ported from elsewhere.
	{id: "harmony-pc", any: []string{"(pc; openharmony", "(pc; harmonyos", "(2in1; openharmony", "(2in1; harmonyos", "ohos x86_64", "(x11; ohos"}, os: HarmonyOS, form: Desktop, computer: true},
	{id: "harmony-tablet", any: []string{"(tablet; openharmony", "(tablet; harmonyos"}, os: HarmonyOS, form: Mobile},
	{id: "harmony-phone", any: []string{"openharmony", "(phone; harmonyos"}, os: HarmonyOS, form: Mobile},
	// They copy every other phone, and a desktop's Windows on request.
	{id: "windows-phone", any: []string{"windows phone", "wpdesktop", "iemobile"}, os: Windows, form: Mobile},
	// WeChat says WindowsWechat on Linux too.
	{id: "linux", any: []string{"x11;"}, os: Linux, form: Desktop, computer: true},
	{id: "windows", any: []string{"windows nt", "windowswechat"}, os: Windows, form: Desktop, computer: true},
	{id: "iphone", any: []string{"iphone", "ipod"}, os: IOS, form: Mobile},
	{id: "ipad", any: []string{"ipad"}, os: IOS, form: Mobile},
	// An iPad that asks for desktop pages calls itself a Mac, and here it says more.
	{id: "ipad", all: []string{"macintosh"}, any: []string{"mobile/", "crios/", "fxios/", "edgios/"}, os: IOS, form: Mobile},
	{id: "android", any: []string{"android"}, os: Android, form: Mobile},
	{id: "mac", any: []string{"macintosh", "macwechat"}, os: MacOS, form: Desktop, computer: true},
	// HarmonyOS 2 to 4, Sailfish, Ubuntu Touch and some tablets say Linux and not Android.
	{id: "linux-phone", all: []string{"linux"}, any: []string{"mobile", "tablet", "phone", "harmonyos", "sailfish"}, os: Linux, form: Mobile},
	{id: "linux", any: []string{"linux"}, os: Linux, form: Desktop, computer: true},
	{id: "other", os: OtherOS, form: Mobile},
}

func (s *system) matches(ua string) bool {
	return containsAll(ua, s.all) && (len(s.any) == 0 || containsAny(ua, s.any))
}

func systemOf(ua string) *system {
	for i := range systems {
		if systems[i].matches(ua) {
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
