package demo

import (
	"net/http"
	"strings"

	"morepay/internal/locale"
)

// language returns the visitor's: the one that the address names, else the browser's.
func language(r *http.Request) string {
	return locale.Match([]string{r.URL.Query().Get("lang")}, r.Header.Get("Accept-Language"), "")
}

// texts returns the storefront's own sentences in the visitor's language.
func texts(r *http.Request) map[string]string {
	if strings.HasPrefix(language(r), "zh") {
		return chinese
	}
	return english
}

var english = map[string]string{
	"title":               "Lantern Street Goods",
	"tagline":             "Demo shop, no real money moves",
	"product":             "Enamel mug",
	"about":               "350 ml, white with a blue rim. For tea, soup and long evenings.",
	"checkout":            "Checkout",
	"settings":            "Another merchant, another amount",
	"merchant":            "Merchant",
	"price":               "Amount in yuan",
	"category":            "Kind of goods",
	"payer":               "Payer's id, for rollouts",
	"apply":               "New order",
	"phone":               "Simulated phone",
	"console":             "QA console",
	"hint":                "Choose a method, press Scan here, approve. The checkout moves by itself.",
	"problem":             "This order can't be placed",
	"bad.price":           "The amount must be one in yuan, such as 59.80.",
	"bad.amount":          "The amount in the address must be a whole number of fen.",
	"bad.amount.value":    "The amount must be at least ¥0.01, and not more than a checkout takes.",
	"bad.merchant":        "There is no such merchant.",
	"bad.shop":            "There is no such merchant.",
	"bad.":                "There is no such order.",
	"bad.morepay_session": "There is no such order.",
	"mend":                "Correct it below and place a new order.",
	"status":              "Status at the merchant's server",
	"order":               "Order",
	"told":                "Newest webhook",
	"thanks":              "Thank you, your order is paid",
	"waiting":             "We haven't received your payment yet",
	"wait":                "This page looks again every few seconds. Nothing is shipped before the payment has arrived.",
	"unpaid":              "This order is not paid",
	"over":                "It can't be paid any more. Nothing was shipped.",
	"back":                "Back to the shop",
	"alone":               "The checkout alone, as on a phone",
	"noscript":            "Without JavaScript this shop can't embed the checkout.",
	"other":               "中文",
	"otherTag":            "zh-CN",

	"network":           "Network",
	"via.":              "as it is",
	"via.buffering":     "a proxy holds answers back",
	"via.slow-3g":       "slow 3G",
	"via.drops":         "every third request is cut off",
	"via.no-referrer":   "a proxy adds Referrer-Policy: no-referrer",
	"via.wasm-type":     "a proxy mistypes WebAssembly",
	"via.xff-port":      "ports in X-Forwarded-For",
	"via.six":           "six connections, as over HTTP/1.1",
	"via.kills-streams": "event streams die after two seconds",

	"shows.bench":       "every method, WeChat Pay first",
	"shows.conditions":  "each method under a condition of its own",
	"shows.demo":        "Alipay and WeChat Pay, two more folded",
	"shows.oneacquirer": "all by one acquirer",
	"shows.everything":  "every method that there is",
	"shows.excluded":    "no WeChat Pay for gold and prepaid cards",
	"shows.flagship":    "flagship store without WeChat Pay, at Alipay under a service provider",
	"shows.friend":      "a friend may pay",
	"shows.host1040":    "WeChat Pay in Taobao from version 10.40",
	"shows.icons":       "pictures of its own",
	"shows.instant":     "a code without a click, on a desktop",
	"shows.jd":          "JD Pay first, Alipay in batches",
	"shows.rollout40":   "WeChat Pay opened for 40 % of payers",
	"shows.quickpass":   "Cloud QuickPass at UnionPay itself",
	"shows.scheduled":   "WeChat Pay from 1 January 2027",
	"shows.soletrader":  "WeChat Pay only, under a service provider, and no deep links",
}

var chinese = map[string]string{
	"title":               "灯笼街杂货",
	"tagline":             "演示商店，不会真实扣款",
	"product":             "搪瓷杯",
	"about":               "350 毫升，白底蓝边。喝茶、盛汤、慢慢聊天。",
	"checkout":            "收银台",
	"settings":            "换一个商户或金额试试",
	"merchant":            "商户",
	"price":               "金额（元）",
	"category":            "商品类别",
	"payer":               "付款人编号（用于灰度）",
	"apply":               "重新下单",
	"phone":               "模拟手机",
	"console":             "测试控制台",
	"hint":                "选择支付方式，在此点“扫一扫”并确认，收银台会自动更新。",
	"problem":             "无法下单",
	"bad.price":           "金额请按元填写，例如 59.80。",
	"bad.amount":          "地址中的金额须为整数（分）。",
	"bad.amount.value":    "金额至少为 ¥0.01，且不能超过收银台上限。",
	"bad.merchant":        "没有这个商户。",
	"bad.shop":            "没有这个商户。",
	"bad.":                "没有这个订单。",
	"bad.morepay_session": "没有这个订单。",
	"mend":                "请在下方修改后重新下单。",
	"status":              "商户服务器上的订单状态",
	"order":               "订单编号",
	"told":                "最近的 webhook",
	"thanks":              "支付成功，感谢惠顾",
	"waiting":             "暂未收到您的付款",
	"wait":                "本页每隔几秒自动更新，收到付款后才会发货。",
	"unpaid":              "订单未支付",
	"over":                "该订单已不能付款，未发货。",
	"back":                "返回商店",
	"alone":               "单独打开收银台（如手机上）",
	"noscript":            "未启用 JavaScript，本店无法内嵌收银台。",
	"other":               "English",
	"otherTag":            "en",

	"network":           "网络",
	"via.":              "正常",
	"via.buffering":     "代理缓冲响应",
	"via.slow-3g":       "慢速 3G",
	"via.drops":         "每三个请求断开一个",
	"via.no-referrer":   "代理添加 Referrer-Policy: no-referrer",
	"via.wasm-type":     "代理改错 WebAssembly 类型",
	"via.xff-port":      "X-Forwarded-For 带端口",
	"via.six":           "六个连接（HTTP/1.1）",
	"via.kills-streams": "事件流两秒后中断",

	"shows.bench":       "全部支付方式，微信支付在前",
	"shows.conditions":  "每种支付方式各有条件",
	"shows.demo":        "支付宝和微信支付，其余折叠",
	"shows.oneacquirer": "全部经由一家收单机构",
	"shows.everything":  "所有支付方式",
	"shows.excluded":    "黄金和预付卡不支持微信支付",
	"shows.flagship":    "未开通微信支付的旗舰店，支付宝走服务商模式",
	"shows.friend":      "可以找朋友帮忙付",
	"shows.host1040":    "淘宝 10.40 起可用微信支付",
	"shows.icons":       "使用自己的图标",
	"shows.instant":     "电脑上无需点击直接出码",
	"shows.jd":          "京东支付在前，支付宝分批开通",
	"shows.rollout40":   "微信支付向 40% 的用户开放",
	"shows.quickpass":   "云闪付直连银联",
	"shows.scheduled":   "2027 年 1 月 1 日起开通微信支付",
	"shows.soletrader":  "仅微信支付（服务商模式），不支持跳转",
}
