package wechatpay_test

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

// issue makes a certificate of a key, in force around now unless change says otherwise.
func issue(tb testing.TB, key *rsa.PrivateKey, serial int64, change func(*x509.Certificate)) []byte {
	tb.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: mchID}, NotBefore: now.Add(-24 * time.Hour), NotAfter: now.Add(24 * time.Hour),
		BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// listed is the entry of a certificate in the list that can be downloaded.
func listed(serial string, plain []byte, key string) map[string]any {
	block, _ := aes.NewCipher([]byte(key))
	gcm, _ := cipher.NewGCM(block)
	return map[string]any{"serial_no": serial, "encrypt_certificate": map[string]any{
		"algorithm": "AEAD_AES_256_GCM", "nonce": "0123456789ab", "associated_data": "certificate",
		"ciphertext": base64.StdEncoding.EncodeToString(gcm.Seal(nil, []byte("0123456789ab"), plain, []byte("certificate"))),
	}}
}

// platform answers with a list of certificates, signed under a name, and counts how often
// it was asked.
type platform struct {
	mu     sync.Mutex
	list   []map[string]any
	signer string
	status int
	asked  int
	clock  time.Time
}

func (p *platform) set(signer string, list ...map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signer, p.list, p.status = signer, list, http.StatusOK
}

func (p *platform) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.clock
}

func (p *platform) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clock = p.clock.Add(d)
}

func (p *platform) times() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}

// open opens an account in certificate mode that talks to the platform.
func (p *platform) open(t *testing.T, change map[string]any) provider.Provider {
	t.Helper()
	p.clock = now
	w := providertest.NewWire(t, func(*http.Request, string) providertest.Reply {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked++
		body := providertest.JSON(t, map[string]any{"data": p.list})
		h := http.Header{}
		signed(h, []byte(body), p.clock)
		h.Set("Wechatpay-Serial", p.signer)
		return providertest.Reply{Status: p.status, Header: h, Body: body}
	})
	env := providertest.Env(w.URL, keyFiles())
	env.Now = p.now
	settings := providertest.With(goodSettings(), plus(map[string]any{"public_key_id": nil, "public_key": nil, "platform_certificates": []string{}}, change))
	return providertest.Open(t, wechatpay.Open, settings, env)
}

// by names another key as that of a message.
func (p *platform) told(t *testing.T, at provider.Provider, serial string) error {
	t.Helper()
	_, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
	h := http.Header{}
	signed(h, body, p.now())
	h.Set("Wechatpay-Serial", serial)
	_, err := at.Notification(h, body)
	return err
}

// An unknown key is asked for once in five minutes, and what is signed by it is judged
// again at once.
func TestUnknownCertificateIsAskedFor(t *testing.T) {
	t.Parallel()
	p := &platform{}
	key := providertest.ProviderKey()
	p.set("A1", listed("A1", issue(t, key, 0xA1, nil), apiV3Key))
	account := p.open(t, nil)
	if err := p.told(t, account, "A1"); err != nil || p.times() != 1 {
		t.Fatalf("the first message: %v, asked %d times", err, p.times())
	}
	p.set("0A2B", listed("A1", issue(t, key, 0xA1, nil), apiV3Key), listed("0A2B", issue(t, key, 0x0A2B, nil), apiV3Key))
	for range 3 {
		if err := p.told(t, account, "0A2B"); !errors.Is(err, provider.ErrUnknownKey) {
			t.Errorf("soon after: %v", err)
		}
	}
	if p.times() != 1 {
		t.Errorf("asked %d times within five minutes", p.times())
	}
	p.pass(5 * time.Minute)
	if err := p.told(t, account, "0A2B"); err != nil || p.times() != 2 {
		t.Errorf("after five minutes: %v, asked %d times", err, p.times())
	}
	if err := p.told(t, account, "A1"); err != nil {
		t.Errorf("by the older one: %v", err)
	}
	p.pass(5 * time.Minute)
	if err := p.told(t, account, "PUB_KEY_ID_1"); !errors.Is(err, provider.ErrUnknownKey) || p.times() != 2 {
		t.Errorf("by a public key: %v, asked %d times: no list of certificates has it", err, p.times())
	}
	p.pass(48 * time.Hour)
	p.set("A3", listed("A3", issue(t, key, 0xA3, func(c *x509.Certificate) { c.NotAfter = now.Add(1000 * time.Hour) }), apiV3Key))
	if err := p.told(t, account, "A1"); !errors.Is(err, provider.ErrUnknownKey) {
		t.Errorf("by one that has ended: %v", err)
	}
}

