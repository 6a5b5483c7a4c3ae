package alipay

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

var (
	outTradeNoForm = regexp.MustCompile(`^[0-9A-Za-z_]{6,64}$`)
	tradeNoForm    = regexp.MustCompile(`^[0-9A-Za-z]{16,64}$`)
)

// Limits of a subject, in characters. Alipay takes 256; in a signed link of
// provider.MaxLink there is room for fewer, and the fewer the more else it must say.
const (
	maxSubject  = 64
	minSubject  = 16
	subjectStep = 8
)

// signatureSlack is by how many bytes two signatures of one request may differ in a link.
const signatureSlack = 64

// product is one of Alipay's ways of paying.
type product struct {
	method string
	life   time.Duration // of the code, link or trade; a link is signed with its time
	fill   func(*account, provider.Order, *content) error
	start  func(*account, context.Context, request) (pay.Action, error)
	till   bool // it may say at which till, and is not said to be of real or virtual goods
	leaves bool // a browser leaves by a link, and returns
}

var products = map[pay.Rail]product{
	pay.RailQR:       {"alipay.trade.precreate", 2 * time.Hour, (*account).fillCode, (*account).qrCode, true, false},
	pay.RailDeepLink: {"alipay.trade.wap.pay", 15 * time.Minute, (*account).fillPhone, (*account).link, false, true},
	pay.RailRedirect: {"alipay.trade.page.pay", 15 * time.Minute, (*account).fillCashier, (*account).link, false, true},
	pay.RailJSAPI:    {"alipay.trade.create", 15 * 24 * time.Hour, (*account).fillInApp, (*account).bridge, true, false},
	pay.RailApp:      {"alipay.trade.app.pay", 15 * time.Minute, (*account).fillApp, (*account).orderString, false, false},
}

// content is the biz_content of an order.
type content struct {
	OutTradeNo  string `json:"out_trade_no"`
	TotalAmount string `json:"total_amount"` // yuan
	Subject     string `json:"subject"`
	ProductCode string `json:"product_code"`
	TimeExpire  string `json:"time_expire"`        // when the trade closes if unpaid
	QuitURL     string `json:"quit_url,omitempty"` // wap.pay: where who gives up goes

	ExtendParams *extendParams `json:"extend_params,omitempty"`

	StoreID         string `json:"store_id,omitempty"`
	TerminalID      string `json:"terminal_id,omitempty"`
	OperatorID      string `json:"operator_id,omitempty"`
	GoodsType       string `json:"goods_type,omitempty"`
	EnableChannels  string `json:"enable_pay_channels,omitempty"`
	DisableChannels string `json:"disable_pay_channels,omitempty"`

	BuyerOpenID string `json:"buyer_open_id,omitempty"` // create: who pays, or
	BuyerID     string `json:"buyer_id,omitempty"`
	OpAppID     string `json:"op_app_id,omitempty"` // create: the application that it is paid in
}

// extendParams asks for instalments by Huabei, and names who brought the merchant.
type extendParams struct {
	Number        string `json:"hb_fq_num,omitempty"`
	SellerPercent string `json:"hb_fq_seller_percent,omitempty"` // of the fee, that the merchant pays: 0 or 100

	SysServiceProvider string `json:"sys_service_provider_id,omitempty"`
}

// stored is a request as Request returns it and Start sends it.
type stored struct {
	Rail      pay.Rail          `json:"rail"`
	Content   json.RawMessage   `json:"content"`
	Params    map[string]string `json:"params"`
	ExpiresAt time.Time         `json:"expires_at"`
}

// Request implements provider.Provider.
func (a *account) Request(o provider.Order) ([]byte, error) {
	p, ok := products[o.Rail]
	if !ok || !slices.Contains(a.Rails(), o.Rail) {
		return nil, pay.Errorf(pay.CodeInvalid, "rail", "this account has no rail %q", o.Rail)
	}
	if err := o.Check(outTradeNoForm); err != nil {
		return nil, err
	}
	c := content{
		OutTradeNo: o.OutTradeNo, TotalAmount: provider.FormatYuan(o.Amount.Value), Subject: subject(o, maxSubject),
		TimeExpire: o.ExpiresAt.In(china).Format(time.DateTime),
	}
	if o.Instalments != 0 {
		c.ExtendParams = &extendParams{Number: strconv.Itoa(o.Instalments), SellerPercent: strconv.Itoa(a.SellerPercent)}
	}
	if err := p.fill(a, o, &c); err != nil {
		return nil, err
	}
	a.fillOptional(o.Rail, &c)
	params := map[string]string{"notify_url": o.NotifyURL}
	if p.leaves {
		params["return_url"] = o.ReturnURL
		if err := a.fitLink(p.method, params, o, &c); err != nil {
			return nil, err
		}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return json.Marshal(stored{Rail: o.Rail, Content: raw, Params: params, ExpiresAt: o.ExpiresAt})
}

func (a *account) fillCode(_ provider.Order, c *content) error {
	c.ProductCode = a.QRProduct
	return nil
}

func (a *account) fillPhone(o provider.Order, c *content) error {
	c.ProductCode, c.QuitURL = "QUICK_WAP_WAY", o.ReturnURL
	return nil
}

func (a *account) fillCashier(_ provider.Order, c *content) error {
	c.ProductCode = "FAST_INSTANT_TRADE_PAY"
	return nil
}

func (a *account) fillApp(_ provider.Order, c *content) error {
	c.ProductCode = "QUICK_MSECURITY_PAY"
	return nil
}

// fillInApp makes an order out to one payer.
func (a *account) fillInApp(o provider.Order, c *content) error {
	switch {
	case userIDForm.MatchString(o.WalletPayerID):
		c.BuyerID = o.WalletPayerID
	case openIDForm.MatchString(o.WalletPayerID):
		c.BuyerOpenID = o.WalletPayerID
	default:
		return pay.Errorf(pay.CodeInvalid, "payer_id", "must be the payer's open_id")
	}
	c.ProductCode = a.JSAPIProduct
	if c.ProductCode == inAppProduct {
		c.OpAppID = a.merchantApp()
	}
	return nil
}

// subject returns a description that Alipay takes, which forbids the characters
// / = and &. The last two matter: notifications are signed as k=v&k=v without any
// escaping, so a subject that holds them could be read as other fields.
func subject(o provider.Order, most int) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/=&", r) || r < ' ' {
			return ' '
		}
		return r
	}, o.ShortDescription(most))
}

