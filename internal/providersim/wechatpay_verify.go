package providersim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// wechatScheme names the way of signing, in both directions.
const wechatScheme = "WECHATPAY2-SHA256-RSA2048"

// clockSkew limits how far a timestamp may be off, either way.
const clockSkew = 5 * time.Minute

// authenticate implements apiCall: it checks the headers and the signature.
func (c *wechatCall) authenticate(s *Sim) error {
	if c.do == nil {
		return errNoSuchAPI
	}
	if c.r.Header.Get("User-Agent") == "" || !acceptsJSON(c.r.Header.Get("Accept")) {
		return errRequest.saying("Http头缺少Accept或User-Agent")
	}
	if c.r.Method == http.MethodPost && !strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/json") {
		return errRequest.saying("Http头Content-Type需为application/json")
	}
	p, err := parseAuthorization(c.r.Header.Get("Authorization"))
	if err != nil {
		return err
	}
	callers := s.callers(p["mchid"])
	if len(callers) == 0 {
		return errNoMerchant
	}
	a, named := c.merchantFor(callers)
	c.claimed, c.number, c.merchant, c.now = a.id(), cmp.Or(c.r.PathValue("number"), numberIn(c.body)), a, s.now()
	if err := a.verify(c.r, c.body, p, s.options.Now()); err != nil {
		return err
	}
	if !named {
		return errNoAuth.saying("服务商与特约商户无授权关系")
	}
	c.account = a
	return c.checkMode()
}

// numberIn returns the out_trade_no that a body names, "" for none.
func numberIn(body []byte) string {
	var about struct {
		Number string `json:"out_trade_no"`
	}
	_ = json.Unmarshal(body, &about) // what is no JSON names none
	return about.Number
}

// verify checks the parts of an Authorization header.
func (a *wechatAccount) verify(r *http.Request, body []byte, p map[string]string, now time.Time) error {
	if p["serial_no"] != a.MerchantSerial {
		return errSignature.at("authorization", "serial_no", p["serial_no"], "商户证书序列号有误")
	}
	asked := r.Header.Get("Wechatpay-Serial")
	if _, ok := a.signerNamed(asked, now); !ok {
		return errRequest.at("header", "Wechatpay-Serial", asked, "平台公钥ID或证书序列号错误")
	}
	if err := checkTimestamp(p["timestamp"], now); err != nil {
		return err
	}
	message := r.Method + "\n" + r.URL.RequestURI() + "\n" + p["timestamp"] + "\n" + p["nonce_str"] + "\n" + string(body) + "\n"
	if !verify(a.MerchantPublicKey, message, p["signature"]) {
		return errSignature.at("authorization", "signature", "", "签名验证失败")
	}
	return a.nonces.use(p["nonce_str"], now)
}

func acceptsJSON(accept string) bool {
	return strings.Contains(accept, "application/json") || strings.Contains(accept, "*/*")
}

// authorizationParts are the parts of an Authorization header, in any order.
var authorizationParts = []string{"mchid", "nonce_str", "timestamp", "serial_no", "signature"}

var authorizationPart = regexp.MustCompile(`^([a-z_]+)="([^"]*)"$`)

// parseAuthorization takes the header apart. It fails with SIGN_ERROR unless
// every part is there, exactly once.
func parseAuthorization(header string) (map[string]string, error) {
	rest, ok := strings.CutPrefix(header, wechatScheme+" ")
	if !ok {
		return nil, errSignature.saying("Http头Authorization认证类型不正确")
	}
	parts := map[string]string{}
	for _, text := range strings.Split(rest, ",") {
		m := authorizationPart.FindStringSubmatch(strings.TrimSpace(text))
		if m == nil {
			return nil, errSignature.saying("Http头Authorization格式不正确")
		}
		if _, twice := parts[m[1]]; twice {
			return nil, errSignature.saying("Http头Authorization中有重复的" + m[1])
		}
		parts[m[1]] = m[2]
	}
	for _, name := range authorizationParts {
		if parts[name] == "" {
			return nil, errSignature.saying("Http头Authorization中缺少" + name)
		}
	}
	if len(parts) != len(authorizationParts) || len(parts["nonce_str"]) > 32 {
		return nil, errSignature.saying("Http头Authorization格式不正确")
	}
	return parts, nil
}

func checkTimestamp(text string, now time.Time) error {
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return errSignature.saying("Http头Authorization中的timestamp不是秒数")
	}
	if off := now.Sub(time.Unix(seconds, 0)); off > clockSkew || off < -clockSkew {
		return errTimestamp
	}
	return nil
}

// nonces remembers the nonces of the last minutes.
type nonces struct {
	seen   map[string]bool
	recent []usedNonce // oldest first
}

type usedNonce struct {
	nonce string
	at    time.Time
}

// use refuses a nonce that was used while its timestamp could still be valid.
func (n *nonces) use(nonce string, now time.Time) error {
	for len(n.recent) > 0 && now.Sub(n.recent[0].at) > 2*clockSkew {
		delete(n.seen, n.recent[0].nonce)
		n.recent = n.recent[1:]
	}
	if n.seen[nonce] {
		return errSignature.at("authorization", "nonce_str", nonce, "随机串重复使用")
	}
	n.seen[nonce] = true
	n.recent = append(n.recent, usedNonce{nonce, now})
	return nil
}
