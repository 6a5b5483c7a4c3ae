package provider_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/merchantlink"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
	"morepay/internal/providersim"
)

// The adapters against the simulated providers, over real sockets.

const (
	wechatAccount = "1900000001"
	wechatApp     = "wx0000000000000001"
	alipayAccount = "2088000000000001"
	alipayApp     = "2021000000000001"
	shop          = "https://pay.example/pay/1" // the page that sends the payer on
)

// rails lists the rails that each adapter is tested on.
var rails = map[string][]pay.Rail{
	wechatpay.ID: {pay.RailQR, pay.RailDeepLink, pay.RailJSAPI},
	alipay.ID:    {pay.RailQR, pay.RailDeepLink, pay.RailRedirect, pay.RailJSAPI},

	merchantlink.ID: {pay.RailRedirect, pay.RailQR, pay.RailDeepLink, pay.RailJSAPI},
}

// wallets maps each adapter to the wallet that pays at its company.
var wallets = map[string]providersim.Wallet{
	wechatpay.ID: providersim.WeChat, alipay.ID: providersim.Alipay, merchantlink.ID: providersim.MerchantLink,
}

// heard is an adapter's reading of one delivery of a notification.
type heard struct {
	statement pay.Evidence
	err       error
}

// fixture is a simulator, the adapters that talk to it, and a server for its
// notifications.
type fixture struct {
	t         *testing.T
	sim       *providersim.Sim
	url       string
	http      *http.Client // a browser that follows no redirects
	providers map[string]provider.Provider
	notifyURL string
	heard     map[string]chan heard // by adapter
	numbers   int
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	fx := &fixture{t: t, providers: map[string]provider.Provider{}, heard: map[string]chan heard{}}
	var sim *providersim.Sim
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { sim.Handler().ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	sim = providersim.New(providersim.Options{Origin: server.URL, Seed: 1, RetryScale: 0.001, ReplyScale: 0.001, RefundAfter: time.Millisecond})
	t.Cleanup(sim.Close)
	fx.sim, fx.url = sim, server.URL
	fx.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	fx.addAccounts()
	fx.open(wechatpay.ID, map[string]any{
		"mchid": wechatAccount, "appid": wechatApp, "appids": map[string]string{"deep_link": "wx0000000000000002"}, "app_secret": "secret", "certificate_serial": "5157F09EFDC096DE",
		"private_key": "own", "api_v3_key": "v3", "public_key_id": "PUB_KEY_ID_0119", "public_key": "platform", "h5_domain": "pay.example",
	})
	fx.open(alipay.ID, map[string]any{"app_id": alipayApp, "seller_id": alipayAccount, "private_key": "own", "public_key": "platform", "qr_product": "QR_CODE_OFFLINE", "jsapi_product": "JSAPI_PAY"})
	fx.open(merchantlink.ID, map[string]any{
		"account": "teashop", "version": 2, "url": "https://cashier.tea.example/merchantlink/teashop", "secret": "webhook",
		"hosts": []string{"cashier.tea.example"}, "authorize": "https://cashier.tea.example/merchantlink/teashop/payer",
	})
	fx.listen()
	go sim.Run(t.Context())
	return fx
}

const (
	apiV3Key      = "0123456789abcdef0123456789abcdef"
	webhookSecret = "0123456789abcdef01234567"
)

func (fx *fixture) addAccounts() {
	err := errors.Join(
		fx.sim.AddWeChatAccount(providersim.WeChatAccount{
			MchID: wechatAccount, AppID: wechatApp, OtherAppIDs: []string{"wx0000000000000002"}, AppSecret: "secret", MerchantSerial: "5157F09EFDC096DE",
			MerchantPublicKey: &providertest.MerchantKey().PublicKey, APIv3Key: []byte(apiV3Key), PlatformKey: providertest.ProviderKey(), PublicKeyID: "PUB_KEY_ID_0119",
			H5Domains: []string{"pay.example"}, OAuthDomains: []string{"pay.example"},
		}),
		fx.sim.AddAlipayAccount(providersim.AlipayAccount{
			AppID: alipayApp, SellerID: alipayAccount, MerchantPublicKey: &providertest.MerchantKey().PublicKey, PlatformKey: providertest.ProviderKey(),
			OAuthDomains: []string{"pay.example"},
		}),
		fx.sim.AddMerchantLinkAccount(providersim.MerchantLinkAccount{ID: "teashop", Secret: []byte(webhookSecret)}),
	)
	if err != nil {
		fx.t.Fatal(err)
	}
}

func (fx *fixture) open(id string, settings map[string]any) {
	fx.t.Helper()
	files := map[string][]byte{
		"own":      providertest.PrivatePEM(providertest.MerchantKey()),
		"platform": providertest.PublicPEM(providertest.ProviderKey()),
		"v3":       []byte(apiV3Key), "secret": []byte("secret"),
		"webhook": []byte("whsec_" + base64.StdEncoding.EncodeToString([]byte(webhookSecret))),
	}
	open := func(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
		return provider.New(id, raw, env)
	}
	env := providertest.Env(fx.url, files)
	env.TestURL, env.Now = fx.url, time.Now
	fx.providers[id] = providertest.Open(fx.t, open, settings, env)
	fx.heard[id] = make(chan heard, 100)
}

// listen takes notifications in the way of the server: verify, then answer in
// the provider's dialect.
func (fx *fixture) listen() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notify/{provider}", func(rw http.ResponseWriter, r *http.Request) {
		id := r.PathValue("provider")
		body, _ := io.ReadAll(r.Body)
		st, err := fx.providers[id].Notification(r.Header, body)
		fx.heard[id] <- heard{st, err}
		status, contentType, answer := fx.providers[id].Acknowledge(err == nil)
		rw.Header().Set("Content-Type", contentType)
		rw.WriteHeader(status)
		rw.Write(answer)
	})
	server := httptest.NewServer(mux)
	fx.t.Cleanup(server.Close)
	fx.notifyURL = server.URL + "/notify/"
}

