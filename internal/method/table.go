package method

import (
	"morepay/internal/device"
	"morepay/internal/pay"
)

// Ladders that several methods share.
var (
	bridge        = []pay.Rail{pay.RailJSAPI, pay.RailPageQR}
	byApp         = []pay.Rail{pay.RailApp, pay.RailDeepLink, pay.RailPageQR}
	byMiniProgram = []pay.Rail{pay.RailMiniProgram, pay.RailPageQR}
	handOver      = []pay.Rail{pay.RailDeepLink, pay.RailPageQR}
	redirectFirst = []pay.Rail{pay.RailRedirect, pay.RailPageQR}
	elsewhere     = []pay.Rail{pay.RailPageQR}
	appFirst      = []pay.Rail{pay.RailDeepLink, pay.RailRedirect, pay.RailPageQR}
	wechatScan    = []pay.Rail{pay.RailQR, pay.RailPageQR}
	scanFirst     = []pay.Rail{pay.RailQR, pay.RailRedirect, pay.RailPageQR}
	alipayBridge  = []pay.Rail{pay.RailJSAPI, pay.RailDeepLink, pay.RailPageQR}
)

// cashier are the ladders of a wallet that is reached by the merchant's own cashier: its
// code on desktops, its app or a page in browsers, and a page in unknown web-views and in
// the apps that are the wallet's. What other apps do with such a page is unknown.
var cashier = []ladder{
	{form: device.Desktop, rails: scanFirst},
	{in: []device.Container{device.Browser}, rails: appFirst},
	{in: []device.Container{device.WebView}, own: true, rails: redirectFirst},
	{rails: elsewhere},
}

