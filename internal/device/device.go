// Package device says what a user agent is: which app the page stands in, on
// which system, desktop or phone. One table of profiles decides; the server and
// the browser read the same one.
//
// A user agent can be spoofed and is edited by apps, so a Device is good for
// choosing a route and for nothing else. What must not live here: which method
// works where (package method), texts, HTTP.
package device

// Profile is the id of a row of the profiles table.
type Profile string

// Container is the kind of place that the page stands in, as far as ladders
// differ.
type Container string

// The containers.
const (
	Browser     Container = "browser"      // a browser of its own
	WeChat      Container = "wechat"       // WeChat's browser
	WeCom       Container = "wecom"        // WeCom's browser
	MiniProgram Container = "mini_program" // web-view of a WeChat or Alipay mini program
	Alipay      Container = "alipay"       // Alipay's browser
	AliApp      Container = "ali_app"      // web-view of Taobao, Tmall, DingTalk and their kin
	JD          Container = "jd"           // web-view of the JD app
	UnionPay    Container = "unionpay"     // web-view of the UnionPay app
	WebView     Container = "webview"      // web-view of any other app
)

// Form is what kind of device it is.
type Form string

// The forms. Tablets count as mobile: the wallet is on the same device.
const (
	Desktop Form = "desktop"
	Mobile  Form = "mobile"
)

// OS is the operating system.
type OS string

// The operating systems.
const (
	Android   OS = "android"
	IOS       OS = "ios" // iPadOS too
	HarmonyOS OS = "harmonyos"
	Windows   OS = "windows"
	MacOS     OS = "macos"
	Linux     OS = "linux"
	OtherOS   OS = "other"
)

// Host is the id of an app whose version matters, such as taobao.
type Host string

// Device is what we know of the payer's device. Devices compare with ==.
type Device struct {
	Profile     Profile   `json:"profile"`
	Container   Container `json:"container"`
	Form        Form      `json:"form"`
	OS          OS        `json:"os"`
	Host        Host      `json:"host,omitempty"`         // "" in a browser and in unknown apps
	HostVersion string    `json:"host_version,omitempty"` // two to four numbers with dots, or ""
}