// next waits for what the adapter makes of the next delivery.
func (fx *fixture) next(id string) heard {
	fx.t.Helper()
	select {
	case h := <-fx.heard[id]:
		return h
	case <-time.After(10 * time.Second):
		fx.t.Fatal("no notification in ten seconds")
		return heard{}
	}
}

func (fx *fixture) order(id string, rail pay.Rail) provider.Order {
	fx.t.Helper()
	fx.numbers++
	o := provider.Order{
		OutTradeNo: fmt.Sprintf("MP%030d", fx.numbers), AttemptID: "at_1", Method: providertest.MethodOf(id), Rail: rail, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Description: "龙井茶 & cup", ExpiresAt: time.Now().Add(30 * time.Minute),
		NotifyURL: fx.notifyURL + id, ReturnURL: "https://pay.example/return/at_1?a=b&c=d", PayerIP: "203.0.113.9", OS: "android",
	}
	if rail == pay.RailJSAPI {
		o.WalletPayerID = fx.identify(id)
	}
	return o
}

// identify does what the payer's browser does to tell us who they are.
func (fx *fixture) identify(id string) string {
	fx.t.Helper()
	identifier := fx.providers[id].(provider.PayerIdentifier)
	res := fx.get(identifier.AuthorizeURL("https://pay.example/openid?x=1", "state1"), "")
	back, err := res.Location()
	if err != nil || back.Query().Get("state") != "state1" || back.Query().Get("x") != "1" {
		fx.t.Fatalf("came back to %v, %v", back, err)
	}
	code := back.Query().Get(identifier.CodeName())
	payer, err := identifier.WalletPayerID(fx.t.Context(), code)
	if err != nil {
		fx.t.Fatal(err)
	}
	if _, err := identifier.WalletPayerID(fx.t.Context(), code); pay.CodeOf(err) != pay.CodeInvalid {
		fx.t.Errorf("a used code: %v", err)
	}
	return payer
}

