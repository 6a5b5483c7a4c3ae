package providersim

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// alipayCall is one call of the gateway.
type alipayCall struct {
	call
	do       func(*Sim, *alipayCall) (any, error)
	p        url.Values // the common parameters
	biz      bizContent
	caller   *alipayApplication // nil until that is proved
	merchant *alipayAccount     // whom it is for
	now      time.Time
}

// bizContent are the fields of biz_content that matter here. As at the real
// gateway, others are ignored.
type bizContent struct {
	Number      string `json:"out_trade_no"`
	Reference   string `json:"trade_no"`
	Total       price  `json:"total_amount"`
	Subject     string `json:"subject"`
	ProductCode string `json:"product_code"`
	SellerID    string `json:"seller_id"`
	Timeout     string `json:"timeout_express"`
	QRTimeout   string `json:"qr_code_timeout_express"`
	Expire      string `json:"time_expire"`
	Passback    string `json:"passback_params"`
	QuitURL     string `json:"quit_url"`
	BuyerID     string `json:"buyer_id"`
	BuyerOpenID string `json:"buyer_open_id"`
	OpAppID     string `json:"op_app_id"`
	Extend      struct {
		Instalments   string `json:"hb_fq_num"`
		SellerPercent string `json:"hb_fq_seller_percent"`
	} `json:"extend_params"`
	RefundAmount price  `json:"refund_amount"`
	RequestNo    string `json:"out_request_no"`
	BillType     string `json:"bill_type"`
	BillDate     string `json:"bill_date"`
	CertSN       string `json:"alipay_cert_sn"`
	StoreID      string `json:"store_id"`
	TerminalID   string `json:"terminal_id"`
	OperatorID   string `json:"operator_id"`
	GoodsType    string `json:"goods_type"`
	Enabled      string `json:"enable_pay_channels"`
	Disabled     string `json:"disable_pay_channels"`
}

// price is an amount as it is written, whether as text or as a number: the gateway
// takes both.
type price string

// UnmarshalJSON implements json.Unmarshaler.
func (p *price) UnmarshalJSON(written []byte) error {
	if written[0] == '"' {
		return json.Unmarshal(written, (*string)(p))
	}
	*p = price(written)
	return nil
}

// gatewayMethods are the calls between servers.
var gatewayMethods = map[string]struct {
	op operations
	do func(*Sim, *alipayCall) (any, error)
}{
	"alipay.trade.precreate":            {opPrepay, precreate},
	"alipay.trade.create":               {opPrepay, createTrade},
	"alipay.trade.query":                {opQuery, queryTrade},
	"alipay.trade.close":                {opClose, closeTrade},
	"alipay.trade.cancel":               {opCancel, cancelTrade},
	"alipay.trade.refund":               {opRefund, refundTrade},
	"alipay.trade.fastpay.refund.query": {opRefundQuery, queryTradeRefund},
	oauthMethod:                         {opIdentify, oauthToken},

	"alipay.data.dataservice.bill.downloadurl.query": {opBill, alipayBill},

	certDownload: {opNone, downloadCert},
}

// gatewayPages are the calls that a payer's browser makes.
var gatewayPages = map[string]Product{
	"alipay.trade.wap.pay":  WapPay,
	"alipay.trade.page.pay": PagePay,
}

func (s *Sim) routeAlipay() {
	s.routes.HandleFunc("GET /gateway.do", s.gateway)
	s.routes.HandleFunc("POST /gateway.do", s.gateway)
	s.routes.HandleFunc("GET /oauth2/publicAppAuthorize.htm", s.authorizeAlipay)
	s.routes.HandleFunc("GET /downloadBillFile.resource", s.downloadAlipayBill)
	s.routes.HandleFunc("POST /phone/tradepay", s.tradePay)
	s.routes.HandleFunc("OPTIONS /phone/tradepay", s.tradePay)
	s.routes.HandleFunc("POST /phone/alipaysdk", s.played(s.playAlipaySDK))
	s.routes.HandleFunc("OPTIONS /phone/alipaysdk", s.played(s.playAlipaySDK))
}

// gateway is the one address of Alipay.
func (s *Sim) gateway(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "the form can't be read", http.StatusBadRequest)
		return
	}
	c := newAlipayCall(gatewayParameters(r))
	if product, ok := gatewayPages[c.name]; ok {
		s.openTradePage(w, r, c, product)
		return
	}
	s.serve(w, r, c)
}

