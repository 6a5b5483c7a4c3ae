package providersim

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// AlipayAccount is a merchant's application at the simulated Alipay, in
// public-key mode.
type AlipayAccount struct {
	AppID             string // 16 digits
	SellerID          string // 2088 and 12 more digits
	Name              string // shown to payers; "" for the app id
	MerchantPublicKey *rsa.PublicKey
	PlatformKey       *rsa.PrivateKey
}

type alipayAccount struct{ AlipayAccount }

func (a *alipayAccount) id() string     { return a.AppID }
func (a *alipayAccount) payee() string  { return a.Name }
func (a *alipayAccount) wallet() Wallet { return Alipay }

// person is the buyer id of a user, the same for every app.
func (a *alipayAccount) person(u User) string {
	return fmt.Sprintf("2088%012d", slices.Index(Users, u)+1)
}

// AddAlipayAccount opens an account. It fails if a part is missing or could
// not be real.
func (s *Sim) AddAlipayAccount(a AlipayAccount) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("Alipay account %q: %w", a.AppID, err)
	}
	if a.Name == "" {
		a.Name = a.AppID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.alipay[a.AppID]; ok {
		return fmt.Errorf("Alipay account %q: added twice", a.AppID)
	}
	s.alipay[a.AppID] = &alipayAccount{a}
	return nil
}

func (a *AlipayAccount) check() error {
	if !isDigits(a.AppID, 16, 16) {
		return errors.New("app id: 16 digits are needed")
	}
	if !isDigits(a.SellerID, 16, 16) || !strings.HasPrefix(a.SellerID, "2088") {
		return errors.New("seller id: 2088 and 12 more digits are needed")
	}
	return checkKeys(a.MerchantPublicKey, a.PlatformKey)
}

// businessError is a refusal of the gateway.
type businessError struct {
	Code       string `json:"code"`
	Message    string `json:"msg"`
	SubCode    string `json:"sub_code,omitempty"`
	SubMessage string `json:"sub_msg,omitempty"`
}

func (e *businessError) Error() string { return e.Code + " " + e.SubCode + ": " + e.SubMessage }

func missing(name string) *businessError {
	return &businessError{"40001", "Missing Required Arguments", "isv.missing-" + name, "缺少参数" + name}
}

func invalid(name string) *businessError {
	return &businessError{"40002", "Invalid Arguments", "isv.invalid-" + name, "参数" + name + "无效"}
}

func failed(subCode, subMessage string) *businessError {
	return &businessError{"40004", "Business Failed", subCode, subMessage}
}

