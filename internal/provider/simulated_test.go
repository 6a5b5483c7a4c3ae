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

// rails are what each adapter is tested on.
var rails = map[string][]pay.Rail{
	wechatpay.ID: {pay.RailQR, pay.RailDeepLink, pay.RailJSAPI},
	alipay.ID:    {pay.RailQR, pay.RailDeepLink, pay.RailRedirect},

	merchantlink.ID: {pay.RailRedirect},
}

// wallets are what pays at each adapter's company.
var wallets = map[string]providersim.Wallet{
	wechatpay.ID: providersim.WeChat, alipay.ID: providersim.Alipay, merchantlink.ID: providersim.MerchantLink,
}

// heard is what an adapter made of one delivery of a notification.
type heard struct {
	statement provider.Statement
	err       error
}

// world is a simulator, the adapters that talk to it, and a server for its
// notifications.
type world struct {
	t         *testing.T
	sim       *providersim.Sim
	url       string
	http      *http.Client // a browser that follows no redirects
	providers map[string]provider.Provider
	notifyURL string
	heard     map[string]chan heard // by adapter
	numbers   int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, providers: map[string]provider.Provider{}, heard: map[string]chan heard{}}
	var sim *providersim.Sim
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { sim.Handler().ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	sim = providersim.New(providersim.Options{Origin: server.URL, Seed: 1, RetryScale: 0.001, ReplyScale: 0.001, RefundAfter: time.Millisecond})
	t.Cleanup(sim.Close)
	w.sim, w.url = sim, server.URL
	w.http = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	w.addAccounts()
	w.open(wechatpay.ID, map[string]any{
		"mchid": wechatAccount, "appid": wechatApp, "app_secret": "secret", "certificate_serial": "5157F09EFDC096DE",
		"private_key": "own", "api_v3_key": "v3", "public_key_id": "PUB_KEY_ID_0119", "public_key": "platform", "h5_domain": "pay.example",
	})
	w.open(alipay.ID, map[string]any{"app_id": alipayApp, "seller_id": alipayAccount, "private_key": "own", "public_key": "platform"})
	w.open(merchantlink.ID, map[string]any{
		"account": "teashop", "url": "https://cashier.tea.example/merchantlink/teashop", "secret": "webhook", "hosts": []string{"cashier.tea.example"},
	})
	w.listen()
	go sim.Run(t.Context())
	return w
}

const (
	apiV3Key      = "0123456789abcdef0123456789abcdef"
	webhookSecret = "0123456789abcdef01234567"
)

func (w *world) addAccounts() {
	err := errors.Join(
		w.sim.AddWeChatAccount(providersim.WeChatAccount{
			MchID: wechatAccount, AppID: wechatApp, AppSecret: "secret", MerchantSerial: "5157F09EFDC096DE",
			MerchantPublicKey: &providertest.MerchantKey().PublicKey, APIv3Key: []byte(apiV3Key), PlatformKey: providertest.ProviderKey(), PublicKeyID: "PUB_KEY_ID_0119",
			H5Domains: []string{"pay.example"}, OAuthDomains: []string{"pay.example"},
		}),
		w.sim.AddAlipayAccount(providersim.AlipayAccount{
			AppID: alipayApp, SellerID: alipayAccount, MerchantPublicKey: &providertest.MerchantKey().PublicKey, PlatformKey: providertest.ProviderKey(),
		}),
		w.sim.AddMerchantLinkAccount(providersim.MerchantLinkAccount{ID: "teashop", Secret: []byte(webhookSecret)}),
	)
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) open(id string, settings map[string]any) {
	w.t.Helper()
	files := map[string][]byte{
		"own":      providertest.PrivatePEM(providertest.MerchantKey()),
		"platform": providertest.PublicPEM(providertest.ProviderKey()),
		"v3":       []byte(apiV3Key), "secret": []byte("secret"),
		"webhook": []byte("whsec_" + base64.StdEncoding.EncodeToString([]byte(webhookSecret))),
	}
	open := func(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
		return provider.New(id, raw, env)
	}
	env := providertest.Env(w.url, files)
	env.TestURL, env.Now = w.url, time.Now
	w.providers[id] = providertest.Open(w.t, open, settings, env)
	w.heard[id] = make(chan heard, 100)
}