func (fx *fixture) get(link, referer string) *http.Response {
	fx.t.Helper()
	request, err := http.NewRequest(http.MethodGet, link, nil)
	if err != nil {
		fx.t.Fatal(err)
	}
	request.Header.Set("Referer", referer)
	res, err := fx.http.Do(request)
	if err != nil {
		fx.t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res
}

func (fx *fixture) start(id string, o provider.Order) pay.Action {
	fx.t.Helper()
	request, err := fx.providers[id].Request(o)
	if err != nil {
		fx.t.Fatal(err)
	}
	action, err := fx.providers[id].Start(fx.t.Context(), o.Rail, request)
	if err != nil {
		fx.t.Fatal(err)
	}
	return action
}

// bridges maps each wallet's bridge to where the simulator plays it, and what it
// answers once it is paid.
var bridges = map[string]struct{ path, paid string }{
	"weixin": {"/phone/bridge", "get_brand_wcpay_request:ok"}, "alipay": {"/phone/tradepay", `"9000"`},
}

// payers do what a payer does with each kind of action.
var payers = map[pay.ActionKind]func(fx *fixture, action pay.Action, number string) error{
	pay.ActionQRCode: func(fx *fixture, action pay.Action, _ string) error {
		if _, err := fx.sim.Scan(providersim.Ming, action.Payload, providersim.ByCamera); err != nil {
			return err
		}
		_, err := fx.sim.Approve(providersim.Ming, action.Payload)
		return err
	},
	pay.ActionRedirect: func(fx *fixture, action pay.Action, number string) error {
		fx.get(action.URL, shop)
		_, err := fx.sim.Approve(providersim.Ming, number)
		return err
	},
	pay.ActionBridge: func(fx *fixture, action pay.Action, _ string) error {
		call := map[string]string{"user": string(providersim.Ming), "do": "approve"}
		for k, v := range action.Params {
			call[k] = v
		}
		body, err := json.Marshal(call)
		if err != nil {
			return err
		}
		bridge := bridges[action.Bridge]
		res, err := fx.http.Post(fx.url+bridge.path, "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if !strings.Contains(string(answer), bridge.paid) {
			return fmt.Errorf("the bridge says %s, %v", answer, err)
		}
		return nil
	},
}

func (fx *fixture) pay(action pay.Action, number string) {
	fx.t.Helper()
	if err := payers[action.Kind](fx, action, number); err != nil {
		fx.t.Fatal(err)
	}
}

func (fx *fixture) query(id, number string) pay.Evidence {
	fx.t.Helper()
	ev, err := fx.providers[id].Query(fx.t.Context(), number)
	if err != nil {
		fx.t.Fatal(err)
	}
	return ev
}

func eachRail(t *testing.T, test func(t *testing.T, id string, rail pay.Rail)) {
	each(t, rails, test)
}

func each(t *testing.T, rails map[string][]pay.Rail, test func(t *testing.T, id string, rail pay.Rail)) {
	for id, list := range rails {
		for _, rail := range list {
			t.Run(id+"-"+string(rail), func(t *testing.T) { test(t, id, rail) })
		}
	}
}

func TestPayAndRefund(t *testing.T) {
	t.Parallel()
	eachRail(t, func(t *testing.T, id string, rail pay.Rail) {
		fx := newFixture(t)
		o := fx.order(id, rail)
		action := fx.start(id, o)
		if left := time.Until(action.ExpiresAt); left <= 0 || action.ExpiresAt.After(o.ExpiresAt) {
			t.Errorf("the action lives %v", left)
		}
		if before := fx.query(id, o.OutTradeNo).Outcome; before != pay.OutcomePending && before != pay.OutcomeAbsent {
			t.Errorf("before the payment: %s", before)
		}
		fx.pay(action, o.OutTradeNo)

		told := fx.next(id)
		if told.err != nil {
			t.Fatal(told.err)
		}
		asked := fx.query(id, o.OutTradeNo)
		for _, ev := range []pay.Evidence{told.statement, asked} {
			if ev.Outcome != pay.OutcomePaid || ev.Amount != o.Amount || ev.OutTradeNo != o.OutTradeNo || ev.Account != fx.providers[id].Account() ||
				ev.Reference == "" || ev.Reference != asked.Reference || !ev.PaidAt.Equal(asked.PaidAt) || time.Since(ev.PaidAt).Abs() > time.Minute {
				t.Errorf("%s says %+v", ev.Source, ev)
			}
			if ev.App != "" && ev.App != fx.providers[id].App(rail) {
				t.Errorf("%s names the app %s", ev.Source, ev.App)
			}
		}
		fx.refund(id, o)
	})
}

func (fx *fixture) refund(id string, o provider.Order) {
	fx.t.Helper()
	refunder, ok := fx.providers[id].(provider.Refunder)
	if !ok {
		return
	}
	r := provider.RefundOrder{
		OutTradeNo: o.OutTradeNo, Number: o.OutTradeNo[2:] + "R", Amount: pay.Money{Currency: "CNY", Value: 1005}, Total: o.Amount,
		Note: "late", NotifyURL: o.NotifyURL,
	}
	if _, err := refunder.QueryRefund(fx.t.Context(), r); !errors.Is(err, provider.ErrAbsent) {
		fx.t.Errorf("before the refund: %v", err)
	}
	if _, err := refunder.Refund(fx.t.Context(), r); err != nil {
		fx.t.Fatal(err)
	}
	if told := fx.next(id); told.err != nil {
		fx.t.Errorf("told: %v", told.err)
	}
	again, err := refunder.Refund(fx.t.Context(), r)
	if err != nil || again.Returned.Status != pay.RefundSucceeded {
		fx.t.Errorf("again: %+v, %v", again, err)
	}
	if asked, err := refunder.QueryRefund(fx.t.Context(), r); err != nil || asked.Returned.Status != again.Returned.Status {
		fx.t.Errorf("asked: %+v, %v, want %+v", asked.Returned, err, again.Returned)
	}
	r.Number, r.Amount.Value = r.Number+"2", 5980
	if _, err := refunder.Refund(fx.t.Context(), r); !errors.Is(err, provider.ErrRefused) {
		fx.t.Errorf("more than was paid: %v", err)
	}
}

// A refund that the payer's account can't take arrives on a card that the payer
// names, or with the merchant.
func TestRedirectRefund(t *testing.T) {
	t.Parallel()
	for name, card := range map[string]*provider.BankCard{
		"card": {Bank: "ICBC_DEBIT", Number: "6222000000000001234", Holder: "小明"}, "merchant": nil,
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			o := fx.order(wechatpay.ID, pay.RailQR)
			fx.pay(fx.start(wechatpay.ID, o), o.OutTradeNo)
			p := fx.providers[wechatpay.ID].(interface {
				provider.Refunder
				provider.AbnormalRefunder
			})
			r := provider.RefundOrder{OutTradeNo: o.OutTradeNo, Number: o.OutTradeNo + "R", Amount: o.Amount, Total: o.Amount}
			if err := fx.sim.Inject(providersim.Rule{Fault: "refund-abnormal", Next: 1}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.Refund(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			fx.sim.Advance(time.Minute)
			ev, err := p.RedirectRefund(t.Context(), r, card)
			if err != nil || ev.Returned.Status != pay.RefundPending || ev.Returned.Failure != "" {
				t.Fatalf("redirected: %+v, %v", ev, err)
			}
			fx.sim.Advance(time.Minute)
			for range 2 { // the second time, nothing is left to do
				ev, err = p.RedirectRefund(t.Context(), r, card)
				if err != nil || ev.Returned.Status != pay.RefundSucceeded || ev.Returned.Amount != o.Amount {
					t.Errorf("in the end: %+v, %v", ev, err)
				}
			}
			r.Number += "2"
			if _, err := p.RedirectRefund(t.Context(), r, card); !errors.Is(err, provider.ErrAbsent) {
				t.Errorf("of a refund that was never made: %v", err)
			}
		})
	}
}

// Sending a request again renews the action of the same order.
func TestStartAgain(t *testing.T) {
	t.Parallel()
	eachRail(t, func(t *testing.T, id string, rail pay.Rail) {
		fx := newFixture(t)
		o := fx.order(id, rail)
		request, err := fx.providers[id].Request(o)
		if err != nil {
			t.Fatal(err)
		}
		var action pay.Action
		for range 3 {
			if action, err = fx.providers[id].Start(t.Context(), rail, request); err != nil {
				t.Fatal(err)
			}
		}
		fx.pay(action, o.OutTradeNo)
		if orders := fx.sim.Orders(); len(orders) != 1 {
			t.Errorf("%d orders", len(orders))
		}
		if _, err := fx.providers[id].Start(t.Context(), rail, request); rail == rails[id][0] && !errors.Is(err, provider.ErrPaid) {
			t.Errorf("once paid: %v", err)
		}
	})
}

func toClose(o provider.Order) provider.CloseOrder {
	return provider.CloseOrder{OutTradeNo: o.OutTradeNo, Rail: o.Rail}
}

// closable are the rails whose orders exist at the provider, and so can be closed, before
// a payer has opened them.
var closable = map[string][]pay.Rail{
	wechatpay.ID: {pay.RailQR, pay.RailDeepLink, pay.RailJSAPI},
	alipay.ID:    {pay.RailQR, pay.RailJSAPI},
}

func TestCloseUnpaid(t *testing.T) {
	t.Parallel()
	each(t, closable, func(t *testing.T, id string, rail pay.Rail) {
		fx := newFixture(t)
		p, closer := fx.providers[id], fx.providers[id].(provider.Closer)
		o := fx.order(id, rail)
		request, err := p.Request(o)
		if err != nil {
			t.Fatal(err)
		}
		action, err := p.Start(t.Context(), rail, request)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // closing what is closed is fine
			if ev, err := closer.Close(t.Context(), toClose(o)); err != nil || ev.Outcome != pay.OutcomeClosed {
				t.Fatalf("got %+v, %v", ev, err)
			}
		}
		if err := payers[action.Kind](fx, action, o.OutTradeNo); err == nil {
			t.Error("a closed order was paid")
		}
		if _, err := p.Start(t.Context(), rail, request); !errors.Is(err, provider.ErrClosed) {
			t.Errorf("started again: %v", err)
		}
	})
}

