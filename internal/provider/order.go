package provider

import (
	"net/url"
	"regexp"
	"strings"

	"morepay/internal/pay"
)

// maxNotifyURL is the strictest provider's limit, in bytes.
const maxNotifyURL = 255

// Check tests what every provider asks of an order; number is the provider's
// form of an out_trade_no, currency the only one it takes, or "" for any. Fails
// with *pay.Error naming the field.
func (o Order) Check(number *regexp.Regexp, currency string) error {
	switch {
	case !number.MatchString(o.OutTradeNo):
		return pay.Errorf(pay.CodeInvalid, "out_trade_no", "must match %s", number)
	case currency != "" && o.Amount.Currency != currency:
		return pay.Errorf(pay.CodeInvalid, "amount.currency", "must be %s", currency)
	case o.Amount.Value < 1:
		return pay.Errorf(pay.CodeInvalid, "amount.value", "must be at least 1")
	case strings.TrimSpace(o.Description) == "":
		return pay.Errorf(pay.CodeInvalid, "description", "is missing")
	}
	u, err := url.Parse(o.NotifyURL)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.ForceQuery || len(o.NotifyURL) > maxNotifyURL {
		return pay.Errorf(pay.CodeInvalid, "notify_url", "must be absolute, without query, of at most %d bytes", maxNotifyURL)
	}
	return nil
}

// Shorten cuts a text that is only shown to at most limit characters, rather
// than refuse a payment for it.
func Shorten(s string, limit int) string {
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}
