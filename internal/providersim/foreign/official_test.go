package foreign_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/notify"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	partnerapp "github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/app"
	partnerh5 "github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/h5"
	partnerjsapi "github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/jsapi"
	partnernative "github.com/wechatpay-apiv3/wechatpay-go/services/partnerpayments/native"
	directapp "github.com/wechatpay-apiv3/wechatpay-go/services/payments/app"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
	"github.com/wechatpay-apiv3/wechatpay-go/services/refunddomestic"

	"morepay/internal/providersim"
)

// The official SDK of WeChat Pay, in every product and in both modes.

type fields = map[string]any

// service is what the SDK does with the orders of one product.
type service struct {
	prepay, query, find func(context.Context, fields) (fields, error)
	close               func(context.Context, fields) (fields, error)
}

// call lets a method of the SDK be called with a request's fields: those that it knows of.
func call[Q, A any](do func(context.Context, Q) (*A, *core.APIResult, error)) func(context.Context, fields) (fields, error) {
	return func(ctx context.Context, f fields) (fields, error) {
		answer, _, err := do(ctx, as[Q](f))
		if err != nil {
			return nil, err
		}
		return as[fields](answer), nil
	}
}

// empty is call for a method that answers nothing.
func empty[Q any](do func(context.Context, Q) (*core.APIResult, error)) func(context.Context, fields) (fields, error) {
	return func(ctx context.Context, f fields) (fields, error) {
		_, err := do(ctx, as[Q](f))
		return nil, err
	}
}

// as converts between what JSON takes for the same.
func as[T any](v any) (to T) {
	text, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(text, &to)
	}
	if err != nil {
		panic(err) // the SDK's own types
	}
	return to
}

func directServices(c *core.Client) map[string]service {
	n, h, j, a := native.NativeApiService{Client: c}, h5.H5ApiService{Client: c}, jsapi.JsapiApiService{Client: c}, directapp.AppApiService{Client: c}
	return map[string]service{
		"NATIVE": {call(n.Prepay), call(n.QueryOrderByOutTradeNo), call(n.QueryOrderById), empty(n.CloseOrder)},
		"MWEB":   {call(h.Prepay), call(h.QueryOrderByOutTradeNo), call(h.QueryOrderById), empty(h.CloseOrder)},
		"JSAPI":  {call(j.Prepay), call(j.QueryOrderByOutTradeNo), call(j.QueryOrderById), empty(j.CloseOrder)},
		"APP":    {call(a.Prepay), call(a.QueryOrderByOutTradeNo), call(a.QueryOrderById), empty(a.CloseOrder)},
	}
}

func partnerServices(c *core.Client) map[string]service {
	n, h := partnernative.NativeApiService{Client: c}, partnerh5.H5ApiService{Client: c}
	j, a := partnerjsapi.JsapiApiService{Client: c}, partnerapp.AppApiService{Client: c}
	return map[string]service{
		"NATIVE": {call(n.Prepay), call(n.QueryOrderByOutTradeNo), call(n.QueryOrderById), empty(n.CloseOrder)},
		"MWEB":   {call(h.Prepay), call(h.QueryOrderByOutTradeNo), call(h.QueryOrderById), empty(h.CloseOrder)},
		"JSAPI":  {call(j.Prepay), call(j.QueryOrderByOutTradeNo), call(j.QueryOrderById), empty(j.CloseOrder)},
		"APP":    {call(a.Prepay), call(a.QueryOrderByOutTradeNo), call(a.QueryOrderById), empty(a.CloseOrder)},
	}
}

// mode is how a merchant is with WeChat Pay.
type mode struct {
	caller      string // whose keys the SDK holds
	services    func(*core.Client) map[string]service
	owners      fields // of an order
	sub         fields // how refunds name the merchant
	app, openid string // the fields of the app that a payer meets, and of their openid under it
	apps        shopApps
}

