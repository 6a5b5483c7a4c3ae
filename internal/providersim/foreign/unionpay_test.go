package foreign_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"html"
	"io"
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"morepay/internal/providersim"
)

const unionMerID = "777290000000001"

// newUnionPay starts a simulator with an account at UnionPay, and the client of it.
func newUnionPay(t *testing.T) (*fixture, *acp) {
	t.Helper()
	fx := newFixture(t, "")
	own, err := providersim.IssueUnionPay(platformKey(), &merchantKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	if err := fx.sim.AddUnionPayAccount(providersim.UnionPayAccount{MerID: unionMerID, Certificate: parsed(t, own), SignerKey: platformKey()}); err != nil {
		t.Fatal(err)
	}
	return fx, fx.acp(own, platformKey())
}

// acp is a client with its own certificate, and those of who signs for UnionPay.
func (fx *fixture) acp(own []byte, signer *rsa.PrivateKey) *acp {
	root, middle := providersim.UnionPayAuthorities(signer)
	return &acp{
		merID: unionMerID, certID: parsed(fx.t, own).SerialNumber.String(), key: merchantKey(), root: parsed(fx.t, root), middle: parsed(fx.t, middle),
		http: &http.Client{Transport: fx.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, now: fx.sim.Now,
	}
}

func parsed(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// told verifies the next notification.
func (fx *fixture) toldBy(c *acp) acpMessage {
	fx.t.Helper()
	r := fx.next()
	if err := r.ParseForm(); err != nil {
		fx.t.Fatal(err)
	}
	m := acpOf(r.PostForm)
	if err := c.verify(m); err != nil {
		fx.t.Errorf("told %v: %v", m, err)
	}
	return m
}

// wantACP checks an answer whose signature is right.
func wantACP(t *testing.T, answer acpMessage, err error, want acpMessage) acpMessage {
	t.Helper()
	if err != nil {
		t.Fatalf("%v: %v", answer, err)
	}
	for name, value := range want {
		if answer[name] != value {
			t.Errorf("%s is %q, want %q: %v", name, answer[name], value, answer)
		}
	}
	return answer
}

// TestUnionPayCode: a code is scanned and paid, told of and asked about; a refund is a
// transaction of its own, and changes nothing about the payment.
func TestUnionPayCode(t *testing.T) {
	t.Parallel()
	fx, c := newUnionPay(t)
	made, err := c.call("backTransReq.do", c.order("FOREIGN0001", fx.notifyURL))
	code := wantACP(t, made, err, acpMessage{"respCode": "00", "orderId": "FOREIGN0001"})["qrCode"]
	if !strings.HasPrefix(code, "https://qr.95516.com/") {
		t.Fatalf("the code is %q", code)
	}
	asked, err := c.query("FOREIGN0001", made["txnTime"])
	wantACP(t, asked, err, acpMessage{"respCode": "00", "origRespCode": "05"})
	fx.approve(providersim.Ming, code)

	told := wantACP(t, fx.toldBy(c), nil, acpMessage{"respCode": "00", "merId": unionMerID, "orderId": "FOREIGN0001", "txnTime": made["txnTime"], "txnAmt": "5980", "currencyCode": "156"})
	paid := acpMessage{"respCode": "00", "origRespCode": "00", "queryId": told["queryId"], "txnAmt": "5980", "traceNo": told["traceNo"], "settleDate": told["settleDate"]}
	asked, err = c.query("FOREIGN0001", made["txnTime"])
	wantACP(t, asked, err, paid)

	back, err := c.refund("FOREIGNR001", told["queryId"], "80", fx.notifyURL)
	wantACP(t, back, err, acpMessage{"respCode": "00", "orderId": "FOREIGNR001", "origQryId": told["queryId"]})
	toldBack := wantACP(t, fx.toldBy(c), nil, acpMessage{"respCode": "00", "txnType": "04", "orderId": "FOREIGNR001", "origQryId": told["queryId"], "txnAmt": "80"})
	if toldBack["queryId"] == told["queryId"] || toldBack["queryId"] != back["queryId"] {
		t.Errorf("the refund's number is %q, answered %q", toldBack["queryId"], back["queryId"])
	}
	asked, err = c.query("FOREIGNR001", back["txnTime"])
	wantACP(t, asked, err, acpMessage{"origRespCode": "00", "txnType": "04", "txnAmt": "80"})
	asked, err = c.query("FOREIGN0001", made["txnTime"])
	wantACP(t, asked, err, paid)
	tooMuch, err := c.refund("FOREIGNR002", told["queryId"], "5901", fx.notifyURL)
	wantACP(t, tooMuch, err, acpMessage{"respCode": "36"})
}

// TestUnionPayForm: the payer's browser posts the form, pays, and is posted back with what
// UnionPay has signed.
func TestUnionPayForm(t *testing.T) {
	t.Parallel()
	fx, c := newUnionPay(t)
	order, err := c.frontOrder("FOREIGN0002", "https://shop.example/back", fx.notifyURL)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.http.PostForm("https://gateway.95516.com/gateway/api/frontTransReq.do", order.form())
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if page, err := io.ReadAll(res.Body); res.StatusCode != http.StatusSeeOther || err != nil {
		t.Fatalf("the page says %d %s, %v", res.StatusCode, page, err)
	}
	fx.approve(providersim.Ming, "FOREIGN0002")
	told := wantACP(t, fx.toldBy(c), nil, acpMessage{"respCode": "00", "orderId": "FOREIGN0002", "bizType": "000201", "txnSubType": "01"})
	_, page := fx.get(fx.sim.Orders()[0].Return)
	if !strings.Contains(page, `action="https://shop.example/back"`) {
		t.Fatalf("the way back is %s", page)
	}
	fields := acpMessage{}
	for _, input := range regexp.MustCompile(`<input[^>]*name="([^"]*)"[^>]*value="([^"]*)"`).FindAllStringSubmatch(page, -1) {
		fields[html.UnescapeString(input[1])] = html.UnescapeString(input[2])
	}
	if err := c.verify(fields); err != nil || fields["queryId"] != told["queryId"] {
		t.Errorf("posted back %v: %v", fields, err)
	}
	asked, err := c.query("FOREIGN0002", order["txnTime"])
	wantACP(t, asked, err, acpMessage{"origRespCode": "00", "queryId": told["queryId"]})
}

// TestUnionPayForgeries: neither side takes what the other has not signed.
func TestUnionPayForgeries(t *testing.T) {
	t.Parallel()
	fx, c := newUnionPay(t)
	made, err := c.call("backTransReq.do", c.order("FOREIGN0003", fx.notifyURL))
	wantACP(t, made, err, acpMessage{"respCode": "00"})
	fx.approve(providersim.Ming, made["qrCode"])
	told := fx.toldBy(c)

	own, err := providersim.IssueUnionPay(platformKey(), &merchantKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(acpMessage) error{
		"amount":   func(m acpMessage) error { m["txnAmt"] = "1"; return nil },
		"dropped":  func(m acpMessage) error { delete(m, "settleDate"); return nil },
		"added":    func(m acpMessage) error { m["more"] = ""; return nil },
		"merchant": func(m acpMessage) error { m["signPubKeyCert"] = string(own); return m.sign(merchantKey()) },
		"authority": func(m acpMessage) error {
			m["signPubKeyCert"] = string(providersim.UnionPaySigner(renewedKey()))
			return m.sign(renewedKey())
		},
		"nobody": func(m acpMessage) error { delete(m, "signPubKeyCert"); return nil },
	} {
		forged := maps.Clone(told)
		if err := change(forged); err != nil {
			t.Fatal(err)
		}
		if c.verify(forged) == nil {
			t.Errorf("%s: it is taken for UnionPay's", name)
		}
	}

	changed, err := c.request(c.order("FOREIGN0004", fx.notifyURL))
	if err != nil {
		t.Fatal(err)
	}
	changed["txnAmt"] = "1"
	refused, err := c.post("backTransReq.do", changed)
	wantACP(t, refused, err, acpMessage{"respCode": "11"})
	if err := c.verify(refused); err != nil {
		t.Errorf("refused without a signature: %v", err)
	}
	c.certID = "1"
	refused, err = c.call("backTransReq.do", c.order("FOREIGN0005", fx.notifyURL))
	wantACP(t, refused, err, acpMessage{"respCode": "11"})
}
