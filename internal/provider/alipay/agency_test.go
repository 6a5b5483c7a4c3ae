package alipay_test

import (
	"bytes"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

const (
	providerApp = "2021000000000009"
	appToken    = "202611BBcanary0000000000000000000000X01"
)

func agencySettings(change map[string]any) map[string]any {
	settings := providertest.With(goodSettings(), map[string]any{"app_id": providerApp, "auth_app_id": appID, "app_auth_token": "token"})
	return providertest.With(settings, change)
}

func agencyFiles(token string) map[string][]byte {
	files := keyFiles()
	files["token"] = []byte(token)
	return files
}

// openAgency opens the account of a merchant for whom a service provider's application acts.
func openAgency(tb testing.TB, origin string) provider.Provider {
	tb.Helper()
	return providertest.Open(tb, alipay.Open, agencySettings(nil), providertest.Env(origin, agencyFiles(appToken+"\n")))
}

// parameters returns those of a link.
func parameters(t *testing.T, link string) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// Whatever is sent says for whom the application acts, and nothing that is kept does.
func TestTokenGoesWithEveryRequest(t *testing.T) {
	t.Parallel()
	w := newWire(t, always(no("40004", "ACQ.SYSTEM_ERROR")))
	p := openAgency(t, w.URL)
	if p.App(pay.RailQR) != appID || p.Account() != sellerID {
		t.Errorf("account %s, app %s", p.Account(), p.App(pay.RailQR))
	}
	for _, rail := range p.Rails() {
		kept, err := p.Request(order(rail))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(kept, []byte(appToken)) {
			t.Errorf("%s: the token is kept", rail)
		}
		action, err := p.Start(t.Context(), rail, kept)
		switch {
		case action.Kind == pay.ActionRedirect:
			if link := parameters(t, action.URL); link.Get("app_auth_token") != appToken || link.Get("app_id") != providerApp {
				t.Errorf("%s: the link says %v", rail, link)
			}
		case rail == pay.RailApp:
			if said := parameters(t, "?"+action.Params["orderStr"]); said.Get("app_auth_token") != appToken || said.Get("app_id") != providerApp {
				t.Errorf("%s: the order says %v", rail, said)
			}
		case err == nil:
			t.Errorf("%s: got %+v", rail, action)
		default:
			providertest.Clean(t, err, appToken)
		}
	}
	refund := provider.RefundOrder{OutTradeNo: number, Number: "RF1", Amount: pay.Money{Currency: "CNY", Value: 1}}
	for what, call := range map[string]func() error{
		"query": func() error { _, err := p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number}); return err },
		"close": func() error {
			_, err := p.(provider.Closer).Close(t.Context(), provider.CloseOrder{OutTradeNo: number})
			return err
		},
		"refund":       func() error { _, err := p.(provider.Refunder).Refund(t.Context(), refund); return err },
		"refund-query": func() error { _, err := p.(provider.Refunder).QueryRefund(t.Context(), refund); return err },
		"bill":         func() error { _, err := p.(provider.Biller).Bill(t.Context(), now); return err },
		"payer": func() error {
			_, err := p.(provider.PayerIdentifier).WalletPayerID(t.Context(), pay.RailJSAPI, "code")
			return err
		},
	} {
		if err := call(); err == nil {
			t.Errorf("%s: no error", what)
		} else {
			providertest.Clean(t, err, appToken)
		}
	}
	sent := forms(t, w)
	if len(sent) < 8 {
		t.Errorf("%d requests", len(sent))
	}
	for _, form := range sent {
		if form.Get("app_auth_token") != appToken || form.Get("app_id") != providerApp {
			t.Errorf("%s went with app %s and token %q", form.Get("method"), form.Get("app_id"), form.Get("app_auth_token"))
		}
		if strings.Contains(form.Get("biz_content"), appToken) {
			t.Errorf("%s has the token in its content", form.Get("method"))
		}
		verifySent(t, form)
	}
}

// A payer inside Alipay is one of the merchant's application.
func TestPayerOfTheMerchantsApplication(t *testing.T) {
	t.Parallel()
	p := openAgency(t, providertest.Nowhere)
	if link := p.(provider.PayerIdentifier).AuthorizeURL("https://pay.example/openid", "s"); !strings.Contains(link, "?app_id="+appID+"&") {
		t.Errorf("the payer is sent to %s", link)
	}
	kept, err := p.Request(order(pay.RailJSAPI))
	if err != nil || !strings.Contains(string(kept), `"op_app_id":"`+appID+`"`) {
		t.Errorf("got %s, %v", kept, err)
	}
}

