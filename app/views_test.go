package app

import (
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/locale"
	"morepay/internal/pay"
	"morepay/internal/view"
)

var testTime = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// User agents of the devices that the screens are drawn for.
const (
	desktopAgent     = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36"
	phoneAgent       = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.6998.136 Mobile Safari/537.36"
	wechatAgent      = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.62(0x18003e3a) NetType/WIFI Language/zh_CN"
	miniProgramAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.76 NetType/WIFI Language/zh_CN miniProgram"
	alipayAgent      = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/21F90 NebulaSDK/1.8.100112 Nebula AliApp(AP/10.6.80.6000) AlipayClient/10.6.80.6000 Language/zh-Hans"
	taobaoAgent      = "Mozilla/5.0 (iPhone; CPU iPhone OS 15_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(TB/10.14.0) WindVane/8.7.2 UT4Aplus/0.0.4 828x1792 WK"
)

// testDocument returns a shop like Taobao's: Alipay first, WeChat Pay behind
// "More".
func testDocument() *capability.Document {
	method := func(m pay.Method, rails ...pay.Rail) capability.Method {
		return capability.Method{Method: m, State: capability.StateOpen, Rails: rails, Currencies: []string{"CNY"}}
	}
	alipay := method("alipay", pay.RailQR, pay.RailDeepLink, pay.RailRedirect)
	alipay.Primary = true
	wechat := method("wechat_pay", pay.RailJSAPI, pay.RailDeepLink, pay.RailQR)
	wechat.HostMinVersion = map[string]string{"taobao": "10.40.0"}
	jd := method("jd_pay", pay.RailRedirect)
	jd.State = capability.StateScheduled
	jd.Schedule = &capability.Schedule{From: time.Date(2026, 12, 1, 0, 0, 0, 0, homeZone).UTC()}
	unionpay := method("unionpay", pay.RailRedirect)
	unionpay.Icon = "cloud"
	unionpay.Limits = map[string]capability.Limits{"CNY": {Min: 10000}}
	return &capability.Document{
		Schema: capability.SchemaVersion, Merchant: "demo", Name: "Harbour Tea", Locale: "zh-CN", Visible: 1,
		Methods: []capability.Method{alipay, wechat, unionpay, jd},
	}
}

func testView(tag, userAgent string, progress view.Progress) view.Checkout {
	progress.Status, progress.LastEvent = "open", 3
	progress.ServerTime, progress.ExpiresAt = testTime, testTime.Add(29*time.Minute+41*time.Second)
	progress.FormToken = "form-token"
	amount := pay.Money{Currency: "CNY", Value: 5980}
	return view.Checkout{
		Version: view.Version, Path: "/pay/token", Locale: tag, Text: locale.Text(tag),
		Description: "Spring Longjing, 100 g", Amount: amount, AmountText: locale.Money(tag, amount),
		Order: capability.Order{Amount: amount}, Device: device.Detect(userAgent), Document: testDocument(),
		ShareURL: "https://pay.example/pay/token", Test: true, Progress: progress,
	}
}

// testQR is a code of 29 modules with its quiet zone: only the three corners.
var testQR = &view.QR{Size: 29, Path: "M4 4h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3zm12-2h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3zM4 18h7v7h-7zm1 1v5h5v-5zm1 1h3v3h-3z"}

func payment(m pay.Method, r pay.Rail) *view.Payment {
	return &view.Payment{AttemptID: "at_1", Method: m, Rail: r}
}

func waiting(p *view.Payment) view.Progress {
	return view.Progress{State: view.StateWaiting, Payment: p}
}

// submitting is a payment that its provider has not answered about for so long.
func submitting(since time.Duration, others bool) view.Progress {
	p := payment("alipay", pay.RailDeepLink)
	p.Since, p.Others = testTime.Add(-since), others
	return view.Progress{State: view.StateSubmitting, Payment: p}
}

func ended(state view.State) view.Progress {
	return view.Progress{State: state, ContinueURL: "https://shop.example/thanks?a=1&morepay_session=cs_1"}
}

