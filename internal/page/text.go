package page

import (
	"strings"

	"morepay/internal/locale"
	"morepay/internal/view"
)

// spoken returns the part of the view's catalogue that its page can need: of the
// texts that there are one each of for an app, a wallet and a currency, a page has a
// few. The bytes count on a slow network.
func spoken(v *view.Checkout) view.Text {
	all := locale.Text(v.Locale)
	needed := map[string]bool{
		"money." + v.Amount.Currency:    true,
		"host." + string(v.Device.Host): true,
		"host.wechat":                   true, // the browser side may find out that it is in one of these
		"host.alipay":                   true,
		"host.other":                    true,
	}
	for i := range v.Document.Methods {
		needed["wallet."+string(v.Document.Methods[i].Method)] = true
	}
	text := make(view.Text, len(all))
	for key, sentence := range all {
		if !isOneOfMany(key) || needed[key] {
			text[key] = sentence
		}
	}
	return text
}

func isOneOfMany(key string) bool {
	return strings.HasPrefix(key, "host.") || strings.HasPrefix(key, "wallet.") || strings.HasPrefix(key, "money.")
}