// All that the gateway refuses, besides missing and invalid arguments.
var (
	errAlipaySystem    = &businessError{"20000", "Service Currently Unavailable", "aop.ACQ.SYSTEM_ERROR", "系统异常"}
	errAlipayRate      = &businessError{"40005", "Call Limited", "isv.app-call-limited", "应用调用次数超限"}
	errAlipayForbidden = &businessError{"40006", "Insufficient Permissions", "isv.insufficient-isv-permissions", "ISV权限不足"}
	errNoTrade         = failed("ACQ.TRADE_NOT_EXIST", "交易不存在")
	errTradePaid       = failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
	errTradeClosed     = failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
	errTradeChanged    = failed("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
	errTradeStatus     = failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
	errTradeFinished   = failed("ACQ.TRADE_HAS_FINISHED", "交易已完结")
	errRefundAmount    = failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", "退款金额超限")
	errRefundDiffers   = failed("ACQ.DISCORDANT_REPEAT_REQUEST", "不一致的请求")
	errInvalidBusiness = failed("ACQ.INVALID_PARAMETER", "参数无效")
	errBuyer           = failed("ACQ.INVALID_RECEIVE_ACCOUNT", "买家账号无效")
)

// alipayScheme is the only way of signing that is played.
const alipayScheme = "RSA2"

// alipaySkew is how far a request's timestamp may be off, either way.
const alipaySkew = 15 * time.Minute

// unsignedText joins parameters in the way that Alipay signs: sorted, raw,
// without empty values and without what leave names.
func unsignedText(p url.Values, leave ...string) string {
	var pairs []string
	for _, k := range slices.Sorted(maps.Keys(p)) {
		if v := p.Get(k); v != "" && !slices.Contains(leave, k) {
			pairs = append(pairs, k+"="+v)
		}
	}
	return strings.Join(pairs, "&")
}

// trade is one call of the gateway that passed the checks of its signature.
type trade struct {
	account *alipayAccount
	p       url.Values // the common parameters
	biz     bizContent
	now     time.Time
	struck  []*Fault
}

// bizContent are the fields of biz_content that matter here. As at the real
// gateway, others are ignored.
type bizContent struct {
	Number       string `json:"out_trade_no"`
	Reference    string `json:"trade_no"`
	Total        string `json:"total_amount"`
	Subject      string `json:"subject"`
	Timeout      string `json:"timeout_express"`
	QRTimeout    string `json:"qr_code_timeout_express"`
	Expire       string `json:"time_expire"`
	Passback     string `json:"passback_params"`
	QuitURL      string `json:"quit_url"`
	BuyerID      string `json:"buyer_id"`
	RefundAmount string `json:"refund_amount"`
	RequestNo    string `json:"out_request_no"`
}

// gatewayMethods are the calls between servers.
var gatewayMethods = map[string]struct {
	op operations
	do func(*Sim, *trade) (any, error)
}{
	"alipay.trade.precreate":            {opPrepay, precreate},
	"alipay.trade.create":               {opPrepay, createTrade},
	"alipay.trade.query":                {opQuery, queryTrade},
	"alipay.trade.close":                {opClose, closeTrade},
	"alipay.trade.cancel":               {opClose, cancelTrade},
	"alipay.trade.refund":               {opRefund, refundTrade},
	"alipay.trade.fastpay.refund.query": {opRefundQuery, queryTradeRefund},
}

// gatewayPages are the calls that a payer's browser makes.
var gatewayPages = map[string]Product{
	"alipay.trade.wap.pay":  WapPay,
	"alipay.trade.page.pay": PagePay,
}

func (s *Sim) routeAlipay() {
	s.routes.HandleFunc("GET /gateway.do", s.gateway)
	s.routes.HandleFunc("POST /gateway.do", s.gateway)
	s.routes.HandleFunc("POST /phone/tradepay", s.tradePay)
	s.routes.HandleFunc("OPTIONS /phone/tradepay", s.tradePay)
}

// gateway is the one address of Alipay: parameters may be in the address and
// in the form.
func (s *Sim) gateway(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form can't be read", http.StatusBadRequest)
		return
	}
	if product, ok := gatewayPages[r.Form.Get("method")]; ok {
		s.cashier(w, r, product)
		return
	}
	t, result, hold, err := s.answerTrade(r.Form)
	rep := t.seal(result, err)
	rep.wait = hold
	rep.hold(r)
	s.recordTrade(r.Form, t, rep, err)
	rep.write(w)
}

func (s *Sim) answerTrade(p url.Values) (t *trade, result any, hold wait, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t, err = s.authenticateTrade(p)
	if err != nil {
		return nil, nil, nil, err
	}
	method, ok := gatewayMethods[p.Get("method")]
	if !ok {
		return nil, nil, nil, invalid("method")
	}
	t.struck = s.strikeCall(t.account.id(), method.op)
	result, err = s.doTrade(t, method.do)
	for _, f := range t.struck {
		if f.after != nil && err == nil {
			hold = f.after(s, s.books.find(t.account, t.biz.Number))
		}
	}
	return t, result, hold, err
}

// doTrade does the work, unless a fault refuses it.
func (s *Sim) doTrade(t *trade, do func(*Sim, *trade) (any, error)) (any, error) {
	for _, f := range t.struck {
		if f.refuse != nil {
			return nil, f.refuse.alipay
		}
		s.strikeBefore(f, s.books.find(t.account, t.biz.Number))
	}
	return do(s, t)
}

// seal makes the reply: its signature is over the very bytes of the result, in
// which slashes are escaped as Alipay escapes them. A call that is not known to
// be the merchant's gets an error_response without signature.
func (t *trade) seal(result any, err error) reply {
	if err != nil {
		result = asBusiness(err)
	}
	body := bytes.ReplaceAll(plainJSON(result), []byte("/"), []byte(`\/`))
	if t == nil {
		return gatewayReply("error_response", "", body)
	}
	name := strings.ReplaceAll(t.p.Get("method"), ".", "_") + "_response"
	rep := gatewayReply(name, sealFor(t.struck).signature(t.account.PlatformKey, string(body)), body)
	for _, f := range t.struck {
		if f.reply != nil {
			f.reply(&rep)
		}
	}
	return rep
}

