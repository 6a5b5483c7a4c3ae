package providersim_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// rawCall is a call as a merchant without an SDK makes it, so that each part
// of it can be wrong.
type rawCall struct {
	method, path, body string
	mchid, serial      string
	nonce              string
	at                 time.Time
	key                *rsa.PrivateKey
	header             map[string]string
	message            func(string) string // changes what is signed
	authorization      func(string) string // changes the header
}

func newCall(method, path, body string) rawCall {
	return rawCall{
		method: method, path: path, body: body, mchid: mchID, serial: serial, nonce: rand.Text(), at: time.Now(), key: merchantKey(),
		header:  map[string]string{"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "test"},
		message: func(s string) string { return s }, authorization: func(s string) string { return s },
	}
}

// answer is a response of the API.
type answer struct {
	status    int
	header    http.Header
	body      string
	Code      string `json:"code"`
	Message   string `json:"message"`
	requestID string
	Detail    struct {
		Field    string `json:"field"`
		Location string `json:"location"`
	} `json:"detail"`
}

func (fx *fixture) send(c rawCall) (a answer) {
	fx.t.Helper()
	timestamp := strconv.FormatInt(c.at.Unix(), 10)
	message := c.message(c.method + "\n" + c.path + "\n" + timestamp + "\n" + c.nonce + "\n" + c.body + "\n")
	sum := sha256.Sum256([]byte(message))
	sig, err := rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA256, sum[:])
	if err != nil {
		fx.t.Fatal(err)
	}
	req, err := http.NewRequest(c.method, "https://api.mch.weixin.qq.com"+c.path, strings.NewReader(c.body))
	if err != nil {
		fx.t.Fatal(err)
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	req.Header.Set("Authorization", c.authorization(`WECHATPAY2-SHA256-RSA2048 mchid="`+c.mchid+`",nonce_str="`+c.nonce+`",timestamp="`+timestamp+
		`",serial_no="`+c.serial+`",signature="`+base64.StdEncoding.EncodeToString(sig)+`"`))
	res, err := fx.http.Do(req)
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		fx.t.Fatal(err)
	}
	a.status, a.header, a.body, a.requestID = res.StatusCode, res.Header, string(body), res.Header.Get("Request-ID")
	if res.StatusCode >= 300 {
		if err := json.Unmarshal(body, &a); err != nil {
			fx.t.Fatalf("%s: %v", body, err)
		}
		if res.Header.Get("Wechatpay-Signature") != "" {
			fx.t.Error("an error is signed")
		}
	}
	return a
}

const queryPath = "/v3/pay/transactions/out-trade-no/never-made?mchid=" + mchID