// An order that nobody has paid is over when its time is.
func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	for _, id := range []string{wechatpay.ID, alipay.ID} {
		t.Run(id, func(t *testing.T) {
			fx := newFixture(t)
			o := fx.order(id, pay.RailJSAPI)
			action := fx.start(id, o)
			fx.sim.Advance(30 * time.Minute)
			if err := payers[action.Kind](fx, action, o.OutTradeNo); err == nil {
				t.Error("it was paid after its time")
			}
			if ev, err := fx.providers[id].(provider.Closer).Close(t.Context(), toClose(o)); err != nil || ev.Outcome != pay.OutcomeClosed {
				t.Errorf("got %+v, %v", ev, err)
			}
		})
	}
}

func TestClosePaid(t *testing.T) {
	t.Parallel()
	eachRail(t, func(t *testing.T, id string, rail pay.Rail) {
		fx := newFixture(t)
		o := fx.order(id, rail)
		fx.pay(fx.start(id, o), o.OutTradeNo)
		closer, ok := fx.providers[id].(provider.Closer)
		if !ok {
			return
		}
		ev, err := closer.Close(t.Context(), toClose(o))
		if !errors.Is(err, provider.ErrPaid) && (err != nil || ev.Outcome != pay.OutcomePaid) {
			t.Errorf("got %+v, %v", ev, err)
		}
	})
}