// listen takes notifications in the way of the server: verify, then answer in
// the provider's dialect.
func (w *world) listen() {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /notify/{provider}", func(rw http.ResponseWriter, r *http.Request) {
		id := r.PathValue("provider")
		body, _ := io.ReadAll(r.Body)
		st, err := w.providers[id].Notification(r.Header, body)
		w.heard[id] <- heard{st, err}
		status, contentType, answer := w.providers[id].Acknowledge(err == nil)
		rw.Header().Set("Content-Type", contentType)
		rw.WriteHeader(status)
		rw.Write(answer)
	})
	server := httptest.NewServer(mux)
	w.t.Cleanup(server.Close)
	w.notifyURL = server.URL + "/notify/"
}

// next waits for what the adapter makes of the next delivery.
func (w *world) next(id string) heard {
	w.t.Helper()
	select {
	case h := <-w.heard[id]:
		return h
	case <-time.After(10 * time.Second):
		w.t.Fatal("no notification in ten seconds")
		return heard{}
	}
}

func (w *world) order(id string, rail pay.Rail) provider.Order {
	w.t.Helper()
	w.numbers++
	o := provider.Order{
		OutTradeNo: fmt.Sprintf("MP%030d", w.numbers), AttemptID: "at_1", Rail: rail, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Description: "龙井茶 & cup", ExpiresAt: time.Now().Add(30 * time.Minute),
		NotifyURL: w.notifyURL + id, ReturnURL: "https://pay.example/return/at_1?a=b&c=d", PayerIP: "203.0.113.9", OS: "android",
	}
	if rail == pay.RailJSAPI {
		o.WalletPayerID = w.identify(id)
	}
	return o
}