// A notification is ours if both applications are: the one that acted, and the merchant's.
func TestNotificationUnderAProvider(t *testing.T) {
	t.Parallel()
	agency, direct := openAgency(t, providertest.Nowhere), open(t, providertest.Nowhere)
	for name, c := range map[string]struct {
		reader   provider.Provider
		app      any
		merchant any
		want     string // the app that evidence names; "" for a message that is not understood
	}{
		"ours":                 {agency, providerApp, appID, appID},
		"another-merchant's":   {agency, providerApp, "2021000000000077", "2021000000000077"},
		"another-provider's":   {agency, "2021000000000010", appID, "2021000000000010/" + appID},
		"without-the-provider": {agency, appID, appID, appID + "/" + appID},
		"of-no-merchant":       {agency, providerApp, nil, ""},
		"of-nobody":            {agency, nil, appID, ""},

		"direct":                    {direct, appID, appID, appID},
		"direct-alone":              {direct, appID, nil, appID},
		"direct-for-another":        {direct, appID, "2021000000000077", "2021000000000077"},
		"direct-through-a-provider": {direct, providerApp, appID, providerApp},
	} {
		t.Run(name, func(t *testing.T) {
			ev, err := c.reader.Notification(http.Header{}, signed(notice(map[string]any{"app_id": c.app, "auth_app_id": c.merchant})))
			switch {
			case c.want == "" && (err == nil || errors.Is(err, provider.ErrForged) || errors.Is(err, provider.ErrIgnored)):
				t.Errorf("got %+v, %v, want it to be not understood", ev, err)
			case c.want != "" && (err != nil || ev.App != c.want):
				t.Errorf("got app %q, %v, want %q", ev.App, err, c.want)
			}
			if ours := c.want == c.reader.App(pay.RailQR); ours != (name == "ours" || name == "direct" || name == "direct-alone") {
				t.Errorf("it counts as ours: %v", ours)
			}
		})
	}
}

// The message about where a refund came to rest need not say whom it was for.
func TestArrivalUnderAProvider(t *testing.T) {
	t.Parallel()
	p := openAgency(t, providertest.Nowhere)
	for name, c := range map[string]struct {
		change map[string]any
		ours   bool
	}{
		"unsaid":              {nil, true},
		"said":                {map[string]any{"auth_app_id": appID}, true},
		"said-as-messages-do": {map[string]any{"msg_app_id": appID}, true},
		"another-merchant's":  {map[string]any{"msg_app_id": "2021000000000077"}, false},
		"another-provider's":  {map[string]any{"app_id": "2021000000000010"}, false},
	} {
		form := notice(map[string]any{
			"msg_method": "alipay.trade.refund.depositback.completed", "app_id": providerApp, "auth_app_id": nil,
			"biz_content": `{"out_trade_no":"` + number + `","out_request_no":"RF1","dback_status":"S"}`,
		})
		for field, value := range c.change {
			form.Set(field, value.(string))
		}
		ev, err := p.Notification(nil, signed(form))
		if err != nil || (ev.App == p.App(pay.RailQR)) != c.ours {
			t.Errorf("%s: %+v, %v", name, ev, err)
		}
	}
}

func TestAgencyRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]any
		token  string
		field  string
		says   string
	}{
		"no-token":      {map[string]any{"app_auth_token": nil}, appToken, "app_auth_token", "missing"},
		"no-merchant":   {map[string]any{"auth_app_id": nil}, appToken, "auth_app_id", "missing"},
		"odd-merchant":  {map[string]any{"auth_app_id": "wx0001"}, appToken, "auth_app_id", "digits"},
		"itself":        {map[string]any{"auth_app_id": providerApp}, appToken, "auth_app_id", "leave out"},
		"no-file":       {map[string]any{"app_auth_token": "other"}, appToken, "app_auth_token", "can't be read"},
		"empty":         {nil, "\n", "app_auth_token", "empty"},
		"a-key":         {nil, string(providertest.PrivatePEM(providertest.MerchantKey())), "app_auth_token", "something else"},
		"with-quotes":   {nil, `"` + appToken + `"`, "app_auth_token", "something else"},
		"two-lines":     {nil, appToken + "\n" + appToken, "app_auth_token", "something else"},
		"short":         {nil, "canary", "app_auth_token", "something else"},
		"token-in-json": {map[string]any{"app_auth_token": appToken}, appToken, "app_auth_token", "can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alipay.Open([]byte(providertest.JSON(t, agencySettings(c.change))), providertest.Env(providertest.Nowhere, agencyFiles(c.token)))
			var wrong *pay.Error
			if !errors.As(err, &wrong) || wrong.Field != c.field || !strings.Contains(wrong.Message, c.says) {
				t.Fatalf("got %v, want %s saying %q", err, c.field, c.says)
			}
			if strings.Contains(wrong.Message, appToken) || strings.Contains(wrong.Message, "PRIVATE KEY") {
				t.Errorf("the error repeats the file: %v", err)
			}
		})
	}
}

// A token is renewed, and the account stays what it is; under another service provider, or
// for another merchant, it is another.
func TestFingerprintUnderAProvider(t *testing.T) {
	t.Parallel()
	p := openAgency(t, providertest.Nowhere)
	for name, c := range map[string]struct {
		change map[string]any
		token  string
		same   bool
	}{
		"renewed":          {nil, strings.ToLower(appToken), true},
		"another-merchant": {map[string]any{"auth_app_id": "2021000000000077"}, appToken, false},
		"another-provider": {map[string]any{"app_id": "2021000000000010"}, appToken, false},
		"direct":           {map[string]any{"auth_app_id": nil, "app_auth_token": nil}, appToken, false},
	} {
		files := agencyFiles(c.token)
		maps.Copy(files, keyFiles())
		other := providertest.Open(t, alipay.Open, agencySettings(c.change), providertest.Env(providertest.Nowhere, files))
		if same := other.Fingerprint() == p.Fingerprint(); same != c.same {
			t.Errorf("%s: the same account is %v", name, same)
		}
	}
}
