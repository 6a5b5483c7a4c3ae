package wechatpay

import (
	"cmp"
	"context"
	"encoding/json"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/consts"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// china is the zone of WeChat Pay's times and of its days.
var china = time.FixedZone("UTC+8", 8*60*60)

// maxDescription is WeChat Pay's limit, in characters.
const maxDescription = 127

var (
	outTradeNoForm = regexp.MustCompile(`^[0-9A-Za-z_\-|*]{6,32}$`)
	openIDForm     = regexp.MustCompile(`^[0-9A-Za-z_-]{1,128}$`)
)

// product is one of WeChat Pay's ways of paying.
type product struct {
	path   string        // after that of orders
	life   time.Duration // of the code, link or prepay id, whatever time_expire says
	extend func(*account, *order, provider.Order) error
	action func(*account, prepaid, stored) (pay.Action, error)
}

var products = map[pay.Rail]product{
	pay.RailQR:       {"native", 2 * time.Hour, (*account).forAnyone, (*account).qrCode},
	pay.RailDeepLink: {"h5", 5 * time.Minute, (*account).forBrowser, (*account).link},
	pay.RailJSAPI:    {"jsapi", 2 * time.Hour, (*account).forPayer, (*account).bridge},

	pay.RailMiniProgram: {"jsapi", 2 * time.Hour, (*account).forPayer, (*account).bridge},
	pay.RailApp:         {"app", 2 * time.Hour, (*account).forAnyone, (*account).request},
}

// stored is a request as Request returns it and Start sends it. Body goes out as it is, so a
// request that was stored by an older program is re-sent byte for byte too:
// WeChat Pay takes a changed one for another order under a used number.
type stored struct {
	Rail      pay.Rail        `json:"rail"`
	Body      json.RawMessage `json:"body"`
	ReturnURL string          `json:"return_url,omitempty"`
	ExpiresAt time.Time       `json:"expires_at"`
}

// prepaid is the reply of whichever product was asked.
type prepaid struct {
	CodeURL  string `json:"code_url"`
	H5URL    string `json:"h5_url"`
	PrepayID string `json:"prepay_id"`
}

// Request implements provider.Provider.
func (a *account) Request(o provider.Order) ([]byte, error) {
	p, ok := products[o.Rail]
	if !ok {
		return nil, pay.Errorf(pay.CodeInvalid, "rail", "WeChat Pay has no rail %q", o.Rail)
	}
	if err := o.Check(outTradeNoForm); err != nil {
		return nil, err
	}
	order := a.order(o)
	if err := p.extend(a, &order, o); err != nil {
		return nil, err
	}
	a.Options.add(&order, o.PayerIP)
	body, err := json.Marshal(order)
	if err != nil {
		return nil, err
	}
	return json.Marshal(stored{Rail: o.Rail, Body: body, ReturnURL: o.ReturnURL, ExpiresAt: o.ExpiresAt})
}

// order is the body of the prepay calls. What is not in use is not sent: WeChat Pay
// refuses null, and fields that it does not know.
type order struct {
	owner
	apps
	Description   string      `json:"description"`
	OutTradeNo    string      `json:"out_trade_no"`
	TimeExpire    string      `json:"time_expire"` // RFC 3339, in China
	Attach        string      `json:"attach"`
	NotifyURL     string      `json:"notify_url"`
	Amount        amount      `json:"amount"`
	Payer         *orderPayer `json:"payer,omitempty"`
	GoodsTag      string      `json:"goods_tag,omitempty"`
	LimitPay      []string    `json:"limit_pay,omitempty"`
	SupportFapiao bool        `json:"support_fapiao,omitempty"`
	SettleInfo    *settleInfo `json:"settle_info,omitempty"`
	SceneInfo     *sceneInfo  `json:"scene_info,omitempty"`
}

type amount struct {
	Total    int64  `json:"total"` // fen
	Currency string `json:"currency"`
}

// orderPayer is named by the openid under the app that they meet.
type orderPayer struct {
	OpenID    string `json:"openid,omitempty"`
	SpOpenID  string `json:"sp_openid,omitempty"`
	SubOpenID string `json:"sub_openid,omitempty"`
}

type sceneInfo struct {
	PayerClientIP string  `json:"payer_client_ip"`
	DeviceID      string  `json:"device_id,omitempty"`
	StoreInfo     *store  `json:"store_info,omitempty"`
	H5Info        *h5Info `json:"h5_info,omitempty"`
}

type h5Info struct {
	Type string `json:"type"`
	h5App
}

func (a *account) order(o provider.Order) order {
	return order{
		owner: a.owner(), apps: a.apps(o.Rail),
		Description: o.ShortDescription(maxDescription), OutTradeNo: o.OutTradeNo, TimeExpire: o.ExpiresAt.In(china).Format(time.RFC3339),
		Attach: attached[a.Options.Attach](o), NotifyURL: o.NotifyURL, Amount: amount{o.Amount.Value, o.Amount.Currency},
	}
}

// h5Types are WeChat Pay's names of the payer's system.
var h5Types = map[string]string{"ios": "iOS", "android": "Android"}

// forBrowser adds what H5 must know of the payer.
func (a *account) forBrowser(body *order, o provider.Order) error {
	address, err := netip.ParseAddr(o.PayerIP)
	if err != nil || address.Zone() != "" {
		return pay.Errorf(pay.CodeInvalid, "payer_ip", "must be the payer's IP address")
	}
	if err := a.CheckPayer(o.Rail, address); err != nil {
		return err
	}
	if back, err := url.Parse(o.ReturnURL); err != nil || a.H5Domain != "" && back.Hostname() != a.H5Domain {
		return pay.Errorf(pay.CodeInvalid, "return_url", "must be on the registered H5 domain")
	}
	body.SceneInfo = &sceneInfo{
		PayerClientIP: address.Unmap().String(), H5Info: &h5Info{Type: cmp.Or(h5Types[o.OS], "Wap")},
	}
	return nil
}

// forPayer adds who pays.
func (a *account) forPayer(body *order, o provider.Order) error {
	if !openIDForm.MatchString(o.WalletPayerID) {
		return pay.Errorf(pay.CodeInvalid, "payer_id", "must be the payer's openid")
	}
	switch {
	case body.SubAppID != "":
		body.Payer = &orderPayer{SubOpenID: o.WalletPayerID}
	case body.SpAppID != "":
		body.Payer = &orderPayer{SpOpenID: o.WalletPayerID}
	default:
		body.Payer = &orderPayer{OpenID: o.WalletPayerID}
	}
	return nil
}

// forAnyone adds nothing.
func (a *account) forAnyone(*order, provider.Order) error { return nil }

// Start implements provider.Provider.
func (a *account) Start(ctx context.Context, rail pay.Rail, request []byte) (pay.Action, error) {
	var s stored
	if err := json.Unmarshal(request, &s); err != nil || s.Rail != rail {
		return pay.Action{}, pay.Errorf(pay.CodeInternal, "", "the stored request is not one for rail %s", rail)
	}
	p, ok := products[rail]
	if !ok {
		return pay.Action{}, pay.Errorf(pay.CodeInvalid, "rail", "WeChat Pay has no rail %q", rail)
	}
	asked := a.env.Time()
	result, err := a.client.Post(ctx, consts.WechatPayAPIServer+a.orders()+p.path, []byte(s.Body))
	if err != nil {
		return pay.Action{}, orderCodes.judge(err)
	}
	var reply prepaid
	if err := core.UnMarshalResponse(result.Response, &reply); err != nil {
		return pay.Action{}, redact(err)
	}
	action, err := p.action(a, reply, s)
	if err != nil {
		return pay.Action{}, redact(err)
	}
	action.ExpiresAt = asked.Add(p.life)
	if s.ExpiresAt.Before(action.ExpiresAt) {
		action.ExpiresAt = s.ExpiresAt
	}
	return action, nil
}

func (a *account) qrCode(reply prepaid, _ stored) (pay.Action, error) {
	if err := a.links.QRCode(reply.CodeURL); err != nil {
		return pay.Action{}, &unusable{err.Error()}
	}
	return pay.Action{Kind: pay.ActionQRCode, Payload: reply.CodeURL}, nil
}

// link adds where WeChat's page brings the payer back to. The address must be
// encoded, or WeChat refuses with a signature error.
func (a *account) link(reply prepaid, s stored) (pay.Action, error) {
	link := reply.H5URL
	if s.ReturnURL != "" {
		link += "&redirect_url=" + url.QueryEscape(s.ReturnURL)
	}
	if err := a.links.Redirect(link); err != nil {
		return pay.Action{}, &unusable{err.Error()}
	}
	if u, err := url.Parse(reply.H5URL); err != nil || u.RawQuery == "" || u.Fragment != "" {
		return pay.Action{}, &unusable{"the link has no query to add the way back to"}
	}
	return pay.Action{Kind: pay.ActionRedirect, URL: link}, nil
}

// hostBridge and miniProgram are whose code pays with signed parameters, see [pay.Action].
const (
	wechatBridge = "weixin"
	miniProgram  = "mini_program"
	hostBridge   = "host"
)

// bridge signs the parameters of WeChat's getBrandWCPayRequest, and of wx.requestPayment
// in mini programs, with the merchant's key. All are strings; timeStamp is in seconds.
func (a *account) bridge(reply prepaid, s stored) (pay.Action, error) {
	p, err := a.payment(reply, s)
	if err != nil {
		return pay.Action{}, err
	}
	whole := "prepay_id=" + p.prepayID
	signature, err := a.sign(p.appID, p.seconds, p.nonce, whole)
	if err != nil {
		return pay.Action{}, err
	}
	by := wechatBridge
	if s.Rail == pay.RailMiniProgram {
		by = miniProgram
	}
	return pay.Action{Kind: pay.ActionBridge, Bridge: by, Params: map[string]string{
		"appId": p.appID, "timeStamp": p.seconds, "nonceStr": p.nonce, "package": whole, "signType": "RSA", "paySign": signature,
	}}, nil
}

// request signs the parameters of WeChat's SDK for apps (PayReq). Other than the
// bridge's, the signature is over the bare prepay id.
func (a *account) request(reply prepaid, s stored) (pay.Action, error) {
	p, err := a.payment(reply, s)
	if err != nil {
		return pay.Action{}, err
	}
	signature, err := a.sign(p.appID, p.seconds, p.nonce, p.prepayID)
	if err != nil {
		return pay.Action{}, err
	}
	return pay.Action{Kind: pay.ActionBridge, Bridge: hostBridge, Params: map[string]string{
		"appid": p.appID, "partnerid": p.merchant, "prepayid": p.prepayID, "package": "Sign=WXPay",
		"noncestr": p.nonce, "timestamp": p.seconds, "sign": signature,
	}}, nil
}

// prepaidPayment is what the wallet is told of an order.
type prepaidPayment struct{ appID, merchant, prepayID, seconds, nonce string }

// payment returns it as the order was made, whatever the settings are by now.
func (a *account) payment(reply prepaid, s stored) (prepaidPayment, error) {
	if reply.PrepayID == "" {
		return prepaidPayment{}, &unusable{"the reply has no prepay_id"}
	}
	var ordered struct {
		owner
		apps
	}
	if err := json.Unmarshal(s.Body, &ordered); err != nil {
		return prepaidPayment{}, err
	}
	nonce, err := utils.GenerateNonce()
	return prepaidPayment{ordered.met(), ordered.payee(), reply.PrepayID, strconv.FormatInt(a.env.Now().Unix(), 10), nonce}, err
}

// sign signs lines with the merchant's key.
func (a *account) sign(lines ...string) (string, error) {
	signed, err := a.client.Sign(background, strings.Join(append(lines, ""), "\n"))
	if err != nil {
		return "", err
	}
	return signed.Signature, nil
}
