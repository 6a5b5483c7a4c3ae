package providersim_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/providersim"
)

const unionMerID = "777290000000001"

// unionKeys are the merchant's key and UnionPay's, made once.
var unionKeys = sync.OnceValue(func() [2]*rsa.PrivateKey {
	var keys [2]*rsa.PrivateKey
	for i := range keys {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

// unionWorld is a simulated UnionPay and a client written from its documents.
type unionWorld struct {
	t      *testing.T
	sim    *providersim.Sim
	url    string
	own    *x509.Certificate
	signer *rsa.PublicKey
	told   chan url.Values
	refuse chan bool // notifications that are to be answered 500, one each
	notify string
}

func newUnionWorld(t *testing.T) *unionWorld {
	t.Helper()
	w := &unionWorld{t: t, told: make(chan url.Values, 20), refuse: make(chan bool, 20), own: unionCertificate(t), signer: &unionKeys()[1].PublicKey}
	var sim *providersim.Sim
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { sim.Handler().ServeHTTP(rw, r) }))
	t.Cleanup(server.Close)
	sim = providersim.New(providersim.Options{Origin: server.URL, RetryScale: 0.0001, RefundAfter: time.Millisecond})
	t.Cleanup(sim.Close)
	merchant := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm() // what can't be read is no form, and the test says so
		select {
		case <-w.refuse:
			rw.WriteHeader(http.StatusInternalServerError)
		default:
		}
		w.told <- r.PostForm
	}))
	t.Cleanup(merchant.Close)
	w.sim, w.url, w.notify = sim, server.URL, merchant.URL
	if err := sim.AddUnionPayAccount(providersim.UnionPayAccount{MerID: unionMerID, Certificate: w.own, SignerKey: unionKeys()[1]}); err != nil {
		t.Fatal(err)
	}
	go sim.Run(t.Context())
	return w
}