func TestAuthentication(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	used := newCall("GET", queryPath, "")
	fx.send(used)
	for name, c := range map[string]struct {
		change func(*rawCall)
		status int
		code   string
	}{
		"good":              {func(*rawCall) {}, 404, "ORDER_NOT_EXIST"},
		"four-minutes-old":  {func(c *rawCall) { c.at = c.at.Add(-4 * time.Minute) }, 404, "ORDER_NOT_EXIST"},
		"six-minutes-old":   {func(c *rawCall) { c.at = c.at.Add(-6 * time.Minute) }, 401, "SIGN_ERROR"},
		"six-minutes-ahead": {func(c *rawCall) { c.at = c.at.Add(6 * time.Minute) }, 401, "SIGN_ERROR"},
		"milliseconds":      {func(c *rawCall) { c.at = time.Unix(c.at.UnixMilli(), 0) }, 401, "SIGN_ERROR"},
		"nonce-used":        {func(c *rawCall) { c.nonce = used.nonce }, 401, "SIGN_ERROR"},
		"nonce-too-long":    {func(c *rawCall) { c.nonce = strings.Repeat("a", 33) }, 401, "SIGN_ERROR"},
		"other-key":         {func(c *rawCall) { c.key = platformKey() }, 401, "SIGN_ERROR"},
		"other-serial":      {func(c *rawCall) { c.serial = "00" }, 401, "SIGN_ERROR"},
		"unknown-merchant":  {func(c *rawCall) { c.mchid = "1900000009" }, 400, "MCH_NOT_EXISTS"},
		"no-last-newline":   {func(c *rawCall) { c.message = func(s string) string { return strings.TrimSuffix(s, "\n") } }, 401, "SIGN_ERROR"},
		"path-without-query": {func(c *rawCall) {
			c.message = func(s string) string { return strings.Replace(s, "?mchid="+mchID, "", 1) }
		}, 401, "SIGN_ERROR"},
		"body-not-signed": {func(c *rawCall) {
			c.body = "{}"
			c.message = func(s string) string { return strings.Replace(s, "{}", "", 1) }
		}, 401, "SIGN_ERROR"},
		"no-authorization": {func(c *rawCall) { c.authorization = func(string) string { return "" } }, 401, "SIGN_ERROR"},
		"other-scheme": {func(c *rawCall) {
			c.authorization = func(s string) string { return strings.Replace(s, "RSA2048", "SM3", 1) }
		}, 401, "SIGN_ERROR"},
		"part-missing": {func(c *rawCall) {
			c.authorization = func(s string) string { return strings.Replace(s, `mchid="`+mchID+`",`, "", 1) }
		}, 401, "SIGN_ERROR"},
		"part-twice":           {func(c *rawCall) { c.authorization = func(s string) string { return s + `,mchid="` + mchID + `"` } }, 401, "SIGN_ERROR"},
		"part-unknown":         {func(c *rawCall) { c.authorization = func(s string) string { return s + `,extra="1"` } }, 401, "SIGN_ERROR"},
		"no-user-agent":        {func(c *rawCall) { c.header["User-Agent"] = "" }, 400, "PARAM_ERROR"},
		"accepts-nothing":      {func(c *rawCall) { c.header["Accept"] = "text/html" }, 400, "PARAM_ERROR"},
		"wants-unknown-key":    {func(c *rawCall) { c.header["Wechatpay-Serial"] = "PUB_KEY_ID_9" }, 400, "PARAM_ERROR"},
		"wants-the-public-key": {func(c *rawCall) { c.header["Wechatpay-Serial"] = publicID }, 404, "ORDER_NOT_EXIST"},
	} {
		t.Run(name, func(t *testing.T) {
			call := newCall("GET", queryPath, "")
			c.change(&call)
			a := fx.send(call)
			if a.status != c.status || a.Code != c.code {
				t.Errorf("answer is %d %s (%s), want %d %s", a.status, a.Code, a.Message, c.status, c.code)
			}
			if a.header.Get("Wechatpay-Signature") != "" || !strings.Contains(a.requestID, "-") {
				t.Errorf("headers of a refusal: %v", a.header)
			}
		})
	}
}

// TestUnknownPath asks for what is not played: it is no call that goes wrong half way.
func TestUnknownPath(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	for _, call := range []rawCall{
		newCall("GET", "/v3/bill/fundflowbill?bill_date=2026-11-23", ""),
		newCall("POST", "/v3/combine-transactions/native", fx.body(nil)), newCall("POST", "/v3/profitsharing/orders", fx.body(nil)),
	} {
		if a := fx.send(call); a.status != 404 || a.Code != "RESOURCE_NOT_EXISTS" {
			t.Errorf("%s: answer is %d %s", call.path, a.status, a.Code)
		}
	}
}

func FuzzAuthorization(f *testing.F) {
	for _, seed := range []string{
		"", "WECHATPAY2-SHA256-RSA2048 ", `WECHATPAY2-SHA256-RSA2048 mchid="1900000001",nonce_str="a",timestamp="1",serial_no="5157",signature="AA=="`,
		`WECHATPAY2-SHA256-RSA2048 mchid="1900000001",mchid="1900000001"`, `WECHATPAY2-SHA256-RSA2048 =,="",`,
	} {
		f.Add(seed)
	}
	sim := quietSim(f)
	f.Fuzz(func(t *testing.T, header string) {
		r := localRequest(http.MethodGet, queryPath, "")
		r.Header.Set("Authorization", header)
		if status := serve(sim, r); status/100 == 2 {
			t.Errorf("%q was let in", header)
		}
	})
}
