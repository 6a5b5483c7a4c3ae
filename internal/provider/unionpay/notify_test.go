package unionpay_test

import (
	"crypto/x509"
	"errors"
	"maps"
	"net/url"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

// u1 is a payment as UnionPay tells of it.
func u1() map[string]string {
	return map[string]string{
		"accessType": "0", "bizType": "000201", "currencyCode": "156", "encoding": "UTF-8", "exchangeRate": "0", "merId": merID, "orderId": providertest.Number,
		"queryId": paidRef, "respCode": "00", "respMsg": "success", "settleAmt": "5980", "settleCurrencyCode": "156", "settleDate": "1123", "signMethod": "01",
		"traceNo": "000001", "traceTime": "1123200001", "txnAmt": "5980", "txnSubType": "01", "txnTime": "20261123195600", "txnType": "01", "version": "5.1.0",
	}
}

func with(m map[string]string, pairs ...string) map[string]string {
	m = maps.Clone(m)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return m
}

// refunded is a refund as UnionPay tells of it: a transaction of its own.
func refunded() map[string]string {
	return with(u1(), "txnType", "04", "txnSubType", "00", "orderId", "RF0000000000000000000000000001", "origQryId", paidRef,
		"queryId", "202611232000000000019", "txnAmt", "1000", "reqReserved", providertest.Number)
}

func TestNotification(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	paid := pay.Evidence{
		Source: pay.SourceNotification, Provider: "unionpay", Account: merID, OutTradeNo: providertest.Number, Outcome: pay.OutcomePaid,
		Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: paidRef, PaidAt: time.Date(2026, 11, 23, 12, 0, 1, 0, time.UTC),
	}
	other, account, late := paid, paid, paid
	other.Amount.Value, account.Account = 5981, "777290000000002"
	late.PaidAt = time.Date(2026, 12, 31, 16, 0, 5, 0, time.UTC)
	back := pay.Evidence{
		Source: pay.SourceNotification, Provider: "unionpay", Account: merID, OutTradeNo: providertest.Number, Reference: paidRef, Outcome: pay.OutcomeRefund,
		Returned: &pay.Returned{Number: "RF0000000000000000000000000001", Status: pay.RefundSucceeded, Amount: pay.Money{Currency: "CNY", Value: 1000}, Reference: "202611232000000000019"},
	}
	elsewhere := back
	elsewhere.OutTradeNo = ""
	for name, c := range map[string]struct {
		message map[string]string
		want    pay.Evidence
	}{
		"U1":                {u1(), paid},
		"U2-with-a-defect":  {with(u1(), "respCode", "A6"), paid},
		"U3-other-amount":   {with(u1(), "txnAmt", "5981"), other},
		"U4-other-account":  {with(u1(), "merId", "777290000000002"), account},
		"U5-refund":         {refunded(), back},
		"U5-made-elsewhere": {with(refunded(), "reqReserved", ""), elsewhere},
		"revoked":           {with(refunded(), "txnType", "31"), back},
		"turn-of-the-year":  {with(u1(), "txnTime", "20261231235900", "traceTime", "0101000005"), late},
	} {
		t.Run(name, func(t *testing.T) {
			ev, err := p.Notification(nil, asForm(sealed(c.message, chains().signer)))
			if err != nil {
				t.Fatal(err)
			}
			c.want.ID, c.want.Raw, c.want.ReceivedAt = ev.ID, ev.Raw, ev.ReceivedAt
			if !same(ev, c.want) || ev.ID == "" || len(ev.Raw) == 0 {
				t.Errorf("got %+v, want %+v", ev, c.want)
			}
		})
	}
}

func same(a, b pay.Evidence) bool {
	returned := a.Returned == nil && b.Returned == nil || a.Returned != nil && b.Returned != nil && *a.Returned == *b.Returned
	return a.Source == b.Source && a.Provider == b.Provider && a.Account == b.Account && a.OutTradeNo == b.OutTradeNo && a.Outcome == b.Outcome &&
		a.Amount == b.Amount && a.Reference == b.Reference && a.PaidAt.Equal(b.PaidAt) && returned
}

// What can't be trusted is forged; what is genuine and says nothing of money is ignored;
// the rest comes again until somebody has looked.
func TestRefusedNotification(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	c := chains()
	key, other := providertest.ProviderKey(), providertest.MerchantKey()
	strangeRoot := issue("root", other, nil, authority)
	strangeMiddle := issue("middle", other, &strangeRoot, authority)
	spoiled := func(change func(url.Values)) []byte {
		v, _ := url.ParseQuery(string(asForm(sealed(u1(), c.signer))))
		change(v)
		return []byte(v.Encode())
	}
	for name, r := range map[string]struct {
		body []byte
		want error // nil: it comes again
	}{
		"U6-of-another-authority": {asForm(sealed(u1(), issue(signer, other, &strangeMiddle, nil))), provider.ErrForged},
		"by-the-merchant":         {asForm(sealed(u1(), c.own)), provider.ErrForged},
		"of-nobody":               {asForm(sealed(u1(), issue(signer, key, nil, nil))), provider.ErrForged},
		"by-the-authority":        {asForm(sealed(u1(), c.middle)), provider.ErrForged},
		"certificate-over":        {asForm(sealed(u1(), issue(signer, key, &c.middle, func(t *x509.Certificate) { t.NotAfter = providertest.Now.AddDate(0, 0, -1) }))), provider.ErrForged},
		"of-the-test-gateway":     {asForm(sealed(u1(), issue(inTest, key, &c.middle, nil))), provider.ErrForged},
		"no-name":                 {asForm(sealed(u1(), issue("中国银联股份有限公司", key, &c.middle, nil))), provider.ErrForged},
		"changed":                 {spoiled(func(v url.Values) { v.Set("txnAmt", "1") }), provider.ErrForged},
		"twice":                   {spoiled(func(v url.Values) { v.Add("txnAmt", "1") }), provider.ErrForged},
		"more":                    {spoiled(func(v url.Values) { v.Set("more", "") }), provider.ErrForged},
		"no-signature":            {spoiled(func(v url.Values) { v.Del("signature") }), provider.ErrForged},
		"no-certificate":          {spoiled(func(v url.Values) { v.Del("signPubKeyCert") }), provider.ErrForged},
		"hidden-field":            {asForm(sealed(with(u1(), "accessType", "0&bizType=000201"), c.signer)), provider.ErrForged},
		"no-form":                 {[]byte("%zz"), provider.ErrForged},
		"empty":                   {nil, provider.ErrForged},
		"failed":                  {asForm(sealed(with(u1(), "respCode", "60"), c.signer)), provider.ErrIgnored},
		"other-kind":              {asForm(sealed(with(u1(), "txnType", "02"), c.signer)), provider.ErrIgnored},
		"no-amount":               {asForm(sealed(with(u1(), "txnAmt", ""), c.signer)), nil},
		"dollars":                 {asForm(sealed(with(u1(), "currencyCode", "840"), c.signer)), nil},
		"no-reference":            {asForm(sealed(with(u1(), "queryId", ""), c.signer)), nil},
		"no-number":               {asForm(sealed(with(u1(), "orderId", ""), c.signer)), nil},
		"no-time":                 {asForm(sealed(with(u1(), "traceTime", "9999999999"), c.signer)), nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Notification(nil, r.body)
			if err == nil {
				t.Fatal("it was taken")
			}
			if r.want != nil && !errors.Is(err, r.want) || r.want == nil && (errors.Is(err, provider.ErrForged) || errors.Is(err, provider.ErrIgnored)) {
				t.Errorf("got %v, want %v", err, r.want)
			}
			providertest.Clean(t, err, "5980", providertest.Number)
		})
	}
}

