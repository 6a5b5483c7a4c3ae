package wechatpay_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/pay"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

// What an account adds to its orders is in each of them, beside what the rail needs.
func TestOptions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rail pay.Rail
		add  map[string]any
		want string // beside the fields of every order
	}{
		"nothing":    {pay.RailQR, map[string]any{}, `{}`},
		"goods-tag":  {pay.RailQR, map[string]any{"goods_tag": "WXG"}, `{"goods_tag":"WXG"}`},
		"limits":     {pay.RailQR, map[string]any{"limit_pay": []string{"no_credit", "no_balance"}}, `{"limit_pay":["no_credit","no_balance"]}`},
		"invoice":    {pay.RailQR, map[string]any{"support_fapiao": true}, `{"support_fapiao":true}`},
		"sharing":    {pay.RailQR, map[string]any{"profit_sharing": true}, `{"settle_info":{"profit_sharing":true}}`},
		"no-sharing": {pay.RailQR, map[string]any{"profit_sharing": false}, `{}`},
		"till":       {pay.RailQR, map[string]any{"device_id": "till-1"}, `{"scene_info":{"payer_client_ip":"123.125.81.6","device_id":"till-1"}}`},
		"store-in-h5": {
			pay.RailDeepLink,
			map[string]any{"store": map[string]any{"id": "0001", "name": "茶"}},
			`{"scene_info":{"payer_client_ip":"123.125.81.6","store_info":{"id":"0001","name":"茶"},"h5_info":{"type":"iOS"}}}`,
		},
		"app-in-h5": {
			pay.RailDeepLink,
			map[string]any{"h5": map[string]any{"app_name": "茶", "app_url": "https://shop.example", "bundle_id": "example.shop", "package_name": "example.shop.android"}},
			`{"scene_info":{"payer_client_ip":"123.125.81.6","h5_info":{"type":"iOS","app_name":"茶","app_url":"https://shop.example","bundle_id":"example.shop","package_name":"example.shop.android"}}}`,
		},
		"app-elsewhere": {pay.RailQR, map[string]any{"h5": map[string]any{"app_name": "茶"}}, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := open(t, providertest.Nowhere, map[string]any{"options": c.add}).Request(order(c.rail))
			if err != nil {
				t.Fatal(err)
			}
			var kept struct{ Body map[string]any }
			var want map[string]any
			if err := errors.Join(json.Unmarshal(request, &kept), json.Unmarshal([]byte(c.want), &want)); err != nil {
				t.Fatal(err)
			}
			for _, always := range []string{"mchid", "appid", "description", "out_trade_no", "time_expire", "attach", "notify_url", "amount"} {
				delete(kept.Body, always)
			}
			if diff := cmp.Diff(want, kept.Body); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// An order of a payer whose address nobody knows says nothing of the scene.
func TestOptionsWithoutAnAddress(t *testing.T) {
	t.Parallel()
	o := order(pay.RailQR)
	o.PayerIP = "invalid IP"
	request, err := open(t, providertest.Nowhere, map[string]any{"options": map[string]any{"device_id": "till-1"}}).Request(o)
	if err != nil || strings.Contains(string(request), "scene_info") {
		t.Errorf("%s, %v", request, err)
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for field, value := range map[string]any{
		"goods_tag": strings.Repeat("g", 33), "device_id": strings.Repeat("d", 33), "limit_pay": []string{"no_money"},
		"store.id": map[string]any{"name": "tea"}, "store.name": map[string]any{"id": "1", "name": strings.Repeat("茶", 257)},
		"store.area_code": map[string]any{"id": "1", "area_code": strings.Repeat("4", 33)}, "store.address": map[string]any{"id": "1", "address": strings.Repeat("a", 513)},
		"h5.app_name": map[string]any{"app_name": strings.Repeat("茶", 65)}, "h5.app_url": map[string]any{"app_url": strings.Repeat("a", 129)}, "h5.type": map[string]any{"type": "Wap"},
		"h5.bundle_id": map[string]any{"bundle_id": strings.Repeat("a", 129)}, "h5.package_name": map[string]any{"package_name": strings.Repeat("a", 129)},
		"attach": "order-1", "goods": "unknown", "store.city": map[string]any{"id": "1", "city": "Shenzhen"}, "profit_sharing": "yes",
	} {
		setting, _, _ := strings.Cut(field, ".")
		raw, err := json.Marshal(providertest.With(goodSettings(), map[string]any{"options": map[string]any{setting: value}}))
		if err != nil {
			t.Fatal(err)
		}
		_, err = wechatpay.Open(raw, providertest.Env(providertest.Nowhere, keyFiles()))
		if problem, ok := errors.AsType[*pay.Error](err); !ok || problem.Field != "options."+field {
			t.Errorf("%s: %v, want an error of it", field, err)
		}
	}
}

// Bills repeat what tells the merchant's order, or ours.
func TestAttach(t *testing.T) {
	t.Parallel()
	for setting, want := range map[string]string{"": "at_1", "attempt": "at_1", "merchant_reference": "order-1"} {
		request, err := open(t, providertest.Nowhere, map[string]any{"options": map[string]any{"attach": setting}}).Request(order(pay.RailQR))
		if err != nil {
			t.Fatal(err)
		}
		var kept struct{ Body struct{ Attach string } }
		if err := json.Unmarshal(request, &kept); err != nil || kept.Body.Attach != want {
			t.Errorf("%q: attach is %q, %v, want %q", setting, kept.Body.Attach, err, want)
		}
	}
}