var modes = map[string]mode{
	"direct":  {mchID, directServices, fields{"mchid": mchID}, fields{}, "appid", "openid", directApps},
	"partner": {spMchID, partnerServices, fields{"sp_mchid": spMchID, "sp_appid": spAppID, "sub_mchid": subMchID}, fields{"sub_mchid": subMchID}, "sub_appid", "sub_openid", subApps},
}

// products are how an order of each product differs.
var products = map[string]func(*fixture, mode) fields{
	"NATIVE": func(*fixture, mode) fields { return nil },
	"MWEB": func(*fixture, mode) fields {
		return fields{"scene_info": fields{"payer_client_ip": "203.0.113.7", "h5_info": fields{"type": "Wap"}}}
	},
	"JSAPI": func(fx *fixture, m mode) fields {
		return fields{"payer": fields{m.openid: fx.openid(m.apps.service, m.apps.secret)}}
	},
	"APP": func(_ *fixture, m mode) fields { return fields{m.app: m.apps.mobile} },
}

func (m mode) order(fx *fixture, number, product string) fields {
	f := fields{
		"description": "龙井茶 <100g> & more", "out_trade_no": number, "notify_url": fx.notifyURL, "amount": fields{"total": 5980, "currency": "CNY"},
		m.app: m.apps.service,
	}
	maps.Copy(f, m.owners)
	maps.Copy(f, products[product](fx, m))
	return f
}

// numbered is a request about an order that there is.
func (m mode) numbered(name string, number any) fields {
	f := fields{name: number}
	maps.Copy(f, m.owners)
	return f
}

// official is the SDK in a caller's hands, which verifies answers by the public key.
func (fx *fixture) official(caller string) *core.Client {
	fx.t.Helper()
	return fx.officialClient(option.WithWechatPayPublicKeyAuthCipher(caller, serial, merchantKey(), publicID, &platformKey().PublicKey))
}

func (fx *fixture) officialClient(how ...core.ClientOption) *core.Client {
	fx.t.Helper()
	c, err := core.NewClient(fx.t.Context(), append(how, option.WithHTTPClient(&http.Client{Transport: fx.transport}))...)
	if err != nil {
		fx.t.Fatal(err)
	}
	return c
}

// must returns what a call of the SDK has answered.
func (fx *fixture) must(answer fields, err error) fields {
	fx.t.Helper()
	if err != nil {
		fx.t.Fatal(err)
	}
	return answer
}

func wantCode(t *testing.T, err error, status int, code string) {
	t.Helper()
	if e, ok := errors.AsType[*core.APIError](err); !ok || e.StatusCode != status || e.Code != code {
		t.Errorf("error is %v, want %d %s", err, status, code)
	}
}

var byPublicKey = sync.OnceValue(func() auth.Verifier {
	return verifiers.NewSHA256WithRSAPubkeyVerifier(publicID, platformKey().PublicKey)
})

// read verifies and opens the next notification.
func (fx *fixture) read(event string, by auth.Verifier) fields {
	fx.t.Helper()
	handler, err := notify.NewRSANotifyHandler(apiV3Key, by)
	if err != nil {
		fx.t.Fatal(err)
	}
	var told fields
	if about, err := handler.ParseNotifyRequest(fx.t.Context(), fx.next(), &told); err != nil || about.EventType != event {
		fx.t.Fatalf("notification: %+v, %v", about, err)
	}
	return told
}

// TestOfficialOrders: in each mode and product an order is made, paid, told of, asked
// about by both numbers, and given back; another one is closed.
func TestOfficialOrders(t *testing.T) {
	t.Parallel()
	for name, m := range modes {
		for product := range products {
			t.Run(name+"/"+product, func(t *testing.T) {
				t.Parallel()
				fx := newMerchant(t)
				c := fx.official(m.caller)
				fx.pays(m, product, m.services(c)[product])
				fx.refunds(m, &refunddomestic.RefundsApiService{Client: c})
				fx.closes(m, product, m.services(c)[product])
			})
		}
	}
}

