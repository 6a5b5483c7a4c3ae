package device

// apps is read from top to bottom; the first row that matches wins, so an app
// stands above those whose tokens it copies. The last row always matches.
// Each has a sample.
var apps = []app{
	// A crawler must not look like a phone with wallets, whatever it copies.
	{
		id: "bot", container: Browser,
		any: "googlebot|bingbot|baiduspider|bytespider|spider/|+http",
	},
	// Mini programs come before WeCom and Alipay: their bridges can't pay from a
	// web-view.
	{
		id: "wecom-mini-program", container: MiniProgram, host: "wecom",
		all:      "wxwork/|miniprogram",
		versions: "wxwork/",
	},
	{
		id: "wechat-mini-program", container: MiniProgram, host: "wechat",
		all:      "micromessenger/|miniprogram",
		versions: "micromessenger/",
	},
	{
		id: "alipay-mini-program", container: MiniProgram, host: "alipay",
		all:      "alipayclient/|miniprogram",
		versions: "alipayclient/",
	},
	{
		id: "baidu-mini-program", container: MiniProgram, host: "baidu",
		any:      "swan-baiduboxapp| swan/",
		versions: " baiduboxapp/",
	},
	{
		id: "douyin-mini-program", container: MiniProgram, host: "douyin",
		all:      "toutiaomicroapp",
		any:      "aweme",
		versions: "app_version/|aweme_|aweme/",
	},
	{
		id: "qq-mini-program", container: MiniProgram, host: "qq",
		all:      " qq/|miniprogram",
		versions: " qq/",
	},
	{
		id: "jd-mini-program", container: MiniProgram, host: "jd",
		all:      "jdapp;",
		any:      ";jdmp| jdmp|miniprogram",
		versions: "jdapp;android;|jdapp;iphone;|jdapp;ipad;|jdapp;harmony;",
	},
	// Of some other super app: a web-view there can't leave for a wallet either.
	{
		id: "mini-program", container: MiniProgram,
		any:  "miniprogram|microapp/|xhsminiapp| swan/| jdmp",
		none: "wxwork/",
	},
	{
		id: "wecom", container: WeCom, host: "wecom",
		any:      "wxwork/",
		versions: "wxwork/",
	},
	{
		id: "wechat", container: WeChat, host: "wechat",
		any:      "micromessenger/",
		versions: "micromessenger/",
	},
	{
		id: "alipay", container: Alipay, host: "alipay",
		any:      "alipayclient/|aliapp(ap/",
		versions: "alipayclient/|aliapp(ap/",
	},
	{
		id: "dingtalk", container: AliApp, host: "dingtalk",
		any:      "dingtalk/|dingtalk(",
		versions: "dingtalk/|dingtalk(",
	},
	{
		id: "taobao", container: AliApp, host: "taobao",
		any:      "aliapp(tb/",
		versions: "aliapp(tb/",
	},
	{
		id: "tmall", container: AliApp, host: "tmall",
		any:      "aliapp(tm/",
		versions: "aliapp(tm/",
	},
	{
		id: "aliapp", container: AliApp,
		any:  "aliapp(|windvane/",
		none: "tunionsdk/|aliapp(bc/|alibaichuan(", // other companies' apps with an SDK of theirs
	},
	{
		id: "jd", container: JD, host: "jd",
		any:      "jdapp;",
		versions: "jdapp;android;|jdapp;iphone;|jdapp;ipad;|jdapp;harmony;",
	},
	// JD's other apps, such as the Lite one: their versions count on their own.
	{
		id: "jd-other", container: JD,
		any: "jdltapp;|jdpingou;|jdjr-app|jdhealthapp|supportjdshwk/|jdsupportdarkmode/",
	},
	// UnionPay's app tells build numbers only, which don't compare as versions.
	{
		id: "unionpay", container: UnionPay, host: "unionpay",
		any: "com.unionpay.chsp|com.unionpay.mobilepay|unionpay/1.0 cloudpay|(updebug ",
	},
	{
		id: "qq", container: WebView, host: "qq",
		any:      " qq/",
		versions: " qq/",
	},
	{
		id: "weibo", container: WebView, host: "weibo",
		any:      "weibo",
		versions: "__weibo__",
	},
	{
		id: "douyin", container: WebView, host: "douyin",
		any:      "aweme",
		versions: "app_version/|aweme_|aweme/",
	},
	// Its version counts on its own.
	{
		id: "baidu-lite", container: WebView,
		any: "lite baiduboxapp",
	},
	{
		id: "baidu", container: WebView, host: "baidu",
		any:      "baiduboxapp",
		versions: "baiduboxapp/",
	},
	{
		id: "lark", container: WebView, host: "lark",
		any:      "lark/",
		versions: "lark/",
	},
	{
		id: "meituan", container: WebView, host: "meituan",
		any: "meituangroup/|com.sankuai.meituan|com.meituan.|titansx/",
	},
	// Browsers that look like web-views: a maker's own is one that the system draws with.
	// A desktop's are told apart further below.
	{
		id: "browser", container: Browser,
		any: "vivobrowser/|heytapbrowser/|oppobrowser/|miuibrowser/|huaweibrowser/|honorbrowser/|samsungbrowser/|mzbrowser/|meizubrowser/|" +
			"nubiabrowser/|lenovobrowser/|ucbrowser/|ubrowser/|quark/|baidubrowser/|sogoumobilebrowser/|qihoobrowser/|2345browser/|liebaofast/|" +
			"mxbrowser/|duckduckgo/|ddg/|opr/|opt/|opera mini/|opios/|yabrowser/|brave/|vivaldi/|focus/|klar/|ecosia|puffin/|whale/",
	},
	// A shop's own app that hands links on to wallets, as a browser does.
	{
		id: "app", container: Browser, host: "app", claimed: true,
	},
	// Some unknown app with Tencent's X5 engine.
	{
		id: "x5", container: WebView,
		any: " tbs/",
	},
	{
		id: "webview", container: WebView,
		any: "; wv)|xiaohongshu/|fb_iab|fbav/|fban/|instagram | line/|kakaotalk|bytedancewebview|ttwebview/|jssdk/|musical_ly|trill_|newsarticle/|kwai/|kuaishou|ksnebula/|zhihu|bilibili|snapchat|pinterest/|" +
			"knb/|pinduoduo|phh_android|weread/|neteasemusic/|qqmusic/|qqnews/|ctripwireless|mpaasclient/|nebulasdk/|html5plus/|linkedinapp|twitter for|twitterandroid|whatsapp/|naver(inapp",
	},
	// WKWebView says neither Safari nor Version unless the app adds them.
	{
		id: "webview", container: WebView,
		all:  "applewebkit/",
		any:  "iphone|ipad|ipod|macintosh",
		none: "safari/| version/|crios/|fxios/|edgios/|qqbrowser/",
	},
	{
		id: "qqbrowser", container: Browser,
		any: "qqbrowser/",
	},
	// Any app's view on HarmonyOS NEXT says just this; browsers add a word of their own.
	{
		id: "arkweb", container: WebView,
		any: "arkweb/",
	},
	{
		id: "edge", container: Browser,
		any: "edg/|edga/|edgios/|edge/",
	},
	{
		id: "firefox", container: Browser,
		any: "firefox/|fxios/",
	},
	{
		id: "chrome", container: Browser,
		any: "chrome/|crios/",
	},
	{
		id: "safari", container: Browser,
		any: "safari/",
	},
	{
		id: "unknown", container: Browser,
	},
}
