// Package demo opens what "morepay demo" runs: the program, simulated providers,
// sample merchants with accounts there, and a small storefront that uses the
// public API as any merchant would.
//
// What must not live here: anything that the server needs to serve real
// merchants. Keys are made afresh at every start and are worth nothing.
package demo

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"morepay/internal/demo/merchants"
	"morepay/internal/merchant/folder"
	"morepay/internal/providersim"
	"morepay/internal/webhook"
)

// Shop is a merchant of the demo with its secret key, as its own back end would
// hold it.
type Shop struct {
	folder.Merchant
	Key string // sk_test_…; with a scope behind, such as _read, a key of that scope alone

	files    map[string][]byte // the key files that its settings name
	platform *rsa.PrivateKey   // the simulated providers'
}

// Scoped returns the shop's key of one scope alone.
func (s Shop) Scoped(scope folder.Scope) string { return scoped(s.Key, scope) }

func scoped(key string, scope folder.Scope) string { return key + "_" + string(scope) }

// apiKeys are the shop's key and those of one scope each.
func apiKeys(key string) []folder.APIKey {
	list := []folder.APIKey{{ID: "demo", SHA256: folder.HashKey(key)}}
	for _, scope := range folder.Scopes {
		list = append(list, folder.APIKey{ID: "demo-" + string(scope), SHA256: folder.HashKey(scoped(key, scope)), Scopes: []folder.Scope{scope}})
	}
	return list
}

const webhookFile = "webhook_secret"

// keys are shared by all accounts of the demo: making RSA keys takes a second.
type keys struct {
	merchant, platform *rsa.PrivateKey
	serviceProvider    serviceProvider
}

// serviceProvider is who calls WeChat Pay for the franchised shops, and by which keys.
type serviceProvider struct {
	providersim.WeChatServiceProvider
	serial, publicKeyID string
	apiV3Key            []byte
}

// Furnish gives every merchant of a folder ("" for the samples) an API key, the
// demo's origins and an account at each simulated provider. baseURL is where the
// server is reached, others are the origins of more shops, whose pages may all
// show the checkout and be returned to.
func Furnish(dir string, sim *providersim.Sim, baseURL string, others ...string) ([]Shop, error) {
	var files fs.FS = merchants.FS
	if dir != "" {
		files = os.DirFS(dir)
	}
	loaded, err := folder.LoadDocuments(files)
	if err != nil {
		return nil, err
	}
	k, err := madeKeys()
	if err != nil {
		return nil, err
	}
	origins, err := Origins(baseURL)
	if err != nil {
		return nil, err
	}
	shops := make([]Shop, len(loaded))
	for i, m := range loaded {
		shop := Shop{Merchant: m, Key: "sk_test_" + rand.Text(), platform: k.platform}
		shop.Settings = folder.Settings{
			Mode:     folder.ModeTest,
			Origins:  slices.Concat(origins, others),
			APIKeys:  apiKeys(shop.Key),
			Accounts: map[string]json.RawMessage{},
		}
		for _, o := range origins {
			shop.Settings.ReturnURLs = append(shop.Settings.ReturnURLs, o+"/demo/")
		}
		for _, o := range others {
			shop.Settings.ReturnURLs = append(shop.Settings.ReturnURLs, o+"/")
		}
		secret := webhookSecret()
		shop.files = map[string][]byte{webhookFile: []byte(secret)}
		shop.Settings.Webhooks = []folder.Webhook{{ID: "shop", URL: baseURL + "/demo/hook", Secrets: []string{webhookFile}}}
		shop.Webhooks = []webhook.Endpoint{{ID: "shop", URL: baseURL + "/demo/hook", Secrets: []string{secret}}}
		for _, open := range accounts {
			if err := open(&shop, sim, k, i, shop.files); err != nil {
				return nil, fmt.Errorf("demo merchant %s: %w", m.ID, err)
			}
		}
		shop.ReadKey = func(name string) ([]byte, error) {
			b, ok := shop.files[name]
			if !ok {
				return nil, errors.New("the demo has no such key file")
			}
			return b, nil
		}
		shops[i] = shop
	}
	return shops, nil
}

// Export writes the shop's folder as "morepay serve --merchants" reads it, so
// that other servers can share the demo's accounts.
func (s Shop) Export(dir string) error {
	own := filepath.Join(dir, s.ID)
	if err := os.MkdirAll(own, 0o700); err != nil {
		return err
	}
	settings, err := json.MarshalIndent(s.Settings, "", "  ")
	if err != nil {
		return err
	}
	errs := []error{
		os.WriteFile(filepath.Join(own, folder.DocumentFile), s.Document.JSON(), 0o600),
		os.WriteFile(filepath.Join(own, folder.SettingsFile), settings, 0o600),
	}
	for name, content := range s.files {
		errs = append(errs, os.WriteFile(filepath.Join(own, name), content, 0o600))
	}
	if len(s.Icons) > 0 {
		errs = append(errs, os.MkdirAll(filepath.Join(own, "icons"), 0o700))
	}
	for _, icon := range s.Icons {
		errs = append(errs, os.WriteFile(filepath.Join(own, "icons", icon.File), icon.Body, 0o600))
	}
	return errors.Join(errs...)
}

// Origins returns the names of the loopback host under which the demo is
// reached. The storefront and its frame use different ones, so that the demo's
// frame is as foreign to its page as a real one.
func Origins(baseURL string) ([]string, error) {
	u, err := url.Parse(baseURL)
	if err != nil {
		return nil, err
	}
	origins := []string{baseURL}
	for host, other := range map[string]string{"127.0.0.1": "localhost", "localhost": "127.0.0.1"} {
		if u.Hostname() == host {
			origins = append(origins, u.Scheme+"://"+other+":"+u.Port())
		}
	}
	return origins, nil
}

func webhookSecret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return "whsec_" + base64.StdEncoding.EncodeToString(b)
}

// madeKeys returns the keys of the demo's accounts, made once: making them is most of what
// a demo's start takes.
var madeKeys = sync.OnceValues(newKeys)

func newKeys() (keys, error) {
	k := keys{serviceProvider: serviceProvider{
		WeChatServiceProvider: providersim.WeChatServiceProvider{MchID: "1700000001", AppID: "wxprovider0000001", AppSecret: rand.Text()},
		serial:                "5157F09EFDC096DE15EBE81A47057A7317000001", publicKeyID: "PUB_KEY_ID_0117000000000000000001", apiV3Key: apiV3Key(),
	}}
	var err error
	if k.merchant, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		return k, err
	}
	k.platform, err = rsa.GenerateKey(rand.Reader, 2048)
	return k, err
}

func privatePEM(k *rsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

func publicPEM(k *rsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(k)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

// Merchants returns the shops as the server knows them.
func Merchants(shops []Shop) []folder.Merchant {
	list := make([]folder.Merchant, len(shops))
	for i, s := range shops {
		list[i] = s.Merchant
	}
	return list
}
