package wechatpay_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	if p.Account() != mchID || p.App(pay.RailQR) != appID {
		t.Errorf("account %q and app %q, want %q and %q", p.Account(), p.App(pay.RailQR), mchID, appID)
	}
	if got, want := p.Rails(), []pay.Rail{pay.RailQR, pay.RailDeepLink, pay.RailJSAPI}; !slices.Equal(got, want) {
		t.Errorf("rails %v, want %v", got, want)
	}
	p = open(t, providertest.Nowhere, map[string]any{"app_secret": nil})
	if slices.Contains(p.Rails(), pay.RailJSAPI) {
		t.Error("jsapi is offered without a secret to identify payers with")
	}
}

// What the document grants the account must have: the shop's own app and mini program have
// app ids of their own.
func TestOpenForWhatIsGranted(t *testing.T) {
	t.Parallel()
	for rail, settings := range map[pay.Rail]map[string]string{
		pay.RailApp:         {"appids": `{"app":"wx1"}`},
		pay.RailMiniProgram: {"appids": `{"mini_program":"wx1"}`, "mini_program_secret": `"app.secret"`},
	} {
		env := providertest.Env(providertest.Nowhere, keyFiles())
		env.Granted = []pay.Rail{rail}
		if _, err := wechatpay.Open([]byte(settingsText(t, nil)), env); pay.CodeOf(err) != pay.CodeInvalid || !strings.Contains(err.Error(), "appids."+string(rail)) {
			t.Errorf("%s is granted and has no app: %v", rail, err)
		}
		p, err := wechatpay.Open([]byte(settingsText(t, settings)), env)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(p.Rails(), rail) || p.App(rail) != "wx1" {
			t.Errorf("%s: the rails are %v, the app is %s", rail, p.Rails(), p.App(rail))
		}
	}
}

// Shops under one merchant number have its keys in common, and apps of their own.
func TestFingerprint(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	if shop := open(t, providertest.Nowhere, map[string]any{"appid": "wxshop", "app_secret": nil}); shop.Fingerprint() != p.Fingerprint() {
		t.Error("a shop with an app of its own is taken for another account")
	}
	for setting, value := range map[string]string{"certificate_serial": "5157F09EFDC096DF", "public_key_id": "PUB_KEY_ID_9"} {
		if other := open(t, providertest.Nowhere, map[string]any{setting: value}); other.Fingerprint() == p.Fingerprint() {
			t.Errorf("another %s makes no difference", setting)
		}
	}
	for name, changed := range map[string]map[string][]byte{
		"API key": {"api_v3.key": []byte(strings.Repeat("x", 32))},
		"pair of keys": {
			"key.pem": providertest.PrivatePEM(providertest.ProviderKey()), "pub_key.pem": providertest.PublicPEM(providertest.MerchantKey()),
		},
	} {
		files := keyFiles()
		maps.Copy(files, changed)
		other := providertest.Open(t, wechatpay.Open, goodSettings(), providertest.Env(providertest.Nowhere, files))
		if other.Fingerprint() == p.Fingerprint() {
			t.Errorf("another %s makes no difference", name)
		}
	}
}

