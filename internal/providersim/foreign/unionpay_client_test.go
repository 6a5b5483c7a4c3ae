package foreign_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// There is no client of UnionPay's that a module of Go could require. This one was written
// from the documents of ACP 5.1.0 alone, and shares no line with the simulator or the
// adapter.

// acpMessage is what the gateway is sent and says.
type acpMessage map[string]string

// acp is a merchant's client.
type acp struct {
	merID, certID string // the latter is the serial number of the merchant's certificate, in decimal
	key           *rsa.PrivateKey
	root, middle  *x509.Certificate // of CFCA, as UnionPay's console gives them out
	http          *http.Client
	now           func() time.Time
}

// acpSigner is who signs for UnionPay: the third part of its certificate's name.
const acpSigner = "中国银联股份有限公司"

var acpZone = time.FixedZone("Asia/Shanghai", 8*60*60)

// plain is what is signed: the fields in the order of their names, also the empty ones.
func (m acpMessage) plain() string {
	lines := make([]string, 0, len(m))
	for name, value := range m {
		if name != "signature" {
			lines = append(lines, name+"\x00="+value) // so that the shorter name comes first
		}
	}
	slices.Sort(lines)
	return strings.ReplaceAll(strings.Join(lines, "&"), "\x00", "")
}

// hash is what RSA is over: of the hexadecimal digits of the hash of the text.
func (m acpMessage) hash() []byte {
	digits := fmt.Sprintf("%x", sha256.Sum256([]byte(m.plain())))
	sum := sha256.Sum256([]byte(digits))
	return sum[:]
}

func (m acpMessage) sign(key *rsa.PrivateKey) error {
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, m.hash())
	m["signature"] = base64.StdEncoding.EncodeToString(signature)
	return err
}

// acpOf takes a posted form for a message.
func acpOf(form url.Values) acpMessage {
	m := acpMessage{}
	for name := range form {
		m[name] = form.Get(name)
	}
	return m
}

// verify checks the signature by the certificate that a message brings along, and that
// certificate up to the root.
func (c *acp) verify(m acpMessage) error {
	block, _ := pem.Decode([]byte(m["signPubKeyCert"]))
	if block == nil {
		return errors.New("no certificate")
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return err
	}
	roots, middles := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(c.root)
	middles.AddCert(c.middle)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middles, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		return err
	}
	if name := strings.Split(cert.Subject.CommonName, "@"); len(name) < 3 || name[2] != acpSigner {
		return fmt.Errorf("%q does not sign for UnionPay", cert.Subject.CommonName)
	}
	signature, err := base64.StdEncoding.DecodeString(m["signature"])
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(cert.PublicKey.(*rsa.PublicKey), crypto.SHA256, m.hash(), signature)
}

// moment is the present as UnionPay writes it.
func (c *acp) moment() string { return c.now().In(acpZone).Format("20060102150405") }

// request completes a message with what all have, and signs it.
func (c *acp) request(m acpMessage) (acpMessage, error) {
	full := acpMessage{
		"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "merId": c.merID, "certId": c.certID, "txnTime": c.moment(),
	}
	maps.Copy(full, m)
	return full, full.sign(c.key)
}

func (m acpMessage) form() url.Values {
	form := url.Values{}
	for name, value := range m {
		form.Add(name, value)
	}
	return form
}

// call posts a message, and returns the answer if UnionPay has signed it.
func (c *acp) call(to string, m acpMessage) (acpMessage, error) {
	m, err := c.request(m)
	if err != nil {
		return nil, err
	}
	answer, err := c.post(to, m)
	if err != nil {
		return nil, err
	}
	return answer, c.verify(answer)
}

func (c *acp) post(to string, m acpMessage) (acpMessage, error) {
	res, err := c.http.PostForm("https://gateway.95516.com/gateway/api/"+to, m.form())
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	answer := acpMessage{}
	for _, pair := range strings.Split(string(text), "&") {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, fmt.Errorf("%q is no answer", text)
		}
		answer[name] = value
	}
	return answer, nil
}

func (c *acp) order(number, to string) acpMessage {
	return acpMessage{
		"txnType": "01", "txnSubType": "07", "bizType": "000000", "channelType": "08", "orderId": number, "txnAmt": "5980", "currencyCode": "156", "backUrl": to,
	}
}

// frontOrder is what the payer's browser posts.
func (c *acp) frontOrder(number, back, to string) (acpMessage, error) {
	m := c.order(number, to)
	m["txnSubType"], m["bizType"], m["frontUrl"] = "01", "000201", back
	return c.request(m)
}

func (c *acp) query(number, moment string) (acpMessage, error) {
	return c.call("queryTrans.do", acpMessage{"txnType": "00", "txnSubType": "00", "bizType": "000000", "orderId": number, "txnTime": moment})
}

func (c *acp) refund(number, of, fen, to string) (acpMessage, error) {
	return c.call("backTransReq.do", acpMessage{
		"txnType": "04", "txnSubType": "00", "bizType": "000201", "channelType": "07", "orderId": number, "origQryId": of, "txnAmt": fen, "backUrl": to,
	})
}

// TestUnionPayVectors: the client signs as OpenSSL does. The first vector is its own, with
// empty fields, spaces and Chinese:
//
//	openssl dgst -sha256 -hex unionpay.txt | sed 's/.*= //' | tr -d '\n' > hex
//	openssl dgst -sha256 -sign unionpay.pem hex | base64 -w0 > unionpay.sig
//
// The second one is the adapter's: both mean the same by a signature.
func TestUnionPayVectors(t *testing.T) {
	t.Parallel()
	for name, v := range map[string][3]string{
		"own":     {"testdata/unionpay.txt", "testdata/unionpay.pem", "testdata/unionpay.sig"},
		"adapter": {"../../provider/unionpay/testdata/vector.txt", "../../provider/unionpay/testdata/vector_key.pem", "../../provider/unionpay/testdata/vector.sig"},
	} {
		t.Run(name, func(t *testing.T) {
			var parts [3]string
			for i, file := range v {
				text, err := os.ReadFile(filepath.FromSlash(file))
				if err != nil {
					t.Fatal(err)
				}
				parts[i] = strings.TrimSpace(string(text))
			}
			m := acpMessage{"signature": "an old one is not signed"}
			for _, pair := range strings.Split(strings.Replace(parts[0], "{a=1&b=", "{a=1\x00b=", 1), "&") {
				name, value, _ := strings.Cut(pair, "=")
				m[name] = strings.ReplaceAll(value, "\x00", "&")
			}
			if m.plain() != parts[0] {
				t.Errorf("signed is\n%s, want\n%s", m.plain(), parts[0])
			}
			block, _ := pem.Decode([]byte(parts[1]))
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.sign(key.(*rsa.PrivateKey)); err != nil || m["signature"] != parts[2] {
				t.Errorf("signature %s, %v, want %s", m["signature"], err, parts[2])
			}
		})
	}
}
