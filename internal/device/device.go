// Package device says what a user agent is: which app the page stands in, on
// which system, desktop or phone. Two tables say what there is, one of apps
// (apps.go) and one of systems (systems.go), which the server and the browser read
// alike; two more say how each is told (appsigns.go, systemsigns.go).
//
// A user agent can be spoofed and is edited by apps, so a Device is good for
// choosing a route and for nothing else. What must not live here: which method
// works where (package method), texts, HTTP.
package device

import (
	"encoding/json"
	"strings"
)

// Profile names an app on a system, such as wechat-iphone.
type Profile string

// Container is the kind of place that the page stands in, as far as the ways
// out of it differ.
type Container string

// The containers.
const (
	Browser     Container = "browser"      // a browser of its own
	WeChat      Container = "wechat"       // WeChat's browser
	WeCom       Container = "wecom"        // WeCom's browser
	MiniProgram Container = "mini_program" // web-view of a mini program in WeChat or Alipay
	Alipay      Container = "alipay"       // Alipay's browser
	AliApp      Container = "ali_app"      // web-view of Taobao, Tmall, DingTalk and their kin
	JD          Container = "jd"           // web-view of the JD app
	UnionPay    Container = "unionpay"     // web-view of the UnionPay app
	WebView     Container = "webview"      // web-view of any other app
)

// Containers lists all of them.
var Containers = []Container{Browser, WeChat, WeCom, MiniProgram, Alipay, AliApp, JD, UnionPay, WebView}

// Form is the kind of a device.
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

// Host is the id of the app around the page, such as taobao.
type Host string

// Device describes the payer's device. Devices compare with ==.
type Device struct {
	Profile     Profile   `json:"profile"`
	Container   Container `json:"container"`
	Form        Form      `json:"form"`
	OS          OS        `json:"os"`
	Host        Host      `json:"host,omitempty"`         // "" in a browser and in unknown apps
	HostVersion string    `json:"host_version,omitempty"` // see ValidVersion; "" if the app doesn't tell
	Pays        string    `json:"pays,omitempty"`         // ids of the methods that the shop's app or mini program around the page pays with itself, with dots between
}

// MaxUserAgent limits the bytes of a user agent that are read; the rest is
// ignored.
const MaxUserAgent = 1 << 10

// Detect reads a user agent. It never fails: what it does not know is a mobile
// browser of an unknown system, because a mobile page never shows a code that
// only another device can scan without offering a link as well.
func Detect(userAgent string) Device {
	if len(userAgent) > MaxUserAgent {
		userAgent = userAgent[:MaxUserAgent]
	}
	ua := strings.ToLower(userAgent)
	app, version := appOf(ua)
	return compose(app, systemOf(ua), version)
}

// Hints are facts that only the browser can see, or the app around it.
type Hints struct {
	TouchPoints  int    `json:"touch_points"`  // navigator.maxTouchPoints
	WeixinBridge bool   `json:"weixin_bridge"` // WeixinJSBridge is there
	AlipayBridge bool   `json:"alipay_bridge"` // AlipayJSBridge is there
	Environment  string `json:"environment"`   // window.__wxjs_environment, or ""
	App          string `json:"app,omitempty"` // what a shop's own app says of itself, such as forwards.wechat_pay.8.0.63; or ""
}

// maxHints limits hints as JSON, in bytes.
const maxHints = 256

// ParseHints reads hints that a page sent along as JSON. They are a claim of the
// browser like its user agent, so what can't be read counts as nothing.
func ParseHints(text string) Hints {
	var h Hints
	if len(text) > maxHints || json.Unmarshal([]byte(text), &h) != nil {
		return Hints{}
	}
	return h
}

// Refine corrects a device by hints. Only the presence of something proves
// anything: a bridge that is not there may still be loading.
func (d Device) Refine(h Hints) Device {
	for _, t := range touched {
		if _, system := d.split(); system.id == t.says && h.TouchPoints >= t.points {
			d = d.on(t.is)
			break
		}
	}
	switch {
	case d.Container == MiniProgram:
		return d.claimed(h.App)
	case h.Environment == "miniprogram" && d.Container == WeCom:
		return d.in("wecom-mini-program")
	case h.Environment == "miniprogram":
		return d.in("wechat-mini-program").claimed(h.App)
	case h.WeixinBridge && d.Container == WeCom: // it has WeChat's bridge too
		return d
	case h.WeixinBridge:
		return d.in("wechat")
	case h.AlipayBridge:
		return d.in("alipay")
	case h.App != "":
		return d.claimed(h.App)
	}
	return d
}

// touched are systems that tablets claim to be when they ask for desktop pages, and the
// touch points that give them away. No Mac has a touch screen; of computers with Linux
// few have one, and a tablet's feels five fingers.
var touched = []struct {
	says   string
	points int
	is     string
}{
	{"mac", 2, "ipad"},
	{"linux", 5, "android"},
}

// forwards is the word of an app that hands links on to wallets.
const forwards = "forwards."

// claimed returns the device in a shop's own app or mini program in WeChat, as that
// describes itself: by the word forwards, which no mini program can say, then by the
// methods that it pays with itself, then by its own version, which counts of apps.
// Another app that is known by its user agent is not believed, nor is a word that there
// isn't.
func (d Device) claimed(words string) Device {
	rest, forwarding := strings.CutPrefix(words+".", forwards)
	mini := d.Container == MiniProgram
	if mini == forwarding || mini && d.Host != "wechat" || !mini && d.Host != "" || d.Form != Mobile {
		return d
	}
	version := rest
	for {
		word, after, _ := strings.Cut(version, ".")
		if word != "wechat_pay" && word != "alipay" {
			break
		}
		version = after
	}
	pays := strings.TrimSuffix(strings.TrimSuffix(rest, version), ".")
	if version != "" {
		if version = strings.TrimSuffix(version, "."); !ValidVersion(version) {
			return d
		}
	}
	if !mini {
		d = d.in("app")
		d.HostVersion = version
	}
	d.Pays = pays
	return d
}

// DesktopBrowser reports whether d is a browser that the tables know, on a computer:
// no bot, no app's web-view, no tool, no television.
func (d Device) DesktopBrowser() bool {
	app, system := d.split()
	return system.computer && d.Container == Browser && app.id != "bot" && app.id != "unknown"
}

// in returns the same system with another app around the page. The version
// stays only if it is the same host's.
func (d Device) in(id string) Device {
	_, system := d.split()
	app := appByID(id)
	if app.host != d.Host {
		d.HostVersion = ""
	}
	return compose(app, system, d.HostVersion)
}

// on returns the same app on another system.
func (d Device) on(id string) Device {
	app, _ := d.split()
	return compose(app, systemByID(id), d.HostVersion)
}

// split finds the rows that a device was composed of.
func (d Device) split() (*app, *system) {
	for i := range systems {
		if id, ok := strings.CutSuffix(string(d.Profile), "-"+systems[i].id); ok {
			return appByID(id), &systems[i]
		}
	}
	return &apps[len(apps)-1], &systems[len(systems)-1]
}

func compose(a *app, s *system, version string) Device {
	return Device{
		Profile:     Profile(a.id + "-" + s.id),
		Container:   a.container,
		Form:        s.form,
		OS:          s.os,
		Host:        a.host,
		HostVersion: version,
	}
}
