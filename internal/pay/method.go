package pay

// Method is a way to pay that the payer chooses, such as wechat_pay. The known
// ones are the rows of package method.
type Method string

// Rail is the route to a method from one device.
type Rail string

// The rails. A ladder is an ordered list of them.
const (
	RailJSAPI       Rail = "jsapi"        // the wallet's in-app bridge
	RailApp         Rail = "app"          // the shop's own app around the page pays, with the wallet's SDK
	RailMiniProgram Rail = "mini_program" // the shop's mini program around the page pays, on a page of its own
	RailDeepLink    Rail = "deep_link"    // hand over to the wallet's app: WeChat H5, Alipay wap
	RailQR          Rail = "qr"           // the provider's QR, scanned with the wallet on another device
	RailPageQR      Rail = "page_qr"      // a QR or link of our own page, opened elsewhere
	RailRedirect    Rail = "redirect"     // the provider's web cashier
)

// Rails lists every rail, in the order in which documents and tables show them.
var Rails = []Rail{RailJSAPI, RailApp, RailMiniProgram, RailDeepLink, RailQR, RailRedirect, RailPageQR}

// ForOnePayer reports whether an order by the rail is made out to one payer, whom the
// wallet must have named before.
func (r Rail) ForOnePayer() bool { return r == RailJSAPI || r == RailMiniProgram }