func TestCloseUnknown(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	ev, err := fx.providers[wechatpay.ID].(provider.Closer).Close(t.Context(), provider.CloseOrder{OutTradeNo: "MP000000000000000000000000000404", Rail: pay.RailQR})
	if err != nil || ev.Outcome != pay.OutcomeAbsent {
		t.Errorf("got %+v, %v", ev, err)
	}
}

func TestWeChatBill(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	biller := fx.providers[wechatpay.ID].(provider.Biller)
	o := fx.order(wechatpay.ID, pay.RailQR)
	fx.pay(fx.start(wechatpay.ID, o), o.OutTradeNo)
	fx.next(wechatpay.ID)
	today := fx.sim.Now()
	if _, err := biller.Bill(t.Context(), today); !errors.Is(err, provider.ErrNotReady) {
		t.Errorf("today's: %v", err)
	}
	fx.sim.Advance(48 * time.Hour)
	bill, err := biller.Bill(t.Context(), today)
	if err != nil {
		t.Fatal(err)
	}
	lines := bill.Lines
	asked := fx.query(wechatpay.ID, o.OutTradeNo)
	if len(lines) != 1 || lines[0].OutTradeNo != o.OutTradeNo || lines[0].Amount != o.Amount || lines[0].Reference != asked.Reference ||
		!lines[0].At.Equal(asked.PaidAt.Truncate(time.Second)) {
		t.Errorf("got %+v, want %+v", lines, asked)
	}
}

// Under every fault in the simulator's table, an adapter never says what isn't
// so: a refusal only where nothing was taken, "unknown" otherwise; and when the
// fault is over the same calls tell the truth.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, fault := range providersim.Faults() {
		for id := range rails {
			if !fault.Concerns(wallets[id]) {
				continue
			}
			t.Run(id+"-"+fault.Name, func(t *testing.T) {
				fx := newFixture(t)
				fx.survive(id, fault)
			})
		}
	}
}

