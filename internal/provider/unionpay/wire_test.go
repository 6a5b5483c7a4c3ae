package unionpay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"maps"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/unionpay"
)

const (
	merID   = "777290000000001"
	signer  = "041@8310000000083040@中国银联股份有限公司@00016493:SIGN@00000001"
	inTest  = "041@Z12@00040000:SIGN@00000001"
	paidRef = "202611231956000000018"
)

// certificate is one of a test's, and the key that is in it.
type certificate struct {
	*x509.Certificate
	key *rsa.PrivateKey
}

func (c certificate) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// issue makes a certificate of a key; by is nil for a root.
func issue(name string, key *rsa.PrivateKey, by *certificate, change func(*x509.Certificate)) certificate {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, SerialNumber: big.NewInt(0x5157F09EFD),
		NotBefore: providertest.Now.AddDate(-1, 0, 0), NotAfter: providertest.Now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	parent, parentKey := template, key
	if by != nil {
		parent, parentKey = by.Certificate, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return certificate{cert, key}
}

func authority(c *x509.Certificate) {
	c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
}

// pki are the certificates of all tests.
type pki struct{ root, middle, own, signer certificate }

var chains = sync.OnceValue(func() pki {
	root := issue("root", providertest.ProviderKey(), nil, authority)
	middle := issue("middle", providertest.ProviderKey(), &root, authority)
	return pki{
		root, middle,
		issue("041@Z000@SHOP@00000001", providertest.MerchantKey(), &middle, nil),
		issue(signer, providertest.ProviderKey(), &middle, nil),
	}
})

func files() map[string][]byte {
	c := chains()
	return map[string][]byte{
		"key.pem": providertest.PrivatePEM(providertest.MerchantKey()), "own.cer": c.own.pem(), "root.cer": c.root.pem(), "middle.cer": c.middle.pem(),
	}
}

func goodSettings() map[string]any {
	return map[string]any{
		"mer_id": merID, "private_key": "key.pem", "certificate": "own.cer", "root_certificate": "root.cer", "middle_certificate": "middle.cer",
		"methods": []string{"unionpay"},
	}
}

func open(tb testing.TB, origin string, change map[string]any) provider.Provider {
	tb.Helper()
	env := providertest.Env(origin, files())
	return providertest.Open(tb, unionpay.Open, providertest.With(goodSettings(), change), env)
}

func order(rail pay.Rail) provider.Order {
	o := providertest.Order("wechatpay", merID, rail)
	o.Method, o.FormPage = "unionpay", "https://pay.example/form/x/at_1"
	return o
}

// sealed signs a message as UnionPay does, by this certificate.
func sealed(m map[string]string, by certificate) map[string]string {
	m = maps.Clone(m)
	m["signPubKeyCert"] = string(by.pem())
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		pairs = append(pairs, k+"="+m[k])
	}
	inner := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	outer := sha256.Sum256([]byte(hex.EncodeToString(inner[:])))
	signature, err := rsa.SignPKCS1v15(rand.Reader, by.key, crypto.SHA256, outer[:])
	if err != nil {
		panic(err)
	}
	m["signature"] = base64.StdEncoding.EncodeToString(signature)
	return m
}

func asForm(m map[string]string) []byte {
	v := url.Values{}
	for k, value := range m {
		v.Set(k, value)
	}
	return []byte(v.Encode())
}

func asAnswer(m map[string]string) string {
	var pairs []string
	for k, v := range m {
		pairs = append(pairs, k+"="+v)
	}
	return strings.Join(pairs, "&")
}

// answering is a wire on which every call is answered with the fields, beside what they
// repeat of it.
func answering(t *testing.T, fields map[string]string) *providertest.Wire {
	return providertest.NewWire(t, func(_ *http.Request, body string) providertest.Reply {
		asked, err := url.ParseQuery(body)
		if err != nil {
			t.Error(err)
		}
		m := map[string]string{"merId": asked.Get("merId"), "orderId": asked.Get("orderId"), "txnTime": asked.Get("txnTime"), "txnType": asked.Get("txnType")}
		maps.Copy(m, fields)
		return providertest.Reply{Status: http.StatusOK, Body: asAnswer(sealed(m, chains().signer))}
	})
}

func moment(t time.Time) string { return t.In(time.FixedZone("", 8*3600)).Format("20060102150405") }

// openIn opens the account in an environment.
func openIn(tb testing.TB, env provider.Env) provider.Provider {
	tb.Helper()
	return providertest.Open(tb, unionpay.Open, goodSettings(), env)
}
