package device

// apps lists browsers, and apps whose web-views show our page. How each is told from a
// user agent stands in appSigns. The last row is what isn't known.
var apps = []app{
	{"bot", Browser, ""},
	{"wecom-mini-program", MiniProgram, "wecom"},
	{"wechat-mini-program", MiniProgram, "wechat"},
	{"alipay-mini-program", MiniProgram, "alipay"},
	{"baidu-mini-program", MiniProgram, "baidu"},
	{"douyin-mini-program", MiniProgram, "douyin"},
	{"qq-mini-program", MiniProgram, "qq"},
	{"jd-mini-program", MiniProgram, "jd"},
	{"mini-program", MiniProgram, ""}, // of some other super app
	{"wecom", WeCom, "wecom"},
	{"wechat", WeChat, "wechat"},
	{"alipay", Alipay, "alipay"},
	{"dingtalk", AliApp, "dingtalk"},
	{"taobao", AliApp, "taobao"},
	{"tmall", AliApp, "tmall"},
	{"aliapp", AliApp, ""},
	{"jd", JD, "jd"},
	{"jd-other", JD, ""}, // JD's other apps, such as the Lite one: their versions count on their own
	{"unionpay", UnionPay, "unionpay"},
	{"qq", WebView, "qq"},
	{"weibo", WebView, "weibo"},
	{"douyin", WebView, "douyin"},
	{"baidu-lite", WebView, ""}, // its version counts on its own
	{"baidu", WebView, "baidu"},
	{"lark", WebView, "lark"},
	{"meituan", WebView, "meituan"},
	{"browser", Browser, ""},
	{"app", Browser, "app"}, // a shop's own that hands links on as a browser does; it says so itself, see [Hints]
	{"x5", WebView, ""},     // some unknown app with Tencent's X5 engine
	{"webview", WebView, ""},
	{"qqbrowser", Browser, ""},
	{"arkweb", WebView, ""},
	{"edge", Browser, ""},
	{"firefox", Browser, ""},
	{"chrome", Browser, ""},
	{"safari", Browser, ""},
	{"unknown", Browser, ""},
}
