package device

// apps is read from top to bottom; the first row that matches wins, so an app
// stands above those whose tokens it copies. The last row always matches.
//
// The samples are user agents found in public sources or composed after them.
// Each must be detected as its own row and system, which a test checks.
var apps = []app{
	// A crawler must not look like a phone with wallets, whatever it copies.
	{
		id: "bot", container: Browser,
		any: []string{"googlebot", "bingbot", "baiduspider", "bytespider", "spider/", "+http"},
		samples: []Sample{
			{System: "other", UserAgent: `Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)`},
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)`},
		},
	},
	// Mini programs come before WeCom and Alipay: their bridges can't pay from a
	// web-view.
	{
		id: "wecom-mini-program", container: MiniProgram, host: "wecom",
		all:      []string{"wxwork/", "miniprogram"},
		versions: []string{"wxwork/"},
		samples: []Sample{
			{System: "mac", UserAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) MicroMessenger/7.0.1(0x67000100) NetType/WIFI wxwork/4.1.20 MacWechat miniProgram`},
		},
	},
	{
		id: "wechat-mini-program", container: MiniProgram, host: "wechat",
		all:      []string{"micromessenger/", "miniprogram"},
		versions: []string{"micromessenger/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.76(0x18004c24) NetType/WIFI Language/zh_CN miniProgram/wx0123456789abcdef`},
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 10; V1986A Build/QP1A.190711.020; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/78.0.3904.62 XWEB/2691 MMWEBSDK/201101 Mobile Safari/537.36 MMWEBID/2424 MicroMessenger/7.0.21.1783(0x27001543) Process/appbrand0 NetType/WIFI Language/zh_CN ABI/arm64 WeChat/arm64 miniProgram`},
		},
	},
	{
		id: "alipay-mini-program", container: MiniProgram, host: "alipay",
		all:      []string{"alipayclient/", "miniprogram"},
		versions: []string{"alipayclient/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; U; Android 13; zh-CN; Mi 10 Pro Build/TKQ1.221114.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/69.0.3497.100 UWS/3.22.2.9999 Mobile Safari/537.36 NebulaSDK/1.8.100112 Nebula AlipayDefined(nt:WIFI,ws:360|0|3.0) AliApp(AP/10.3.70.8000) AlipayClient/10.3.70.8000 Language/zh-Hans MiniProgram`},
		},
	},
	{
		id: "baidu-mini-program", container: MiniProgram, host: "baidu",
		any:      []string{"swan-baiduboxapp", " swan/"},
		versions: []string{" baiduboxapp/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 13; V2157A Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/97.0.4692.98 Mobile Safari/537.36 T7/15.20 swan/3.50.0 swan-baiduboxapp/15.20.0.10 baiduboxapp/15.20.0.10 (Baidu; P1 13)`},
		},
	},
	{
		id: "douyin-mini-program", container: MiniProgram, host: "douyin",
		all:      []string{"toutiaomicroapp"},
		any:      []string{"aweme"},
		versions: []string{"app_version/", "aweme_", "aweme/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 aweme_29.1.0 ToutiaoMicroApp/3.20.0 NetType/WIFI`},
		},
	},
	{
		id: "qq-mini-program", container: MiniProgram, host: "qq",
		all:      []string{" qq/", "miniprogram"},
		versions: []string{" qq/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 12; PEGM00 Build/SKQ1.210216.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/89.0.4389.72 MQQBrowser/6.2 TBS/046295 Mobile Safari/537.36 QQ/8.9.58.11175 NetType/WIFI miniProgram`},
		},
	},
	// Of some other super app: a web-view there can't leave for a wallet either.
	{
		id: "mini-program", container: MiniProgram,
		any:  []string{"miniprogram", "microapp/"},
		none: []string{"wxwork/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A.230803.041; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36 SomeShop/5.1 miniProgram`},
		},
	},
	{
		id: "wecom", container: WeCom, host: "wecom",
		any:      []string{"wxwork/"},
		versions: []string{"wxwork/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)  Mobile/15E148 wxwork/4.1.30 MicroMessenger/7.0.1 Language/zh ColorScheme/Light wwmver/3.26.13.714`},
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 15; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0.6723.86 Mobile Safari/537.36 wxwork/4.1.36 MicroMessenger/7.0.1 NetType/4G Language/zh Lang/zh ColorScheme/Dark wwmver/3.26.36.632`},
			{System: "windows", UserAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0.5304.110 Safari/537.36 Language/zh wxwork/4.1.10 (MicroMessenger/6.2) WindowsWechat  MailPlugin_Electron WeMail embeddisk`},
		},
	},
	{
		id: "wechat", container: WeChat, host: "wechat",
		any:      []string{"micromessenger/"},
		versions: []string{"micromessenger/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.62(0x18003e3a) NetType/WIFI Language/zh_CN`},
			{System: "ipad", UserAgent: `Mozilla/5.0 (iPad; CPU OS 18_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.57(0x1800392a) NetType/WIFI Language/zh_CN`},
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 14; M2102K1C Build/UKQ1.240624.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36 XWEB/1340059 MMWEBSDK/20250201 MMWEBID/6946 MicroMessenger/8.0.58.2841(0x28003A35) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64`},
			{System: "windows", UserAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/132.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/7.0.20.1781(0x6700143B) WindowsWechat(0x63090a13) UnifiedPCWindowsWechat(0xf2541a35) XWEB/19977 Flue`},
			{System: "mac", UserAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/107.0.0.0 Safari/537.36 NetType/WIFI MicroMessenger/6.8.0(0x16080000) MacWechat/3.8.9(0x13080911) XWEB/1227 Flue`},
		},
	},
	{
		id: "alipay", container: Alipay, host: "alipay",
		any:      []string{"alipayclient/", "aliapp(ap/"},
		versions: []string{"alipayclient/", "aliapp(ap/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Ariver/1.1.0 AliApp(AP/10.6.80.6000) Nebula WK RVKType(0) AlipayDefined(nt:WIFI,ws:393|788|3.0) AlipayClient/10.6.80.6000 Alipay Language/zh-Hans Region/CN NebulaX/1.0.0 DTN/2.0`},
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 14; PHM110 Build/UKQ1.230924.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/105.0.5195.148 MYWeb/0.11.0.241217113053 UWS/3.22.2.9999 UCBS/3.22.2.9999_220000000000 Mobile Safari/537.36 NebulaSDK/1.8.100112 Nebula AlipayDefined(nt:5G,ws:360|0|3.0) AliApp(AP/10.6.80.8000) AlipayClient/10.6.80.8000 Language/zh-Hans isConcaveScreen/false Region/CNAriver/1.0.0 ChannelId(5) DTN/2.0`},
		},
	},
	{
		id: "dingtalk", container: AliApp, host: "dingtalk",
		any:      []string{"dingtalk/", "dingtalk("},
		versions: []string{"dingtalk/", "dingtalk("},
		samples: []Sample{
			{System: "windows", UserAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/108.0.5359.125 Safari/537.36 dingtalk-win/1.0.0 nw(0.14.7) DingTalk(7.6.38-Release.240911001) Mojo/1.0.0 Native AppType(release)`},
			{System: "android", UserAgent: `mozilla/5.0 (linux; u; android 11; zh-cn; v1936a build/rp1a.200720.012) applewebkit/537.36 (khtml, like gecko) version/4.0 chrome/69.0.3497.100 uws/3.22.1.210 mobile safari/537.36 aliapp(dingtalk/6.5.20) com.alibaba.android.rimet/24646881 channel/10003993 language/zh-cn abi/64 ut4aplus/0.2.25 colorscheme/light`},
		},
	},
	{
		id: "taobao", container: AliApp, host: "taobao",
		any:      []string{"aliapp(tb/"},
		versions: []string{"aliapp(tb/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; U; Android 15; zh-CN; 24031PN0DC Build/AQ3A.240627.003) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UWS/5.18.6.0 Mobile Safari/537.36 AliApp(TB/10.48.30.2079) UCBS/2.11.1.1 TTID/600000@taobao_android_10.48.30.2079 WindVane/8.5.0 Themis/1.7.168`},
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 14_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(TB/10.2.10) WindVane/8.7.2 1242x2688 WK`},
		},
	},
	{
		id: "tmall", container: AliApp, host: "tmall",
		any:      []string{"aliapp(tm/"},
		versions: []string{"aliapp(tm/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 15_7_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/19H332 AliApp(TM/13.6.0.3090) WindVane/8.7.2 T-UA=iPhone_13.6.0.3090_1242x2208_201200 TMIOS/201200@tmall_iphone_13.6.0.3090 UT4Aplus/0.0.6 1242x2208 Winding(WV_1) WK`},
		},
	},
	{
		id: "aliapp", container: AliApp,
		any:  []string{"aliapp(", "windvane/"},
		none: []string{"tunionsdk/", "aliapp(bc/"}, // other companies' apps with an SDK of theirs
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 15_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(Fish/7.20.0) WindVane/8.7.2 828x1792 WK`},
		},
	},
	{
		id: "jd", container: JD, host: "jd",
		any:      []string{"jdapp;"},
		versions: []string{"jdapp;android;", "jdapp;iphone;", "jdapp;ipad;"},
		samples: []Sample{
			{System: "android", UserAgent: `jdapp;android;11.1.2;;;Mozilla/5.0 (Linux; Android 8.1.0; MI 8 Build/OPM1.171019.026; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/78.0.3904.108 MQQBrowser/6.2 TBS/045131 Mobile Safari/537.36`},
			{System: "iphone", UserAgent: `jdapp;iPhone;10.0.2;14.3;network/4g;Mozilla/5.0 (iPhone; CPU iPhone OS 14_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148;supportJDSHWK/1`},
		},
	},
	// JD's other apps, such as the Lite one: their versions count on their own.
	{
		id: "jd-other", container: JD,
		any: []string{"jdltapp;", "jdpingou;", "jdjr-app", "jdhealthapp", "supportjdshwk/", "jdsupportdarkmode/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `jdltapp;iPhone;3.4.6;15.1;network/wifi;Mozilla/5.0 (iPhone; CPU iPhone OS 15_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148;supportJDSHWK/1`},
			{System: "android", UserAgent: `jdltapp;android;4.6.0;;;appBuild/2350;Mozilla/5.0 (Linux; Android 12; PEGM00 Build/SKQ1.210216.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/89.0.4389.72 MQQBrowser/6.2 TBS/046236 Mobile Safari/537.36`},
		},
	},
	// UnionPay's app tells build numbers only, which don't compare as versions.
	{
		id: "unionpay", container: UnionPay, host: "unionpay",
		any: []string{"com.unionpay.chsp", "com.unionpay.mobilepay", "unionpay/1.0 cloudpay"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148/sa-sdk-ios  (com.unionpay.chsp) (cordova 4.5.4) (updebug 0) (version 939) (UnionPay/1.0 CloudPay) (clientVersion 199) (language zh_CN) (upApplet single) (walletMode 00)`},
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 14; 23013RK75C Build/UKQ1.230804.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/129.0.6668.100 Mobile Safari/537.36(com.unionpay.mobilepay) (cordova 7.0.0) (updebug 0) (clientVersion 315) (version 1015)(UnionPay/1.0 CloudPay)(language zh_CN)(languageFamily zh_CN)(upHtml)(walletMode 00)`},
		},
	},
	{
		id: "qq", container: WebView, host: "qq",
		any:      []string{" qq/"},
		versions: []string{" qq/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 12; PEGM00 Build/SKQ1.210216.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/89.0.4389.72 MQQBrowser/6.2 TBS/046295 Mobile Safari/537.36 V1_AND_SQ_8.9.58_4108_YYB_D A_8095800 QQ/8.9.58.11175 NetType/WIFI WebP/0.3.0 AppId/537155547`},
		},
	},
	{
		id: "weibo", container: WebView, host: "weibo",
		any:      []string{"weibo"},
		versions: []string{"__weibo__"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Weibo (iPhone13,2__weibo__12.9.0__iphone__os16.0)`},
		},
	},
	{
		id: "douyin", container: WebView, host: "douyin",
		any:      []string{"aweme"},
		versions: []string{"app_version/", "aweme_", "aweme/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 10; HD1900 Build/QKQ1.190716.003; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/75.0.3770.156 Mobile Safari/537.36 aweme_230400 JsSdk/1.0 NetType/WIFI AppName/aweme app_version/23.4.0 ByteLocale/zh-CN Region/CN AppSkin/white AppTheme/light BytedanceWebview/d8a21c6 WebView/075113004008`},
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 aweme_29.3.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/zh`},
		},
	},
	{
		id: "baidu", container: WebView, host: "baidu",
		any:      []string{"baiduboxapp"},
		versions: []string{"baiduboxapp/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 12; RMX3300 Build/SKQ1.211019.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/97.0.4692.98 Mobile Safari/537.36 T7/13.32 SP-engine/2.70.0 baiduboxapp/13.32.0.10 (Baidu; P1 12) NABar/1.0`},
		},
	},
	{
		id: "lark", container: WebView, host: "lark",
		any:      []string{"lark/"},
		versions: []string{"lark/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 9; MI 6X Build/PKQ1.180904.001; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/75.0.3770.156 Mobile Safari/537.36 Lark/5.10.4 LarkLocale/zh_CN ChannelName/Feishu TTWebView/0751130016452`},
			{System: "mac", UserAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 13_2_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/101.0.4951.53 Safari/537.36 Lark/6.7.5 LarkLocale/en_US ttnet SDK-Version/6.7.8`},
		},
	},
	{
		id: "meituan", container: WebView, host: "meituan",
		any: []string{"meituangroup/", "com.sankuai.meituan", "com.meituan.", "titansx/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 13; 2211133C Build/TKQ1.220905.001) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/97.0.4692.98 Mobile Safari/537.36 TitansX/12.9.1 KNB/1.2.0 android/13 mt/com.sankuai.meituan/12.8.203 App/10120/12.8.203 MeituanGroup/12.8.203`},
		},
	},
	// Browsers that look like web-views: a maker's own is one that the system draws with.
	// A desktop's are told apart further below.
	{
		id: "browser", container: Browser,
		any: []string{"vivobrowser/", "heytapbrowser/", "oppobrowser/", "miuibrowser/", "huaweibrowser/", "honorbrowser/", "samsungbrowser/", "mzbrowser/", "meizubrowser/",
			"nubiabrowser/", "lenovobrowser/", "ucbrowser/", "ubrowser/", "quark/", "baidubrowser/", "sogoumobilebrowser/", "qihoobrowser/", "2345browser/", "liebaofast/",
			"mxbrowser/", "duckduckgo/", "ddg/", "opr/", "opt/", "opera mini/", "opios/", "yabrowser/", "brave/", "vivaldi/", "focus/", "klar/", "ecosia", "puffin/", "whale/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 13; V2227A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/87.0.4280.141 Mobile Safari/537.36 VivoBrowser/18.2.0.1`},
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 16_2 like Mac OS X; zh-CN) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/20C65 UCBrowser/13.9.8.1812 Mobile AliApp(TUnionSDK/0.1.20.4)`},
			{System: "harmony-phone", UserAgent: `Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300`},
			{System: "harmony-tablet", UserAgent: `Mozilla/5.0 (Tablet; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 HuaweiBrowser/5.0.4.300`},
			{System: "harmony-pc", UserAgent: `Mozilla/5.0 (PC; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 HuaweiBrowser/5.0.4.300`},
			{System: "linux-phone", UserAgent: `Mozilla/5.0 (Linux; HarmonyOS; NOH-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0.4515.105 HuaweiBrowser/12.0.2.301 Mobile Safari/537.36`},
		},
	},
	// A shop's own app that hands links on to wallets, as a browser does.
	{
		id: "app", container: Browser, host: "app", claimed: true,
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A.230803.041; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36`, Hints: Hints{App: "forwards.8.0.63"}},
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148`, Hints: Hints{App: "forwards.8.0.63"}},
		},
	},
	// Some unknown app with Tencent's X5 engine.
	{
		id: "x5", container: WebView,
		any: []string{" tbs/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 13; 22081212C Build/TKQ1.220829.002; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/89.0.4389.72 MQQBrowser/6.2 TBS/046285 Mobile Safari/537.36`},
		},
	},
	{
		id: "webview", container: WebView,
		any: []string{"; wv)", "xiaohongshu/", "fb_iab", "fbav/", "fban/", "instagram ", " line/", "kakaotalk", "bytedancewebview", "musical_ly", "newsarticle/", "kwai/", "zhihuhybrid", "bilibili", "snapchat", "pinterest/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UD1A.230803.041; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/134.0.6998.136 Mobile Safari/537.36`},
		},
	},
	// WKWebView says neither Safari nor Version unless the app adds them.
	{
		id: "webview", container: WebView,
		all:  []string{"applewebkit/"},
		any:  []string{"iphone", "ipad", "ipod", "macintosh"},
		none: []string{"safari/", " version/"},
		samples: []Sample{
			{System: "ipad", UserAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)`, Hints: Hints{TouchPoints: 5}},
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148`},
		},
	},
	{
		id: "qqbrowser", container: Browser,
		any: []string{"qqbrowser/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; U; Android 13; zh-cn; 22081212C Build/TKQ1.220829.002) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/109.0.5414.86 MQQBrowser/14.2 Mobile Safari/537.36 COVC/046715`},
		},
	},
	// Any app's view on HarmonyOS NEXT says just this; browsers add a word of their own.
	{
		id: "arkweb", container: WebView,
		any: []string{"arkweb/"},
		samples: []Sample{
			{System: "harmony-phone", UserAgent: `Mozilla/5.0 (Phone; OpenHarmony 5.0; HarmonyOS 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile`},
			{System: "harmony-tablet", UserAgent: `Mozilla/5.0 (Tablet; OpenHarmony 5.0; HarmonyOS 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1`},
			{System: "harmony-pc", UserAgent: `Mozilla/5.0 (PC; OpenHarmony 5.0; HarmonyOS 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1`},
		},
	},
	{
		id: "edge", container: Browser,
		any: []string{"edg/", "edga/", "edgios/", "edge/"},
		samples: []Sample{
			{System: "windows-phone", UserAgent: `Mozilla/5.0 (Windows Phone 10.0; Android 6.0.1; Microsoft; Lumia 950) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/52.0.2743.116 Mobile Safari/537.36 Edge/15.15063`},
			{System: "windows", UserAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`},
		},
	},
	{
		id: "firefox", container: Browser,
		any: []string{"firefox/", "fxios/"},
		samples: []Sample{
			{System: "windows", UserAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0`},
		},
	},
	{
		id: "chrome", container: Browser,
		any: []string{"chrome/", "crios/"},
		samples: []Sample{
			{System: "android", UserAgent: `Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36`},
			{System: "windows", UserAgent: `Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36`},
			{System: "linux", UserAgent: `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36`},
			{System: "tv-android", UserAgent: `Mozilla/5.0 (Linux; Android 10; BRAVIA 4K VH2 Build/QTG3.200305.006.S200) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 Safari/537.36`},
			{System: "car-android", UserAgent: `Mozilla/5.0 (Linux; U; Android 10; zh-cn; DiLink4.0 For BYD AUTO Build/QKQ1.210408.001) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/97.0.4692.98 Mobile Safari/537.36`},
			{System: "tv-harmony", UserAgent: `Mozilla/5.0 (TV; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36`},
			{System: "car-harmony", UserAgent: `Mozilla/5.0 (Car; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36`},
			{System: "tv", UserAgent: `Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36`},
			{System: "car", UserAgent: `Mozilla/5.0 (X11; GNU/Linux) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.217 Safari/537.36 Tesla/2024.2.7`},
		},
	},
	{
		id: "safari", container: Browser,
		any: []string{"safari/"},
		samples: []Sample{
			{System: "iphone", UserAgent: `Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1`},
			{System: "mac", UserAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15`},
			// Since iPadOS 13 an iPad calls itself a Mac.
			{System: "ipad", UserAgent: `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15`, Hints: Hints{TouchPoints: 5}},
		},
	},
	{
		id: "unknown", container: Browser,
		samples: []Sample{
			{System: "other", UserAgent: `curl/8.5.0`},
		},
	},
}
