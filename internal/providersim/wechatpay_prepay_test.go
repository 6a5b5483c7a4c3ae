package providersim_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"morepay/internal/providersim"
)

// body returns the JSON of a prepay call with some members replaced; nil takes
// one out.
func (fx *fixture) body(change map[string]any) string {
	fx.t.Helper()
	b := map[string]any{
		"appid": appID, "mchid": mchID, "description": "tea", "out_trade_no": "schema-1", "notify_url": fx.merchant.url,
		"amount": map[string]any{"total": 100, "currency": "CNY"},
	}
	for name, value := range change {
		if b[name] = value; value == nil {
			delete(b, name)
		}
	}
	text, err := json.Marshal(b)
	if err != nil {
		fx.t.Fatal(err)
	}
	return string(text)
}

type m = map[string]any

// TestPrepayRules breaks one rule of the order's fields at a time.
func TestPrepayRules(t *testing.T) {
	t.Parallel()
	h5Scene := m{"payer_client_ip": "203.0.113.7", "h5_info": m{"type": "Wap"}}
	for name, c := range map[string]struct {
		product string
		change  m
		field   string // of the refusal; "" for accepted
	}{
		"good":                    {"native", nil, ""},
		"every-optional-field":    {"native", m{"attach": "a", "goods_tag": "g", "support_fapiao": true, "limit_pay": []string{"no_credit"}, "settle_info": m{"profit_sharing": false}, "detail": m{"cost_price": 1, "goods_detail": []m{{"merchant_goods_id": "1", "quantity": 1, "unit_price": 1}}}, "scene_info": m{"payer_client_ip": "::1", "store_info": m{"id": "1"}}}, ""},
		"no-appid":                {"native", m{"appid": nil}, "/appid"},
		"foreign-mchid":           {"native", m{"mchid": "1900000009"}, "/mchid"},
		"no-description":          {"native", m{"description": nil}, "/description"},
		"empty-description":       {"native", m{"description": ""}, "/description"},
		"description-127":         {"native", m{"description": strings.Repeat("茶", 127)}, ""},
		"description-128":         {"native", m{"description": strings.Repeat("茶", 128)}, "/description"},
		"number-of-5":             {"native", m{"out_trade_no": "12345"}, "/out_trade_no"},
		"number-of-32":            {"native", m{"out_trade_no": strings.Repeat("a", 28) + "_-|*"}, ""},
		"number-of-33":            {"native", m{"out_trade_no": strings.Repeat("a", 33)}, "/out_trade_no"},
		"number-with-slash":       {"native", m{"out_trade_no": "123/456"}, "/out_trade_no"},
		"number-with-newline":     {"native", m{"out_trade_no": "123456\n"}, "/out_trade_no"},
		"no-amount":               {"native", m{"amount": nil}, "/amount"},
		"amount-without-total":    {"native", m{"amount": m{"currency": "CNY"}}, "/amount/total"},
		"amount-zero":             {"native", m{"amount": m{"total": 0}}, "/amount/total"},
		"amount-negative":         {"native", m{"amount": m{"total": -1}}, "/amount/total"},
		"amount-fraction":         {"native", m{"amount": m{"total": 1.5}}, "/amount/total"},
		"amount-text":             {"native", m{"amount": m{"total": "1"}}, "/amount/total"},
		"amount-not-an-object":    {"native", m{"amount": 100}, "/amount"},
		"currency-usd":            {"native", m{"amount": m{"total": 1, "currency": "USD"}}, "/amount/currency"},
		"expiry-without-offset":   {"native", m{"time_expire": "2036-01-02T03:04:05"}, "/time_expire"},
		"expiry-past":             {"native", m{"time_expire": "2016-01-02T03:04:05+08:00"}, "/time_expire"},
		"attach-129":              {"native", m{"attach": strings.Repeat("a", 129)}, "/attach"},
		"notify-with-query":       {"native", m{"notify_url": "https://pay.example/notify?a=1"}, "/notify_url"},
		"notify-with-empty-query": {"native", m{"notify_url": "https://pay.example/notify?"}, "/notify_url"},
		"notify-relative":         {"native", m{"notify_url": "/notify"}, "/notify_url"},
		"notify-ftp":              {"native", m{"notify_url": "ftp://pay.example/notify"}, "/notify_url"},
		"notify-with-user":        {"native", m{"notify_url": "https://a@pay.example/notify"}, "/notify_url"},
		"notify-256":              {"native", m{"notify_url": "https://pay.example/" + strings.Repeat("a", 236)}, "/notify_url"},
		"unknown-field":           {"native", m{"extra": 1}, "/extra"},
		"unknown-nested-field":    {"native", m{"amount": m{"total": 1, "extra": 1}}, "/amount/extra"},
		"unknown-field-in-list":   {"native", m{"detail": m{"goods_detail": []m{{"merchant_goods_id": "1", "quantity": 1, "unit_price": 1, "extra": 1}}}}, "/detail/goods_detail/extra"},
		"missing-field-in-list":   {"native", m{"detail": m{"goods_detail": []m{{"merchant_goods_id": "1", "quantity": 1}}}}, "/detail/goods_detail/unit_price"},
		"other-case":              {"native", m{"AppID": appID}, "/AppID"},
		"null":                    {"native", m{"attach": json.RawMessage("null")}, "/attach"},
		"unknown-limit":           {"native", m{"limit_pay": []string{"no_money"}}, "/limit_pay"},
		"payer-in-native":         {"native", m{"payer": m{"openid": "o1"}}, "/payer"},
		"h5-info-in-native":       {"native", m{"scene_info": h5Scene}, "/scene_info/h5_info"},
		"h5":                      {"h5", m{"scene_info": h5Scene}, ""},
		"h5-without-scene":        {"h5", nil, "/scene_info"},
		"h5-without-info":         {"h5", m{"scene_info": m{"payer_client_ip": "203.0.113.7"}}, "/scene_info/h5_info"},
		"h5-without-address":      {"h5", m{"scene_info": m{"h5_info": m{"type": "Wap"}}}, "/scene_info/payer_client_ip"},
		"h5-with-a-host-name":     {"h5", m{"scene_info": m{"payer_client_ip": "localhost", "h5_info": m{"type": "Wap"}}}, "/scene_info/payer_client_ip"},
	} {
		t.Run(name, func(t *testing.T) {
			fx := newFixture(t)
			a := fx.send(newCall("POST", "/v3/pay/transactions/"+c.product, fx.body(c.change)))
			if c.field == "" {
				if a.status != 200 || a.header.Get("Wechatpay-Serial") != publicID {
					t.Errorf("answer is %d %s %s %s", a.status, a.Code, a.Detail.Field, a.header)
				}
				return
			}
			if a.status != 400 || a.Code != "PARAM_ERROR" || a.Detail.Field != c.field || a.Detail.Location != "body" {
				t.Errorf("answer is %d %s at %q, want 400 PARAM_ERROR at %q", a.status, a.Code, a.Detail.Field, c.field)
			}
			if n := len(fx.sim.Orders()); n != 0 {
				t.Errorf("%d orders were made", n)
			}
		})
	}
}