// testViews returns every screen there is; all tests of drawing go through it.
func testViews() map[string]view.Checkout {
	code := payment("wechat_pay", pay.RailQR)
	code.QR, code.ExpiresAt = testQR, testTime.Add(4*time.Minute)
	deadCode := payment("wechat_pay", pay.RailQR)
	deadCode.QR, deadCode.ExpiresAt = testQR, testTime
	page := &view.Payment{Method: "wechat_pay", Rail: pay.RailPageQR, QR: &view.QR{Size: testQR.Size, Path: testQR.Path, PNG: "/pay/token/page.png"}}
	bridge := payment("wechat_pay", pay.RailJSAPI)
	bridge.Bridge = &view.Bridge{Name: "weixin", Params: map[string]string{"appId": "wx1", "paySign": "secret-looking"}}
	tradePay := payment("alipay", pay.RailJSAPI)
	tradePay.Bridge = &view.Bridge{Name: "alipay", Params: map[string]string{"tradeNO": "20261122"}}
	inAlipay := testView("en", alipayAgent, view.Progress{State: view.StateSelect})
	inAlipay.Document.Methods[0].Rails = pay.Rails
	returned := payment("wechat_pay", pay.RailDeepLink)
	returned.Returned, returned.Since = true, testTime.Add(-9*time.Second)
	lost := payment("wechat_pay", pay.RailDeepLink)
	lost.Returned, lost.Since = true, testTime.Add(-10*time.Second)
	asked := payment("wechat_pay", pay.RailQR)
	asked.QR, asked.Asked = testQR, true
	receipt := ended(view.StatePaid)
	receipt.Receipt = &view.Receipt{Method: "wechat_pay", PaidAt: testTime}

	inThree := payment("alipay", pay.RailQR)
	inThree.QR, inThree.Instalments = testQR, 3
	paidInThree := ended(view.StatePaid)
	paidInThree.Receipt = &view.Receipt{Method: "alipay", Instalments: 3, PaidAt: testTime}

	back := receipt
	back.Onward = true

	views := map[string]view.Checkout{
		"select-desktop":     testView("en", desktopAgent, view.Progress{State: view.StateSelect}),
		"select-phone":       testView("zh-CN", phoneAgent, view.Progress{State: view.StateSelect}),
		"select-wechat":      testView("zh-TW", wechatAgent, view.Progress{State: view.StateSelect}),
		"select-alipay":      inAlipay,
		"select-taobao":      testView("zh-CN", taobaoAgent, view.Progress{State: view.StateSelect}),
		"failed":             testView("en", phoneAgent, view.Progress{State: view.StateFailed, Failed: "alipay"}),
		"submitting-slow":    testView("zh-CN", phoneAgent, submitting(5*time.Second, false)),
		"submitting-silent":  testView("zh-CN", phoneAgent, submitting(10*time.Second, false)),
		"submitting-unsure":  testView("en", desktopAgent, submitting(time.Minute, true)),
		"deep-link-lost":     testView("zh-CN", phoneAgent, waiting(lost)),
		"qr-asked":           testView("zh-CN", desktopAgent, waiting(asked)),
		"paid-receipt":       testView("zh-CN", phoneAgent, receipt),
		"paid-onward":        testView("zh-CN", phoneAgent, back),
		"submitting":         testView("en", phoneAgent, view.Progress{State: view.StateSubmitting, Payment: payment("alipay", pay.RailDeepLink)}),
		"qr":                 testView("en", desktopAgent, waiting(code)),
		"qr-expired":         testView("zh-CN", desktopAgent, waiting(deadCode)),
		"page-qr-desktop":    testView("en", desktopAgent, waiting(page)),
		"page-qr-phone":      testView("zh-CN", phoneAgent, waiting(page)),
		"deep-link":          testView("en", phoneAgent, waiting(payment("wechat_pay", pay.RailDeepLink))),
		"deep-link-returned": testView("zh-CN", phoneAgent, waiting(returned)),
		"bridge":             testView("zh-CN", wechatAgent, waiting(bridge)),
		"bridge-alipay":      testView("en", alipayAgent, waiting(tradePay)),
		"await":              testView("en", phoneAgent, waiting(payment("unionpay", pay.RailQR))),
		"paid":               testView("en", phoneAgent, ended(view.StatePaid)),
		"expired":            testView("zh-CN", phoneAgent, ended(view.StateExpired)),
		"canceled":           testView("en", desktopAgent, ended(view.StateCanceled)),
		"instant-late":       testView("zh-CN", desktopAgent, view.Progress{State: view.StateSelect, Instant: "wechat_pay"}),
		"instant-refused":    testView("zh-CN", desktopAgent, view.Progress{State: view.StateFailed, Failed: "wechat_pay", Instant: "wechat_pay"}),
		"unknown-state":      testView("en", desktopAgent, view.Progress{State: "refunding"}),
	}

	for name, change := range nothingToChoose {
		v := testView("en", wechatAgent, view.Progress{State: view.StateSelect, ContinueURL: "https://shop.example/thanks"})
		change(&v)
		views["select-nothing-"+name] = v
	}
	for name, v := range map[string]view.Checkout{
		"instalments":      testView("zh-CN", phoneAgent, view.Progress{State: view.StateSelect}),
		"instalments-code": testView("en", desktopAgent, waiting(inThree)),
		"instalments-paid": testView("en", phoneAgent, paidInThree),
	} {
		v.Document.Methods[0].Instalments = []int{3, 6, 12}
		views[name] = v
	}
	elsewhere := testView("zh-CN", miniProgramAgent, view.Progress{State: view.StateSelect})
	views["select-elsewhere"] = elsewhere

	framed := testView("en", desktopAgent, view.Progress{State: view.StateSelect})
	framed.Parent, framed.Test = "https://shop.example", false
	framed.Error = &view.Error{Code: pay.CodeFormExpired, Message: framed.Text["error.form_expired"]}
	views["select-framed-error"] = framed

	tabs, list, opened, last := views["select-desktop"], views["qr"], views["select-phone"], views["select-phone"]
	tabs.Layout, tabs.Last = "tabs", "alipay"
	list.Layout, list.Words = "list", "layout=list"
	opened.Open, opened.Parent, opened.Words = "alipay", "https://shop.example", "last=alipay"
	last.Last, last.Locale, last.Text = "alipay", "en", views["select-desktop"].Text
	offer := views["select-desktop"]
	offer.Path, offer.ShareURL, offer.Description, offer.Words = "/offer", "", "", "amount=5980&merchant=demo"
	offer.Parent, offer.Progress.ExpiresAt, offer.Progress.FormToken = "https://shop.example", time.Time{}, ""
	views["offer"] = offer
	views["select-tabs"], views["qr-list"], views["select-open"], views["select-last"] = tabs, list, opened, last

	addFriendViews(views)

	views["hostile"] = hostileView(view.StateWaiting)
	views["hostile-select"] = hostileView(view.StateSelect)
	views["hostile-paid"] = hostileView(view.StatePaid)
	return views
}