// table has one row a method. Of a row's ladders the first that covers a device
// counts.
//
// Blocked lists the containers in which the other side's wallet can't be opened
// today. Remove an entry once the container lets the wallet open; the ladders
// below then apply.
var table = []Method{
	// A native code must be scanned with WeChat's camera: it can't be
	// long-pressed, taken from the album or clicked. So on a phone it is never on
	// the ladder; a code or link of our own page is, which becomes JSAPI inside
	// WeChat. H5 (deep_link) does not work inside WeChat, and neither bridge nor
	// H5 in a mini program's web-view: there only the mini program itself can pay. A
	// shop's own app has WeChat's SDK for apps.
	{
		ID: "wechat_pay", Provider: "wechatpay", Icon: "wechat_pay",
		Home:       []device.Container{device.WeChat, device.WeCom},
		Names:      []Name{{"zh-CN", "微信支付"}, {"zh-TW", "微信支付"}, {"zh-HK", "微信支付"}, {"en", "WeChat Pay"}},
		Currencies: []Currency{{Code: "CNY"}},
		Blocked:    []device.Container{device.Alipay, device.UnionPay},
		ladders: []ladder{
			{form: device.Desktop, rails: wechatScan},
			{in: []device.Container{device.WeChat, device.WeCom}, rails: bridge},
			{in: []device.Container{device.MiniProgram}, paid: true, rails: byMiniProgram},
			{in: []device.Container{device.Browser}, paid: true, rails: byApp},
			{in: []device.Container{device.Alipay, device.MiniProgram}, rails: elsewhere},
			{in: []device.Container{device.AliApp, device.JD}, rails: elsewhere},             // they keep links to others to themselves, unless a document knows better
			{in: []device.Container{device.WebView}, os: device.HarmonyOS, rails: elsewhere}, // H5 can't launch from an app there
			{rails: handOver},
		},
	},
	{
		ID: "alipay", Provider: "alipay", Icon: "alipay",
		Home:        []device.Container{device.Alipay},
		Names:       []Name{{"zh-CN", "支付宝"}, {"zh-TW", "支付寶"}, {"zh-HK", "支付寶"}, {"en", "Alipay"}},
		Currencies:  []Currency{{"CNY", 100_000_000_00}},
		Instalments: []int{3, 6, 12}, // Huabei
		Blocked:     []device.Container{device.WeChat, device.JD, device.UnionPay},
		ladders: []ladder{
			{form: device.Desktop, rails: scanFirst},
			{in: []device.Container{device.Alipay}, rails: alipayBridge},
			{in: []device.Container{device.Browser}, paid: true, rails: byApp},
			{in: []device.Container{device.WeChat, device.WeCom, device.MiniProgram}, rails: elsewhere},
			{rails: handOver},
		},
	},
	// UnionPay's page launches the app itself or takes a card. What JD's and the
	// Ali apps' web-views do with it is unknown.
	{
		ID: "unionpay", Provider: "merchantlink", Icon: "unionpay",
		Home:    []device.Container{device.UnionPay},
		Names:   []Name{{"zh-CN", "云闪付"}, {"zh-TW", "雲閃付"}, {"zh-HK", "雲閃付"}, {"en", "Cloud QuickPass"}},
		Blocked: []device.Container{device.WeChat},
		ladders: []ladder{
			{form: device.Desktop, rails: scanFirst},
			{in: []device.Container{device.Browser, device.UnionPay, device.WebView}, rails: redirectFirst},
			{rails: elsewhere},
		},
	},
	// JD's cashier works in browsers, where a link may open it in JD's app, and in that
	// app itself.
	{
		ID: "jd_pay", Provider: "merchantlink", Icon: "jd_pay",
		Home:        []device.Container{device.JD},
		Names:       []Name{{"zh-CN", "京东支付"}, {"zh-TW", "京東支付"}, {"zh-HK", "京東支付"}, {"en", "JD Pay"}},
		Instalments: []int{3, 6, 12, 24}, // Baitiao
		ladders: []ladder{
			{form: device.Desktop, rails: scanFirst},
			{in: []device.Container{device.Browser}, rails: appFirst},
			{in: []device.Container{device.JD}, rails: redirectFirst},
			{rails: elsewhere},
		},
	},
	// What follows is reached by the merchant's own cashier, whose acquirer has the
	// contract. In the wallet's own app it comes first.
	{
		ID: "ecny", Provider: "merchantlink", Icon: "coin",
		Names:   []Name{{"zh-CN", "数字人民币"}, {"zh-TW", "數位人民幣"}, {"zh-HK", "數碼人民幣"}, {"en", "e-CNY"}},
		ladders: cashier,
	},
	{
		ID: "douyin_pay", Provider: "merchantlink", Icon: "card",
		Apps:    []device.Host{"douyin"},
		Names:   []Name{{"zh-CN", "抖音支付"}, {"zh-TW", "抖音支付"}, {"zh-HK", "抖音支付"}, {"en", "Douyin Pay"}},
		ladders: cashier,
	},
	{
		ID: "qq_wallet", Provider: "merchantlink", Icon: "card",
		Apps:    []device.Host{"qq"},
		Names:   []Name{{"zh-CN", "QQ钱包"}, {"zh-TW", "QQ錢包"}, {"zh-HK", "QQ錢包"}, {"en", "QQ Wallet"}},
		ladders: cashier,
	},
	{
		ID: "meituan_pay", Provider: "merchantlink", Icon: "card",
		Apps:    []device.Host{"meituan"},
		Names:   []Name{{"zh-CN", "美团支付"}, {"zh-TW", "美團支付"}, {"zh-HK", "美團支付"}, {"en", "Meituan Pay"}},
		ladders: cashier,
	},
	{
		ID: "card", Provider: "merchantlink", Icon: "card",
		Names:   []Name{{"zh-CN", "银行卡"}, {"zh-TW", "銀行卡"}, {"zh-HK", "銀行卡"}, {"en", "Bank card"}},
		Blocked: []device.Container{device.WeChat},
		ladders: []ladder{ // a card is typed into a page
			{form: device.Desktop, rails: redirectFirst},
			{in: []device.Container{device.Browser}, rails: redirectFirst},
			{in: []device.Container{device.WebView}, own: true, rails: redirectFirst},
			{rails: elsewhere},
		},
	},
	// The Hong Kong wallets have their sisters' bridges.
	{
		ID: "alipay_hk", Provider: "merchantlink", Icon: "alipay",
		Names:   []Name{{"zh-CN", "支付宝香港"}, {"zh-TW", "支付寶香港"}, {"zh-HK", "支付寶香港"}, {"en", "AlipayHK"}},
		Blocked: []device.Container{device.WeChat, device.JD, device.UnionPay},
		ladders: []ladder{
			{form: device.Desktop, rails: scanFirst},
			{in: []device.Container{device.Alipay}, rails: bridge},
			{in: []device.Container{device.Browser}, rails: appFirst},
			{in: []device.Container{device.WebView}, own: true, rails: redirectFirst},
			{rails: elsewhere},
		},
	},
	{
		ID: "wechat_pay_hk", Provider: "merchantlink", Icon: "wechat_pay",
		Names:   []Name{{"zh-CN", "微信支付香港"}, {"zh-TW", "微信支付香港"}, {"zh-HK", "微信支付香港"}, {"en", "WeChat Pay HK"}},
		Blocked: []device.Container{device.Alipay, device.UnionPay},
		ladders: []ladder{
			{form: device.Desktop, rails: scanFirst},
			{in: []device.Container{device.WeChat}, rails: bridge},
			{in: []device.Container{device.Browser}, rails: appFirst},
			{in: []device.Container{device.WebView}, own: true, rails: redirectFirst},
			{rails: elsewhere},
		},
	},
}
