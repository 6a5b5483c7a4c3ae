package checkout_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/harness"
	"morepay/internal/pay"
	provideralipay "morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

// gateway is an Alipay that answers exactly what a test says, under Alipay's
// signature, to a service of its own. The service shares the fixture's store and
// clock, so that an attempt which was made at the simulator goes on here.
type gateway struct {
	*fixture
	*checkout.Service
	attempt pay.Attempt
	log     *strings.Builder

	mu      sync.Mutex
	answers map[string]map[string]string // by method; one without an answer is cut
	asked   map[string]int
}

// newGateway moves an attempt to a gateway of its own.
func (fx *fixture) newGateway(a pay.Attempt) *gateway {
	fx.tb.Helper()
	g := &gateway{fixture: fx, attempt: a, log: &strings.Builder{}, answers: map[string]map[string]string{}, asked: map[string]int{}}
	wire := providertest.NewWire(fx.tb, g.reply)
	acc := providertest.Open(fx.tb, provideralipay.Open,
		map[string]any{"app_id": a.App, "seller_id": a.Account, "private_key": "app.pem", "public_key": "alipay.pem", "qr_product": "QR_CODE_OFFLINE"},
		providertest.Env(wire.URL, map[string][]byte{
			"app.pem": providertest.PrivatePEM(providertest.MerchantKey()), "alipay.pem": providertest.PublicPEM(providertest.ProviderKey()),
		}))
	accounts := account.NewRegistry(nil)
	fx.must(accounts.Add(harness.Merchant, a.Provider, acc))
	ledgers := fx.Stores().Ledgers
	g.Service = checkout.New(checkout.Config{
		Store: ledgers, Desk: ledgers, Accounts: accounts, Now: fx.Now, BaseURL: fx.BaseURL,
		Log: slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	return g
}

// says answers a method so from now on.
func (g *gateway) says(method string, answer map[string]string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answers["alipay.trade."+method] = answer
}

func (g *gateway) times(method string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.asked["alipay.trade."+method]
}

func (g *gateway) reply(_ *http.Request, body string) providertest.Reply {
	form, err := url.ParseQuery(body)
	if err != nil {
		return providertest.Reply{Status: http.StatusBadRequest}
	}
	method := form.Get("method")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked[method]++
	answer, ok := g.answers[method]
	if !ok {
		return providertest.Reply{Status: providertest.Cut}
	}
	answer = maps.Clone(answer)
	unsigned := answer["unsigned"] != ""
	delete(answer, "unsigned")
	result := providertest.JSON(g.tb, answer)
	text := `{"` + strings.ReplaceAll(method, ".", "_") + `_response":` + result
	if !unsigned {
		text += `,"sign":"` + signAsAlipay(result) + `"`
	}
	return providertest.Reply{Status: http.StatusOK, Body: text + "}"}
}

func signAsAlipay(text string) string {
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, providertest.ProviderKey(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(signature)
}

// done is a success with some fields more.
func done(fields map[string]string) map[string]string {
	answer := map[string]string{"code": "10000", "msg": "Success"}
	maps.Copy(answer, fields)
	return answer
}

func fails(subCode string) map[string]string {
	return map[string]string{"code": "40004", "msg": "Business Failed", "sub_code": subCode, "sub_msg": "canary"}
}

// trade returns a query's answer about the attempt.
func (g *gateway) trade(status string, change map[string]string) map[string]string {
	fields := map[string]string{
		"out_trade_no": g.attempt.OutTradeNo, "trade_no": "2026112822001400000000000001", "trade_status": status, "total_amount": "59.80",
		"send_pay_date": "2026-11-28 10:34:56",
	}
	maps.Copy(fields, change)
	return done(fields)
}

// tells posts a notification, with some fields changed, and returns how it went.
func (g *gateway) tells(id string, change map[string]string) error {
	g.tb.Helper()
	fields := map[string]string{
		"notify_type": "trade_status_sync", "notify_id": id, "notify_time": "2026-11-28 10:34:58", "app_id": g.attempt.App, "seller_id": g.attempt.Account,
		"trade_no": "2026112822001400000000000001", "out_trade_no": g.attempt.OutTradeNo, "trade_status": "TRADE_SUCCESS", "total_amount": "59.80",
		"gmt_payment": "2026-11-28 10:34:56", "charset": "utf-8", "version": "1.0",
	}
	maps.Copy(fields, change)
	form := url.Values{"sign_type": {"RSA2"}}
	var pairs []string
	for name, value := range fields {
		if value != "" {
			form.Set(name, value)
			pairs = append(pairs, name+"="+value)
		}
	}
	slices.Sort(pairs)
	form.Set("sign", signAsAlipay(strings.Join(pairs, "&")))
	return g.Notify(g.ctx(), g.attempt.Provider, g.attempt.Account, nil, []byte(form.Encode()))
}

// refunds returns what is recorded of refunds, as lines of text.
func (fx *fixture) refunds(id string) (list []string) {
	for _, r := range fx.ledger(id).Refunds {
		list = append(list, strings.Join([]string{string(r.Origin), r.Amount.String(), string(r.Status), string(r.Failure)}, " "))
	}
	return list
}

// sweep moves the clock on and does what is due.
func (g *gateway) sweep(d time.Duration) {
	g.tb.Helper()
	g.Advance(d)
	for range 100 {
		if g.SweepOnce(g.ctx()) == 0 {
			return
		}
	}
	g.tb.Fatal("there is always something due: the sweeper would never rest")
}
