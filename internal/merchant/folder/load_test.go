package folder_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"morepay/internal/merchant/folder"
)

const capabilities = `{
  "schema": 1,
  "merchant": "shop",
  "name": "Shop",
  "locale": "en",
  "visible": 2,
  "methods": [
    {"method": "wechat_pay", "state": "open", "rails": ["qr"], "currencies": ["CNY"]}
  ]
}`

const settings = `{
  "mode": "live",
  "origins": ["https://shop.example"],
  "return_urls": ["https://shop.example/orders/"],
  "api_keys": [{"id": "a", "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}],
  "accounts": {},
  "webhooks": []
}`

func files(doc, private string) fstest.MapFS {
	return fstest.MapFS{
		"shop/capabilities.json": {Data: []byte(doc)},
		"shop/merchant.json":     {Data: []byte(private)},
		"shop/key.pem":           {Data: []byte("a key")},
		"other/key.pem":          {Data: []byte("another's key")},
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := files(capabilities, settings)
	delete(dir, "other/key.pem")
	sources, err := folder.Load(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) != 1 || sources[0].ID != "shop" || sources[0].Settings.Origins[0] != "https://shop.example" {
		t.Fatalf("loaded %+v", sources)
	}
	if key, err := sources[0].ReadKey("key.pem"); err != nil || string(key) != "a key" {
		t.Errorf("key file: %q, %v", key, err)
	}
}

func TestKeyFilesStayInTheFolder(t *testing.T) {
	t.Parallel()
	sources, err := folder.Load(fstest.MapFS{
		"shop/capabilities.json": {Data: []byte(capabilities)},
		"outside.pem":            {Data: []byte("not theirs")},
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../outside.pem", "/outside.pem", "../../etc/passwd", "x/../../outside.pem"} {
		if key, err := sources[0].ReadKey(name); err == nil {
			t.Errorf("%s was read: %q", name, key)
		}
	}
}

// TestLoadRefuses has one mistake a row, and what the operator must be told.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, document, settings string
		old, new                 string
		want                     []string
	}{
		{"document-syntax", capabilities, settings, `"visible": 2,`, `"visible": 2`, []string{"shop/capabilities.json"}},
		{"document-unknown-field", capabilities, settings, `"visible"`, `"visable"`, []string{"shop/capabilities.json:6", "visable"}},
		{"document-of-another", capabilities, settings, `"merchant": "shop"`, `"merchant": "shopp"`, []string{"shop/capabilities.json", "merchant", "shopp"}},
		{"settings-syntax", capabilities, settings, `"accounts": {},`, `"accounts": {]`, []string{"shop/merchant.json:6"}},
		{"settings-unknown-field", capabilities, settings, `"origins"`, `"origin"`, []string{"shop/merchant.json:3", "origin"}},
		{"settings-field-twice", capabilities, settings, `"webhooks": []`, `"origins": []`, []string{"shop/merchant.json:7", "origins", "twice"}},
		{"settings-other-case", capabilities, settings, `"origins"`, `"Origins"`, []string{"shop/merchant.json:3", "Origins", "origins"}},
		{"settings-field-twice-below", capabilities, settings, `"id": "a"`, `"id": "a", "id": "b"`, []string{"shop/merchant.json:5", "api_keys[0].id"}},
		{"settings-field-twice-of-an-account", capabilities, settings, `"accounts": {}`, `"accounts": {"wechatpay": {"mchid": "1", "mchid": "2"}}`, []string{"shop/merchant.json:6", "accounts.wechatpay.mchid"}},
		{"settings-wrong-type", capabilities, settings, `["https://shop.example"]`, `"https://shop.example"`, []string{"shop/merchant.json:3", "origins"}},
		{"settings-trailing-data", capabilities, settings, `"webhooks": []`, `"webhooks": []}{`, []string{"shop/merchant.json"}},
		{"mode-missing", capabilities, settings, `"mode": "live",`, ``, []string{"shop/merchant.json", "mode", "live"}},
		{"mode-test-on-live", capabilities, settings, `"live"`, `"test"`, []string{"shop/merchant.json", "mode"}},
		{"origin-with-path", capabilities, settings, `"https://shop.example"]`, `"https://shop.example/"]`, []string{"origins[0]"}},
		{"origin-http", capabilities, settings, `["https://shop.example"]`, `["http://shop.example"]`, []string{"origins[0]"}},
		{"origin-wildcard", capabilities, settings, `["https://shop.example"]`, `["*"]`, []string{"origins[0]"}},
		{"origin-wildcard-host", capabilities, settings, `["https://shop.example"]`, `["https://*"]`, []string{"origins[0]"}},
		{"origin-wildcard-part", capabilities, settings, `["https://shop.example"]`, `["https://*.example"]`, []string{"origins[0]"}},
		{"origin-with-directive", capabilities, settings, `["https://shop.example"]`, `["https://shop.example;sandbox"]`, []string{"origins[0]"}},
		{"origin-in-capitals", capabilities, settings, `["https://shop.example"]`, `["https://Shop.example"]`, []string{"origins[0]"}},
		{"return-url-without-slash", capabilities, settings, `orders/"`, `orders"`, []string{"shop/merchant.json:4", "return_urls[0]"}},
		{"return-url-with-user", capabilities, settings, `"https://shop.example/orders/"`, `"https://a@shop.example/orders/"`, []string{"return_urls[0]"}},
		{"webhook-without-https", capabilities, settings, `"webhooks": []`, `"webhooks": [{"url":` + "\n" + `"http://shop.example", "secrets": []}]`, []string{"shop/merchant.json:8", "webhooks[0]", "url"}},
		{"webhook-secret-missing", capabilities, settings, `"webhooks": []`, `"webhooks": [{"url": "https://shop.example",` + "\n" + `"secrets": ["none"]}]`, []string{"shop/merchant.json:8", "webhooks[0].secrets[0]"}},
		{"api-key-in-the-open", capabilities, settings, `9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`, `sk_live_secret`, []string{"api_keys[0].sha256"}},
		{"api-key-empty", capabilities, settings, `9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`, folder.HashKey(""), []string{"shop/merchant.json:5", "api_keys[0].sha256", "empty"}},
		{"api-key-of-no-scope", capabilities, settings, `{"id": "a",`, `{"scopes": [], "id": "a",`, []string{"shop/merchant.json:5", "api_keys[0].scopes", "empty"}},
		{"api-key-of-another-scope", capabilities, settings, `{"id": "a",`, `{"scopes": ["read", "refunds"], "id": "a",`, []string{"shop/merchant.json:5", "api_keys[0].scopes", `"refunds"`, "refund"}},
		{"api-key-hash-in-capitals", capabilities, settings, `9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08`, strings.ToUpper(folder.HashKey("a")), []string{"api_keys[0].sha256", "lower case"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc, private := strings.Replace(c.document, c.old, c.new, 1), strings.Replace(c.settings, c.old, c.new, 1)
			if doc == c.document && private == c.settings {
				t.Fatal("the row changes nothing")
			}
			if strings.HasPrefix(c.name, "document") {
				private = settings
			} else {
				doc = capabilities
			}
			dir := files(doc, private)
			delete(dir, "other/key.pem")
			_, err := folder.Load(dir, true)
			if err == nil {
				t.Fatal("was accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error does not say %q:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "sk_live_secret") {
				t.Errorf("the error shows the key: %v", err)
			}
		})
	}
}

func TestLoadNamesTheFileOfEachProblem(t *testing.T) {
	t.Parallel()
	_, err := folder.LoadDocuments(fstest.MapFS{
		"shop/capabilities.json": {Data: []byte(strings.NewReplacer(`"CNY"`, `"CNYX"`, `"visible": 2`, `"visible": -2`).Replace(capabilities))},
	})
	if err == nil {
		t.Fatal("was accepted")
	}
	problems := strings.Split(err.Error(), "\n")
	if len(problems) != 2 {
		t.Fatalf("want a problem for the currency and one for the number:\n%v", err)
	}
	for i, place := range []string{"shop/capabilities.json:6: visible: ", "shop/capabilities.json:8: methods[0].currencies[0]: "} {
		if !strings.HasPrefix(problems[i], place) {
			t.Errorf("a problem without its place, %s: %s", place, problems[i])
		}
	}
}

func TestLoadTellsEverythingAtOnce(t *testing.T) {
	t.Parallel()
	dir := fstest.MapFS{
		"a/capabilities.json": {Data: []byte(`{`)},
		"b/capabilities.json": {Data: []byte(strings.Replace(capabilities, `"shop"`, `"c"`, 1))},
		"c/merchant.json":     {Data: []byte(settings)},
	}
	_, err := folder.Load(dir, true)
	if err == nil {
		t.Fatal("was accepted")
	}
	for _, want := range []string{"a/capabilities.json", "b/capabilities.json", "c/capabilities.json"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not name %s:\n%v", want, err)
		}
	}
}

func TestLoadNothing(t *testing.T) {
	t.Parallel()
	if _, err := folder.Load(fstest.MapFS{}, true); err == nil || !strings.Contains(err.Error(), "no merchant") {
		t.Errorf("error is %v", err)
	}
}

func TestIcons(t *testing.T) {
	t.Parallel()
	named := strings.Replace(capabilities, `"rails"`, `"icon": "own", "rails"`, 1)
	for _, c := range []struct{ name, file, body, want string }{
		{"there", "icons/own.svg", "<svg/>", ""},
		{"missing", "icons/other.svg", "<svg/>", "methods[0].icon"},
		{"wrong-kind", "icons/own.html", "<script>", "shop/icons/own.html"},
		{"too-large", "icons/own.png", strings.Repeat("x", folder.MaxIcon+1), "shop/icons/own.png"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sources, err := folder.LoadDocuments(fstest.MapFS{
				"shop/capabilities.json": {Data: []byte(named)},
				"shop/" + c.file:         {Data: []byte(c.body)},
			})
			if c.want == "" {
				if err != nil || string(sources[0].Icons["own"].Body) != c.body {
					t.Fatalf("loaded %v, %v", sources, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one that names %s", err, c.want)
			}
		})
	}
}
