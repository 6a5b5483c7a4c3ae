package providersim_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"morepay/internal/providersim"
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

// answer is what came back from the API.
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

func (w *world) send(c rawCall) (a answer) {
	w.t.Helper()
	timestamp := strconv.FormatInt(c.at.Unix(), 10)
	message := c.message(c.method + "\n" + c.path + "\n" + timestamp + "\n" + c.nonce + "\n" + c.body + "\n")
	sum := sha256.Sum256([]byte(message))
	sig, err := rsa.SignPKCS1v15(rand.Reader, c.key, crypto.SHA256, sum[:])
	if err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequest(c.method, "https://api.mch.weixin.qq.com"+c.path, strings.NewReader(c.body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range c.header {
		req.Header.Set(name, value)
	}
	req.Header.Set("Authorization", c.authorization(`WECHATPAY2-SHA256-RSA2048 mchid="`+c.mchid+`",nonce_str="`+c.nonce+`",timestamp="`+timestamp+
		`",serial_no="`+c.serial+`",signature="`+base64.StdEncoding.EncodeToString(sig)+`"`))
	res, err := w.http.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	a.status, a.header, a.body, a.requestID = res.StatusCode, res.Header, string(body), res.Header.Get("Request-ID")
	if res.StatusCode >= 300 {
		if err := json.Unmarshal(body, &a); err != nil {
			w.t.Fatalf("%s: %v", body, err)
		}
	}
	return a
}

const queryPath = "/v3/pay/transactions/out-trade-no/never-made?mchid=" + mchID

func TestAuthentication(t *testing.T) {
	w := newWorld(t)
	used := newCall("GET", queryPath, "")
	w.send(used)
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
			a := w.send(call)
			if a.status != c.status || a.Code != c.code {
				t.Errorf("answer is %d %s (%s), want %d %s", a.status, a.Code, a.Message, c.status, c.code)
			}
			if a.header.Get("Wechatpay-Signature") != "" || !strings.Contains(a.requestID, "-") {
				t.Errorf("headers of a refusal: %v", a.header)
			}
		})
	}
}

func TestPostNeedsItsContentType(t *testing.T) {
	w := newWorld(t)
	call := newCall("POST", "/v3/pay/transactions/native", w.body(nil))
	call.header["Content-Type"] = "application/x-www-form-urlencoded"
	if a := w.send(call); a.status != 400 || a.Code != "PARAM_ERROR" {
		t.Errorf("answer is %d %s", a.status, a.Code)
	}
}

func TestUnknownPath(t *testing.T) {
	w := newWorld(t)
	if a := w.send(newCall("GET", "/v3/certificates", "")); a.status != 404 || a.Code != "RESOURCE_NOT_EXISTS" {
		t.Errorf("answer is %d %s", a.status, a.Code)
	}
}

