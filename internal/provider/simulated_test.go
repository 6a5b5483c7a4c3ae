package provider_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/merchantlink"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/unionpay"
	"morepay/internal/provider/wechatpay"
	"morepay/internal/providersim"
)

// The adapters against the simulated providers, over real sockets.

const (
	wechatAccount = "1900000001"
	wechatApp     = "wx0000000000000001"
	miniProgram   = "wx0000000000000004"
	alipayAccount = "2088000000000001"
	alipayApp     = "2021000000000001"

	unionPayAccount = "777290000000001"

	shop = "https://pay.example/pay/1" // the page that sends the payer on
)

// Accounts of one adapter in another mode: its id, a plus and the mode. The first two are
// merchants under one service provider, with an app of their own and without.
const (
	wechatSub    = wechatpay.ID + "+partner"
	wechatSubApp = wechatpay.ID + "+partner-app"

	wechatCertified = wechatpay.ID + "+certificates" // verified by platform certificates
	wechatBoth      = wechatpay.ID + "+both-keys"    // on its way from those to the public key
)

// adapter returns the adapter of an account.
func adapter(account string) string {
	id, _, _ := strings.Cut(account, "+")
	return id
}

// rails lists the rails that each adapter is tested on.
var rails = map[string][]pay.Rail{
	wechatpay.ID: {pay.RailQR, pay.RailDeepLink, pay.RailJSAPI, pay.RailApp, pay.RailMiniProgram},
	wechatSub:    {pay.RailQR, pay.RailDeepLink, pay.RailJSAPI, pay.RailApp, pay.RailMiniProgram},
	wechatSubApp: {pay.RailQR, pay.RailDeepLink, pay.RailJSAPI},

	wechatCertified: {pay.RailQR},
	wechatBoth:      {pay.RailQR},

	alipay.ID: {pay.RailQR, pay.RailDeepLink, pay.RailRedirect, pay.RailJSAPI, pay.RailApp},

	alipayCertified: {pay.RailQR, pay.RailDeepLink, pay.RailRedirect, pay.RailJSAPI, pay.RailApp},

	alipayAgency:          {pay.RailQR, pay.RailDeepLink, pay.RailRedirect, pay.RailJSAPI, pay.RailApp},
	alipayAgencyCertified: {pay.RailQR, pay.RailDeepLink, pay.RailRedirect, pay.RailJSAPI, pay.RailApp},

	merchantlink.ID: {pay.RailRedirect, pay.RailQR, pay.RailDeepLink, pay.RailJSAPI},
	unionpay.ID:     {pay.RailQR, pay.RailRedirect},
}

// wallets maps each adapter to the wallet that pays at its company.
var wallets = map[string]providersim.Wallet{
	wechatpay.ID: providersim.WeChat, wechatSub: providersim.WeChat, wechatSubApp: providersim.WeChat, wechatCertified: providersim.WeChat, wechatBoth: providersim.WeChat, alipay.ID: providersim.Alipay, merchantlink.ID: providersim.MerchantLink,
	unionpay.ID: providersim.UnionPay, alipayCertified: providersim.Alipay, alipayAgency: providersim.Alipay, alipayAgencyCertified: providersim.Alipay,
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
	requests  map[string][]byte // by out_trade_no

	mu    sync.Mutex
	calls map[string]int // of the simulator, by path and by host
}

