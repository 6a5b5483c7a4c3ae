package providersim_test

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/smartwalle/alipay/v3"
)

// TestAlipayRefusesCommonParameters changes one parameter of a signed request
// at a time.
func TestAlipayRefusesCommonParameters(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	for name, want := range map[string]struct{ value, sub string }{
		"sign":      {"AAAA", "isv.invalid-signature"},
		"app_id":    {"2021000000000009", "isv.invalid-app-id"},
		"method":    {"alipay.trade.nothing", "isv.invalid-signature"},
		"version":   {"2.0", "isv.invalid-version"},
		"charset":   {"gbk", "isv.invalid-charset"},
		"sign_type": {"RSA", "isv.invalid-sign-type"},
		"timestamp": {time.Now().UTC().Format(time.DateTime), "isv.invalid-timestamp"}, // eight hours off: the classic
		"format":    {"XML", "isv.invalid-format"},
	} {
		t.Run(strings.ReplaceAll(name, "_", "-"), func(t *testing.T) {
			p, err := c.URLValues(alipay.TradeQuery{OutTradeNo: "any_1"})
			if err != nil {
				t.Fatal(err)
			}
			p.Set(name, want.value)
			if got := fx.gatewayError(p); got != want.sub {
				t.Errorf("sub_code is %q, want %q", got, want.sub)
			}
			p.Del(name)
			if got := fx.gatewayError(p); name != "format" && got != "isv.missing-"+name {
				t.Errorf("without it, sub_code is %q", got)
			}
		})
	}
}

// TestAlipayParametersInAddressAndForm posts a signed query with its parameters
// spread over both: they are one set.
func TestAlipayParametersInAddressAndForm(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	p, err := c.URLValues(alipay.TradeQuery{OutTradeNo: "never_made"})
	if err != nil {
		t.Fatal(err)
	}
	all, content := p.Encode(), url.Values{"biz_content": p["biz_content"]}.Encode()
	p.Del("biz_content")
	common := p.Encode()
	for name, c := range map[string]struct{ address, form, sub string }{
		"form-only":                {"", all, "ACQ.TRADE_NOT_EXIST"},
		"address-only":             {all, "", "ACQ.TRADE_NOT_EXIST"},
		"charset-in-both":          {"charset=utf-8", all, "ACQ.TRADE_NOT_EXIST"},
		"content-in-form":          {common, content, "ACQ.TRADE_NOT_EXIST"},
		"all-in-both":              {all, all, "ACQ.TRADE_NOT_EXIST"},
		"other-value":              {"charset=gbk", all, "isv.invalid-charset"},
		"other-case":               {"charset=UTF-8", all, "isv.invalid-charset"},
		"twice-in-address":         {"charset=utf-8&charset=utf-8", all, "isv.invalid-charset"},
		"twice-in-form":            {"charset=utf-8", all + "&charset=utf-8", "isv.invalid-charset"},
		"twice-in-both":            {"charset=utf-8&charset=utf-8", all + "&charset=utf-8", "isv.invalid-charset"},
		"unsigned-part-in-address": {"notify_url=http%3A%2F%2F127.0.0.1%2F", all, "isv.invalid-signature"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fx.gatewayRefusal(c.address, c.form); got != c.sub {
				t.Errorf("sub_code is %q, want %q", got, c.sub)
			}
		})
	}
}

// gatewayError posts to the gateway and returns the sub_code of its
// error_response.
func (fx *fixture) gatewayError(p url.Values) string {
	fx.t.Helper()
	return fx.gatewayRefusal("", p.Encode())
}

