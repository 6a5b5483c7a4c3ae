package wechatpay_test

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

const (
	spMchID  = "1900000002"
	spAppID  = "wx0000000000000002"
	subMchID = "1900000077"
	subAppID = "wx0000000000000003"
)

// partner are the settings of a merchant under a service provider.
var partner = map[string]any{
	"mchid": nil, "appid": nil, "sp_mchid": spMchID, "sp_appid": spAppID, "sub_mchid": subMchID, "sub_appid": subAppID,
}

// underSP are those of a merchant that has no app of its own.
var underSP = plus(partner, map[string]any{"sub_appid": nil})

// plus returns changes with others in their place. It keeps nil, which takes a value away.
func plus(changes, more map[string]any) map[string]any {
	all := maps.Clone(changes)
	maps.Copy(all, more)
	return all
}

// partnerStatement is WeChat Pay's statement about an order of a service provider.
func partnerStatement(change map[string]any) map[string]any {
	return transaction(plus(map[string]any{
		"mchid": nil, "appid": nil, "sp_mchid": spMchID, "sp_appid": spAppID, "sub_mchid": subMchID, "sub_appid": subAppID,
		"payer": map[string]any{"sp_openid": "oCORPUS0000000000000000000002", "sub_openid": "oCORPUS0000000000000000000003"},
	}, change))
}

func TestPartnerAccount(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, plus(partner, map[string]any{"appids": map[string]string{"app": mobileID}}))
	if p.Account() != subMchID || p.App(pay.RailQR) != subAppID || p.App(pay.RailApp) != mobileID {
		t.Errorf("account %s, apps %s and %s", p.Account(), p.App(pay.RailQR), p.App(pay.RailApp))
	}
	if app := open(t, providertest.Nowhere, underSP).App(pay.RailJSAPI); app != spAppID {
		t.Errorf("without an app of its own it is %s, want the service provider's", app)
	}
	other := open(t, providertest.Nowhere, plus(partner, map[string]any{"sp_mchid": "1900000003"}))
	if other.Fingerprint() == p.Fingerprint() {
		t.Error("a merchant under another service provider is taken for the same")
	}
	direct := open(t, providertest.Nowhere, map[string]any{"mchid": subMchID})
	if direct.Fingerprint() == p.Fingerprint() {
		t.Error("a direct merchant of the same number is taken for the same")
	}
}