// Each mistake in an account's settings names the setting.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	text := func(s string) []byte { return []byte(s) }
	for name, c := range map[string]struct {
		change map[string]string // setting → JSON of its value
		file   string
		holds  []byte
		field  string
		says   string
	}{
		"unknown-field":       {change: map[string]string{"mch_id": `"1"`}, field: "mch_id", says: "not a known field"},
		"other-case":          {change: map[string]string{"MchID": `"1900000001"`}, field: "MchID", says: `spelled "mchid"`},
		"twice":               {change: map[string]string{"mchid": `"1900000001","mchid":"1900000002"`}, field: "mchid", says: "twice"},
		"number":              {change: map[string]string{"mchid": `1900000001`}, field: "mchid", says: "string"},
		"null":                {change: map[string]string{"mchid": `null`}, field: "mchid"},
		"missing-mchid":       {change: map[string]string{"mchid": ``}, field: "mchid"},
		"letters-in-mchid":    {change: map[string]string{"mchid": `"190000000x"`}, field: "mchid"},
		"missing-appid":       {change: map[string]string{"appid": ``}, field: "appid"},
		"appid-of-a-rail":     {change: map[string]string{"appids": `{"jsapi":"wx 1"}`}, field: "appids.jsapi"},
		"appid-of-no-rail":    {change: map[string]string{"appids": `{"redirect":"wx1"}`}, field: "appids.redirect"},
		"appid-of-the-app":    {change: map[string]string{"appids": `{"app":"wx 1"}`}, field: "appids.app"},
		"mini-program-alone":  {change: map[string]string{"appids": `{"mini_program":"wx1"}`}, field: "mini_program_secret", says: "appids.mini_program"},
		"secret-of-no-mini":   {change: map[string]string{"mini_program_secret": `"app.secret"`}, field: "mini_program_secret", says: "together"},
		"no-mini-secret-file": {change: map[string]string{"appids": `{"mini_program":"wx1"}`, "mini_program_secret": `"other"`}, field: "mini_program_secret", says: "can't be read"},
		"serial-in-lower":     {change: map[string]string{"certificate_serial": `"5157f09efdc096de"`}, field: "certificate_serial"},
		"key-id-no-prefix":    {change: map[string]string{"public_key_id": `"0119000000012026"`}, field: "public_key_id", says: "PUB_KEY_ID_"},
		"domain-with-scheme":  {change: map[string]string{"h5_domain": `"https://pay.example"`}, field: "h5_domain"},
		"missing-private-key": {change: map[string]string{"private_key": ``}, field: "private_key"},
		"no-such-file":        {change: map[string]string{"private_key": `"other.pem"`}, field: "private_key", says: "can't be read"},
		"missing-api-key":     {change: map[string]string{"api_v3_key": ``}, field: "api_v3_key"},
		"empty-api-key":       {file: "api_v3.key", holds: text("\n"), field: "api_v3_key", says: "empty"},
		"short-api-key":       {file: "api_v3.key", holds: text(apiV3Key[:24]), field: "api_v3_key", says: "32"},
		"long-api-key":        {file: "api_v3.key", holds: text(apiV3Key + "0"), field: "api_v3_key", says: "32"},
		"odd-api-key":         {file: "api_v3.key", holds: text(apiV3Key[:31] + " "), field: "api_v3_key", says: "32"},
		"empty-app-secret":    {file: "app.secret", holds: text(""), field: "app_secret", says: "empty"},
		"pkcs1-key":           {file: "key.pem", holds: pkcs1(providertest.MerchantKey()), field: "private_key", says: "openssl pkcs8"},
		"not-a-key":           {file: "key.pem", holds: text("hello, world"), field: "private_key", says: "neither PEM nor base64"},
		"public-for-private":  {file: "key.pem", holds: providertest.PublicPEM(providertest.MerchantKey()), field: "private_key"},
		"elliptic-key":        {file: "key.pem", holds: ecPEM(t), field: "private_key", says: "RSA"},
		"short-key":           {file: "key.pem", holds: providertest.PrivatePEM(shortKey(t)), field: "private_key", says: "2048"},
		"private-for-public":  {file: "pub_key.pem", holds: providertest.PrivatePEM(providertest.ProviderKey()), field: "public_key"},
		"own-public-key":      {file: "pub_key.pem", holds: providertest.PublicPEM(providertest.MerchantKey()), field: "public_key", says: "merchant's own"},
		"short-public-key":    {file: "pub_key.pem", holds: providertest.PublicPEM(shortKey(t)), field: "public_key", says: "2048"},
	} {
		t.Run(name, func(t *testing.T) {
			files := keyFiles()
			if c.file != "" {
				files[c.file] = c.holds
			}
			_, err := wechatpay.Open([]byte(settingsText(t, c.change)), providertest.Env(providertest.Nowhere, files))
			var wrong *pay.Error
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, want a *pay.Error", err)
			}
			if wrong.Code != pay.CodeInvalid || wrong.Field != c.field || !strings.Contains(wrong.Message, c.says) {
				t.Errorf("got %v, want invalid_request of %s saying %q", wrong, c.field, c.says)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

// settingsText returns good settings with the JSON of some values changed; ""
// takes a setting away.
func settingsText(tb testing.TB, change map[string]string) string {
	tb.Helper()
	values := map[string]string{}
	for name, v := range goodSettings() {
		values[name] = providertest.JSON(tb, v)
	}
	for name, v := range change {
		values[name] = v
	}
	var fields []string
	for name, v := range values {
		if v != "" {
			fields = append(fields, providertest.JSON(tb, name)+":"+v)
		}
	}
	return "{" + strings.Join(fields, ",") + "}"
}

func pkcs1(key *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func ecPEM(tb testing.TB) []byte {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return providertest.PrivatePEM(key)
}

func shortKey(tb testing.TB) *rsa.PrivateKey {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// Whatever the settings are, Open answers with a provider or a *pay.Error.
func FuzzOpen(f *testing.F) {
	f.Add(settingsText(f, nil))
	f.Add(settingsText(f, map[string]string{"mchid": `{"a":[1]}`}))
	f.Add(`{"mchid":"1","mchid":"2"}`)
	f.Add(`{"mchid":`)
	f.Add(`[]`)
	f.Add(`null`)
	f.Add(settingsText(f, nil) + "x")
	files := keyFiles()
	f.Fuzz(func(t *testing.T, raw string) {
		p, err := wechatpay.Open([]byte(raw), providertest.Env(providertest.Nowhere, files))
		var wrong *pay.Error
		if err != nil && !errors.As(err, &wrong) {
			t.Fatalf("got %v, want a *pay.Error", err)
		}
		if err == nil && p.Account() == "" {
			t.Fatal("an account without a name")
		}
	})
}

func TestFormTargets(t *testing.T) {
	t.Parallel()
	targets := open(t, providertest.Nowhere, nil).(provider.FormTargeter).FormTargets()
	for _, want := range []string{"https://wx.tenpay.com", "weixin:"} {
		if !slices.Contains(targets, want) {
			t.Errorf("targets %v are without %s", targets, want)
		}
	}
}