func (fx *fixture) survive(id string, fault providersim.Fault) {
	p := fx.providers[id]
	o := fx.order(id, rails[id][0])
	request, err := p.Request(o)
	if err != nil {
		fx.t.Fatal(err)
	}
	var action pay.Action
	fx.insist(fault, "start", func() (err error) {
		action, err = p.Start(fx.t.Context(), o.Rail, request)
		if errors.Is(err, provider.ErrPaid) {
			err = nil // the payer was faster than the reply
		}
		return err
	})
	fx.inject(fault)
	if fault.Name == "declined" {
		if _, err := fx.sim.Approve(providersim.Ming, o.OutTradeNo); err == nil {
			fx.t.Error("the wallet did not decline")
		}
	}
	if fault.Name != "notify-before-reply" {
		fx.pay(action, o.OutTradeNo)
	}
	if fault.Ends != providersim.EndsReturned { // those are news of a refund
		fx.hear(id, fault, o)
	}
	var ev pay.Evidence
	fx.insist(fault, "query", func() (err error) {
		ev, err = p.Query(fx.t.Context(), o.OutTradeNo)
		return err
	})
	if ev.Outcome != pay.OutcomePaid || ev.Amount != o.Amount {
		fx.t.Errorf("in the end: %+v", ev)
	}
	if fault.Ends != providersim.EndsReturned { // there, nothing is left to give back
		fx.survivesRefund(id, fault, o)
	}
}

// inject lets a fault strike the next opportunity.
func (fx *fixture) inject(fault providersim.Fault) {
	fx.t.Helper()
	if err := fx.sim.Inject(providersim.Rule{Fault: fault.Name, Next: 1}); err != nil {
		fx.t.Fatal(err)
	}
}

// insist makes a call under a fault and again without.
func (fx *fixture) insist(fault providersim.Fault, what string, call func() error) {
	fx.t.Helper()
	fx.inject(fault)
	err := call()
	fx.sim.Calm()
	if err == nil {
		return
	}
	if refused := errors.Is(err, provider.ErrRefused); refused != (fault.Ends == providersim.EndsRefused) {
		fx.t.Errorf("%s: %v", what, err)
	}
	if err := call(); err != nil {
		fx.t.Errorf("%s, once more: %v", what, err)
	}
}

// hear waits for the payment's notification and expects bad ones to be seen.
func (fx *fixture) hear(id string, fault providersim.Fault, o provider.Order) {
	fx.t.Helper()
	if fault.Name == "notify-never" || fault.Name == "notify-reordered" {
		return
	}
	told := fx.next(id)
	if bad := fault.Name == "notify-forged" || fault.Name == "xml-notice" || fault.Name == "notify-probe" || fault.Name == "notify-stale" && id != alipay.ID; bad {
		if !errors.Is(told.err, provider.ErrForged) {
			fx.t.Errorf("first: %+v, want forged", told)
		}
		told = fx.next(id)
	}
	if told.err != nil {
		fx.t.Fatal(told.err)
	}
	ev := told.statement
	same := ev.Amount == o.Amount && ev.Account == fx.providers[id].Account() && (ev.App == "" || ev.App == fx.providers[id].App(o.Rail))
	// A cashier names no account: it is known by its secret.
	if lie := fault.Name == "notify-wrong-amount" || fault.Name == "notify-wrong-account" && id != merchantlink.ID; same == lie {
		fx.t.Errorf("told %+v", ev)
	}
}

// stuckRefund gives each provider's statement about a refund that the payer's
// account can't take.
var stuckRefund = map[string]pay.Returned{
	wechatpay.ID: {Status: pay.RefundPending, Failure: pay.FailurePayerAccount},
	alipay.ID:    {Status: pay.RefundFailed, Failure: pay.FailureClosed},

	merchantlink.ID: {Status: pay.RefundPending, Failure: pay.FailurePayerAccount},
}

func (fx *fixture) survivesRefund(id string, fault providersim.Fault, o provider.Order) {
	fx.t.Helper()
	refunder, ok := fx.providers[id].(provider.Refunder)
	if !ok {
		return
	}
	r := provider.RefundOrder{OutTradeNo: o.OutTradeNo, Number: o.OutTradeNo + "S", Amount: o.Amount, Total: o.Amount}
	fx.insist(fault, "refund", func() error {
		_, err := refunder.Refund(fx.t.Context(), r)
		return err
	})
	fx.sim.Advance(time.Minute) // refunds settle
	var ev pay.Evidence
	fx.insist(fault, "query-refund", func() (err error) {
		ev, err = refunder.QueryRefund(fx.t.Context(), r)
		return err
	})
	want := pay.Returned{Status: pay.RefundSucceeded}
	if fault.Ends == providersim.EndsPerson {
		want = stuckRefund[id]
	}
	if got := ev.Returned; got.Status != want.Status || got.Failure != want.Failure || got.Number != r.Number || got.Amount != r.Amount {
		fx.t.Errorf("refund is %+v, want %+v", got, want)
	}
}
