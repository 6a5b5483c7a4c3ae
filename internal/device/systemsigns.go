package device

import "strings"

// systemSign is a way to tell a system from a user agent.
type systemSign struct {
	system string // its id
	all    tokens // all of which are in the user agent
	any    tokens // one of which is in the user agent; none listed is no condition
	none   tokens // none of which is in the user agent
	named  bool   // only up to the first closing bracket: where a system names the device, and no app itself
}

// Screens in living rooms and cars have no wallet: a phone scans what they show.
const (
	television = "android tv|androidtv|googletv|google tv|bravia|smart-tv|smarttv|smart tv|; aft|crkey|hbbtv|tv box|tvbox|mibox|mitv|hismart|viera|web0s|netcast|philipstv|smart_tv|apple tv|appletv|tv safari|chromecast|roku/|mi tv|shield android| tv build/|_tv build/| tv)| atv)| box build/| box)|playstation|nintendo|(tv; openharmony|(tv; harmonyos"
	car        = "dilink|byd auto|qtcarbrowser|tesla/|automotive|(car; openharmony|(car; harmonyos"
)

// systemSigns is read from top to bottom; the first row that matches wins. The last
// one always does.
var systemSigns = []systemSign{
	{system: "tv-android", all: "android", any: television, named: true},
	{system: "tv-android", all: "android", any: "hbbtv|crkey/"},
	{system: "car-android", all: "android", any: car, named: true},
	{system: "tv-harmony", all: "harmony", any: television, named: true},
	{system: "car-harmony", all: "harmony", any: car, named: true},
	// HarmonyOS NEXT names its device type, and Android only to look like it. Its PCs
	// call themselves OHOS too, in browsers that are ported from elsewhere.
	{system: "harmony-pc", any: "(pc; openharmony|(pc; harmonyos|(2in1; openharmony|(2in1; harmonyos|(ohos;|ohos x86_64|(x11; ohos"},
	{system: "harmony-tablet", any: "(tablet; openharmony|(tablet; harmonyos"},
	{system: "harmony-phone", any: "openharmony|(phone; harmonyos|arkweb/"},
	// They copy every other phone, and a desktop's Windows on request.
	{system: "windows-phone", any: "windows phone|wpdesktop|iemobile"},
	{system: "iphone", any: "iphone|ipod"},
	{system: "ipad", any: "ipad"},
	// An iPad that asks for desktop pages calls itself a Mac, and here it says more.
	{system: "ipad", all: "macintosh", any: " mobile/|crios/|fxios/|edgios/|opios/"},
	{system: "tv", any: television, none: "android"},
	{system: "car", any: car, none: "android"},
	// These are PCs, though their screens may feel fingers. WeChat says WindowsWechat on Linux too.
	{system: "linux-pc", all: "x11;", any: " cros |pclinuxwechat|electron/"},
	{system: "linux", any: "x11;"},
	{system: "windows", any: "windows nt|windowswechat|windows 9|windows xp|win98"},
	{system: "android", any: "android"},
	{system: "mac", any: "macintosh|macwechat"},
	// HarmonyOS 2 to 4, Sailfish, Ubuntu Touch and some tablets say Linux and not Android.
	{system: "linux-phone", all: "linux", any: "mobile|tablet|phone|harmonyos|sailfish|tizen|(linux; u;|(linux; 1"},
	{system: "linux", any: "linux"},
	{system: "other"},
}

func (s *systemSign) matches(ua string) bool {
	if bracket := strings.IndexByte(ua, ')'); s.named && bracket >= 0 {
		ua = ua[:bracket+1]
	}
	return fits(ua, s.all, s.any, s.none)
}

// systemOf finds the system in a lower-case user agent.
func systemOf(ua string) *system {
	for i := range systemSigns {
		if s := &systemSigns[i]; s.matches(ua) {
			return systemByID(s.system)
		}
	}
	return systemByID("")
}