// asked returns how often a path or host of the simulator was asked.
func (fx *fixture) asked(path string) int {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	return fx.calls[path]
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	fx := &fixture{t: t, providers: map[string]provider.Provider{}, heard: map[string]chan heard{}, requests: map[string][]byte{}, calls: map[string]int{}}
	var sim *providersim.Sim
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		fx.mu.Lock()
		fx.calls[r.URL.Path]++
		fx.calls[r.Host]++
		fx.mu.Unlock()
		sim.Handler().ServeHTTP(rw, r)
	}))
	t.Cleanup(server.Close)
	sim = providersim.New(providersim.Options{Origin: server.URL, Seed: 1, RetryScale: 0.001, ReplyScale: 0.001, RefundAfter: time.Millisecond})
	t.Cleanup(sim.Close)
	fx.sim, fx.url = sim, server.URL
	fx.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	fx.addAccounts()
	fx.open(wechatpay.ID, map[string]any{
		"mchid": wechatAccount, "appid": wechatApp, "appids": map[string]string{"deep_link": "wx0000000000000002", "app": "wx0000000000000003", "mini_program": miniProgram},
		"app_secret": "secret", "mini_program_secret": "secret", "certificate_serial": "5157F09EFDC096DE",
		"private_key": "own", "api_v3_key": "v3", "public_key_id": "PUB_KEY_ID_0119", "public_key": "platform", "h5_domain": "pay.example",
	})
	for id, merchant := range map[string]map[string]any{
		wechatSub: {
			"sub_mchid": "1900000077", "sub_appid": "wx0000000000000077", "app_secret": "secret", "mini_program_secret": "secret",
			"appids":  map[string]string{"app": "wx0000000000000078", "mini_program": miniProgram + "7"},
			"options": map[string]any{"goods_tag": "WXG", "limit_pay": []string{"no_credit"}, "support_fapiao": true, "profit_sharing": true, "device_id": "till-1", "store": map[string]any{"id": "0001", "name": "茶"}},
		},
		wechatSubApp: {"sub_mchid": "1900000078", "app_secret": "provider-secret"},
	} {
		maps.Copy(merchant, map[string]any{
			"sp_mchid": "1900000002", "sp_appid": "wx0000000000000092", "certificate_serial": "5157F09EFDC096DF",
			"private_key": "own", "api_v3_key": "v3", "public_key_id": "PUB_KEY_ID_0120", "public_key": "platform", "h5_domain": "pay.example",
		})
		fx.open(id, merchant)
	}
	for id, merchant := range map[string]map[string]any{
		wechatCertified: {"mchid": "1900000004"},
		wechatBoth:      {"mchid": "1900000005", "public_key_id": "PUB_KEY_ID_0121", "public_key": "platform"},
	} {
		maps.Copy(merchant, map[string]any{
			"appid": "wx0000000000000004", "certificate_serial": "5157F09EFDC096DE", "private_key": "own", "api_v3_key": "v3",
			"platform_certificates": []string{},
		})
		fx.open(id, merchant)
	}
	fx.open(alipay.ID, map[string]any{"app_id": alipayApp, "seller_id": alipayAccount, "private_key": "own", "public_key": "platform", "qr_product": "QR_CODE_OFFLINE", "jsapi_product": "JSAPI_PAY"})
	fx.open(alipayCertified, alipayCertifiedSettings())
	fx.open(alipayAgency, alipayAgencySettings("101", "token-101"))
	fx.open(alipayAgencyCertified, alipayAgencyCertifiedSettings())
	fx.open(merchantlink.ID, map[string]any{
		"account": "teashop", "version": 2, "url": "https://cashier.tea.example/merchantlink/teashop", "secret": "webhook",
		"hosts": []string{"cashier.tea.example"}, "authorize": "https://cashier.tea.example/merchantlink/teashop/payer",
	})
	fx.open(unionpay.ID, map[string]any{
		"mer_id": unionPayAccount, "private_key": "own", "certificate": "certificate", "root_certificate": "root", "middle_certificate": "middle",
		"methods": []string{"unionpay"},
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
			MchID: wechatAccount, AppID: wechatApp, OtherAppIDs: []string{"wx0000000000000002"}, AppSecret: "secret",
			MobileAppID: "wx0000000000000003", MiniProgramID: miniProgram, MiniProgramSecret: "secret", MerchantSerial: "5157F09EFDC096DE",
			MerchantPublicKey: &providertest.MerchantKey().PublicKey, APIv3Key: []byte(apiV3Key), PlatformKey: providertest.ProviderKey(), PublicKeyID: "PUB_KEY_ID_0119",
			H5Domains: []string{"pay.example"}, OAuthDomains: []string{"pay.example"},
		}),
		fx.sim.AddWeChatAccount(underProvider(providersim.WeChatAccount{
			MchID: "1900000077", AppID: "wx0000000000000077", AppSecret: "secret", MobileAppID: "wx0000000000000078",
			MiniProgramID: miniProgram + "7", MiniProgramSecret: "secret",
		})),
		fx.sim.AddWeChatAccount(certified(fx.t, providersim.WeChatAccount{MchID: "1900000004"})),
		fx.sim.AddWeChatAccount(certified(fx.t, providersim.WeChatAccount{MchID: "1900000005", PublicKeyID: "PUB_KEY_ID_0121", CertificateCallbacks: true})),
		fx.sim.AddWeChatAccount(underProvider(providersim.WeChatAccount{MchID: "1900000078", AppID: "wx0000000000000079"})),
		fx.sim.AddAlipayAccount(providersim.AlipayAccount{
			AppID: alipayApp, SellerID: alipayAccount, MerchantPublicKey: &providertest.MerchantKey().PublicKey, PlatformKey: providertest.ProviderKey(),
			OAuthDomains: []string{"pay.example"},
		}),
		fx.sim.AddAlipayAccount(alipayCertifiedAccount()),
		fx.sim.AddAlipayAccount(underAlipayProvider("101", alipayProvider)),
		fx.sim.AddAlipayAccount(underAlipayProvider("102", alipayProvider)),
		fx.sim.AddAlipayAccount(underAlipayProvider("103", alipayCertifiedProvider)),
		fx.sim.AddUnionPayAccount(providersim.UnionPayAccount{MerID: unionPayAccount, Certificate: unionPayCertificate(), SignerKey: providertest.ProviderKey()}),
		fx.sim.AddMerchantLinkAccount(providersim.MerchantLinkAccount{ID: "teashop", Secret: []byte(webhookSecret)}),
	)
	if err != nil {
		fx.t.Fatal(err)
	}
}