// identify does what the payer's browser does to tell us who they are.
func (w *world) identify(id string) string {
	w.t.Helper()
	identifier := w.providers[id].(provider.PayerIdentifier)
	res := w.get(identifier.AuthorizeURL("https://pay.example/openid?x=1", "state1"), "")
	back, err := res.Location()
	if err != nil || back.Query().Get("state") != "state1" || back.Query().Get("x") != "1" {
		w.t.Fatalf("came back to %v, %v", back, err)
	}
	payer, err := identifier.PayerID(w.t.Context(), back.Query().Get("code"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := identifier.PayerID(w.t.Context(), back.Query().Get("code")); pay.CodeOf(err) != pay.CodeInvalid {
		w.t.Errorf("a used code: %v", err)
	}
	return payer
}

func (w *world) get(link, referer string) *http.Response {
	w.t.Helper()
	request, err := http.NewRequest(http.MethodGet, link, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Referer", referer)
	res, err := w.http.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	io.Copy(io.Discard, res.Body)
	res.Body.Close()
	return res
}

func (w *world) start(id string, o provider.Order) pay.Action {
	w.t.Helper()
	request, err := w.providers[id].Request(o)
	if err != nil {
		w.t.Fatal(err)
	}
	action, err := w.providers[id].Start(w.t.Context(), o.Rail, request)
	if err != nil {
		w.t.Fatal(err)
	}
	return action
}

// payers do what a payer does with each kind of action.
var payers = map[pay.ActionKind]func(w *world, action pay.Action, number string) error{
	pay.ActionQRCode: func(w *world, action pay.Action, _ string) error {
		if _, err := w.sim.Scan(providersim.Ming, action.Payload, providersim.ByCamera); err != nil {
			return err
		}
		_, err := w.sim.Approve(providersim.Ming, action.Payload)
		return err
	},
	pay.ActionRedirect: func(w *world, action pay.Action, number string) error {
		w.get(action.URL, shop)
		_, err := w.sim.Approve(providersim.Ming, number)
		return err
	},
	pay.ActionBridge: func(w *world, action pay.Action, _ string) error {
		call := map[string]string{"user": string(providersim.Ming), "do": "approve"}
		for k, v := range action.Params {
			call[k] = v
		}
		body, err := json.Marshal(call)
		if err != nil {
			return err
		}
		res, err := w.http.Post(w.url+"/phone/bridge", "application/json", bytes.NewReader(body))
		if err != nil {
			return err
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if !strings.Contains(string(answer), "get_brand_wcpay_request:ok") {
			return fmt.Errorf("the bridge says %s, %v", answer, err)
		}
		return nil
	},
}

func (w *world) pay(action pay.Action, number string) {
	w.t.Helper()
	if err := payers[action.Kind](w, action, number); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) query(id, number string) pay.Evidence {
	w.t.Helper()
	ev, err := w.providers[id].Query(w.t.Context(), number)
	if err != nil {
		w.t.Fatal(err)
	}
	return ev
}

func eachRail(t *testing.T, test func(t *testing.T, id string, rail pay.Rail)) {
	for id, list := range rails {
		for _, rail := range list {
			t.Run(id+"-"+string(rail), func(t *testing.T) { test(t, id, rail) })
		}
	}
}

func TestPayAndRefund(t *testing.T) {
	t.Parallel()
	eachRail(t, func(t *testing.T, id string, rail pay.Rail) {
		w := newWorld(t)
		o := w.order(id, rail)
		action := w.start(id, o)
		if left := time.Until(action.ExpiresAt); left <= 0 || action.ExpiresAt.After(o.ExpiresAt) {
			t.Errorf("the action lives %v", left)
		}
		if before := w.query(id, o.OutTradeNo).Outcome; before != pay.OutcomePending && before != pay.OutcomeAbsent {
			t.Errorf("before the payment: %s", before)
		}
		w.pay(action, o.OutTradeNo)

		told := w.next(id)
		if told.err != nil {
			t.Fatal(told.err)
		}
		asked := w.query(id, o.OutTradeNo)
		for _, ev := range []pay.Evidence{*told.statement.Payment, asked} {
			if ev.Outcome != pay.OutcomePaid || ev.Amount != o.Amount || ev.OutTradeNo != o.OutTradeNo || ev.Account != w.providers[id].Account() ||
				ev.Reference == "" || ev.Reference != asked.Reference || !ev.PaidAt.Equal(asked.PaidAt) || time.Since(ev.PaidAt).Abs() > time.Minute {
				t.Errorf("%s says %+v", ev.Source, ev)
			}
			if ev.App != "" && ev.App != w.providers[id].App() {
				t.Errorf("%s names the app %s", ev.Source, ev.App)
			}
		}
		w.refund(id, o)
	})
}

func (w *world) refund(id string, o provider.Order) {
	w.t.Helper()
	refunder, ok := w.providers[id].(provider.Refunder)
	if !ok {
		return
	}
	r := provider.RefundOrder{
		OutTradeNo: o.OutTradeNo, Number: o.OutTradeNo[2:] + "R", Amount: pay.Money{Currency: "CNY", Value: 1005}, Total: o.Amount,
		Note: "late", NotifyURL: o.NotifyURL,
	}
	if _, err := refunder.QueryRefund(w.t.Context(), r); !errors.Is(err, provider.ErrAbsent) {
		w.t.Errorf("before the refund: %v", err)
	}
	if _, err := refunder.Refund(w.t.Context(), r); err != nil {
		w.t.Fatal(err)
	}
	if told := w.next(id); told.err != nil {
		w.t.Errorf("told: %v", told.err)
	}
	again, err := refunder.Refund(w.t.Context(), r)
	if err != nil || again.Status != pay.RefundSucceeded {
		w.t.Errorf("again: %+v, %v", again, err)
	}
	if state, err := refunder.QueryRefund(w.t.Context(), r); err != nil || state != again {
		w.t.Errorf("asked: %+v, %v, want %+v", state, err, again)
	}
	r.Number, r.Amount.Value = r.Number+"2", 5980
	if _, err := refunder.Refund(w.t.Context(), r); !errors.Is(err, provider.ErrRefused) {
		w.t.Errorf("more than was paid: %v", err)
	}
}

// Sending a request again renews the action of the same order.
func TestStartAgain(t *testing.T) {
	t.Parallel()
	eachRail(t, func(t *testing.T, id string, rail pay.Rail) {
		w := newWorld(t)
		o := w.order(id, rail)
		request, err := w.providers[id].Request(o)
		if err != nil {
			t.Fatal(err)
		}
		var action pay.Action
		for range 3 {
			if action, err = w.providers[id].Start(t.Context(), rail, request); err != nil {
				t.Fatal(err)
			}
		}
		w.pay(action, o.OutTradeNo)
		if orders := w.sim.Orders(); len(orders) != 1 {
			t.Errorf("%d orders", len(orders))
		}
		if _, err := w.providers[id].Start(t.Context(), rail, request); rail == rails[id][0] && !errors.Is(err, provider.ErrPaid) {
			t.Errorf("once paid: %v", err)
		}
	})
}

func TestCloseUnpaid(t *testing.T) {
	t.Parallel()
	for _, id := range []string{wechatpay.ID, alipay.ID} {
		t.Run(id, func(t *testing.T) {
			w := newWorld(t)
			p, closer := w.providers[id], w.providers[id].(provider.Closer)
			o := w.order(id, pay.RailQR)
			request, err := p.Request(o)
			if err != nil {
				t.Fatal(err)
			}
			action, err := p.Start(t.Context(), pay.RailQR, request)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // closing what is closed is fine
				if ev, err := closer.Close(t.Context(), o.OutTradeNo); err != nil || ev.Outcome != pay.OutcomeClosed {
					t.Fatalf("got %+v, %v", ev, err)
				}
			}
			if err := payers[action.Kind](w, action, o.OutTradeNo); err == nil {
				t.Error("a closed order was paid")
			}
			if _, err := p.Start(t.Context(), pay.RailQR, request); !errors.Is(err, provider.ErrClosed) {
				t.Errorf("started again: %v", err)
			}
		})
	}
}

func TestClosePaid(t *testing.T) {
	t.Parallel()
	eachRail(t, func(t *testing.T, id string, rail pay.Rail) {
		w := newWorld(t)
		o := w.order(id, rail)
		w.pay(w.start(id, o), o.OutTradeNo)
		closer, ok := w.providers[id].(provider.Closer)
		if !ok {
			return
		}
		ev, err := closer.Close(t.Context(), o.OutTradeNo)
		if !errors.Is(err, provider.ErrPaid) && (err != nil || ev.Outcome != pay.OutcomePaid) {
			t.Errorf("got %+v, %v", ev, err)
		}
	})
}

func TestCloseUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ev, err := w.providers[wechatpay.ID].(provider.Closer).Close(t.Context(), "MP000000000000000000000000000404")
	if err != nil || ev.Outcome != pay.OutcomeAbsent {
		t.Errorf("got %+v, %v", ev, err)
	}
}

func TestWeChatBill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	biller := w.providers[wechatpay.ID].(provider.Biller)
	o := w.order(wechatpay.ID, pay.RailQR)
	w.pay(w.start(wechatpay.ID, o), o.OutTradeNo)
	w.next(wechatpay.ID)
	today := w.sim.Now()
	if _, err := biller.Bill(t.Context(), today); !errors.Is(err, provider.ErrNotReady) {
		t.Errorf("today's: %v", err)
	}
	w.sim.Advance(48 * time.Hour)
	bill, err := biller.Bill(t.Context(), today)
	if err != nil {
		t.Fatal(err)
	}
	lines := bill.Lines
	asked := w.query(wechatpay.ID, o.OutTradeNo)
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
				w := newWorld(t)
				w.survive(id, fault)
			})
		}
	}
}