const official = "Official-1|*"

func (fx *fixture) pays(m mode, product string, s service) {
	fx.t.Helper()
	ctx := fx.t.Context()
	fx.must(s.prepay(ctx, m.order(fx, official, product)))
	if before := fx.must(s.query(ctx, m.numbered("out_trade_no", official))); before["trade_state"] != "NOTPAY" {
		fx.t.Errorf("before the payment: %v", before)
	}
	fx.approve(providersim.Ming, official)
	told := fx.read("TRANSACTION.SUCCESS", byPublicKey())
	asked := fx.must(s.query(ctx, m.numbered("out_trade_no", official)))
	found := fx.must(s.find(ctx, m.numbered("transaction_id", told["transaction_id"])))
	if asked["trade_state"] != "SUCCESS" || asked["trade_type"] != product || !reflect.DeepEqual(asked, found) {
		fx.t.Errorf("asked %v, found %v", asked, found)
	}
	for field, value := range asked {
		if !reflect.DeepEqual(told[field], value) {
			fx.t.Errorf("%s: told %v, asked %v", field, told[field], value)
		}
	}
	for field, value := range m.owners {
		if told[field] != value {
			fx.t.Errorf("told that %s is %v, want %v", field, told[field], value)
		}
	}
	_, err := s.close(ctx, m.numbered("out_trade_no", official))
	wantCode(fx.t, err, http.StatusBadRequest, "ORDERPAID")
}

func (fx *fixture) refunds(m mode, s *refunddomestic.RefundsApiService) {
	fx.t.Helper()
	ctx := fx.t.Context()
	request := fields{"out_trade_no": official, "out_refund_no": "R1", "notify_url": fx.notifyURL, "amount": fields{"total": 5980, "refund": 80, "currency": "CNY"}}
	maps.Copy(request, m.sub)
	made := fx.must(call(s.Create)(ctx, request))
	told := fx.read("REFUND.SUCCESS", byPublicKey())
	asked := fx.must(call(s.QueryByOutRefundNo)(ctx, request))
	for what, answer := range map[string]fields{"told": told, "asked": asked} {
		if answer["refund_id"] != made["refund_id"] || answer["out_trade_no"] != official {
			fx.t.Errorf("made %v, %s %v", made, what, answer)
		}
	}
	if told["refund_status"] != "SUCCESS" || asked["status"] != "SUCCESS" {
		fx.t.Errorf("told %v, asked %v", told, asked)
	}
}

func (fx *fixture) closes(m mode, product string, s service) {
	fx.t.Helper()
	ctx := fx.t.Context()
	const number = "Official-2"
	order, about := m.order(fx, number, product), m.numbered("out_trade_no", number)
	_, err := s.query(ctx, about)
	wantCode(fx.t, err, http.StatusNotFound, "ORDER_NOT_EXIST")
	fx.must(s.prepay(ctx, order))
	for range 2 {
		fx.must(s.close(ctx, about))
	}
	if after := fx.must(s.query(ctx, about)); after["trade_state"] != "CLOSED" {
		fx.t.Errorf("after the close: %v", after)
	}
	_, err = s.prepay(ctx, order)
	wantCode(fx.t, err, http.StatusBadRequest, "ORDER_CLOSED")
}

// launch is how an order gets from the SDK to the wallet.
type launch struct {
	mode    mode
	product string
	differs func(*fixture) fields // the order from the usual one; nil if it doesn't
	sign    func(context.Context, *core.Client, fields) (fields, error)
	path    string // where the wallet is asked
	answers fields // the wallet, when the payer has paid
}