// However many messages name keys that there are not, they have one list asked for, also
// at the time when one may be.
func TestStormOfUnknownCertificates(t *testing.T) {
	t.Parallel()
	p := &platform{}
	p.set("A1", listed("A1", issue(t, providertest.ProviderKey(), 0xA1, nil), apiV3Key))
	account := p.open(t, nil)
	if err := p.told(t, account, "A1"); err != nil {
		t.Fatal(err)
	}
	p.pass(5 * time.Minute)
	var all sync.WaitGroup
	for i := range 50 {
		all.Go(func() {
			if err := p.told(t, account, fmt.Sprintf("B%02X", i)); !errors.Is(err, provider.ErrUnknownKey) {
				t.Errorf("a message by B%02X: %v", i, err)
			}
		})
	}
	all.Wait()
	if p.times() != 2 {
		t.Errorf("asked %d times, want once and once more", p.times())
	}
}

// What is wrong with a list keeps all of it from being believed.
func TestCertificatesThatAreNotBelieved(t *testing.T) {
	t.Parallel()
	key := providertest.ProviderKey()
	good := issue(t, key, 0xA1, nil)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		signer string
		list   []map[string]any
	}{
		"other-serial":    {"A1", []map[string]any{listed("A2", good, apiV3Key)}},
		"other-key":       {"A1", []map[string]any{listed("A1", good, strings.Repeat("x", 32))}},
		"not-pem":         {"A1", []map[string]any{listed("A1", []byte("x"), apiV3Key)}},
		"broken":          {"A1", []map[string]any{listed("A1", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}), apiV3Key)}},
		"short-key":       {"A1", []map[string]any{listed("A1", issue(t, short, 0xA1, nil), apiV3Key)}},
		"authority":       {"A1", []map[string]any{listed("A1", issue(t, key, 0xA1, func(c *x509.Certificate) { c.IsCA = true }), apiV3Key)}},
		"ended":           {"A1", []map[string]any{listed("A1", issue(t, key, 0xA1, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }), apiV3Key)}},
		"none":            {"A1", nil},
		"signed-by-other": {"A1", []map[string]any{listed("A1", issue(t, other, 0xA1, nil), apiV3Key)}},
		"unknown-signer":  {"A9", []map[string]any{listed("A1", good, apiV3Key)}},
	} {
		t.Run(name, func(t *testing.T) {
			p := &platform{}
			p.set(c.signer, c.list...)
			account := p.open(t, nil)
			if err := account.(provider.KeyRenewer).RenewKeys(t.Context()); err == nil {
				t.Error("it is believed")
			}
			if err := p.told(t, account, "A1"); err == nil {
				t.Error("a message by it is believed")
			}
		})
	}
}

// While WeChat Pay is down an account works with the certificates that it has in files.
func TestCertificatesToBeginWith(t *testing.T) {
	t.Parallel()
	files := keyFiles()
	files["wechatpay_A1.pem"] = issue(t, providertest.ProviderKey(), 0xA1, nil)
	env := providertest.Env(providertest.Nowhere, files)
	account := providertest.Open(t, wechatpay.Open, providertest.With(goodSettings(), map[string]any{
		"public_key_id": nil, "public_key": nil, "platform_certificates": []string{"wechatpay_A1.pem"},
	}), env)
	h, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
	h.Set("Wechatpay-Serial", "A1")
	if _, err := account.Notification(h, body); err != nil {
		t.Error(err)
	}
}

