package demo

import (
	"net/http"
	"strings"

	"morepay/internal/locale"
)

// texts returns the storefront's own sentences in the visitor's language.
func texts(r *http.Request) map[string]string {
	if strings.HasPrefix(locale.Match(nil, r.Header.Get("Accept-Language"), ""), "zh") {
		return chinese
	}
	return english
}

var english = map[string]string{
	"title":    "Lantern Street Goods",
	"tagline":  "A demo shop. No real money moves here.",
	"product":  "Enamel mug",
	"about":    "A cup for tea, 350 ml, white with a blue rim.",
	"price":    "Price",
	"checkout": "Checkout",
	"merchant": "Merchant",
	"amount":   "Amount in fen",
	"category": "Kind of goods",
	"payer":    "Payer's id",
	"apply":    "Start again with this",
	"phone":    "Simulated phone",
	"hint":     "Choose WeChat Pay, scan the code with the phone beside it, approve.",
	"status":   "Order status, as the merchant's server sees it",
	"told":     "Newest webhook",
	"thanks":   "Thank you",
	"unpaid":   "Not paid",
	"back":     "Back to the shop",
	"alone":    "Open the checkout alone (for a phone)",
	"noscript": "Without JavaScript this shop can't embed the checkout.",
}

var chinese = map[string]string{
	"title":    "灯笼街杂货",
	"tagline":  "演示商店，不会产生真实扣款。",
	"product":  "搪瓷杯",
	"about":    "350 毫升茶杯，白底蓝边。",
	"price":    "价格",
	"checkout": "收银台",
	"merchant": "商户",
	"amount":   "金额（分）",
	"category": "商品类别",
	"payer":    "付款人编号",
	"apply":    "以此重新开始",
	"phone":    "模拟手机",
	"hint":     "选择微信支付，用旁边的模拟手机扫码并确认。",
	"status":   "商户服务器所见的订单状态",
	"told":     "最近的 webhook",
	"thanks":   "谢谢惠顾",
	"unpaid":   "尚未支付",
	"back":     "返回商店",
	"alone":    "单独打开收银台（手机）",
	"noscript": "未启用 JavaScript，本店无法内嵌收银台。",
}