var launches = map[string]launch{
	"jsapi": {modes["direct"], "JSAPI", nil, signForPage, "/phone/bridge", fields{"err_msg": "get_brand_wcpay_request:ok"}},
	"app":   {modes["direct"], "APP", nil, signForApp, "/phone/sdk", fields{"errCode": 0.0}},
	"mini-program": {modes["direct"], "JSAPI", func(fx *fixture) fields {
		return fields{"appid": directApps.mini, "payer": fields{"openid": fx.miniOpenID()}}
	}, signForPage, "/phone/requestpayment", fields{"errMsg": "requestPayment:ok"}},
	"partner-own": {modes["partner"], "JSAPI", nil, signForPartner("sub_appid"), "/phone/bridge", fields{"err_msg": "get_brand_wcpay_request:ok"}},
	"partner-provider": {modes["partner"], "JSAPI", func(fx *fixture) fields {
		return fields{"payer": fields{"sp_openid": fx.openid(spAppID, spSecret)}}
	}, signForPartner("sp_appid"), "/phone/bridge", fields{"err_msg": "get_brand_wcpay_request:ok"}},
}

func signForPage(ctx context.Context, c *core.Client, order fields) (fields, error) {
	signed, err := call((&jsapi.JsapiApiService{Client: c}).PrepayWithRequestPayment)(ctx, order)
	return forPage(signed, order["appid"]), err
}

func signForPartner(app string) func(context.Context, *core.Client, fields) (fields, error) {
	return func(ctx context.Context, c *core.Client, order fields) (fields, error) {
		sign := func(ctx context.Context, r partnerjsapi.PrepayRequest) (*partnerjsapi.PrepayWithRequestPaymentResponse, *core.APIResult, error) {
			return (&partnerjsapi.JsapiApiService{Client: c}).PrepayWithRequestPayment(ctx, r, order[app].(string))
		}
		signed, err := call(sign)(ctx, order)
		return forPage(signed, order[app]), err
	}
}

// forPage names the SDK's answer as WeixinJSBridge and wx.requestPayment do.
func forPage(signed fields, app any) fields {
	return fields{
		"appId": app, "timeStamp": signed["timeStamp"], "nonceStr": signed["nonceStr"], "package": signed["package"],
		"signType": signed["signType"], "paySign": signed["paySign"],
	}
}

// signForApp names the SDK's answer as PayReq does.
func signForApp(ctx context.Context, c *core.Client, order fields) (fields, error) {
	signed, err := call((&directapp.AppApiService{Client: c}).PrepayWithRequestPayment)(ctx, order)
	return fields{
		"appid": order["appid"], "partnerid": signed["partnerId"], "prepayid": signed["prepayId"], "package": signed["package"],
		"noncestr": signed["nonceStr"], "timestamp": signed["timeStamp"], "sign": signed["sign"],
	}, err
}

// TestOfficialLaunches: what the SDK signs for a page, a mini program or an app is paid
// there; nothing else is.
func TestOfficialLaunches(t *testing.T) {
	t.Parallel()
	for name, l := range launches {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fx := newMerchant(t)
			order := l.mode.order(fx, official, l.product)
			if l.differs != nil {
				maps.Copy(order, l.differs(fx))
			}
			signed := fx.must(l.sign(t.Context(), fx.official(l.mode.caller), order))
			fx.launches(l, signed)
		})
	}
}

func (fx *fixture) launches(l launch, signed fields) {
	fx.t.Helper()
	names := slices.Collect(maps.Keys(signed))
	signed["user"], signed["do"] = "ming", "approve"
	for _, name := range names {
		changed := maps.Clone(signed)
		changed[name] = "x" + signed[name].(string)
		if answer := fx.post(l.path, changed); reflect.DeepEqual(answer, l.answers) {
			fx.t.Errorf("it was paid with another %s: %v", name, answer)
		}
	}
	if answer := fx.post(l.path, signed); !reflect.DeepEqual(answer, l.answers) {
		fx.t.Errorf("%v is answered %v", signed, answer)
	}
	fx.read("TRANSACTION.SUCCESS", byPublicKey())
}