func gatewayReply(name, signature string, result []byte) reply {
	body := `{"` + name + `":` + string(result)
	if signature != "" {
		body += `,"sign":"` + signature + `"`
	}
	return reply{status: http.StatusOK, contentType: "text/html;charset=utf-8", body: []byte(body + "}")}
}

func asBusiness(err error) *businessError {
	if e, ok := errors.AsType[*businessError](err); ok {
		return e
	}
	return errAlipaySystem
}

// authenticateTrade checks the common parameters and the signature, and
// decodes biz_content.
func (s *Sim) authenticateTrade(p url.Values) (*trade, error) {
	for _, name := range []string{"app_id", "method", "charset", "sign_type", "sign", "timestamp", "version"} {
		if p.Get(name) == "" {
			return nil, missing(name)
		}
	}
	for name, values := range p {
		if len(values) != 1 {
			return nil, invalid(name)
		}
	}
	a, ok := s.alipay[p.Get("app_id")]
	if !ok {
		return nil, invalid("app-id")
	}
	t := &trade{account: a, p: p, now: s.now()}
	if err := s.checkCommon(p); err != nil {
		return t, err
	}
	if !verify(a.MerchantPublicKey, unsignedText(p, "sign"), p.Get("sign")) {
		return t, invalid("signature")
	}
	if content := p.Get("biz_content"); content != "" {
		if err := json.Unmarshal([]byte(content), &t.biz); err != nil {
			return t, invalid("parameter")
		}
	}
	return t, nil
}

func (s *Sim) checkCommon(p url.Values) error {
	for name, want := range map[string]string{"sign_type": alipayScheme, "version": "1.0", "charset": "utf-8", "format": "JSON"} {
		if got := p.Get(name); got != "" && !strings.EqualFold(got, want) {
			return invalid(strings.ReplaceAll(name, "_", "-"))
		}
	}
	at, err := time.ParseInLocation(time.DateTime, p.Get("timestamp"), china)
	if err != nil || s.options.Now().Sub(at).Abs() > alipaySkew {
		return invalid("timestamp")
	}
	return nil
}

func (s *Sim) recordTrade(p url.Values, t *trade, rep reply, err error) {
	e := Exchange{Account: p.Get("app_id"), Name: p.Get("method"), Status: rep.seen()}
	if err != nil {
		e.Problem = err.Error()
	}
	if t != nil {
		e.Number, e.Faults = t.biz.Number, names(t.struck)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e.At = s.now()
	s.record.add(e)
}

// tradePayRequest is tradePay as AlipayJSBridge takes it, with what the person
// in front of the phone does then.
type tradePayRequest struct {
	Reference string `json:"tradeNO"`
	User      User   `json:"user"`
	Do        string `json:"do"` // approve or cancel
}

// What tradePay answers.
const (
	tradePayOK     = "9000"
	tradePayCancel = "6001"
	tradePayFail   = "4000"
)

// tradePay plays AlipayJSBridge for a page in Alipay's own browser.
func (s *Sim) tradePay(w http.ResponseWriter, r *http.Request) {
	if !bridgeOrigin(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<10))
	var q tradePayRequest
	if err != nil || json.Unmarshal(body, &q) != nil {
		controlError(w, http.StatusBadRequest, "the body is not the JSON of tradePay")
		return
	}
	result, why := s.payTrade(q)
	answer := map[string]string{"resultCode": result}
	if why != nil {
		answer["memo"] = why.Error()
	}
	controlWrite(w, http.StatusOK, answer)
}

func (s *Sim) payTrade(q tradePayRequest) (result string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.passes[q.Reference]
	if p == nil || p.order.product != Bridge {
		return tradePayFail, inWords(Alipay, errUnknownCode)
	}
	if err := s.open(p.order, q.User); err != nil {
		return tradePayFail, inWords(Alipay, err)
	}
	if q.Do != "approve" {
		return tradePayCancel, nil
	}
	if _, err := s.pay(p.order, q.User); err != nil {
		return tradePayFail, inWords(Alipay, err)
	}
	return tradePayOK, nil
}

// tradeNumber makes Alipay's number of a trade.
func tradeNumber(now time.Time) string {
	return now.In(china).Format("20060102") + "22001" + digits(15)
}

func qrText() string { return "https://qr.alipay.com/baxSIM" + strings.ToLower(rand.Text()[:12]) }