// gatewayRefusal posts a form to the gateway with a query in its address, and returns
// the sub_code of what is answered.
func (fx *fixture) gatewayRefusal(query, form string) string {
	fx.t.Helper()
	res, err := fx.http.Post(fx.server.URL+"/gateway.do?"+query, "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Error alipay.Error `json:"error_response"`
		Query alipay.Error `json:"alipay_trade_query_response"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		fx.t.Fatal(err)
	}
	return cmp.Or(answer.Error.SubCode, answer.Query.SubCode)
}

func huabei(number, percent string) *alipay.ExtendParams {
	return &alipay.ExtendParams{HBFQNum: number, HBFQSellerPercent: percent}
}

func TestAlipayTradeRules(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	for name, change := range map[string]func(*alipay.TradePreCreate){
		"three-decimals":   func(p *alipay.TradePreCreate) { p.TotalAmount = "0.001" },
		"zero":             func(p *alipay.TradePreCreate) { p.TotalAmount = "0.00" },
		"negative":         func(p *alipay.TradePreCreate) { p.TotalAmount = "-1.00" },
		"too-much":         func(p *alipay.TradePreCreate) { p.TotalAmount = "100000000.01" },
		"exponent":         func(p *alipay.TradePreCreate) { p.TotalAmount = "1e2" },
		"no-subject":       func(p *alipay.TradePreCreate) { p.Subject = "" },
		"long-subject":     func(p *alipay.TradePreCreate) { p.Subject = strings.Repeat("茶", 257) },
		"slash":            func(p *alipay.TradePreCreate) { p.Subject = "tea 1/2" },
		"equals":           func(p *alipay.TradePreCreate) { p.Subject = "tea=good" },
		"ampersand":        func(p *alipay.TradePreCreate) { p.Subject = "tea & co" },
		"long-passback":    func(p *alipay.TradePreCreate) { p.PassbackParams = strings.Repeat("茶", 513) },
		"long-notify-url":  func(p *alipay.TradePreCreate) { p.NotifyURL += "?" + strings.Repeat("a", 256) },
		"long-store":       func(p *alipay.TradePreCreate) { p.StoreId = strings.Repeat("a", 33) },
		"long-channels":    func(p *alipay.TradePreCreate) { p.DisablePayChannels = strings.Repeat("a", 129) },
		"odd-goods":        func(p *alipay.TradePreCreate) { p.GoodsType = "2" },
		"channels-twice":   func(p *alipay.TradePreCreate) { p.EnablePayChannels, p.DisablePayChannels = "balance", "pcredit" },
		"odd-number":       func(p *alipay.TradePreCreate) { p.OutTradeNo = "a-b" },
		"long-number":      func(p *alipay.TradePreCreate) { p.OutTradeNo = strings.Repeat("a", 65) },
		"fraction-timeout": func(p *alipay.TradePreCreate) { p.TimeoutExpress = "1.5h" },
		"long-timeout":     func(p *alipay.TradePreCreate) { p.TimeoutExpress = "16d" },
		"five-instalments": func(p *alipay.TradePreCreate) { p.ExtendParams = huabei("5", "0") },
		"half-of-the-fee":  func(p *alipay.TradePreCreate) { p.ExtendParams = huabei("3", "50") },
		"fee-of-nobody":    func(p *alipay.TradePreCreate) { p.ExtendParams = huabei("3", "") },
		"fee-of-nothing":   func(p *alipay.TradePreCreate) { p.ExtendParams = huabei("", "100") },
		"past-expiry":      func(p *alipay.TradePreCreate) { p.TimeExpire = "2020-01-01 00:00:00" },
	} {
		t.Run(name, func(t *testing.T) {
			p := alipay.TradePreCreate{Trade: fx.trade("rules_1")}
			change(&p)
			r, err := c.TradePreCreate(t.Context(), p)
			wantSub(t, r.Error, err, "ACQ.INVALID_PARAMETER")
		})
	}
	longest := alipay.TradePreCreate{Trade: fx.trade("longest_1")}
	longest.Subject, longest.PassbackParams, longest.SellerId = strings.Repeat("茶", 256), strings.Repeat("茶", 512), alipaySeller
	if r, err := c.TradePreCreate(t.Context(), longest); err != nil || !r.IsSuccess() {
		t.Errorf("as long as may be: %+v, %v", r, err)
	}
	paidIn := alipay.TradePreCreate{Trade: fx.trade("instalments_1")}
	client := c
	for i, c := range []struct {
		extend *alipay.ExtendParams
		sub    string
	}{{huabei("3", "0"), ""}, {huabei("3", "0"), ""}, {huabei("6", "0"), "ACQ.CONTEXT_INCONSISTENT"}, {nil, "ACQ.CONTEXT_INCONSISTENT"}} {
		paidIn.ExtendParams = c.extend
		r, err := client.TradePreCreate(t.Context(), paidIn)
		if c.sub != "" {
			wantSub(t, r.Error, err, c.sub)
		} else if err != nil || !r.IsSuccess() {
			t.Errorf("instalments, %d: %+v, %v", i, r, err)
		}
	}
	far := fx.wap("far_1")
	far.ReturnURL += strings.Repeat("a", 256)
	link, err := c.TradeWapPay(far)
	if err != nil {
		t.Fatal(err)
	}
	if page := fx.visit(link.String(), nil); !strings.Contains(page, "参数无效") {
		t.Errorf("with a long return_url the cashier shows %s", page)
	}
	fx.qr(c, "rules_1")
	p := alipay.TradePreCreate{Trade: fx.trade("rules_1")}
	p.TotalAmount = "59.79"
	r, err := c.TradePreCreate(t.Context(), p)
	wantSub(t, r.Error, err, "ACQ.CONTEXT_INCONSISTENT")
}

// TestAlipayProductCodes asks for each way of paying with each product: the documents
// name one or a few for each.
func TestAlipayProductCodes(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	fits := map[string][]string{
		"precreate": {"", "FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT", "QR_CODE_OFFLINE"},
		"create":    {"", "FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT", "JSAPI_PAY"},
		"wap":       {"QUICK_WAP_WAY"},
		"page":      {"FAST_INSTANT_TRADE_PAY"},
	}
	ask := map[string]func(alipay.Trade) (taken bool, err error){
		"precreate": func(o alipay.Trade) (bool, error) {
			r, err := c.TradePreCreate(t.Context(), alipay.TradePreCreate{Trade: o})
			return err == nil && r.IsSuccess(), err
		},
		"create": func(o alipay.Trade) (bool, error) {
			r, err := c.TradeCreate(t.Context(), alipay.TradeCreate{Trade: o, BuyerId: "2088000000000001"})
			return err == nil && r.IsSuccess(), err
		},
		"wap": func(o alipay.Trade) (bool, error) {
			link, err := c.TradeWapPay(alipay.TradeWapPay{Trade: o})
			return err == nil && strings.Contains(fx.visit(link.String(), nil), "¥59.80"), err
		},
		"page": func(o alipay.Trade) (bool, error) {
			link, err := c.TradePagePay(alipay.TradePagePay{Trade: o})
			return err == nil && strings.Contains(fx.visit(link.String(), nil), "¥59.80"), err
		},
	}
	products := []string{
		"", "FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT", "QR_CODE_OFFLINE", "JSAPI_PAY", "QUICK_WAP_WAY", "FAST_INSTANT_TRADE_PAY", "QUICK_MSECURITY_PAY",
	}
	for way, ask := range ask {
		for i, product := range products {
			order := fx.trade(way + "_" + strconv.Itoa(i))
			order.ProductCode = product
			taken, err := ask(order)
			if want := slices.Contains(fits[way], product); err != nil || taken != want {
				t.Errorf("%s with product %q: taken %v, want %v (%v)", way, product, taken, want, err)
			}
		}
	}
}

func TestAlipayForeignSeller(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	p := alipay.TradePreCreate{Trade: fx.trade("foreign_1")}
	p.SellerId = "2088000000000077"
	r, err := c.TradePreCreate(t.Context(), p)
	wantSub(t, r.Error, err, "ACQ.INVALID_RECEIVE_ACCOUNT")
}

// TestAlipayAppAuthToken: nobody has let the application act for them. The refusal is
// signed, for it is known whose call it is; the client verifies that.
func TestAlipayAppAuthToken(t *testing.T) {
	t.Parallel()
	fx, c := newAlipayWorld(t)
	p := alipay.TradePreCreate{Trade: fx.trade("token_1")}
	p.AppAuthToken = "202611BB0000000000000000000000000000X01"
	r, err := c.TradePreCreate(t.Context(), p)
	wantSub(t, r.Error, err, "aop.invalid-app-auth-token")
	if r.Code != alipay.CodeInvalidAuthToken {
		t.Errorf("code is %s", r.Code)
	}
	wap := fx.wap("token_2")
	wap.AppAuthToken = p.AppAuthToken
	link, err := c.TradeWapPay(wap)
	if err != nil {
		t.Fatal(err)
	}
	if page := fx.visit(link.String(), nil); !strings.Contains(page, "无效的应用授权令牌") {
		t.Errorf("the cashier shows %s", page)
	}
}