func TestPartnerRefusedSettings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]any
		field  string
	}{
		"both-numbers":       {map[string]any{"mchid": mchID}, "mchid"},
		"both-apps":          {map[string]any{"appid": appID}, "appid"},
		"no-provider":        {map[string]any{"sp_mchid": nil}, "sp_mchid"},
		"no-app":             {map[string]any{"sp_appid": nil}, "sp_appid"},
		"no-merchant":        {map[string]any{"sub_mchid": nil}, "sub_mchid"},
		"letters":            {map[string]any{"sub_mchid": "19000000x7"}, "sub_mchid"},
		"own-number":         {map[string]any{"sub_mchid": spMchID}, "sub_mchid"},
		"bad-app":            {map[string]any{"sub_appid": "wx 3"}, "sub_appid"},
		"only-a-sub-app":     {map[string]any{"sp_mchid": nil, "sp_appid": nil, "sub_mchid": nil}, "sp_mchid"},
		"bad-app-for-a-rail": {map[string]any{"appids": map[string]string{"jsapi": "wx 3"}}, "appids.jsapi"},
	} {
		settings, err := json.Marshal(providertest.With(goodSettings(), plus(partner, c.change)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = wechatpay.Open(settings, providertest.Env(providertest.Nowhere, keyFiles()))
		if problem, ok := errors.AsType[*pay.Error](err); !ok || problem.Field != c.field {
			t.Errorf("%s: %v, want an error of %s", name, err, c.field)
		}
	}
}

// What is sent names the service provider and the merchant, on its own paths.
func TestPartnerCalls(t *testing.T) {
	t.Parallel()
	sp, sub := map[string]any{"sp_mchid": spMchID}, map[string]any{"sub_mchid": subMchID}
	both := plus(sp, sub)
	refund := map[string]any{
		"out_trade_no": number, "out_refund_no": "R1", "refund_id": "50", "status": "PROCESSING", "amount": map[string]any{"refund": 100},
	}
	query := func(p provider.Provider) error {
		_, err := p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
		return err
	}
	closing := func(p provider.Provider) error {
		_, err := p.(provider.Closer).Close(t.Context(), provider.CloseOrder{OutTradeNo: number})
		return err
	}
	r := provider.RefundOrder{OutTradeNo: number, Number: "R1", Amount: pay.Money{Currency: "CNY", Value: 100}, Total: pay.Money{Currency: "CNY", Value: 5980}}
	back := func(p provider.Provider) error {
		_, err := p.(provider.Refunder).Refund(t.Context(), r)
		return err
	}
	askBack := func(p provider.Provider) error {
		_, err := p.(provider.Refunder).QueryRefund(t.Context(), r)
		return err
	}
	const orders = "/v3/pay/partner/transactions/"
	for name, c := range map[string]struct {
		call  func(provider.Provider) error
		path  string
		reply any
		query map[string]any
		body  map[string]any
	}{
		"query":        {query, orders + "out-trade-no/" + number, partnerStatement(nil), both, nil},
		"close":        {closing, orders + "out-trade-no/" + number + "/close", nil, nil, both},
		"refund":       {back, "/v3/refund/domestic/refunds", refund, nil, sub},
		"refund-query": {askBack, "/v3/refund/domestic/refunds/R1", refund, sub, nil},
	} {
		t.Run(name, func(t *testing.T) {
			reply := answer{status: http.StatusNoContent}
			if c.reply != nil {
				text, err := json.Marshal(c.reply)
				if err != nil {
					t.Fatal(err)
				}
				reply = answer{status: http.StatusOK, body: string(text)}
			}
			var sent *http.Request
			w := newWire(t, func(r *http.Request, _ string) answer {
				sent = r
				return reply
			})
			if err := c.call(open(t, w.URL, partner)); err != nil {
				t.Fatal(err)
			}
			if sent.URL.Path != c.path {
				t.Errorf("sent to %s, want %s", sent.URL.Path, c.path)
			}
			values := sent.URL.Query()
			for name, want := range c.query {
				if values.Get(name) != want {
					t.Errorf("the query's %s is %q, want %q", name, values.Get(name), want)
				}
			}
			body := map[string]any{}
			if c.body != nil {
				if err := json.Unmarshal([]byte(w.Sent()[0].Body), &body); err != nil {
					t.Fatal(err)
				}
			}
			for name, want := range c.body {
				if body[name] != want {
					t.Errorf("the body's %s is %v, want %v", name, body[name], want)
				}
			}
			if body["mchid"] != nil || values.Has("mchid") {
				t.Error("it names a direct merchant")
			}
			if caller := `mchid="` + spMchID + `"`; !strings.Contains(sent.Header.Get("Authorization"), caller) {
				t.Errorf("it is not signed by the service provider: %s", sent.Header.Get("Authorization"))
			}
		})
	}
}

// The payer is named under the app that they meet, and the wallet is called for it.
func TestPartnerPayer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings map[string]any
		rail     pay.Rail
		payer    string // as it is sent
		apps     string
		params   map[string]string
	}{
		"own-app": {
			partner, pay.RailJSAPI, `"payer":{"sub_openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}`,
			`"sp_appid":"` + spAppID + `","sub_appid":"` + subAppID + `"`,
			map[string]string{"appId": subAppID},
		},
		"providers-app": {
			underSP, pay.RailJSAPI, `"payer":{"sp_openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}`,
			`"sp_appid":"` + spAppID + `"`,
			map[string]string{"appId": spAppID},
		},
		"shop's-app": {
			plus(partner, map[string]any{"appids": map[string]string{"app": mobileID}}), pay.RailApp, `"out_trade_no"`,
			`"sub_appid":"` + mobileID + `"`,
			map[string]string{"appid": mobileID, "partnerid": subMchID},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, always(answer{status: 200, body: goodReplies[c.rail]}))
			p := open(t, w.URL, c.settings)
			request, err := p.Request(order(c.rail))
			if err != nil {
				t.Fatal(err)
			}
			action, err := p.Start(t.Context(), c.rail, request)
			if err != nil {
				t.Fatal(err)
			}
			sent := w.Sent()[0].Body
			if !strings.Contains(sent, c.payer) || !strings.Contains(sent, c.apps) || strings.Contains(sent, `"openid"`) {
				t.Errorf("sent %s", sent)
			}
			for name, want := range c.params {
				if action.Params[name] != want {
					t.Errorf("%s is %q, want %q", name, action.Params[name], want)
				}
			}
		})
	}
}