// fitLink shortens the subject until the order fits into a link.
func (a *account) fitLink(method string, params map[string]string, o provider.Order, c *content) error {
	for most := maxSubject; ; most -= subjectStep {
		c.Subject = subject(o, most)
		raw, err := json.Marshal(c)
		if err != nil {
			return err
		}
		link, err := a.client.BuildURL(a.acting(request{method: method, params: params, content: raw}))
		if err != nil {
			return unusable("the link can't be signed")
		}
		if most <= minSubject || len(link.String())+signatureSlack <= provider.MaxLink {
			return nil
		}
	}
}

// Start implements provider.Provider.
func (a *account) Start(ctx context.Context, rail pay.Rail, kept []byte) (pay.Action, error) {
	var s stored
	if err := json.Unmarshal(kept, &s); err != nil || s.Rail != rail {
		return pay.Action{}, pay.Errorf(pay.CodeInternal, "", "the stored request is not one for rail %s", rail)
	}
	p, ok := products[rail]
	if !ok {
		return pay.Action{}, pay.Errorf(pay.CodeInvalid, "rail", "Alipay has no rail %q", rail)
	}
	asked := a.env.Time()
	action, err := p.start(a, ctx, request{method: p.method, codes: orderCodes, params: s.Params, content: s.Content})
	if err != nil {
		return pay.Action{}, err
	}
	action.ExpiresAt = asked.Add(p.life)
	if s.ExpiresAt.Before(action.ExpiresAt) {
		action.ExpiresAt = s.ExpiresAt
	}
	return action, nil
}

func (a *account) qrCode(ctx context.Context, r request) (pay.Action, error) {
	var reply struct {
		QRCode string `json:"qr_code"`
	}
	if _, err := a.call(ctx, r, &reply); err != nil {
		return pay.Action{}, err
	}
	if err := a.links.QRCode(reply.QRCode); err != nil {
		return pay.Action{}, unusable(err.Error())
	}
	return pay.Action{Kind: pay.ActionQRCode, Payload: reply.QRCode}, nil
}

// link signs a link to the gateway. Nothing is sent: Alipay hears of the order
// when the payer's browser follows it.
func (a *account) link(_ context.Context, r request) (pay.Action, error) {
	link, err := a.client.BuildURL(a.acting(r))
	if err != nil {
		return pay.Action{}, unusable("the link can't be signed")
	}
	if err := a.links.Redirect(link.String()); err != nil {
		return pay.Action{}, unusable(err.Error())
	}
	return pay.Action{Kind: pay.ActionRedirect, URL: link.String()}, nil
}

// orderString signs what the shop's own app hands to Alipay's SDK, as it is. Nothing is
// sent: Alipay hears of the order from the SDK.
func (a *account) orderString(_ context.Context, r request) (pay.Action, error) {
	text, err := a.client.EncodeParam(a.acting(r))
	if err != nil {
		return pay.Action{}, unusable("the order can't be signed")
	}
	return pay.Action{Kind: pay.ActionBridge, Bridge: "host", Params: map[string]string{"orderStr": text}}, nil
}

// bridge makes the trade and returns the parameters of Alipay's tradePay. They need
// no signature: the trade is its payer's alone.
func (a *account) bridge(ctx context.Context, r request) (pay.Action, error) {
	var ordered, reply struct {
		OutTradeNo string `json:"out_trade_no"`
		TradeNo    string `json:"trade_no"`
	}
	if _, err := a.call(ctx, r, &reply); err != nil {
		return pay.Action{}, err
	}
	if err := json.Unmarshal(r.content, &ordered); err != nil {
		return pay.Action{}, err
	}
	if reply.OutTradeNo != ordered.OutTradeNo {
		return pay.Action{}, unusable("the reply is about another order")
	}
	if !tradeNoForm.MatchString(reply.TradeNo) {
		return pay.Action{}, unusable("the reply names no trade")
	}
	return pay.Action{Kind: pay.ActionBridge, Bridge: "alipay", Params: map[string]string{"tradeNO": reply.TradeNo}}, nil
}