func TestPrepayOfOtherPeople(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for name, c := range map[string]struct {
		product string
		change  m
		status  int
		code    string
		number  string // ends the Request-ID
	}{
		"foreign-app":    {"native", m{"appid": "wx0000000000000009"}, 400, "APPID_MCHID_NOT_MATCH", "268445527"},
		"app":            {"app", m{"appid": mobileID}, 200, "", "0"},
		"app-of-another": {"app", nil, 400, "APPID_MCHID_NOT_MATCH", "268445527"},
		"app-of-mini":    {"app", m{"appid": miniID}, 400, "APPID_MCHID_NOT_MATCH", "268445527"},
		"payer-in-app":   {"app", m{"appid": mobileID, "payer": m{"openid": "o1"}}, 400, "PARAM_ERROR", "270924358"},
		"mobile-jsapi":   {"jsapi", m{"appid": mobileID, "payer": m{"openid": "o1"}}, 400, "APPID_MCHID_NOT_MATCH", "268445527"},
		"mobile-native":  {"native", m{"appid": mobileID, "out_trade_no": "schema-2"}, 200, "", "0"},
		"mini-openid":    {"jsapi", m{"appid": miniID, "payer": m{"openid": fx.openid(providersim.Ming)}}, 500, "OPENID_MISMATCH", "0"},
		"no-openid":      {"jsapi", nil, 400, "PARAM_ERROR", "268501013"},
		"foreign-openid": {"jsapi", m{"payer": m{"openid": "o-of-another-app"}}, 500, "OPENID_MISMATCH", "0"},
		"extra-field":    {"native", m{"extra": 1}, 400, "PARAM_ERROR", "270924358"},
		"bad-parameter":  {"native", m{"amount": m{"total": 0}}, 400, "PARAM_ERROR", "268435461"},
	} {
		t.Run(name, func(t *testing.T) {
			a := fx.send(newCall("POST", "/v3/pay/transactions/"+c.product, fx.body(c.change)))
			if a.status != c.status || a.Code != c.code || !strings.HasSuffix(a.requestID, "-"+c.number) {
				t.Errorf("answer is %d %s %s", a.status, a.Code, a.requestID)
			}
		})
	}
}