// body is the JSON of a prepay call with some members replaced; nil takes one
// out.
func (w *world) body(change map[string]any) string {
	w.t.Helper()
	b := map[string]any{
		"appid": appID, "mchid": mchID, "description": "tea", "out_trade_no": "schema-1", "notify_url": w.merchant.url,
		"amount": map[string]any{"total": 100, "currency": "CNY"},
	}
	for name, value := range change {
		if b[name] = value; value == nil {
			delete(b, name)
		}
	}
	text, err := json.Marshal(b)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

type m = map[string]any

// TestPrepayRules breaks one rule of the order's fields at a time.
func TestPrepayRules(t *testing.T) {
	h5Scene := m{"payer_client_ip": "203.0.113.7", "h5_info": m{"type": "Wap"}}
	for name, c := range map[string]struct {
		product string
		change  m
		field   string // of the refusal; "" for accepted
	}{
		"good":                    {"native", nil, ""},
		"every-optional-field":    {"native", m{"attach": "a", "goods_tag": "g", "support_fapiao": true, "limit_pay": []string{"no_credit"}, "settle_info": m{"profit_sharing": false}, "detail": m{"cost_price": 1, "goods_detail": []m{{"merchant_goods_id": "1", "quantity": 1, "unit_price": 1}}}, "scene_info": m{"payer_client_ip": "::1", "store_info": m{"id": "1"}}}, ""},
		"no-appid":                {"native", m{"appid": nil}, "/appid"},
		"foreign-mchid":           {"native", m{"mchid": "1900000009"}, "/mchid"},
		"no-description":          {"native", m{"description": nil}, "/description"},
		"empty-description":       {"native", m{"description": ""}, "/description"},
		"description-127":         {"native", m{"description": strings.Repeat("茶", 127)}, ""},
		"description-128":         {"native", m{"description": strings.Repeat("茶", 128)}, "/description"},
		"number-of-5":             {"native", m{"out_trade_no": "12345"}, "/out_trade_no"},
		"number-of-32":            {"native", m{"out_trade_no": strings.Repeat("a", 28) + "_-|*"}, ""},
		"number-of-33":            {"native", m{"out_trade_no": strings.Repeat("a", 33)}, "/out_trade_no"},
		"number-with-slash":       {"native", m{"out_trade_no": "123/456"}, "/out_trade_no"},
		"number-with-newline":     {"native", m{"out_trade_no": "123456\n"}, "/out_trade_no"},
		"no-amount":               {"native", m{"amount": nil}, "/amount"},
		"amount-without-total":    {"native", m{"amount": m{"currency": "CNY"}}, "/amount/total"},
		"amount-zero":             {"native", m{"amount": m{"total": 0}}, "/amount/total"},
		"amount-negative":         {"native", m{"amount": m{"total": -1}}, "/amount/total"},
		"amount-fraction":         {"native", m{"amount": m{"total": 1.5}}, "/amount/total"},
		"amount-text":             {"native", m{"amount": m{"total": "1"}}, "/amount/total"},
		"amount-not-an-object":    {"native", m{"amount": 100}, "/amount"},
		"currency-usd":            {"native", m{"amount": m{"total": 1, "currency": "USD"}}, "/amount/currency"},
		"expiry-without-offset":   {"native", m{"time_expire": "2036-01-02T03:04:05"}, "/time_expire"},
		"expiry-past":             {"native", m{"time_expire": "2016-01-02T03:04:05+08:00"}, "/time_expire"},
		"attach-129":              {"native", m{"attach": strings.Repeat("a", 129)}, "/attach"},
		"notify-with-query":       {"native", m{"notify_url": "https://pay.example/notify?a=1"}, "/notify_url"},
		"notify-with-empty-query": {"native", m{"notify_url": "https://pay.example/notify?"}, "/notify_url"},
		"notify-relative":         {"native", m{"notify_url": "/notify"}, "/notify_url"},
		"notify-ftp":              {"native", m{"notify_url": "ftp://pay.example/notify"}, "/notify_url"},
		"notify-with-user":        {"native", m{"notify_url": "https://a@pay.example/notify"}, "/notify_url"},
		"notify-256":              {"native", m{"notify_url": "https://pay.example/" + strings.Repeat("a", 236)}, "/notify_url"},
		"unknown-field":           {"native", m{"extra": 1}, "/extra"},
		"unknown-nested-field":    {"native", m{"amount": m{"total": 1, "extra": 1}}, "/amount/extra"},
		"unknown-field-in-list":   {"native", m{"detail": m{"goods_detail": []m{{"merchant_goods_id": "1", "quantity": 1, "unit_price": 1, "extra": 1}}}}, "/detail/goods_detail/extra"},
		"missing-field-in-list":   {"native", m{"detail": m{"goods_detail": []m{{"merchant_goods_id": "1", "quantity": 1}}}}, "/detail/goods_detail/unit_price"},
		"other-case":              {"native", m{"AppID": appID}, "/AppID"},
		"null":                    {"native", m{"attach": json.RawMessage("null")}, "/attach"},
		"unknown-limit":           {"native", m{"limit_pay": []string{"no_money"}}, "/limit_pay"},
		"payer-in-native":         {"native", m{"payer": m{"openid": "o1"}}, "/payer"},
		"h5-info-in-native":       {"native", m{"scene_info": h5Scene}, "/scene_info/h5_info"},
		"h5":                      {"h5", m{"scene_info": h5Scene}, ""},
		"h5-without-scene":        {"h5", nil, "/scene_info"},
		"h5-without-info":         {"h5", m{"scene_info": m{"payer_client_ip": "203.0.113.7"}}, "/scene_info/h5_info"},
		"h5-without-address":      {"h5", m{"scene_info": m{"h5_info": m{"type": "Wap"}}}, "/scene_info/payer_client_ip"},
		"h5-with-a-host-name":     {"h5", m{"scene_info": m{"payer_client_ip": "localhost", "h5_info": m{"type": "Wap"}}}, "/scene_info/payer_client_ip"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			a := w.send(newCall("POST", "/v3/pay/transactions/"+c.product, w.body(c.change)))
			if c.field == "" {
				if a.status != 200 || a.header.Get("Wechatpay-Serial") != publicID {
					t.Errorf("answer is %d %s %s %s", a.status, a.Code, a.Detail.Field, a.header)
				}
				return
			}
			if a.status != 400 || a.Code != "PARAM_ERROR" || a.Detail.Field != c.field || a.Detail.Location != "body" {
				t.Errorf("answer is %d %s at %q, want 400 PARAM_ERROR at %q", a.status, a.Code, a.Detail.Field, c.field)
			}
			if n := len(w.sim.Orders()); n != 0 {
				t.Errorf("%d orders were made", n)
			}
		})
	}
}