// addFriendViews adds what a friend who was asked to pay reads, and their payer.
func addFriendViews(views map[string]view.Checkout) {
	for name, from := range map[string]string{"friend-select": "select-phone", "friend-fallback": "deep-link"} {
		v := views[from]
		document := *v.Document
		document.FriendPay = true
		v.Document = &document
		views[name] = v
	}
	receipt := view.Progress{State: view.StatePaid, Receipt: &view.Receipt{Method: "wechat_pay", PaidAt: testTime}}
	for voice, progress := range map[view.Voice]view.Progress{
		view.VoiceBusy: {State: view.StateSelect}, view.VoiceTreated: ended(view.StatePaid),
		view.VoiceFriend: {State: view.StateSelect}, view.VoiceTurn: {State: view.StateSelect},
		view.VoiceGave: receipt, view.VoiceLate: {State: view.StatePaid},
		view.VoiceRevoked: {State: view.StateCanceled}, view.VoiceOver: {State: view.StateExpired},
	} {
		progress.Voice = voice
		v := testView("zh-CN", phoneAgent, progress)
		if voice != view.VoiceBusy && voice != view.VoiceTreated {
			v.From, v.Reference, v.Path, v.ShareURL = "小美", "", "/p/token", "https://pay.example/p/token"
		}
		views["friend-"+string(voice)] = v
	}
}

// nothingToChoose has one way each in which no method can be used in WeChat.
var nothingToChoose = map[string]func(*view.Checkout){
	"closed": func(v *view.Checkout) { v.Order.Amount.Currency = "USD" },
	"outage": func(v *view.Checkout) { v.Order.Down = []pay.Method{"wechat_pay"} },
	"device": func(v *view.Checkout) { v.Document.Methods = v.Document.Methods[:1] },
	"amount": func(v *view.Checkout) {
		v.Document.Methods = v.Document.Methods[2:3]
		v.Document.Methods[0].Method = "wechat_pay"
	},
	"later": func(v *view.Checkout) { v.Document.Methods = v.Document.Methods[3:] },
}

// hostileView has the worst of strings in every place that others can fill.
func hostileView(state view.State) view.Checkout {
	const evil = "\"'><script>alert(1)</script>\\\n`${x}` onerror=alert(1) javascript:alert(2) 支付 👩\u200d👩 &quot; \u2028 true"
	page := &view.Payment{
		AttemptID: evil, Method: pay.Method(evil), Rail: pay.RailPageQR,
		QR: &view.QR{Size: 29, Path: evil, PNG: "javascript:alert(3)"},
	}
	v := testView("en", desktopAgent, view.Progress{State: state, Payment: page})
	v.Description, v.AmountText, v.ShareURL, v.Parent, v.From = evil, evil, evil, evil, evil
	v.Progress.Voice = view.VoiceFriend
	v.Progress.FormToken, v.Progress.ContinueURL = evil, "javascript:alert(4)"
	v.Path = "/pay/" + evil
	v.Document.Name = evil
	v.Error = &view.Error{Code: evil, Message: evil}
	return v
}
