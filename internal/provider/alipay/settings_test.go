package alipay_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	if p.Account() != sellerID || p.App(pay.RailQR) != appID {
		t.Errorf("account %q and app %q", p.Account(), p.App(pay.RailQR))
	}
	if got, want := p.Rails(), []pay.Rail{pay.RailDeepLink, pay.RailRedirect, pay.RailApp, pay.RailQR, pay.RailJSAPI}; !slices.Equal(got, want) {
		t.Errorf("rails %v, want %v", got, want)
	}
	if targets := p.(provider.FormTargeter).FormTargets(); !slices.Contains(targets, "https://openapi.alipay.com") || !slices.Contains(targets, "alipays:") {
		t.Errorf("targets %v", targets)
	}
}

// Applications of one merchant are accounts apart, each with keys of its own.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	env := providertest.Env(providertest.Nowhere, keyFiles())
	for _, c := range []struct {
		setting, value string
		same           bool
	}{
		{"qr_product", "FACE_TO_FACE_PAYMENT", true},
		{"jsapi_product", "FACE_TO_FACE_PAYMENT", true},
		{"app_id", "2021000000000099", false},
	} {
		other := providertest.Open(t, alipay.Open, providertest.With(goodSettings(), map[string]any{c.setting: c.value}), env)
		if same := other.Fingerprint() == p.Fingerprint(); same != c.same {
			t.Errorf("with another %s it is the same account: %v, want %v", c.setting, same, c.same)
		}
	}
}

// Which product was contracted is nobody's guess: for QR codes, one for tills trips
// Alipay's risk control online. It is asked for where the rail is offered.
func TestContractedProduct(t *testing.T) {
	t.Parallel()
	const codes, inApp = "FACE_TO_FACE_PAYMENT or QR_CODE_OFFLINE", "JSAPI_PAY or FACE_TO_FACE_PAYMENT"
	for name, c := range map[string]struct {
		setting, product string
		granted          []pay.Rail
		refused          string // "" if it is not
		rail             pay.Rail
		open             bool
	}{
		"not-chosen":      {"qr_product", "", []pay.Rail{pay.RailDeepLink, pay.RailQR}, codes, pay.RailQR, false},
		"not-needed":      {"qr_product", "", []pay.Rail{pay.RailDeepLink, pay.RailPageQR}, "", pay.RailQR, false},
		"face-to-face":    {"qr_product", "FACE_TO_FACE_PAYMENT", []pay.Rail{pay.RailQR}, "", pay.RailQR, true},
		"order-code":      {"qr_product", "QR_CODE_OFFLINE", []pay.Rail{pay.RailQR}, "", pay.RailQR, true},
		"of-another-rail": {"qr_product", "QUICK_WAP_WAY", nil, codes, pay.RailQR, false},

		"in-app-not-chosen":   {"jsapi_product", "", []pay.Rail{pay.RailDeepLink, pay.RailJSAPI}, inApp, pay.RailJSAPI, false},
		"in-app-not-needed":   {"jsapi_product", "", []pay.Rail{pay.RailDeepLink}, "", pay.RailJSAPI, false},
		"in-app":              {"jsapi_product", "JSAPI_PAY", []pay.Rail{pay.RailJSAPI}, "", pay.RailJSAPI, true},
		"in-app-face-to-face": {"jsapi_product", "FACE_TO_FACE_PAYMENT", nil, "", pay.RailJSAPI, true},
		"in-app-by-code":      {"jsapi_product", "QR_CODE_OFFLINE", nil, inApp, pay.RailJSAPI, false},
	} {
		t.Run(name, func(t *testing.T) {
			env := providertest.Env(providertest.Nowhere, keyFiles())
			env.Granted = c.granted
			p, err := alipay.Open([]byte(providertest.JSON(t, providertest.With(goodSettings(), map[string]any{c.setting: c.product}))), env)
			if c.refused != "" {
				if err == nil || !strings.Contains(err.Error(), c.setting) || !strings.Contains(err.Error(), c.refused) {
					t.Errorf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			_, err = p.Request(order(c.rail))
			if slices.Contains(p.Rails(), c.rail) != c.open || (err == nil) != c.open {
				t.Errorf("rails %v, a request: %v", p.Rails(), err)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change map[string]any
		file   string
		holds  []byte
		field  string
		says   string
	}{
		"unknown-field":      {change: map[string]any{"appid": appID}, field: "appid", says: "not a known field"},
		"number":             {change: map[string]any{"app_id": 1}, field: "app_id", says: "string"},
		"missing-app":        {change: map[string]any{"app_id": ""}, field: "app_id"},
		"missing-seller":     {change: map[string]any{"seller_id": ""}, field: "seller_id"},
		"seller-no-2088":     {change: map[string]any{"seller_id": "1088000000000001"}, field: "seller_id", says: "2088"},
		"other-product":      {change: map[string]any{"qr_product": "QUICK_WAP_WAY"}, field: "qr_product"},
		"no-private-key":     {change: map[string]any{"private_key": ""}, field: "private_key"},
		"no-such-file":       {change: map[string]any{"public_key": "other"}, field: "public_key", says: "can't be read"},
		"empty-key":          {file: "app.key", field: "private_key", says: "empty"},
		"not-a-key":          {file: "app.key", holds: []byte("canary!"), field: "private_key"},
		"base64-but-no-key":  {file: "app.key", holds: []byte("Y2FuYXJ5"), field: "private_key"},
		"own-public-key":     {file: "alipay.pem", holds: bare(providertest.PublicPEM(providertest.MerchantKey())), field: "public_key", says: "own key"},
		"private-for-public": {file: "alipay.pem", holds: bare(providertest.PrivatePEM(providertest.ProviderKey())), field: "public_key"},
	} {
		t.Run(name, func(t *testing.T) {
			files, settings := keyFiles(), goodSettings()
			maps.Copy(settings, c.change)
			if c.file != "" {
				files[c.file] = c.holds
			}
			_, err := alipay.Open([]byte(providertest.JSON(t, settings)), providertest.Env(providertest.Nowhere, files))
			var wrong *pay.Error
			if !errors.As(err, &wrong) || wrong.Code != pay.CodeInvalid || wrong.Field != c.field || !strings.Contains(wrong.Message, c.says) {
				t.Fatalf("got %v, want invalid_request of %s saying %q", err, c.field, c.says)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

// Keys are taken as PEM and as Alipay's tool writes them.
func TestOpenTakesPEM(t *testing.T) {
	t.Parallel()
	files := keyFiles()
	files["app.key"] = providertest.PrivatePEM(providertest.MerchantKey())
	files["alipay.pem"] = bare(providertest.PublicPEM(providertest.ProviderKey()))
	if _, err := alipay.Open([]byte(providertest.JSON(t, goodSettings())), providertest.Env(providertest.Nowhere, files)); err != nil {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add(providertest.JSON(f, goodSettings()))
	f.Add(`{"app_id":"1","app_id":"2"}`)
	f.Add(`{"app_id":`)
	files := keyFiles()
	f.Fuzz(func(t *testing.T, raw string) {
		_, err := alipay.Open([]byte(raw), providertest.Env(providertest.Nowhere, files))
		var wrong *pay.Error
		if err != nil && !errors.As(err, &wrong) {
			t.Fatalf("got %v, want a *pay.Error", err)
		}
	})
}
