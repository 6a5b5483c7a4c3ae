// Package all registers every adapter. A new adapter is a line here.
package all

import (
	_ "morepay/internal/provider/alipay"       // Alipay's gateway
	_ "morepay/internal/provider/merchantlink" // cashiers that merchants run
	_ "morepay/internal/provider/unionpay"     // UnionPay's gateway, ACP 5.1.0
	_ "morepay/internal/provider/wechatpay"    // WeChat Pay API v3
)
