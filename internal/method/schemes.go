package method

import "morepay/internal/pay"

// schemes are those of the links by which a method's own pages open its wallet's app.
// Apart from the table, because the browser has no use for them.
var schemes = []struct {
	method pay.Method
	names  []string
}{
	{"wechat_pay", []string{"weixin"}},
	{"alipay", []string{"alipays", "alipay"}},
	{"unionpay", []string{"uppaywallet", "uppaysdk", "uppayx1", "uppayx2", "uppayx3"}},
	{"jd_pay", []string{"openapp.jdmobile"}},
}

// Schemes returns the URL schemes by which the wallet of a method is opened, without
// the colon: an app that shows the page must hand them to the system. On Android any
// of them may come inside a link of the scheme intent. The result must not be changed.
func Schemes(id pay.Method) []string {
	for _, row := range schemes {
		if row.method == id {
			return row.names
		}
	}
	return nil
}