// A statement is ours only if both numbers and the service provider's app are.
func TestPartnerStatements(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, partner)
	direct := open(t, providertest.Nowhere, map[string]any{"mchid": spMchID, "appid": subAppID})
	ours := func(ev pay.Evidence, p provider.Provider) bool {
		return ev.Account == p.Account() && (ev.Outcome == pay.OutcomeRefund || ev.App == p.App(pay.RailQR))
	}
	refund := map[string]any{
		"mchid": nil, "sp_mchid": spMchID, "sub_mchid": subMchID, "out_trade_no": number, "out_refund_no": "R1", "refund_id": "50",
		"transaction_id": "42", "refund_status": "SUCCESS", "amount": map[string]any{"total": 5980, "refund": 100},
	}
	const payment, back = "TRANSACTION.SUCCESS", "REFUND.SUCCESS"
	for name, c := range map[string]struct {
		at    provider.Provider
		event string
		says  map[string]any
		ours  bool
	}{
		"payment":                     {p, payment, partnerStatement(nil), true},
		"payment-other-merchant":      {p, payment, partnerStatement(map[string]any{"sub_mchid": "1900000078"}), false},
		"payment-other-provider":      {p, payment, partnerStatement(map[string]any{"sp_mchid": "1900000003"}), false},
		"payment-other-provider's":    {p, payment, partnerStatement(map[string]any{"sp_appid": "wx9"}), false},
		"payment-other-app":           {p, payment, partnerStatement(map[string]any{"sub_appid": "wx9"}), false},
		"payment-no-own-app":          {p, payment, partnerStatement(map[string]any{"sub_appid": nil}), false},
		"payment-direct":              {p, payment, transaction(map[string]any{"mchid": subMchID, "appid": subAppID}), false},
		"payment-with-a-direct-name":  {p, payment, partnerStatement(map[string]any{"mchid": subMchID}), false},
		"refund":                      {p, back, refund, true},
		"refund-other-merchant":       {p, back, plus(refund, map[string]any{"sub_mchid": "1900000078"}), false},
		"refund-other-provider":       {p, back, plus(refund, map[string]any{"sp_mchid": "1900000003"}), false},
		"refund-direct":               {p, back, plus(refund, map[string]any{"sp_mchid": nil, "sub_mchid": nil, "mchid": subMchID}), false},
		"direct-payment-of-another's": {direct, payment, partnerStatement(map[string]any{"sp_mchid": spMchID}), false},
		"direct-refund-of-another's":  {direct, back, refund, false},
	} {
		header, body := notification(c.event, "transaction", c.says)
		ev, err := c.at.Notification(header, body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if ours(ev, c.at) != c.ours {
			t.Errorf("%s: it is about %s and %s, ours: %v", name, ev.Account, ev.App, !c.ours)
		}
	}
	for name, says := range map[string]map[string]any{
		"no-merchant": partnerStatement(map[string]any{"sub_mchid": nil}),
		"no-provider": partnerStatement(map[string]any{"sp_mchid": nil}),
		"no-app":      partnerStatement(map[string]any{"sp_appid": nil, "sub_appid": nil}),
		"own-app":     partnerStatement(map[string]any{"sp_appid": nil}),
	} {
		header, body := notification(payment, "transaction", says)
		if _, err := p.Notification(header, body); err == nil || errors.Is(err, provider.ErrForged) {
			t.Errorf("%s: %v, want it to come again", name, err)
		}
	}
}

// A service provider's bill is asked for one merchant under it, and what it says about
// another one is a problem.
func TestPartnerBill(t *testing.T) {
	t.Parallel()
	of := func(sub string) string {
		return strings.NewReplacer("`"+mchID+",`0", "`"+spMchID+",`"+sub, appID, spAppID).Replace(billPayment)
	}
	w := billWire(t, billText(of(subMchID), of("1900000078"), of("0")), nil)
	p := open(t, w.URL, partner).(provider.Biller)
	bill, err := p.Bill(t.Context(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	if len(bill.Lines) != 1 || len(bill.Problems) != 2 {
		t.Errorf("read %+v", bill)
	}
	if asked := w.Sent()[0].Path; !strings.Contains(asked, "sub_mchid="+subMchID) {
		t.Errorf("asked %s", asked)
	}
	bill, err = open(t, billWire(t, billText(strings.Replace(billPayment, "`0,", "`"+subMchID+",", 1)), nil).URL, nil).(provider.Biller).
		Bill(t.Context(), time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	if err != nil || len(bill.Lines) != 0 || len(bill.Problems) != 1 {
		t.Errorf("a direct merchant reads %+v, %v: it sold nothing of that", bill, err)
	}
}