// The test environment's certificates are signed with SHA-1: that is let through there,
// checked by hand, and nowhere else.
func TestSHA1Chain(t *testing.T) {
	t.Parallel()
	c := chains()
	leaf := resigned(t, issue(inTest, providertest.ProviderKey(), &c.middle, nil), providertest.ProviderKey())
	body := asForm(sealed(u1(), leaf))
	if _, err := open(t, providertest.Nowhere, map[string]any{"environment": "test"}).Notification(nil, body); err != nil {
		t.Errorf("in the test environment: %v", err)
	}
	live := resigned(t, issue(signer, providertest.ProviderKey(), &c.middle, nil), providertest.ProviderKey())
	if _, err := open(t, providertest.Nowhere, nil).Notification(nil, asForm(sealed(u1(), live))); !errors.Is(err, provider.ErrForged) {
		t.Errorf("in the live one: %v", err)
	}
	wrong := resigned(t, issue(inTest, providertest.ProviderKey(), &c.middle, nil), providertest.MerchantKey())
	if _, err := open(t, providertest.Nowhere, map[string]any{"environment": "test"}).Notification(nil, asForm(sealed(u1(), wrong))); !errors.Is(err, provider.ErrForged) {
		t.Errorf("signed by another: %v", err)
	}
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	if status, _, _ := p.Acknowledge(true); status != 200 {
		t.Errorf("received is %d", status)
	}
	if status, _, body := p.Acknowledge(false); status == 200 || strings.Contains(string(body), "ok") {
		t.Errorf("not received is %d %s", status, body)
	}
}