func TestPrepayOfOtherPeople(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		product string
		change  m
		status  int
		code    string
		number  string // ends the Request-ID
	}{
		"foreign-app":    {"native", m{"appid": "wx0000000000000009"}, 400, "APPID_MCHID_NOT_MATCH", "268445527"},
		"no-openid":      {"jsapi", nil, 400, "PARAM_ERROR", "268501013"},
		"foreign-openid": {"jsapi", m{"payer": m{"openid": "o-of-another-app"}}, 500, "OPENID_MISMATCH", "0"},
		"extra-field":    {"native", m{"extra": 1}, 400, "PARAM_ERROR", "270924358"},
		"bad-parameter":  {"native", m{"amount": m{"total": 0}}, 400, "PARAM_ERROR", "268435461"},
	} {
		t.Run(name, func(t *testing.T) {
			a := w.send(newCall("POST", "/v3/pay/transactions/"+c.product, w.body(c.change)))
			if a.status != c.status || a.Code != c.code || !strings.HasSuffix(a.requestID, "-"+c.number) {
				t.Errorf("answer is %d %s %s", a.status, a.Code, a.requestID)
			}
		})
	}
}

func TestBodiesThatAreNoObject(t *testing.T) {
	w := newWorld(t)
	for name, body := range map[string]string{"empty": "", "list": "[]", "null": "null", "cut": `{"appid":`, "twice": `{} {}`, "text": "appid=1"} {
		t.Run(name, func(t *testing.T) {
			if a := w.send(newCall("POST", "/v3/pay/transactions/native", body)); a.status != 400 || a.Code != "PARAM_ERROR" {
				t.Errorf("answer is %d %s", a.status, a.Code)
			}
		})
	}
}

// TestSameRequestInOtherWords: spaces and the order of keys don't make a
// repeat another request; any other value does.
func TestSameRequestInOtherWords(t *testing.T) {
	w := newWorld(t)
	numbers := 0
	rapid.Check(t, func(rt *rapid.T) {
		numbers++
		number := "words-" + strconv.Itoa(numbers)
		fields := m{
			"appid": appID, "mchid": mchID, "out_trade_no": number, "notify_url": w.merchant.url, "amount": m{"total": 100},
			"description": rapid.StringMatching(`[a-z茶<>&"]{1,20}`).Draw(rt, "description"),
		}
		if a := w.send(newCall("POST", "/v3/pay/transactions/native", shuffled(rt, fields))); a.status != 200 {
			rt.Fatalf("first: %d %s", a.status, a.body)
		}
		if a := w.send(newCall("POST", "/v3/pay/transactions/native", shuffled(rt, fields))); a.status != 200 {
			rt.Fatalf("again: %d %s", a.status, a.body)
		}
		fields["description"] = fields["description"].(string) + "x"
		if a := w.send(newCall("POST", "/v3/pay/transactions/native", shuffled(rt, fields))); a.status != 400 || !strings.HasSuffix(a.requestID, "-268498688") {
			rt.Fatalf("changed: %d %s", a.status, a.body)
		}
	})
}