func (w *world) survive(id string, fault providersim.Fault) {
	p := w.providers[id]
	o := w.order(id, rails[id][0])
	request, err := p.Request(o)
	if err != nil {
		w.t.Fatal(err)
	}
	var action pay.Action
	w.insist(fault, "start", func() (err error) {
		action, err = p.Start(w.t.Context(), o.Rail, request)
		if errors.Is(err, provider.ErrPaid) {
			err = nil // the payer was faster than the reply
		}
		return err
	})
	w.inject(fault)
	if fault.Name != "notify-before-reply" {
		w.pay(action, o.OutTradeNo)
	}
	if fault.Ends != providersim.EndsReturned { // those are news of a refund
		w.hear(id, fault, o)
	}
	var ev pay.Evidence
	w.insist(fault, "query", func() (err error) {
		ev, err = p.Query(w.t.Context(), o.OutTradeNo)
		return err
	})
	if ev.Outcome != pay.OutcomePaid || ev.Amount != o.Amount {
		w.t.Errorf("in the end: %+v", ev)
	}
	if fault.Ends != providersim.EndsReturned { // there, nothing is left to give back
		w.survivesRefund(id, fault, o)
	}
}

// inject lets a fault strike the next opportunity.
func (w *world) inject(fault providersim.Fault) {
	w.t.Helper()
	if err := w.sim.Inject(providersim.Rule{Fault: fault.Name, Next: 1}); err != nil {
		w.t.Fatal(err)
	}
}