func unionCertificate(t *testing.T) *x509.Certificate {
	t.Helper()
	text, err := providersim.IssueUnionPay(unionKeys()[1], &unionKeys()[0].PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// digest is what is signed of a message.
func unionDigest(p url.Values) []byte {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(p)) {
		if k != "signature" {
			pairs = append(pairs, k+"="+p.Get(k))
		}
	}
	inner := sha256.Sum256([]byte(strings.Join(pairs, "&")))
	outer := sha256.Sum256([]byte(hex.EncodeToString(inner[:])))
	return outer[:]
}

func (w *unionWorld) verify(p url.Values) {
	w.t.Helper()
	signature, err := base64.StdEncoding.DecodeString(p.Get("signature"))
	if err != nil || rsa.VerifyPKCS1v15(w.signer, crypto.SHA256, unionDigest(p), signature) != nil {
		w.t.Errorf("the signature of %v is wrong", p)
	}
	block, _ := pem.Decode([]byte(p.Get("signPubKeyCert")))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || !w.signer.Equal(cert.PublicKey) || !strings.Contains(cert.Subject.CommonName, "@中国银联股份有限公司@") {
		w.t.Errorf("the certificate is %v, %v", cert, err)
	}
}

// order returns the signed request for a code, or for the web page, with changes: a
// value "-" takes a field away.
func (w *unionWorld) order(number string, page bool, changes ...string) url.Values {
	p := url.Values{}
	for k, v := range map[string]string{
		"txnType": "01", "txnSubType": "07", "bizType": "000000", "channelType": "08", "orderId": number, "txnTime": unionMoment(w.sim.Now()),
		"txnAmt": "5980", "currencyCode": "156", "backUrl": w.notify, "payTimeout": unionMoment(w.sim.Now().Add(30 * time.Minute)),
	} {
		p.Set(k, v)
	}
	if page {
		p.Set("txnSubType", "01")
		p.Set("bizType", "000201")
		p.Set("frontUrl", "https://shop.example/back")
	}
	return w.signed(p, changes...)
}

func unionMoment(t time.Time) string {
	return t.In(time.FixedZone("", 8*3600)).Format("20060102150405")
}

func (w *unionWorld) signed(p url.Values, changes ...string) url.Values {
	w.t.Helper()
	for k, v := range map[string]string{"version": "5.1.0", "encoding": "UTF-8", "signMethod": "01", "accessType": "0", "merId": unionMerID, "certId": w.own.SerialNumber.String()} {
		p.Set(k, v)
	}
	for pair := range slices.Chunk(changes, 2) {
		p.Set(pair[0], pair[1])
		if pair[1] == "-" {
			p.Del(pair[0])
		}
	}
	signature, err := rsa.SignPKCS1v15(rand.Reader, unionKeys()[0], crypto.SHA256, unionDigest(p))
	if err != nil {
		w.t.Fatal(err)
	}
	p.Set("signature", base64.StdEncoding.EncodeToString(signature))
	return p
}

// post sends a message and returns the fields of the answer.
func (w *unionWorld) post(path string, p url.Values) url.Values {
	w.t.Helper()
	res, err := http.PostForm(w.url+"/gateway/api/"+path, p)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	answer := url.Values{}
	for pair := range strings.SplitSeq(string(body), "&") {
		name, value, _ := strings.Cut(pair, "=")
		answer.Set(name, value)
	}
	return answer
}

func (w *unionWorld) query(number, at string) url.Values {
	return w.post("queryTrans.do", w.signed(url.Values{
		"txnType": {"00"}, "txnSubType": {"00"}, "bizType": {"000201"}, "orderId": {number}, "txnTime": {at},
	}))
}

func (w *unionWorld) next() url.Values {
	w.t.Helper()
	select {
	case p := <-w.told:
		return p
	case <-time.After(10 * time.Second):
		w.t.Fatal("no notification in ten seconds")
		return nil
	}
}

// A code is scanned and paid; the notification and the query say so, under UnionPay's
// signature, and a refund is a transaction of its own.
func TestUnionPayQRPaid(t *testing.T) {
	t.Parallel()
	w := newUnionWorld(t)
	order := w.order("UP00000001", false)
	answer := w.post("backTransReq.do", order)
	w.verify(answer)
	if answer.Get("respCode") != "00" || !strings.HasPrefix(answer.Get("qrCode"), "https://qr.95516.com/") {
		t.Fatalf("answered %v", answer)
	}
	if before := w.query("UP00000001", order.Get("txnTime")); before.Get("origRespCode") != "05" {
		t.Errorf("before the payment: %v", before)
	}
	if _, err := w.sim.Scan(providersim.Ming, answer.Get("qrCode"), providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	if _, err := w.sim.Approve(providersim.Ming, answer.Get("qrCode")); err != nil {
		t.Fatal(err)
	}
	told := w.next()
	w.verify(told)
	paid := w.query("UP00000001", order.Get("txnTime"))
	w.verify(paid)
	for _, name := range []string{"queryId", "txnAmt", "orderId", "txnTime", "traceTime", "merId"} {
		if told.Get(name) == "" || told.Get(name) != paid.Get(name) {
			t.Errorf("%s: told %q, asked %q", name, told.Get(name), paid.Get(name))
		}
	}
	if told.Get("respCode") != "00" || paid.Get("origRespCode") != "00" || len(paid.Get("queryId")) != 21 {
		t.Errorf("told %v, asked %v", told, paid)
	}
	if other := w.query("UP00000001", unionMoment(w.sim.Now().Add(-time.Minute))); other.Get("respCode") != "34" {
		t.Errorf("under another time: %v", other)
	}
	w.refunds(paid.Get("queryId"))
}

func (w *unionWorld) refunds(of string) {
	w.t.Helper()
	refund := func(number, fen, origQryID string) url.Values {
		return w.signed(url.Values{
			"txnType": {"04"}, "txnSubType": {"00"}, "bizType": {"000201"}, "channelType": {"07"}, "orderId": {number}, "txnTime": {unionMoment(w.sim.Now())},
			"txnAmt": {fen}, "origQryId": {origQryID}, "backUrl": {w.notify}, "reqReserved": {"UP00000001"},
		})
	}
	first := refund("RF00000001", "1000", of)
	for _, c := range []struct {
		p    url.Values
		want string
	}{
		{refund("RF00000009", "1", "000000000000000000000"), "34"},
		{refund("RF00000009", "5981", of), "36"},
		{first, "00"},
		{first, "12"},
		{refund("RF00000009", "5000", of), "36"},
	} {
		if answer := w.post("backTransReq.do", c.p); answer.Get("respCode") != c.want {
			w.t.Errorf("a refund is answered %v, want %s", answer, c.want)
		}
	}
	told := w.next()
	w.verify(told)
	if told.Get("txnType") != "04" || told.Get("orderId") != "RF00000001" || told.Get("origQryId") != of || told.Get("reqReserved") != "UP00000001" || told.Get("txnAmt") != "1000" {
		w.t.Errorf("told %v", told)
	}
	if asked := w.query("RF00000001", first.Get("txnTime")); asked.Get("origRespCode") != "00" || asked.Get("txnType") != "04" {
		w.t.Errorf("asked %v", asked)
	}
}

// What is not as the documents have it is refused, with their codes.
func TestUnionPayRules(t *testing.T) {
	t.Parallel()
	w := newUnionWorld(t)
	for name, c := range map[string]struct {
		changes []string
		want    string
	}{
		"good":              {nil, "00"},
		"signed-empty":      {[]string{"termId", ""}, "00"},
		"terminal":          {[]string{"termId", "01080209"}, "00"},
		"acquirer":          {[]string{"accessType", "1", "acqInsCode", "48270000"}, "00"},
		"version":           {[]string{"version", "5.0.0"}, "10"},
		"encoding":          {[]string{"encoding", "GBK"}, "10"},
		"signature-method":  {[]string{"signMethod", "11"}, "10"},
		"other-certificate": {[]string{"certId", "1"}, "11"},
		"no-number":         {[]string{"orderId", "-"}, "13"},
		"dash":              {[]string{"orderId", "UP-0000001"}, "10"},
		"short-number":      {[]string{"orderId", "UP1"}, "10"},
		"no-amount":         {[]string{"txnAmt", "-"}, "13"},
		"zero":              {[]string{"txnAmt", "0"}, "10"},
		"decimals":          {[]string{"txnAmt", "59.80"}, "10"},
		"dollars":           {[]string{"currencyCode", "840"}, "10"},
		"channel":           {[]string{"channelType", "01"}, "10"},
		"no-back-url":       {[]string{"backUrl", "-"}, "13"},
		"relative-back-url": {[]string{"backUrl", "/notify"}, "10"},
		"of-the-page":       {[]string{"bizType", "000201"}, "10"},
		"other-kind":        {[]string{"txnType", "02"}, "10"},
		"acquirer-missing":  {[]string{"accessType", "1"}, "13"},
		"old":               {[]string{"txnTime", unionMoment(w.sim.Now().Add(-25 * time.Hour))}, "10"},
		"utc":               {[]string{"txnTime", w.sim.Now().UTC().Format("20060102150405")}, "10"},
		"over":              {[]string{"payTimeout", unionMoment(w.sim.Now().Add(-time.Minute))}, "10"},
		"reserved":          {[]string{"reqReserved", "a=1&b=2"}, "10"},
	} {
		t.Run(name, func(t *testing.T) {
			number := "RULE" + strings.ReplaceAll(name, "-", "") + "0000"
			answer := w.post("backTransReq.do", w.order(number, false, c.changes...))
			if answer.Get("respCode") != c.want {
				t.Errorf("answered %v, want %s", answer, c.want)
			}
			if name != "reserved" { // it is repeated, and can't be told from fields of the answer's own
				w.verify(answer)
			}
		})
	}
	forged := w.order("FORGED0001", false)
	forged.Set("txnAmt", "1")
	if answer := w.post("backTransReq.do", forged); answer.Get("respCode") != "11" {
		t.Errorf("changed after it was signed: %v", answer)
	}
	twice := w.order("TWICE00001", false)
	twice.Add("txnAmt", "5980")
	if answer := w.post("backTransReq.do", twice); answer.Get("respCode") != "10" {
		t.Errorf("given twice: %v", answer)
	}
	if answer := w.post("backTransReq.do", w.order("NOBODY0001", false, "merId", "777290000000009")); answer.Get("signature") != "" {
		t.Errorf("a merchant that there is not: %v", answer)
	}
	if n := len(w.sim.Orders()); n != 4 {
		t.Errorf("%d orders were made", n)
	}
}

// The form opens one order however often it is posted; in the end the payer's browser is
// posted back.
func TestUnionPayPage(t *testing.T) {
	t.Parallel()
	w := newUnionWorld(t)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	order := w.order("PAGE000001", true)
	var at string
	for range 2 {
		res, err := browser.PostForm(w.url+"/gateway/api/frontTransReq.do", order)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if at = res.Header.Get("Location"); res.StatusCode != http.StatusSeeOther || !strings.HasPrefix(at, "/phone/orders/") {
			t.Fatalf("status %d to %q", res.StatusCode, at)
		}
	}
	changed, err := browser.PostForm(w.url+"/gateway/api/frontTransReq.do", w.order("PAGE000001", true, "txnAmt", "1"))
	if err != nil {
		t.Fatal(err)
	}
	defer changed.Body.Close()
	if page, _ := io.ReadAll(changed.Body); !strings.Contains(string(page), "12 重复交易") {
		t.Errorf("another order of that number: %s", page)
	}
	paid, err := w.sim.Approve(providersim.Ming, "PAGE000001")
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.Get(paid.Return)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(back), `action="https://shop.example/back" method="post"`) {
		t.Errorf("the way back is %s, %v", back, err)
	}
}

// A notification that isn't answered 200 comes again: five times in all.
func TestUnionPaySchedule(t *testing.T) {
	t.Parallel()
	w := newUnionWorld(t)
	for range 9 {
		w.refuse <- true
	}
	answer := w.post("backTransReq.do", w.order("AGAIN00001", false))
	if _, err := w.sim.Approve(providersim.Ming, answer.Get("qrCode")); err != nil {
		t.Fatal(err)
	}
	first := w.next()
	for range 4 {
		if again := w.next(); !maps.EqualFunc(again, first, slices.Equal) {
			t.Errorf("it changed to %v", again)
		}
	}
	for _, e := range w.sim.History("", "") {
		if e.Out && e.Try > 5 {
			t.Errorf("try %d", e.Try)
		}
	}
}

// An order that ran out unpaid is not known any more.
func TestUnionPayRunsOut(t *testing.T) {
	t.Parallel()
	w := newUnionWorld(t)
	order := w.order("OVER000001", false)
	answer := w.post("backTransReq.do", order)
	w.sim.Advance(31 * time.Minute)
	if _, err := w.sim.Approve(providersim.Ming, answer.Get("qrCode")); err == nil {
		t.Error("it was paid after its time")
	}
	if asked := w.query("OVER000001", order.Get("txnTime")); asked.Get("respCode") != "34" {
		t.Errorf("asked %v", asked)
	}
}

// The certificates that merchants pin are the same whenever they are made of one key.
func TestUnionPayCertificates(t *testing.T) {
	t.Parallel()
	root, middle := providersim.UnionPayAuthorities(unionKeys()[1])
	again, middleAgain := providersim.UnionPayAuthorities(unionKeys()[1])
	if string(root) != string(again) || string(middle) != string(middleAgain) || string(root) == string(middle) {
		t.Error("they differ from one time to the next")
	}
	roots, middles := x509.NewCertPool(), x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	middles.AppendCertsFromPEM(middle)
	if _, err := unionCertificate(t).Verify(x509.VerifyOptions{Roots: roots, Intermediates: middles, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1"})
	for name, a := range map[string]providersim.UnionPayAccount{
		"no-number": {Certificate: unionCertificate(t), SignerKey: unionKeys()[1]}, "no-certificate": {MerID: unionMerID, SignerKey: unionKeys()[1]},
		"no-key": {MerID: unionMerID, Certificate: unionCertificate(t)}, "one-key": {MerID: unionMerID, Certificate: unionCertificate(t), SignerKey: unionKeys()[0]},
	} {
		if err := sim.AddUnionPayAccount(a); err == nil {
			t.Errorf("%s: it was added", name)
		}
	}
}

func FuzzUnionPay(f *testing.F) {
	f.Add("merId=777290000000001&orderId=UP00000001&txnType=01&txnSubType=07&signature=AA")
	f.Add("%zz")
	f.Add("txnType=04&txnType=04")
	sim := quietSim(f)
	f.Fuzz(func(t *testing.T, form string) {
		for _, path := range []string{"frontTransReq.do", "backTransReq.do", "queryTrans.do"} {
			r := localRequest(http.MethodPost, "/gateway/api/"+path, form)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			serve(sim, r)
		}
		if len(sim.Orders()) != 0 {
			t.Errorf("%q made an order", form)
		}
	})
}
