package capability_test

import (
	"fmt"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// One document, one order, three devices: every method has a ladder of rails,
// best first, or every reason why not.
func ExampleDecide() {
	doc := &capability.Document{
		Schema: capability.SchemaVersion, Merchant: "tea-house", Name: "Tea House", Locale: "zh-CN",
		Methods: []capability.Method{
			{
				Method: "wechat_pay", State: capability.StateOpen, Currencies: []string{"CNY"},
				Rails: []pay.Rail{pay.RailJSAPI, pay.RailDeepLink, pay.RailQR},
			},
			{
				Method: "alipay", State: capability.StateOpen, Currencies: []string{"CNY"},
				Rails:  []pay.Rail{pay.RailDeepLink, pay.RailQR},
				Limits: map[string]capability.Limits{"CNY": {Max: 5000}},
			},
		},
	}
	order := capability.Order{Amount: pay.Money{Currency: "CNY", Value: 5980}}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

	for _, profile := range []device.Profile{"chrome-windows", "safari-iphone", "wechat-android"} {
		dev, _ := device.Of(profile)
		fmt.Println(profile)
		for _, c := range capability.Decide(doc, order, dev, now).Choices {
			fmt.Println(" ", c.Method, c.Ladder)
			for _, reason := range c.Reasons {
				fmt.Println("   ", reason.Code)
			}
		}
	}
	// Output:
	// chrome-windows
	//   wechat_pay [qr page_qr]
	//   alipay []
	//     amount_above_max
	// safari-iphone
	//   wechat_pay [deep_link page_qr]
	//   alipay []
	//     amount_above_max
	// wechat-android
	//   wechat_pay [jsapi page_qr]
	//   alipay []
	//     amount_above_max
	//     blocked_in_container
}