// underProvider puts an account under the service provider, whose keys are used.
func underProvider(a providersim.WeChatAccount) providersim.WeChatAccount {
	a.Under = &providersim.WeChatServiceProvider{MchID: "1900000002", AppID: "wx0000000000000092", AppSecret: "provider-secret"}
	a.MerchantSerial, a.MerchantPublicKey, a.APIv3Key = "5157F09EFDC096DF", &providertest.MerchantKey().PublicKey, []byte(apiV3Key)
	a.PlatformKey, a.PublicKeyID = providertest.ProviderKey(), "PUB_KEY_ID_0120"
	a.H5Domains, a.OAuthDomains = []string{"pay.example"}, []string{"pay.example"}
	return a
}

func (fx *fixture) open(id string, settings map[string]any) {
	fx.t.Helper()
	files := map[string][]byte{
		"own":      providertest.PrivatePEM(providertest.MerchantKey()),
		"platform": providertest.PublicPEM(providertest.ProviderKey()),
		"v3":       []byte(apiV3Key), "secret": []byte("secret"), "provider-secret": []byte("provider-secret"),
		"webhook": []byte("whsec_" + base64.StdEncoding.EncodeToString([]byte(webhookSecret))),
	}
	maps.Copy(files, unionPayFiles())
	maps.Copy(files, alipayFiles())
	maps.Copy(files, alipayTokens())
	open := func(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
		return provider.New(adapter(id), raw, env)
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
		OutTradeNo: fmt.Sprintf("MP%030d", fx.numbers), AttemptID: "at_1", Method: methodOf(id), Rail: rail, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Description: "龙井茶 & cup", ExpiresAt: time.Now().Add(30 * time.Minute),
		NotifyURL: fx.notifyURL + id, ReturnURL: "https://pay.example/return/at_1?a=b&c=d", PayerIP: "203.0.113.9", OS: "android",
	}
	if rail == pay.RailRedirect {
		o.FormPage = "https://pay.example/form/at_1"
	}
	if rail.ForOnePayer() {
		o.WalletPayerID = fx.identify(id, rail, codes[rail](fx, id))
	}
	return o
}

// codes get a code by which a payer is identified, by rail.
var codes = map[pay.Rail]func(fx *fixture, id string) string{
	pay.RailJSAPI:       (*fixture).authorize,
	pay.RailMiniProgram: func(fx *fixture, id string) string { return fx.login(fx.providers[id].App(pay.RailMiniProgram)) },
}

// login does what the mini program does: wx.login.
func (fx *fixture) login(app string) string {
	fx.t.Helper()
	res, err := fx.http.Post(fx.url+"/phone/login", "application/json", strings.NewReader(`{"appid": "`+app+`"}`))
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	var said struct{ Code string }
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil || said.Code == "" {
		fx.t.Fatalf("no code: %v", err)
	}
	return said.Code
}

// authorize does what the payer's browser does to tell us who they are.
func (fx *fixture) authorize(id string) string {
	fx.t.Helper()
	identifier := fx.providers[id].(provider.PayerIdentifier)
	res := fx.get(identifier.AuthorizeURL("https://pay.example/openid?x=1", "state1"), "")
	back, err := res.Location()
	if err != nil || back.Query().Get("state") != "state1" || back.Query().Get("x") != "1" {
		fx.t.Fatalf("came back to %v, %v", back, err)
	}
	return back.Query().Get(identifier.CodeName())
}

