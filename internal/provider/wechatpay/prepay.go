package wechatpay

import (
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
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/h5"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/jsapi"
	"github.com/wechatpay-apiv3/wechatpay-go/services/payments/native"
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
	path   string
	life   time.Duration // of the code, link or prepay id, whatever time_expire says
	body   func(*account, provider.Order) (json.Marshaler, error)
	action func(*account, prepaid, stored) (pay.Action, error)
}

var products = map[pay.Rail]product{
	pay.RailQR:       {"/v3/pay/transactions/native", 2 * time.Hour, (*account).nativeBody, (*account).qrCode},
	pay.RailDeepLink: {"/v3/pay/transactions/h5", 5 * time.Minute, (*account).h5Body, (*account).link},
	pay.RailJSAPI:    {"/v3/pay/transactions/jsapi", 2 * time.Hour, (*account).jsapiBody, (*account).bridge},
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
	o.Description = o.ShortDescription(maxDescription)
	built, err := p.body(a, o)
	if err != nil {
		return nil, err
	}
	body, err := built.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return json.Marshal(stored{Rail: o.Rail, Body: body, ReturnURL: o.ReturnURL, ExpiresAt: o.ExpiresAt})
}

func (a *account) nativeBody(o provider.Order) (json.Marshaler, error) {
	return native.PrepayRequest{
		Appid: a.appID(o), Mchid: &a.MchID, Description: &o.Description, OutTradeNo: &o.OutTradeNo,
		TimeExpire: expiry(o), NotifyUrl: &o.NotifyURL, Attach: &o.AttemptID,
		Amount: &native.Amount{Total: &o.Amount.Value, Currency: &o.Amount.Currency},
	}, nil
}

// h5Types are WeChat Pay's names of the payer's system.
var h5Types = map[string]string{"ios": "iOS", "android": "Android"}

func (a *account) h5Body(o provider.Order) (json.Marshaler, error) {
	address, err := netip.ParseAddr(o.PayerIP)
	if err != nil || address.Zone() != "" {
		return nil, pay.Errorf(pay.CodeInvalid, "payer_ip", "must be the payer's IP address")
	}
	if err := a.CheckPayer(o.Rail, address); err != nil {
		return nil, err
	}
	ip := address.Unmap().String()
	if back, err := url.Parse(o.ReturnURL); err != nil || a.H5Domain != "" && back.Hostname() != a.H5Domain {
		return nil, pay.Errorf(pay.CodeInvalid, "return_url", "must be on the registered H5 domain")
	}
	h5Type, ok := h5Types[o.OS]
	if !ok {
		h5Type = "Wap"
	}
	return h5.PrepayRequest{
		Appid: a.appID(o), Mchid: &a.MchID, Description: &o.Description, OutTradeNo: &o.OutTradeNo,
		TimeExpire: expiry(o), NotifyUrl: &o.NotifyURL, Attach: &o.AttemptID,
		Amount:    &h5.Amount{Total: &o.Amount.Value, Currency: &o.Amount.Currency},
		SceneInfo: &h5.SceneInfo{PayerClientIp: &ip, H5Info: &h5.H5Info{Type: &h5Type}},
	}, nil
}

func (a *account) jsapiBody(o provider.Order) (json.Marshaler, error) {
	if !openIDForm.MatchString(o.WalletPayerID) {
		return nil, pay.Errorf(pay.CodeInvalid, "payer_id", "must be the payer's openid")
	}
	return jsapi.PrepayRequest{
		Appid: a.appID(o), Mchid: &a.MchID, Description: &o.Description, OutTradeNo: &o.OutTradeNo,
		TimeExpire: expiry(o), NotifyUrl: &o.NotifyURL, Attach: &o.AttemptID,
		Amount: &jsapi.Amount{Total: &o.Amount.Value, Currency: &o.Amount.Currency},
		Payer:  &jsapi.Payer{Openid: &o.WalletPayerID},
	}, nil
}

func (a *account) appID(o provider.Order) *string {
	id := a.App(o.Rail)
	return &id
}

func expiry(o provider.Order) *time.Time {
	at := o.ExpiresAt.In(china)
	return &at
}

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
	result, err := a.client.Post(ctx, consts.WechatPayAPIServer+p.path, []byte(s.Body))
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

// bridge signs the parameters of WeChat's getBrandWCPayRequest with the
// merchant's key. All are strings; timeStamp is in seconds.
func (a *account) bridge(reply prepaid, s stored) (pay.Action, error) {
	if reply.PrepayID == "" {
		return pay.Action{}, &unusable{"the reply has no prepay_id"}
	}
	var ordered struct {
		AppID string `json:"appid"` // as it was ordered, whatever the settings are by now
	}
	if err := json.Unmarshal(s.Body, &ordered); err != nil {
		return pay.Action{}, err
	}
	nonce, err := utils.GenerateNonce()
	if err != nil {
		return pay.Action{}, err
	}
	params := map[string]string{
		"appId":     ordered.AppID,
		"timeStamp": strconv.FormatInt(a.env.Now().Unix(), 10),
		"nonceStr":  nonce,
		"package":   "prepay_id=" + reply.PrepayID,
		"signType":  "RSA",
	}
	message := strings.Join([]string{params["appId"], params["timeStamp"], params["nonceStr"], params["package"], ""}, "\n")
	signed, err := a.client.Sign(background, message)
	if err != nil {
		return pay.Action{}, err
	}
	params["paySign"] = signed.Signature
	return pay.Action{Kind: pay.ActionBridge, Bridge: "weixin", Params: params}, nil
}
