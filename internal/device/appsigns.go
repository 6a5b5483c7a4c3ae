package device

// appSigns is read from top to bottom; the first row that matches wins, so an app
// stands above those whose tokens it copies. The last row always matches. They
// stand apart from apps because the browser corrects a device and never detects one.
var appSigns = []appSign{
	// A crawler must not look like a phone with wallets, whatever it copies.
	{
		app: "bot",
		any: "googlebot|bingbot|baiduspider|bytespider|spider/|+http",
	},
	// Mini programs come before WeCom and Alipay: their bridges can't pay from a
	// web-view.
	{
		app:      "wecom-mini-program",
		all:      "wxwork/|miniprogram",
		versions: "wxwork/",
	},
	{
		app:      "wechat-mini-program",
		all:      "micromessenger/|miniprogram",
		versions: "micromessenger/",
	},
	{
		app:      "alipay-mini-program",
		all:      "alipayclient/|miniprogram",
		versions: "alipayclient/",
	},
	{
		app:      "baidu-mini-program",
		any:      "swan-baiduboxapp| swan/",
		versions: " baiduboxapp/",
	},
	{
		app:      "douyin-mini-program",
		all:      "toutiaomicroapp",
		any:      "aweme",
		versions: "app_version/|aweme_|aweme/",
	},
	{
		app:      "qq-mini-program",
		all:      " qq/|miniprogram",
		versions: " qq/",
	},
	{
		app:      "jd-mini-program",
		all:      "jdapp;",
		any:      ";jdmp| jdmp|miniprogram",
		versions: "jdapp;android;|jdapp;iphone;|jdapp;ipad;|jdapp;harmony;",
	},
	// Of some other super app: a web-view there can't leave for a wallet either.
	{
		app:  "mini-program",
		any:  "miniprogram|microapp/|xhsminiapp| swan/| jdmp",
		none: "wxwork/",
	},
	{
		app:      "wecom",
		any:      "wxwork/",
		versions: "wxwork/",
	},
	{
		app:      "wechat",
		any:      "micromessenger/",
		versions: "micromessenger/",
	},
	{
		app:      "alipay",
		any:      "alipayclient/|aliapp(ap/",
		versions: "alipayclient/|aliapp(ap/",
	},
	{
		app:      "dingtalk",
		any:      "dingtalk/|dingtalk(",
		versions: "dingtalk/|dingtalk(",
	},
	{
		app:      "taobao",
		any:      "aliapp(tb/",
		versions: "aliapp(tb/",
	},
	{
		app:      "tmall",
		any:      "aliapp(tm/",
		versions: "aliapp(tm/",
	},
	{
		app:  "aliapp",
		any:  "aliapp(|windvane/",
		none: "tunionsdk/|aliapp(bc/|alibaichuan(", // other companies' apps with an SDK of theirs
	},
	{
		app:      "jd",
		any:      "jdapp;",
		versions: "jdapp;android;|jdapp;iphone;|jdapp;ipad;|jdapp;harmony;",
	},
	// JD's other apps, such as the Lite one: their versions count on their own.
	{
		app: "jd-other",
		any: "jdltapp;|jdpingou;|jdjr-app|jdhealthapp|supportjdshwk/|jdsupportdarkmode/",
	},
	// UnionPay's app tells build numbers only, which don't compare as versions.
	{
		app: "unionpay",
		any: "com.unionpay.chsp|com.unionpay.mobilepay|unionpay/1.0 cloudpay|(updebug ",
	},
	{
		app:      "qq",
		any:      " qq/",
		versions: " qq/",
	},
	{
		app:      "weibo",
		any:      "weibo",
		versions: "__weibo__",
	},
	{
		app:      "douyin",
		any:      "aweme",
		versions: "app_version/|aweme_|aweme/",
	},
	// Its version counts on its own.
	{
		app: "baidu-lite",
		any: "lite baiduboxapp",
	},
	{
		app:      "baidu",
		any:      "baiduboxapp",
		versions: "baiduboxapp/",
	},
	{
		app:      "lark",
		any:      "lark/",
		versions: "lark/",
	},
	{
		app: "meituan",
		any: "meituangroup/|com.sankuai.meituan|com.meituan.|titansx/",
	},
	// Browsers that look like web-views: a maker's own is one that the system draws with.
	// A desktop's are told apart further below.
	{
		app: "browser",
		any: "vivobrowser/|heytapbrowser/|oppobrowser/|miuibrowser/|huaweibrowser/|honorbrowser/|samsungbrowser/|mzbrowser/|meizubrowser/|" +
			"nubiabrowser/|lenovobrowser/|ucbrowser/|ubrowser/|quark/|baidubrowser/|sogoumobilebrowser/|qihoobrowser/|2345browser/|liebaofast/|" +
			"mxbrowser/|duckduckgo/|ddg/|opr/|opt/|opera mini/|opios/|yabrowser/|brave/|vivaldi/|focus/|klar/|ecosia|puffin/|whale/",
	},
	// Some unknown app with Tencent's X5 engine.
	{
		app: "x5",
		any: " tbs/",
	},
	{
		app: "webview",
		any: "; wv)|xiaohongshu/|fb_iab|fbav/|fban/|instagram | line/|kakaotalk|bytedancewebview|ttwebview/|jssdk/|musical_ly|trill_|newsarticle/|kwai/|kuaishou|ksnebula/|zhihu|bilibili|snapchat|pinterest/|" +
			"knb/|pinduoduo|phh_android|weread/|neteasemusic/|qqmusic/|qqnews/|ctripwireless|mpaasclient/|nebulasdk/|html5plus/|linkedinapp|twitter for|twitterandroid|whatsapp/|naver(inapp",
	},
	// WKWebView says neither Safari nor Version unless the app adds them.
	{
		app:  "webview",
		all:  "applewebkit/",
		any:  "iphone|ipad|ipod|macintosh",
		none: "safari/| version/|crios/|fxios/|edgios/|qqbrowser/",
	},
	{
		app: "qqbrowser",
		any: "qqbrowser/",
	},
	// Any app's view on HarmonyOS NEXT says just this; browsers add a word of their own.
	{
		app: "arkweb",
		any: "arkweb/",
	},
	{
		app: "edge",
		any: "edg/|edga/|edgios/|edge/",
	},
	{
		app: "firefox",
		any: "firefox/|fxios/",
	},
	{
		app: "chrome",
		any: "chrome/|crios/",
	},
	{
		app: "safari",
		any: "safari/",
	},
	{
		app: "unknown",
	},
}