// identify trades a code, which works once, for the payer.
func (fx *fixture) identify(id string, rail pay.Rail, code string) string {
	fx.t.Helper()
	identifier := fx.providers[id].(provider.PayerIdentifier)
	payer, err := identifier.WalletPayerID(fx.t.Context(), rail, code)
	if err != nil {
		fx.t.Fatal(err)
	}
	if _, err := identifier.WalletPayerID(fx.t.Context(), rail, code); pay.CodeOf(err) != pay.CodeInvalid {
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
	action, err := fx.providers[id].Start(fx.t.Context(), o.Rail, fx.request(id, o))
	if err != nil {
		fx.t.Fatal(err)
	}
	return action
}

// bridges maps each wallet's bridge to where the simulator plays it, and what it
// answers once it is paid.
var bridges = map[string]struct{ path, paid string }{
	"weixin": {"/phone/bridge", "get_brand_wcpay_request:ok"}, "alipay": {"/phone/tradepay", `"9000"`},

	"alipay-sdk": {"/phone/alipaysdk", `"9000"`},

	"host": {"/phone/sdk", `"errCode":0`}, "mini_program": {"/phone/requestpayment", "requestPayment:ok"},
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
		if request, posts := fx.requests[number], strings.HasPrefix(action.URL, "https://pay.example/form/"); posts {
			fx.post(request)
		} else {
			fx.get(action.URL, shop)
		}
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
		if action.Params["orderStr"] != "" {
			bridge = bridges["alipay-sdk"]
		}
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
	ev, err := fx.providers[id].Query(fx.t.Context(), provider.QueryOrder{OutTradeNo: number, Request: fx.requests[number]})
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
		OutTradeNo: o.OutTradeNo, Reference: fx.query(id, o.OutTradeNo).Reference, MadeAt: time.Now(), Number: o.OutTradeNo[2:] + "R", Amount: pay.Money{Currency: "CNY", Value: 1005}, Total: o.Amount,
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
	card := &provider.BankCard{Bank: "ICBC_DEBIT", Number: "6222000000000001234", Holder: "小明"}
	for name, c := range map[string]struct {
		id   string
		card *provider.BankCard
	}{
		"card": {wechatpay.ID, card}, "merchant": {wechatpay.ID, nil}, "card-under-a-provider": {wechatSub, card},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			o := fx.order(c.id, pay.RailQR)
			fx.pay(fx.start(c.id, o), o.OutTradeNo)
			p := fx.providers[c.id].(interface {
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
			ev, err := p.RedirectRefund(t.Context(), r, c.card)
			if err != nil || ev.Returned.Status != pay.RefundPending || ev.Returned.Failure != "" {
				t.Fatalf("redirected: %+v, %v", ev, err)
			}
			fx.sim.Advance(time.Minute)
			for range 2 { // the second time, nothing is left to do
				ev, err = p.RedirectRefund(t.Context(), r, c.card)
				if err != nil || ev.Returned.Status != pay.RefundSucceeded || ev.Returned.Amount != o.Amount {
					t.Errorf("in the end: %+v, %v", ev, err)
				}
			}
			r.Number += "2"
			if _, err := p.RedirectRefund(t.Context(), r, c.card); !errors.Is(err, provider.ErrAbsent) {
				t.Errorf("of a refund that was never made: %v", err)
			}
		})
	}
}

// renewable are the rails by which a request that is sent again renews the action of the
// same order. To UnionPay it is a duplicate, and its web page is no call of ours.
var renewable = without(rails, unionpay.ID)

func without(rails map[string][]pay.Rail, id string) map[string][]pay.Rail {
	rest := maps.Clone(rails)
	delete(rest, id)
	return rest
}

func TestStartAgain(t *testing.T) {
	t.Parallel()
	each(t, renewable, func(t *testing.T, id string, rail pay.Rail) {
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
	wechatpay.ID: {pay.RailQR, pay.RailDeepLink, pay.RailJSAPI, pay.RailApp, pay.RailMiniProgram},
	alipay.ID:    {pay.RailQR, pay.RailJSAPI},

	alipayCertified: {pay.RailQR, pay.RailJSAPI},
	alipayAgency:    {pay.RailQR, pay.RailJSAPI},
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
	for _, id := range []string{wechatpay.ID, wechatSub} {
		t.Run(id, func(t *testing.T) { newFixture(t).bills(id) })
	}
}

// bills reads the bill of one payment; another merchant of the same service provider is
// paid on that day too.
func (fx *fixture) bills(id string) {
	t := fx.t
	biller := fx.providers[id].(provider.Biller)
	other := fx.order(wechatSubApp, pay.RailQR)
	fx.pay(fx.start(wechatSubApp, other), other.OutTradeNo)
	o := fx.order(id, pay.RailQR)
	fx.pay(fx.start(id, o), o.OutTradeNo)
	fx.next(id)
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
	asked := fx.query(id, o.OutTradeNo)
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
	request := fx.request(id, o)
	var action pay.Action
	fx.insist(fault, "start", func() (err error) {
		action, err = p.Start(fx.t.Context(), o.Rail, request)
		if errors.Is(err, provider.ErrSpent) {
			// The code was lost with the reply: the payer gets another order.
			o = fx.order(id, o.Rail)
			action = fx.start(id, o)
			return nil
		}
		if errors.Is(err, provider.ErrPaid) {
			err = nil // the payer was faster than the reply
		}
		return err
	})
	fx.forget()
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
		ev, err = p.Query(fx.t.Context(), provider.QueryOrder{OutTradeNo: o.OutTradeNo, Request: fx.requests[o.OutTradeNo]})
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

// forget has the adapters ask for keys whenever they need some.
func (fx *fixture) forget() {
	for _, p := range fx.providers {
		if adapter, ok := p.(provider.Forgetter); ok {
			adapter.Forget()
		}
	}
}

// insist makes a call under a fault and again without.
func (fx *fixture) insist(fault providersim.Fault, what string, call func() error) {
	fx.t.Helper()
	fx.forget()
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

// certifiedAccounts are those that verify by certificates.
var certifiedAccounts = []string{wechatCertified, wechatBoth, alipayCertified, alipayAgencyCertified, unionpay.ID}

// disbelieved says of faults to which accounts the first notification proves nothing.
var disbelieved = map[string]func(account string) bool{
	"notify-forged": everyAccount, "xml-notice": everyAccount, "notify-probe": everyAccount, "certificate-forged": everyAccount,
	"notify-stale":        func(id string) bool { return !slices.Contains(timeless, adapter(id)) },
	"certificate-expired": func(id string) bool { return slices.Contains(certifiedAccounts, id) },
	"callbacks-moved":     func(id string) bool { return id != wechatBoth },
}

func everyAccount(string) bool { return true }

// timeless are the providers that sign no time in their notifications.
var timeless = []string{alipay.ID, unionpay.ID}

// hear waits for the payment's notification and expects bad ones to be seen.
func (fx *fixture) hear(id string, fault providersim.Fault, o provider.Order) {
	fx.t.Helper()
	if fault.Name == "notify-never" || fault.Name == "notify-reordered" {
		return
	}
	told := fx.next(id)
	if bad := disbelieved[fault.Name]; bad != nil && bad(id) {
		if !errors.Is(told.err, provider.ErrForged) {
			fx.t.Errorf("first: %+v, want forged", told)
		}
		if told = fx.next(id); fault.Name == "callbacks-moved" { // and so are all tries
			return
		}
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
	unionpay.ID:     {Status: pay.RefundFailed, Failure: pay.FailurePayerAccount},
}

func (fx *fixture) survivesRefund(id string, fault providersim.Fault, o provider.Order) {
	fx.t.Helper()
	refunder, ok := fx.providers[id].(provider.Refunder)
	if !ok {
		return
	}
	r := provider.RefundOrder{
		OutTradeNo: o.OutTradeNo, Reference: fx.query(id, o.OutTradeNo).Reference, MadeAt: time.Now(), Number: o.OutTradeNo + "S",
		Amount: o.Amount, Total: o.Amount, NotifyURL: o.NotifyURL,
	}
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
		want = stuckRefund[adapter(id)]
	}
	if got := ev.Returned; got.Status != want.Status || got.Failure != want.Failure || got.Number != r.Number || got.Amount != r.Amount {
		fx.t.Errorf("refund is %+v, want %+v", got, want)
	}
}
