package device

import "strings"

// system is a row of the systems table.
type system struct {
	id   string
	all  tokens // all of which are in the user agent
	any  tokens // one of which is in the user agent; none listed is no condition
	none tokens // none of which is in the user agent
	os   OS
	form Form

	named    bool // only up to the first closing bracket: where a system names the device, and no app itself
	computer bool // a desktop that somebody works at, not a screen to look at
}

// Screens in living rooms and cars have no wallet: a phone scans what they show.
const (
	television = "android tv|androidtv|googletv|google tv|bravia|smart-tv|smarttv|smart tv|; aft|crkey|hbbtv|tv box|tvbox|mibox|mitv|hismart|viera|web0s|netcast|philipstv|smart_tv|apple tv|appletv|tv safari|chromecast|roku/|mi tv|shield android| tv build/|_tv build/| tv)| atv)| box build/| box)|playstation|nintendo|(tv; openharmony|(tv; harmonyos"
	car        = "dilink|byd auto|qtcarbrowser|tesla/|automotive|(car; openharmony|(car; harmonyos"
)

// systems is read from top to bottom; the first row that matches wins. The last
// one always does.
var systems = []system{
	{id: "tv-android", all: "android", any: television, named: true, os: Android, form: Desktop},
	{id: "tv-android", all: "android", any: "hbbtv|crkey/", os: Android, form: Desktop},
	{id: "car-android", all: "android", any: car, named: true, os: Android, form: Desktop},
	{id: "tv-harmony", all: "harmony", any: television, named: true, os: HarmonyOS, form: Desktop},
	{id: "car-harmony", all: "harmony", any: car, named: true, os: HarmonyOS, form: Desktop},
	// HarmonyOS NEXT names its device type, and Android only to look like it. Its PCs
	// call themselves OHOS too, in browsers that are ported from elsewhere.
	{id: "harmony-pc", any: "(pc; openharmony|(pc; harmonyos|(2in1; openharmony|(2in1; harmonyos|(ohos;|ohos x86_64|(x11; ohos", os: HarmonyOS, form: Desktop, computer: true},
	{id: "harmony-tablet", any: "(tablet; openharmony|(tablet; harmonyos", os: HarmonyOS, form: Mobile},
	{id: "harmony-phone", any: "openharmony|(phone; harmonyos|arkweb/", os: HarmonyOS, form: Mobile},
	// They copy every other phone, and a desktop's Windows on request.
	{id: "windows-phone", any: "windows phone|wpdesktop|iemobile", os: Windows, form: Mobile},
	{id: "iphone", any: "iphone|ipod", os: IOS, form: Mobile},
	{id: "ipad", any: "ipad", os: IOS, form: Mobile},
	// An iPad that asks for desktop pages calls itself a Mac, and here it says more.
	{id: "ipad", all: "macintosh", any: " mobile/|crios/|fxios/|edgios/|opios/", os: IOS, form: Mobile},
	{id: "tv", any: television, none: "android", os: Linux, form: Desktop},
	{id: "car", any: car, none: "android", os: Linux, form: Desktop},
	// These are PCs, though their screens may feel fingers. WeChat says WindowsWechat on Linux too.
	{id: "linux-pc", all: "x11;", any: " cros |pclinuxwechat|electron/", os: Linux, form: Desktop, computer: true},
	{id: "linux", any: "x11;", os: Linux, form: Desktop, computer: true},
	{id: "windows", any: "windows nt|windowswechat|windows 9|windows xp|win98", os: Windows, form: Desktop, computer: true},
	{id: "android", any: "android", os: Android, form: Mobile},
	{id: "mac", any: "macintosh|macwechat", os: MacOS, form: Desktop, computer: true},
	// HarmonyOS 2 to 4, Sailfish, Ubuntu Touch and some tablets say Linux and not Android.
	{id: "linux-phone", all: "linux", any: "mobile|tablet|phone|harmonyos|sailfish|tizen|(linux; u;|(linux; 1", os: Linux, form: Mobile},
	{id: "linux", any: "linux", os: Linux, form: Desktop, computer: true},
	{id: "other", os: OtherOS, form: Mobile},
}

func (s *system) matches(ua string) bool {
	if bracket := strings.IndexByte(ua, ')'); s.named && bracket >= 0 {
		ua = ua[:bracket+1]
	}
	return fits(ua, s.all, s.any, s.none)
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