// insist makes a call under a fault and again without.
func (w *world) insist(fault providersim.Fault, what string, call func() error) {
	w.t.Helper()
	w.inject(fault)
	err := call()
	w.sim.Calm()
	if err == nil {
		return
	}
	if refused := errors.Is(err, provider.ErrRefused); refused != (fault.Ends == providersim.EndsRefused) {
		w.t.Errorf("%s: %v", what, err)
	}
	if err := call(); err != nil {
		w.t.Errorf("%s, once more: %v", what, err)
	}
}

// hear waits for the payment's notification and expects bad ones to be seen.
func (w *world) hear(id string, fault providersim.Fault, o provider.Order) {
	w.t.Helper()
	if fault.Name == "notify-never" || fault.Name == "notify-reordered" {
		return
	}
	told := w.next(id)
	if bad := fault.Name == "notify-forged" || fault.Name == "notify-probe" || fault.Name == "notify-stale" && id != alipay.ID; bad {
		if !errors.Is(told.err, provider.ErrForged) {
			w.t.Errorf("first: %+v, want forged", told)
		}
		told = w.next(id)
	}
	if told.err != nil {
		w.t.Fatal(told.err)
	}
	ev := told.statement.Payment
	same := ev.Amount == o.Amount && ev.Account == w.providers[id].Account() && (ev.App == "" || ev.App == w.providers[id].App())
	// A cashier names no account: it is known by its secret.
	if lie := fault.Name == "notify-wrong-amount" || fault.Name == "notify-wrong-account" && id != merchantlink.ID; same == lie {
		w.t.Errorf("told %+v", ev)
	}
}

func (w *world) survivesRefund(id string, fault providersim.Fault, o provider.Order) {
	w.t.Helper()
	refunder, ok := w.providers[id].(provider.Refunder)
	if !ok {
		return
	}
	r := provider.RefundOrder{OutTradeNo: o.OutTradeNo, Number: o.OutTradeNo + "S", Amount: o.Amount, Total: o.Amount}
	w.insist(fault, "refund", func() error {
		_, err := refunder.Refund(w.t.Context(), r)
		return err
	})
	w.sim.Advance(time.Minute) // refunds settle
	var state provider.RefundState
	w.insist(fault, "query-refund", func() (err error) {
		state, err = refunder.QueryRefund(w.t.Context(), r)
		return err
	})
	want := pay.RefundSucceeded
	if fault.Ends == providersim.EndsPerson {
		want = pay.RefundFailed
	}
	if state.Status != want {
		w.t.Errorf("refund is %s, want %s", state.Status, want)
	}
}
