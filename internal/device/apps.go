package device

// apps is read from top to bottom; the first row that matches wins, so an app
// stands above those whose tokens it copies. The last row always matches.
// Each has a sample.
var apps = []app{
	// A crawler must not look like a phone with wallets, whatever it copies.
	{
		id: "bot", container: Browser,
		any: []string{"googlebot", "bingbot", "baiduspider", "bytespider", "spider/", "+http"},
	},
	// Mini programs come before WeCom and Alipay: their bridges can't pay from a
	// web-view.
	{
		id: "wecom-mini-program", container: MiniProgram, host: "wecom",
		all:      []string{"wxwork/", "miniprogram"},
		versions: []string{"wxwork/"},
	},
	{
		id: "wechat-mini-program", container: MiniProgram, host: "wechat",
		all:      []string{"micromessenger/", "miniprogram"},
		versions: []string{"micromessenger/"},
	},
	{
		id: "alipay-mini-program", container: MiniProgram, host: "alipay",
		all:      []string{"alipayclient/", "miniprogram"},
		versions: []string{"alipayclient/"},
	},
	{
		id: "baidu-mini-program", container: MiniProgram, host: "baidu",
		any:      []string{"swan-baiduboxapp", " swan/"},
		versions: []string{" baiduboxapp/"},
	},
	{
		id: "douyin-mini-program", container: MiniProgram, host: "douyin",
		all:      []string{"toutiaomicroapp"},
		any:      []string{"aweme"},
		versions: []string{"app_version/", "aweme_", "aweme/"},
	},
	{
		id: "qq-mini-program", container: MiniProgram, host: "qq",
		all:      []string{" qq/", "miniprogram"},
		versions: []string{" qq/"},
	},
	// Of some other super app: a web-view there can't leave for a wallet either.
	{
		id: "mini-program", container: MiniProgram,
		any:  []string{"miniprogram", "microapp/"},
		none: []string{"wxwork/"},
	},
	{
		id: "wecom", container: WeCom, host: "wecom",
		any:      []string{"wxwork/"},
		versions: []string{"wxwork/"},
	},
	{
		id: "wechat", container: WeChat, host: "wechat",
		any:      []string{"micromessenger/"},
		versions: []string{"micromessenger/"},
	},
	{
		id: "alipay", container: Alipay, host: "alipay",
		any:      []string{"alipayclient/", "aliapp(ap/"},
		versions: []string{"alipayclient/", "aliapp(ap/"},
	},
	{
		id: "dingtalk", container: AliApp, host: "dingtalk",
		any:      []string{"dingtalk/", "dingtalk("},
		versions: []string{"dingtalk/", "dingtalk("},
	},
	{
		id: "taobao", container: AliApp, host: "taobao",
		any:      []string{"aliapp(tb/"},
		versions: []string{"aliapp(tb/"},
	},
	{
		id: "tmall", container: AliApp, host: "tmall",
		any:      []string{"aliapp(tm/"},
		versions: []string{"aliapp(tm/"},
	},
	{
		id: "aliapp", container: AliApp,
		any:  []string{"aliapp(", "windvane/"},
		none: []string{"tunionsdk/", "aliapp(bc/"}, // other companies' apps with an SDK of theirs
	},
	{
		id: "jd", container: JD, host: "jd",
		any:      []string{"jdapp;"},
		versions: []string{"jdapp;android;", "jdapp;iphone;", "jdapp;ipad;"},
	},
	// JD's other apps, such as the Lite one: their versions count on their own.
	{
		id: "jd-other", container: JD,
		any: []string{"jdltapp;", "jdpingou;", "jdjr-app", "jdhealthapp", "supportjdshwk/", "jdsupportdarkmode/"},
	},
	// UnionPay's app tells build numbers only, which don't compare as versions.
	{
		id: "unionpay", container: UnionPay, host: "unionpay",
		any: []string{"com.unionpay.chsp", "com.unionpay.mobilepay", "unionpay/1.0 cloudpay"},
	},
	{
		id: "qq", container: WebView, host: "qq",
		any:      []string{" qq/"},
		versions: []string{" qq/"},
	},
	{
		id: "weibo", container: WebView, host: "weibo",
		any:      []string{"weibo"},
		versions: []string{"__weibo__"},
	},
	{
		id: "douyin", container: WebView, host: "douyin",
		any:      []string{"aweme"},
		versions: []string{"app_version/", "aweme_", "aweme/"},
	},
	{
		id: "baidu", container: WebView, host: "baidu",
		any:      []string{"baiduboxapp"},
		versions: []string{"baiduboxapp/"},
	},
	{
		id: "lark", container: WebView, host: "lark",
		any:      []string{"lark/"},
		versions: []string{"lark/"},
	},
	{
		id: "meituan", container: WebView, host: "meituan",
		any: []string{"meituangroup/", "com.sankuai.meituan", "com.meituan.", "titansx/"},
	},
	// Browsers that look like web-views: a maker's own is one that the system draws with.
	// A desktop's are told apart further below.
	{
		id: "browser", container: Browser,
		any: []string{"vivobrowser/", "heytapbrowser/", "oppobrowser/", "miuibrowser/", "huaweibrowser/", "honorbrowser/", "samsungbrowser/", "mzbrowser/", "meizubrowser/",
			"nubiabrowser/", "lenovobrowser/", "ucbrowser/", "ubrowser/", "quark/", "baidubrowser/", "sogoumobilebrowser/", "qihoobrowser/", "2345browser/", "liebaofast/",
			"mxbrowser/", "duckduckgo/", "ddg/", "opr/", "opt/", "opera mini/", "opios/", "yabrowser/", "brave/", "vivaldi/", "focus/", "klar/", "ecosia", "puffin/", "whale/"},
	},
	// A shop's own app that hands links on to wallets, as a browser does.
	{
		id: "app", container: Browser, host: "app", claimed: true,
	},
	// Some unknown app with Tencent's X5 engine.
	{
		id: "x5", container: WebView,
		any: []string{" tbs/"},
	},
	{
		id: "webview", container: WebView,
		any: []string{"; wv)", "xiaohongshu/", "fb_iab", "fbav/", "fban/", "instagram ", " line/", "kakaotalk", "bytedancewebview", "musical_ly", "newsarticle/", "kwai/", "zhihuhybrid", "bilibili", "snapchat", "pinterest/"},
	},
	// WKWebView says neither Safari nor Version unless the app adds them.
	{
		id: "webview", container: WebView,
		all:  []string{"applewebkit/"},
		any:  []string{"iphone", "ipad", "ipod", "macintosh"},
		none: []string{"safari/", " version/"},
	},
	{
		id: "qqbrowser", container: Browser,
		any: []string{"qqbrowser/"},
	},
	// Any app's view on HarmonyOS NEXT says just this; browsers add a word of their own.
	{
		id: "arkweb", container: WebView,
		any: []string{"arkweb/"},
	},
	{
		id: "edge", container: Browser,
		any: []string{"edg/", "edga/", "edgios/", "edge/"},
	},
	{
		id: "firefox", container: Browser,
		any: []string{"firefox/", "fxios/"},
	},
	{
		id: "chrome", container: Browser,
		any: []string{"chrome/", "crios/"},
	},
	{
		id: "safari", container: Browser,
		any: []string{"safari/"},
	},
	{
		id: "unknown", container: Browser,
	},
}
