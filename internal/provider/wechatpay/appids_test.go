package wechatpay_test

import (
	"encoding/json"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

// Apps of one merchant number serve a rail each.
func TestAppOfARail(t *testing.T) {
	t.Parallel()
	apps := map[pay.Rail]string{pay.RailQR: appID, pay.RailDeepLink: "wx0000000000000002", pay.RailJSAPI: "wx0000000000000003"}
	p := open(t, providertest.Nowhere, map[string]any{"appids": map[string]string{"deep_link": apps[pay.RailDeepLink], "jsapi": apps[pay.RailJSAPI]}})
	for rail, want := range apps {
		if p.App(rail) != want {
			t.Errorf("%s: the app is %s, want %s", rail, p.App(rail), want)
		}
		request, err := p.Request(order(rail))
		if err != nil {
			t.Fatal(err)
		}
		var kept struct{ Body struct{ AppID string } }
		if err := json.Unmarshal(request, &kept); err != nil || kept.Body.AppID != want {
			t.Errorf("%s: ordered under %s, want %s", rail, kept.Body.AppID, want)
		}
	}
	if link := p.(provider.PayerIdentifier).AuthorizeURL("https://pay.example/", "s"); !strings.Contains(link, "appid="+apps[pay.RailJSAPI]+"&") {
		t.Errorf("payers are identified at %s", link)
	}
}

// The bridge is called for the app that the order was made under, whatever the
// settings are by now.
func TestBridgeIsOfTheOrdersApp(t *testing.T) {
	t.Parallel()
	w := newWire(t, always(answer{status: 200, body: goodReplies[pay.RailJSAPI]}))
	request, err := open(t, w.URL, nil).Request(order(pay.RailJSAPI))
	if err != nil {
		t.Fatal(err)
	}
	changed := open(t, w.URL, map[string]any{"appids": map[string]string{"jsapi": "wx0000000000000003"}})
	action, err := changed.Start(t.Context(), pay.RailJSAPI, request)
	if err != nil || action.Params["appId"] != appID {
		t.Errorf("got %+v, %v", action, err)
	}
}