// Each wrong certificate is refused at the start, with its setting, file and remedy.
func TestCertificateSettings(t *testing.T) {
	t.Parallel()
	ours, theirs := providertest.MerchantKey(), providertest.ProviderKey()
	files := keyFiles()
	for name, text := range map[string][]byte{
		"own.pem": issue(t, ours, 0xB1, nil), "platform.pem": issue(t, theirs, 0xA1, nil),
		"neighbour.pem": issue(t, ours, 0xB1, func(c *x509.Certificate) { c.Subject.CommonName = "1900000099" }),
		"ended.pem":     issue(t, theirs, 0xA1, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }),
		"root.pem":      issue(t, theirs, 0xA1, func(c *x509.Certificate) { c.IsCA = true }),
		"long.pem":      issue(t, theirs, 0xA1A2A3A4, nil),
		"own-ended.pem": issue(t, ours, 0xB1, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) }),
	} {
		files[name] = text
	}
	open := func(change map[string]any) error {
		raw, err := json.Marshal(providertest.With(goodSettings(), change))
		if err != nil {
			t.Fatal(err)
		}
		_, err = wechatpay.Open(raw, providertest.Env(providertest.Nowhere, files))
		return err
	}
	certificates := func(list ...string) map[string]any {
		return map[string]any{"platform_certificates": list, "public_key_id": nil, "public_key": nil}
	}
	for name, c := range map[string]struct {
		change map[string]any
		field  string
		says   string
	}{
		"platform-alone":    {certificates("platform.pem"), "", ""},
		"both":              {map[string]any{"platform_certificates": []string{"platform.pem"}}, "", ""},
		"own":               {map[string]any{"certificate": "own.pem", "certificate_serial": "B1000000"}, "certificate_serial", "own.pem, B1"},
		"neighbour":         {map[string]any{"certificate": "neighbour.pem"}, "certificate", "neighbour.pem holds the certificate of 1900000099; that of " + mchID},
		"platform-as-own":   {map[string]any{"certificate": "platform.pem"}, "certificate", "another key than private_key"},
		"own-ended":         {map[string]any{"certificate": "own-ended.pem"}, "certificate", "own-ended.pem ended on"},
		"own-as-platform":   {certificates("own.pem"), "platform_certificates", "own.pem holds the merchant's own"},
		"ended":             {certificates("ended.pem"), "platform_certificates", "ended.pem ended on"},
		"root":              {certificates("root.pem"), "platform_certificates", "root.pem holds an authority's"},
		"serials-swapped":   {plus(certificates("long.pem"), map[string]any{"certificate_serial": "A1A2A3A4"}), "certificate_serial", "is that of WeChat Pay's certificate in long.pem"},
		"no-file":           {certificates("none.pem"), "platform_certificates", "can't be read"},
		"key-without-id":    {map[string]any{"platform_certificates": []string{}, "public_key_id": nil}, "public_key_id", publicKeyID[:11]},
		"id-without-key":    {map[string]any{"platform_certificates": []string{}, "public_key": nil}, "public_key", "is missing"},
		"nothing":           {map[string]any{"public_key_id": nil, "public_key": nil}, "public_key_id", ""},
		"a-word-not-a-list": {map[string]any{"platform_certificates": "platform.pem"}, "platform_certificates", ""},
	} {
		err := open(c.change)
		if c.field == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if problem, ok := errors.AsType[*pay.Error](err); !ok || problem.Field != c.field || !strings.Contains(fmt.Sprint(err), c.says) {
			t.Errorf("%s: %v, want an error of %s that says %q", name, err, c.field, c.says)
		}
	}
}

func FuzzCertificateList(f *testing.F) {
	f.Add([]byte(`{"data":[]}`))
	f.Add([]byte(`{"data":[{"serial_no":"A1","encrypt_certificate":{"algorithm":"AEAD_AES_256_GCM","nonce":"0123456789ab","ciphertext":"AAAA"}}]}`))
	var body []byte
	w := providertest.NewWire(f, func(*http.Request, string) providertest.Reply {
		h := http.Header{}
		signed(h, body, now)
		h.Set("Wechatpay-Serial", "A1")
		return providertest.Reply{Status: http.StatusOK, Header: h, Body: string(body)}
	})
	account := providertest.Open(f, wechatpay.Open, providertest.With(goodSettings(), map[string]any{
		"public_key_id": nil, "public_key": nil, "platform_certificates": []string{},
	}), providertest.Env(w.URL, keyFiles()))
	f.Fuzz(func(t *testing.T, sent []byte) {
		body = sent
		if err := account.(provider.KeyRenewer).RenewKeys(t.Context()); err == nil {
			t.Errorf("%q is believed", sent)
		}
	})
}