func TestBodiesThatAreNoObject(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for name, body := range map[string]string{"empty": "", "list": "[]", "null": "null", "cut": `{"appid":`, "twice": `{} {}`, "text": "appid=1"} {
		t.Run(name, func(t *testing.T) {
			if a := fx.send(newCall("POST", "/v3/pay/transactions/native", body)); a.status != 400 || a.Code != "PARAM_ERROR" {
				t.Errorf("answer is %d %s", a.status, a.Code)
			}
		})
	}
}

// TestSameRequestInOtherWords: spaces and the order of keys don't make a

// repeat another request; any other value does.
func TestSameRequestInOtherWords(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	numbers := 0
	rapid.Check(t, func(rt *rapid.T) {
		numbers++
		number := "words-" + strconv.Itoa(numbers)
		fields := m{
			"appid": appID, "mchid": mchID, "out_trade_no": number, "notify_url": fx.merchant.url, "amount": m{"total": 100},
			"description": rapid.StringMatching(`[a-z茶<>&"]{1,20}`).Draw(rt, "description"),
		}
		if a := fx.send(newCall("POST", "/v3/pay/transactions/native", shuffled(rt, fields))); a.status != 200 {
			rt.Fatalf("first: %d %s", a.status, a.body)
		}
		if a := fx.send(newCall("POST", "/v3/pay/transactions/native", shuffled(rt, fields))); a.status != 200 {
			rt.Fatalf("again: %d %s", a.status, a.body)
		}
		fields["description"] = fields["description"].(string) + "x"
		if a := fx.send(newCall("POST", "/v3/pay/transactions/native", shuffled(rt, fields))); a.status != 400 || !strings.HasSuffix(a.requestID, "-268498688") {
			rt.Fatalf("changed: %d %s", a.status, a.body)
		}
	})
}

// shuffled writes an object with its keys in any order and spaces anywhere.
func shuffled(t *rapid.T, object m) string {
	keys := rapid.Permutation(slices.Sorted(maps.Keys(object))).Draw(t, "order")
	space := rapid.SampledFrom([]string{"", " ", "\n\t"})
	var parts []string
	for _, k := range keys {
		value, err := json.Marshal(object[k])
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, space.Draw(t, "space")+strconv.Quote(k)+":"+space.Draw(t, "space")+string(value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestPostNeedsItsContentType(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	call := newCall("POST", "/v3/pay/transactions/native", fx.body(nil))
	call.header["Content-Type"] = "application/x-www-form-urlencoded"
	if a := fx.send(call); a.status != 400 || a.Code != "PARAM_ERROR" {
		t.Errorf("answer is %d %s", a.status, a.Code)
	}
}
