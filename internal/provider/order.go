package provider

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"morepay/internal/method"
	"morepay/internal/pay"
)

// Order holds what an adapter needs to make a provider's request.
type Order struct {
	OutTradeNo    string
	AttemptID     string
	Reference     string     // the merchant's own, of the order
	Method        pay.Method // what the payer chose: one account may serve several
	Rail          pay.Rail
	Amount        pay.Money
	Instalments   int // in which the payer wants to pay by the wallet's credit; 0 for at once
	Description   string
	ExpiresAt     time.Time // the provider must take no payment after this
	NotifyURL     string    // absolute, without query
	ReturnURL     string    // absolute: where wallets bring the payer back to
	FormPage      string    // absolute: our page that posts the payer's browser on, for a FormPoster
	PayerIP       string    // the payer's own address
	WalletPayerID string    // the provider's id of the payer (openid, buyer id), or ""
	OS            string    // the payer's operating system, an id of package device
}

// maxNotifyURL is the strictest provider's limit, in bytes.
const maxNotifyURL = 255

// Check reports what every provider would refuse in an order, as a *pay.Error
// naming the field, and what the method's takes no currency or amount for. number is the
// provider's form of an out_trade_no.
func (o Order) Check(number *regexp.Regexp) error {
	if err := o.checkAmount(); err != nil {
		return err
	}
	switch {
	case !number.MatchString(o.OutTradeNo):
		return pay.Errorf(pay.CodeInvalid, "out_trade_no", "must match %s", number)
	case strings.TrimSpace(o.Description) == "":
		return pay.Errorf(pay.CodeInvalid, "description", "is missing")
	}
	u, err := url.Parse(o.NotifyURL)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.ForceQuery || len(o.NotifyURL) > maxNotifyURL {
		return pay.Errorf(pay.CodeInvalid, "notify_url", "must be absolute, without query, of at most %d bytes", maxNotifyURL)
	}
	return nil
}

// checkAmount holds the amount to the methods table.
func (o Order) checkAmount() error {
	row := method.Find(o.Method)
	if row == nil {
		return pay.Errorf(pay.CodeInvalid, "method", "is unknown: %q", o.Method)
	}
	taken, ok := row.Currency(o.Amount.Currency)
	switch {
	case !ok:
		return pay.Errorf(pay.CodeInvalid, "amount.currency", "must be %s", strings.Join(row.Codes(), " or "))
	case o.Amount.Value < 1:
		return pay.Errorf(pay.CodeInvalid, "amount.value", "must be at least 1")
	case o.Instalments != 0 && !slices.Contains(row.Instalments, o.Instalments):
		return pay.Errorf(pay.CodeInvalid, "instalments", "must be 0 or one of %v", row.Instalments)
	case taken.Most != 0 && o.Amount.Value > taken.Most:
		return pay.Errorf(pay.CodeInvalid, "amount.value", "must be at most %d", taken.Most)
	}
	return nil
}

// ShortDescription returns the description cut to limit characters: a text that
// is only shown is no reason to refuse a payment.
func (o Order) ShortDescription(limit int) string {
	if r := []rune(o.Description); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return o.Description
}