// shuffled writes an object with its keys in any order and spaces anywhere.
func shuffled(t *rapid.T, object m) string {
	keys := rapid.Permutation(slices.Sorted(maps.Keys(object))).Draw(t, "order")
	space := rapid.SampledFrom([]string{"", " ", "\n\t"})
	var parts []string
	for _, k := range keys {
		value, err := json.Marshal(object[k])
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, space.Draw(t, "space")+strconv.Quote(k)+":"+space.Draw(t, "space")+string(value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func TestAccountsAreChecked(t *testing.T) {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip("this Go makes no short keys:", err)
	}
	for name, c := range map[string]struct {
		change func(*providersim.WeChatAccount)
		want   string
	}{
		"good":                {func(*providersim.WeChatAccount) {}, ""},
		"no-mchid":            {func(a *providersim.WeChatAccount) { a.MchID = "" }, "mchid"},
		"letters-in-mchid":    {func(a *providersim.WeChatAccount) { a.MchID = "19000000xx" }, "mchid"},
		"no-app":              {func(a *providersim.WeChatAccount) { a.AppID = "" }, "app id"},
		"no-serial":           {func(a *providersim.WeChatAccount) { a.MerchantSerial = "" }, "serial"},
		"short-apiv3-key":     {func(a *providersim.WeChatAccount) { a.APIv3Key = []byte("short") }, "32 bytes"},
		"serial-for-a-key-id": {func(a *providersim.WeChatAccount) { a.PublicKeyID = serial }, "PUB_KEY_ID_"},
		"no-merchant-key":     {func(a *providersim.WeChatAccount) { a.MerchantPublicKey = nil }, "merchant public key"},
		"short-merchant-key":  {func(a *providersim.WeChatAccount) { a.MerchantPublicKey = &short.PublicKey }, "2048"},
		"no-platform-key":     {func(a *providersim.WeChatAccount) { a.PlatformKey = nil }, "platform key"},
		"one-key-for-both":    {func(a *providersim.WeChatAccount) { a.PlatformKey = merchantKey() }, "merchant's own"},
		"foreign-product":     {func(a *providersim.WeChatAccount) { a.Products = []providersim.Product{providersim.WapPay} }, "not one of WeChat Pay"},
	} {
		t.Run(name, func(t *testing.T) {
			a := weChatAccount()
			c.change(&a)
			sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1"})
			err := sim.AddWeChatAccount(a)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := sim.AddWeChatAccount(a); err == nil {
					t.Error("the same account was added twice")
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want something about %q", err, c.want)
			}
		})
	}
}

func TestLifetimes(t *testing.T) {
	for name, c := range map[string]struct {
		change  m
		advance time.Duration
		refusal string // "" for still payable
		state   string
	}{
		"code-119-minutes":  {nil, 119 * time.Minute, "", "SUCCESS"},
		"code-120-minutes":  {nil, 120 * time.Minute, "code_dead", "NOTPAY"},
		"expiry-not-yet":    {m{"time_expire": in(10 * time.Minute)}, 9 * time.Minute, "", "SUCCESS"},
		"expiry-over":       {m{"time_expire": in(10 * time.Minute)}, 11 * time.Minute, "order_expired", "NOTPAY"},
		"closed-after-days": {nil, 7 * 24 * time.Hour, "code_dead", "CLOSED"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if a := w.send(newCall("POST", "/v3/pay/transactions/native", w.body(c.change))); a.status != 200 {
				t.Fatal(a.body)
			}
			code := w.sim.Orders()[0].Text
			w.sim.Advance(c.advance)
			_, err := w.sim.Approve(providersim.Ming, code)
			if c.refusal == "" && err != nil {
				t.Error(err)
			}
			if c.refusal != "" {
				wantRefusal(t, err, c.refusal)
			}
			if got := *w.query("schema-1").TradeState; got != c.state {
				t.Errorf("trade_state is %s, want %s", got, c.state)
			}
		})
	}
}

func in(d time.Duration) string { return time.Now().Add(d).Format(time.RFC3339) }

func TestOneOrderOnePayer(t *testing.T) {
	w := newWorld(t)
	code := w.order("one-payer-1")
	if _, err := w.sim.Scan(providersim.Ming, code, providersim.ByCamera); err != nil {
		t.Fatal(err)
	}
	_, err := w.sim.Approve(providersim.Hong, code)
	wantRefusal(t, err, "other_payer")
	if got := err.(*providersim.Refusal).Text; got != "商家订单信息有误，请重新下单支付" {
		t.Errorf("the wallet says %q", got)
	}
	_, err = w.sim.Scan(providersim.Hong, w.order("one-payer-1"), providersim.ByCamera) // a renewed code is the same order
	wantRefusal(t, err, "other_payer")
	if _, err := w.sim.Cancel(providersim.Ming, code); err == nil {
		t.Error("the replaced code was taken")
	}
	w.approve(providersim.Ming, "one-payer-1")
	_, err = w.sim.Approve(providersim.Ming, "one-payer-1")
	wantRefusal(t, err, "order_paid")
}

func TestOnlyTheCameraReadsCodes(t *testing.T) {
	w := newWorld(t)
	code := w.order("camera-1")
	for how, want := range map[providersim.How]string{
		providersim.ByAlbum: "from_album", providersim.ByLongPress: "long_press", providersim.ByLink: "as_link",
	} {
		_, err := w.sim.Scan(providersim.Ming, code, how)
		wantRefusal(t, err, want)
	}
	_, err := w.sim.Scan(providersim.Ming, "weixin://wxpay/bizpayurl?pr=other", providersim.ByCamera)
	wantRefusal(t, err, "unknown_code")
	if got := states(w.sim.Codes()); !slices.Equal(got, []string{"camera-1 unpaid"}) {
		t.Errorf("codes on show: %v", got)
	}
	w.approve(providersim.Ming, code)
	if got := states(w.sim.Codes()); len(got) != 0 {
		t.Errorf("codes on show after payment: %v", got)
	}
}

// TestNotificationSchedule refuses every try and counts them: one and fifteen.
func TestNotificationSchedule(t *testing.T) {
	w := newWorld(t, func(o *providersim.Options) { o.RetryScale = 1 })
	w.merchant.answer = func(n int, _ delivery, rw http.ResponseWriter) {
		rw.WriteHeader([]int{500, 503, 302, 401}[n%4])
		io.WriteString(rw, `{"code":"FAIL"}`)
	}
	w.approve(providersim.Ming, w.order("stubborn-1"))
	var id string
	for i, pause := range []time.Duration{
		0, 15 * time.Second, 15 * time.Second, 30 * time.Second, 3 * time.Minute, 10 * time.Minute, 20 * time.Minute, 30 * time.Minute,
		30 * time.Minute, 30 * time.Minute, time.Hour, 3 * time.Hour, 3 * time.Hour, 3 * time.Hour, 6 * time.Hour, 6 * time.Hour,
	} {
		w.sim.Advance(pause)
		n, _, err := w.read(w.merchant.next(t))
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		if id != "" && n.ID != id {
			t.Fatalf("try %d has another id", i)
		}
		id = n.ID
	}
	w.sim.Advance(48 * time.Hour)
	w.merchant.answer = func(_ int, _ delivery, rw http.ResponseWriter) { io.WriteString(rw, `{"code":"FAIL"}`) } // 200 counts, whatever the body
	w.approve(providersim.Ming, w.order("stubborn-2"))
	w.merchant.next(t)
	w.sim.Advance(48 * time.Hour)
	w.approve(providersim.Ming, w.order("stubborn-3"))
	if _, paid, err := w.read(w.merchant.next(t)); err != nil || *paid.OutTradeNo != "stubborn-3" {
		t.Errorf("after acceptance came %v, %v", paid, err)
	}
	tries := 0
	for _, e := range w.sim.History(mchID, "stubborn-1") {
		if e.Out {
			tries++
		}
	}
	if tries != 16 {
		t.Errorf("the history holds %d tries", tries)
	}
}

func TestBill(t *testing.T) {
	w := newWorld(t)
	w.approve(providersim.Ming, w.order("bill-1"))
	w.merchant.next(t)
	if _, err := w.refund("bill-1", "R1", 80); err != nil {
		t.Fatal(err)
	}
	today := time.Now().In(time.FixedZone("CST", 8*3600))
	path := "/v3/bill/tradebill?bill_date=" + today.Format(time.DateOnly)
	if a := w.send(newCall("GET", path, "")); a.Code != "STATEMENT_CREATING" {
		t.Errorf("on the same day: %d %s", a.status, a.Code)
	}
	w.sim.Advance(35 * time.Hour)
	for kind, rows := range map[string]int{"": 2, "ALL": 2, "SUCCESS": 1, "REFUND": 1} {
		a := w.send(newCall("GET", path+"&bill_type="+kind, ""))
		if a.status != 200 {
			t.Fatalf("%s: %s", kind, a.body)
		}
		var link struct {
			URL  string `json:"download_url"`
			Hash string `json:"hash_value"`
		}
		if err := json.Unmarshal([]byte(a.body), &link); err != nil {
			t.Fatal(err)
		}
		file := w.send(newCall("GET", strings.TrimPrefix(link.URL, w.server.URL), ""))
		lines := strings.Split(strings.TrimSpace(file.body), "\r\n")
		if len(lines) != rows+3 || file.header.Get("Wechatpay-Signature") != "" {
			t.Errorf("%q: %d lines\n%s", kind, len(lines), file.body)
		}
		if !strings.HasPrefix(lines[len(lines)-1], "`"+strconv.Itoa(rows)+",`") {
			t.Errorf("the sum is %s", lines[len(lines)-1])
		}
	}
	for query, code := range map[string]string{
		"bill_date=2026-13-01":                              "PARAM_ERROR",
		"bill_date=2020-01-01":                              "NO_STATEMENT_EXIST",
		path[len("/v3/bill/tradebill?"):] + "&bill_type=X":  "PARAM_ERROR",
		path[len("/v3/bill/tradebill?"):] + "&tar_type=ZIP": "PARAM_ERROR",
	} {
		if a := w.send(newCall("GET", "/v3/bill/tradebill?"+query, "")); a.Code != code {
			t.Errorf("%s: %d %s", query, a.status, a.Code)
		}
	}
}

func TestHistoryIsKeptListedAndCleared(t *testing.T) {
	w := newWorld(t)
	w.approve(providersim.Ming, w.order("history-1"))
	w.merchant.next(t)
	w.query("history-1")
	var kinds []string
	for _, e := range w.sim.History(mchID, "history-1") {
		kinds = append(kinds, e.Name)
	}
	slices.Sort(kinds)
	want := []string{"GET /v3/pay/transactions/out-trade-no/history-1", "POST /v3/pay/transactions/native", "TRANSACTION.SUCCESS"}
	if !slices.Equal(kinds, want) {
		t.Errorf("history is %q", kinds)
	}
	if n := len(w.sim.History("1900000009", "")); n != 0 {
		t.Errorf("another account has %d entries", n)
	}
	w.sim.Forget()
	if n := len(w.sim.History("", "")); n != 0 {
		t.Errorf("%d entries are left", n)
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

func FuzzPrepayBody(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"amount":{"total":1e400}}`, `{"detail":{"goods_detail":[[{}]]}}`, `{"limit_pay":[null]}`, `{"a":{"a":{"a":[]}}}`} {
		f.Add(seed)
	}
	w := &world{t: &testing.T{}, sim: quietSim(f)}
	f.Fuzz(func(t *testing.T, body string) {
		r := localRequest(http.MethodPost, "/v3/pay/transactions/native", body)
		now, nonce := strconv.FormatInt(time.Now().Unix(), 10), rand.Text()
		r.Header.Set("Authorization", `WECHATPAY2-SHA256-RSA2048 mchid="`+mchID+`",nonce_str="`+nonce+`",timestamp="`+now+`",serial_no="`+serial+
			`",signature="`+merchantSigns(t, "POST\n/v3/pay/transactions/native\n"+now+"\n"+nonce+"\n"+body+"\n")+`"`)
		if status := serve(w.sim, r); status/100 == 2 && !strings.Contains(body, "out_trade_no") {
			t.Errorf("%q made an order", body)
		}
	})
}

func FuzzGateway(f *testing.F) {
	f.Add("app_id=2021000000000001&method=alipay.trade.query&charset=utf-8&sign_type=RSA2&sign=AA&timestamp=2026-01-01+00:00:00&version=1.0")
	f.Add("%zz")
	f.Add("method=alipay.trade.wap.pay&a=1&a=2")
	sim := quietSim(f)
	f.Fuzz(func(t *testing.T, form string) {
		r := localRequest(http.MethodPost, "/gateway.do", form)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		serve(sim, r)
		if len(sim.Orders()) != 0 {
			t.Errorf("%q made an order", form)
		}
	})
}