// gatewayParameters returns those in the address and in the form as one set. Clients
// put some into both, with the same value; else a name has as many values as it was
// given, and signer refuses it.
func gatewayParameters(r *http.Request) url.Values {
	p := r.URL.Query()
	for name, values := range r.PostForm {
		if !slices.Equal(p[name], values) {
			p[name] = append(p[name], values...)
		}
	}
	return p
}

func newAlipayCall(p url.Values) *alipayCall {
	return &alipayCall{call: call{claimed: p.Get("app_id"), name: p.Get("method")}, p: p}
}

// authenticate implements apiCall.
func (c *alipayCall) authenticate(s *Sim) error {
	caller, err := s.signer(c.p)
	if err != nil {
		return err
	}
	method, ok := gatewayMethods[c.name]
	if !ok {
		return invalidArgument("method")
	}
	c.op, c.do = method.op, method.do
	return c.accept(s, caller)
}

// accept takes the call for one of the application's, decodes biz_content, and finds out
// for which merchant it is.
func (c *alipayCall) accept(s *Sim, caller *alipayApplication) error {
	if content := c.p.Get("biz_content"); content != "" {
		if err := json.Unmarshal([]byte(content), &c.biz); err != nil {
			return invalidArgument("parameter")
		}
	}
	c.caller, c.number, c.now = caller, c.biz.Number, s.now()
	a, err := caller.actsFor(c.p.Get("app_auth_token"), c.name)
	if err != nil {
		return err
	}
	c.account, c.merchant, c.claimed = a, a, a.AppID
	return nil
}

// signer checks the common parameters and the signature over them, and returns
// whose it is.
func (s *Sim) signer(p url.Values) (*alipayApplication, error) {
	for _, name := range []string{"app_id", "method", "charset", "sign_type", "sign", "timestamp", "version"} {
		if p.Get(name) == "" {
			return nil, missingArgument(name)
		}
	}
	for name, values := range p {
		if len(values) != 1 {
			return nil, invalidArgument(name)
		}
	}
	caller, ok := s.alipayApps[p.Get("app_id")]
	if !ok {
		return nil, invalidArgument("app-id")
	}
	if err := s.checkCommon(p); err != nil {
		return nil, err
	}
	if !verify(caller.MerchantPublicKey, unsignedText(p, "sign"), p.Get("sign")) {
		return nil, invalidArgument("signature")
	}
	return caller, caller.checkSerials(p.Get("app_cert_sn"), p.Get("alipay_root_cert_sn"))
}

func (s *Sim) checkCommon(p url.Values) error {
	for name, want := range map[string]string{"sign_type": alipayScheme, "version": "1.0", "charset": "utf-8", "format": "JSON"} {
		if got := p.Get(name); got != "" && !strings.EqualFold(got, want) {
			return invalidArgument(strings.ReplaceAll(name, "_", "-"))
		}
	}
	at, err := time.ParseInLocation(time.DateTime, p.Get("timestamp"), china)
	if err != nil || s.options.Now().Sub(at).Abs() > alipaySkew {
		return invalidArgument("timestamp")
	}
	return nil
}

func (c *alipayCall) refusal(kind refusalKind) error { return alipayRefusals[kind] }

func (c *alipayCall) work(s *Sim) (any, error) { return c.do(s, c) }

// reply implements apiCall: the signature is over the very bytes of the result,
// in which slashes are escaped as Alipay escapes them. A call that is not known
// to be the application's gets an error_response without signature; one for a buyer's id
// that fails gets one with it.
func (c *alipayCall) reply(_ *Sim, result any, err error) reply {
	if err != nil {
		result = asBusiness(err)
	}
	body := bytes.ReplaceAll(plainJSON(result), []byte("/"), []byte(`\/`))
	if c.caller == nil {
		return gatewayReply("error_response", "", "", body)
	}
	name := strings.ReplaceAll(c.name, ".", "_") + "_response"
	if err != nil && c.name == oauthMethod {
		name = "error_response"
	}
	how := sealFor(c.struck)
	signer := c.caller.signsBy(how)
	return gatewayReply(name, how.signature(signer.key, string(body)), signer.sn, body)
}

func gatewayReply(name, signature, certSN string, result []byte) reply {
	body := `{"` + name + `":` + string(result)
	if signature != "" {
		if certSN != "" {
			body += `,"alipay_cert_sn":"` + certSN + `"`
		}
		body += `,"sign":"` + signature + `"`
	}
	return reply{status: http.StatusOK, contentType: "text/html;charset=utf-8", body: []byte(body + "}")}
}
