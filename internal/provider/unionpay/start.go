package unionpay

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// orderForm is UnionPay's form of a number: no dash and no underscore.
var orderForm = regexp.MustCompile(`^[0-9A-Za-z]{8,40}$`)

// maxFrontURL is the longest frontUrl, in bytes.
const maxFrontURL = 256

// stored is a request as it is kept: a signed form, and where the payer's browser is sent
// for it.
type stored struct {
	Page string `json:"page,omitempty"` // ours that posts it; "" if we post it ourselves
	Form string `json:"form"`
}

// channels are the codes of what the payer holds in their hand.
var channels = map[bool]string{true: "08", false: "07"}

// phones are the operating systems of phones and tablets.
var phones = []string{"ios", "ipados", "android", "harmonyos"}

// product is how an order is made by a rail.
type product struct{ subType, business string }

var products = map[pay.Rail]product{
	pay.RailRedirect: {subType: "01", business: "000201"}, // at the gateway's page
	pay.RailQR:       {subType: "07", business: "000000"}, // by a code that the merchant shows
}

// Request implements provider.Provider: it is signed once, and what is sent later is
// the same to the byte. Its time is part of the order's identity.
func (a *account) Request(o provider.Order) ([]byte, error) {
	if !slices.Contains(a.Rails(), o.Rail) {
		return nil, pay.Errorf(pay.CodeInvalid, "rail", "this account has no rail %q", o.Rail)
	}
	if err := o.Check(orderForm); err != nil {
		return nil, err
	}
	if o.Amount.Currency != "CNY" {
		return nil, pay.Errorf(pay.CodeInvalid, "amount.currency", "must be CNY")
	}
	own := message{
		"txnType": consumption, "txnSubType": products[o.Rail].subType, "bizType": products[o.Rail].business,
		"channelType": channels[o.Rail == pay.RailQR || slices.Contains(phones, o.OS)],
		"orderId":     o.OutTradeNo, "txnTime": a.env.Time().In(china).Format(timeForm),
		"txnAmt": strconv.FormatInt(o.Amount.Value, 10), "currencyCode": yuan,
		"backUrl": o.NotifyURL, "payTimeout": o.ExpiresAt.In(china).Format(timeForm),
	}
	if a.TermID != "" {
		own["termId"] = a.TermID
	}
	kept := stored{}
	if o.Rail == pay.RailRedirect {
		if o.FormPage == "" || len(o.ReturnURL) > maxFrontURL {
			return nil, pay.Errorf(pay.CodeInvalid, "return_url", "must have at most %d bytes, and a page of ours must lead there", maxFrontURL)
		}
		kept.Page, own["frontUrl"] = o.FormPage, o.ReturnURL
		if ip, err := netip.ParseAddr(o.PayerIP); err == nil && ip.Is4() {
			own["customerIp"] = ip.String()
		}
	}
	m, err := a.request(own)
	if err != nil {
		return nil, err
	}
	kept.Form = m.form().Encode()
	return json.Marshal(kept)
}

// open reads a stored request.
func open(request []byte) (kept stored, form url.Values, err error) {
	broken := pay.Errorf(pay.CodeInternal, "", "the stored request is not one of UnionPay's")
	if json.Unmarshal(request, &kept) != nil {
		return kept, nil, broken
	}
	if form, err = url.ParseQuery(kept.Form); err != nil || form.Get("orderId") == "" {
		return kept, nil, broken
	}
	return kept, form, nil
}

// Form implements provider.FormPoster.
func (a *account) Form(request []byte) (provider.Form, error) {
	kept, form, err := open(request)
	if err == nil && kept.Page == "" {
		err = pay.Errorf(pay.CodeInternal, "", "the stored request is not for a browser to post")
	}
	return provider.Form{Action: a.origin + frontPath, Fields: form}, err
}

// Start implements provider.Provider. An order by the web page is not sent: the payer's
// browser does so, by way of our page. For a QR code the second time is a duplicate to
// UnionPay, which gives no code then: unless the order is paid, it is spent, because nobody
// can have been shown its code.
func (a *account) Start(ctx context.Context, rail pay.Rail, request []byte) (pay.Action, error) {
	kept, form, err := open(request)
	if err != nil {
		return pay.Action{}, err
	}
	if form.Get("txnSubType") != products[rail].subType {
		return pay.Action{}, pay.Errorf(pay.CodeInternal, "", "the stored request is not one for rail %s", rail)
	}
	until, err := time.ParseInLocation(timeForm, form.Get("payTimeout"), china)
	if err != nil {
		return pay.Action{}, pay.Errorf(pay.CodeInternal, "", "the stored request has no end")
	}
	if rail == pay.RailRedirect {
		return pay.Action{Kind: pay.ActionRedirect, URL: kept.Page, ExpiresAt: until}, nil
	}
	answer, _, err := a.call(ctx, backPath, kept.Form)
	if err != nil {
		return pay.Action{}, err
	}
	if !a.concerns(answer, form.Get("orderId"), form.Get("txnTime")) {
		return pay.Action{}, unusable("the answer is about another order")
	}
	switch code := answer["respCode"]; {
	case code == duplicate:
		return pay.Action{}, a.taken(ctx, form, request)
	case code != "00":
		return pay.Action{}, refusal(code, nil)
	}
	if err := a.links.QRCode(answer["qrCode"]); err != nil {
		return pay.Action{}, fmt.Errorf("unionpay: %w", err)
	}
	return pay.Action{Kind: pay.ActionQRCode, Payload: answer["qrCode"], ExpiresAt: until}, nil
}

// taken returns what became of an order that UnionPay has had before.
func (a *account) taken(ctx context.Context, form url.Values, request []byte) error {
	ev, err := a.Query(ctx, provider.QueryOrder{OutTradeNo: form.Get("orderId"), Request: request})
	if err != nil {
		return err
	}
	was := map[pay.Outcome]error{pay.OutcomePaid: provider.ErrPaid, pay.OutcomeClosed: provider.ErrClosed}[ev.Outcome]
	if was == nil {
		was = provider.ErrSpent
	}
	return fmt.Errorf("unionpay: answer %s: %w", duplicate, was)
}
