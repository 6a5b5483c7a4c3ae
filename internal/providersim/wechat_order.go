package providersim

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
)

// How long the passes of WeChat Pay live, whatever the order's time_expire.
const (
	codeLife   = 2 * time.Hour
	h5Life     = 5 * time.Minute
	prepayLife = 2 * time.Hour
)

// orderLife is how long an unpaid order stays before it is closed unasked.
const orderLife = 7 * 24 * time.Hour

const numberPattern = `^[0-9A-Za-z_\-|*]{6,32}$`

// prepaySchema lists the fields of the three prepay calls.
var prepaySchema = schema{
	{path: "appid", need: everyProduct, be: text(1, 32)},
	{path: "mchid", need: everyProduct, be: text(1, 32)},
	{path: "description", need: everyProduct, be: text(1, 127)},
	{path: "out_trade_no", need: everyProduct, be: like(numberPattern)},
	{path: "time_expire", be: instant},
	{path: "attach", be: text(1, 128)},
	{path: "notify_url", need: everyProduct, be: notifyURL},
	{path: "goods_tag", be: text(1, 32)},
	{path: "support_fapiao", be: boolean},
	{path: "limit_pay", be: listOf(oneOf("no_balance", "no_credit", "no_debit", "balance_only"))},
	{path: "amount", need: everyProduct, be: object},
	{path: "amount.total", need: everyProduct, be: atLeast(1)},
	{path: "amount.currency", be: oneOf("CNY")},
	{path: "payer", only: []Product{JSAPI}, be: object},
	{path: "payer.openid", only: []Product{JSAPI}, be: text(1, 128)},
	{path: "detail", be: object},
	{path: "detail.cost_price", be: atLeast(0)},
	{path: "detail.invoice_id", be: text(1, 32)},
	{path: "detail.goods_detail", be: listOf(object)},
	{path: "detail.goods_detail.merchant_goods_id", need: everyProduct, be: text(1, 32)},
	{path: "detail.goods_detail.wechatpay_goods_id", be: text(1, 32)},
	{path: "detail.goods_detail.goods_name", be: text(1, 256)},
	{path: "detail.goods_detail.quantity", need: everyProduct, be: atLeast(1)},
	{path: "detail.goods_detail.unit_price", need: everyProduct, be: atLeast(0)},
	{path: "scene_info", need: []Product{H5}, be: object},
	{path: "scene_info.payer_client_ip", need: everyProduct, be: address},
	{path: "scene_info.device_id", be: text(1, 32)},
	{path: "scene_info.store_info", be: object},
	{path: "scene_info.store_info.id", need: everyProduct, be: text(1, 32)},
	{path: "scene_info.store_info.name", be: text(1, 256)},
	{path: "scene_info.store_info.area_code", be: text(1, 32)},
	{path: "scene_info.store_info.address", be: text(1, 512)},
	{path: "scene_info.h5_info", need: []Product{H5}, only: []Product{H5}, be: object},
	{path: "scene_info.h5_info.type", need: []Product{H5}, only: []Product{H5}, be: text(1, 32)},
	{path: "scene_info.h5_info.app_name", only: []Product{H5}, be: text(1, 64)},
	{path: "scene_info.h5_info.app_url", only: []Product{H5}, be: text(1, 128)},
	{path: "scene_info.h5_info.bundle_id", only: []Product{H5}, be: text(1, 128)},
	{path: "scene_info.h5_info.package_name", only: []Product{H5}, be: text(1, 128)},
	{path: "settle_info", be: object},
	{path: "settle_info.profit_sharing", be: boolean},
}

// prepay makes an order, or renews the pass of one that was asked for in
// exactly the same words.
func prepay(product Product) work {
	return func(s *Sim, c *call) (any, error) {
		v, canonical, err := prepaySchema.decode(c.body, product)
		if err != nil {
			return nil, err
		}
		c.number = v.text("out_trade_no")
		if err := c.checkPrepay(v, product); err != nil {
			return nil, err
		}
		o, err := s.orderFor(c, v, product, string(product)+canonical)
		if err != nil {
			return nil, err
		}
		return s.passFor(o, c.now), nil
	}
}

// checkPrepay holds the rules that need the account or the time.
func (c *call) checkPrepay(v values, product Product) error {
	if v.text("mchid") != c.account.MchID {
		return errRequest.at("body", "/mchid", v.text("mchid"), "与Authorization中的mchid不一致")
	}
	if v.text("appid") != c.account.AppID {
		return errAppMismatch
	}
	if !slices.Contains(c.account.Products, product) {
		return errNoAuth
	}
	if expiry, err := time.Parse(time.RFC3339, v.text("time_expire")); err == nil && !expiry.After(c.now) {
		return errRequest.at("body", "/time_expire", v.text("time_expire"), "早于当前时间")
	}
	if product != JSAPI {
		return nil
	}
	if v.text("payer.openid") == "" {
		return errNoOpenID
	}
	if !slices.ContainsFunc(Users, func(u User) bool { return c.account.person(u) == v.text("payer.openid") }) {
		return errOpenID
	}
	return nil
}

// orderFor finds the order that was asked for before in the same words, or
// makes it.
func (s *Sim) orderFor(c *call, v values, product Product, asked string) (*order, error) {
	o := s.books.find(c.account, v.text("out_trade_no"))
	if o == nil {
		o = &order{
			account: c.account, number: v.text("out_trade_no"), product: product,
			description: v.text("description"), fen: v.integer("amount.total"), attach: v.text("attach"),
			notifyURL: v.text("notify_url"), openid: v.text("payer.openid"), asked: asked,
			created: c.now, closesAt: c.now.Add(orderLife),
		}
		if t, err := time.Parse(time.RFC3339, v.text("time_expire")); err == nil {
			o.payUntil = t
		}
		s.books.add(o)
		return o, nil
	}
	switch o.state(c.now) {
	case paid, refunded:
		return nil, errOrderPaid
	case closed:
		return nil, errOrderClosed
	}
	if o.asked != asked {
		return nil, errNumberUsed
	}
	return o, nil
}

// passFor issues what the payer presents, in the words of the reply. A new
// code_url kills the one before it; links and prepay ids live out their time.
func (s *Sim) passFor(o *order, now time.Time) map[string]string {
	switch o.product {
	case Native:
		if o.pass != nil {
			o.pass.expires = now
		}
		p := s.books.issue(o, "weixin://wxpay/bizpayurl?pr=SIM"+rand.Text()[:9], now, codeLife)
		return map[string]string{"code_url": p.text}
	case H5:
		p := s.books.issue(o, prepayID(now), now, h5Life)
		return map[string]string{"h5_url": s.options.Origin + h5Path + "?prepay_id=" + p.text + "&package=" + p.secret}
	default:
		p := s.books.issue(o, prepayID(now), now, prepayLife)
		return map[string]string{"prepay_id": p.text}
	}
}

func prepayID(now time.Time) string {
	random := make([]byte, 9)
	rand.Read(random)
	return "wx" + now.In(china).Format("20060102150405") + hex.EncodeToString(random) + "0000"
}

// transaction is an order as a query and a notification state it.
type transaction struct {
	MchID       string   `json:"mchid"`
	AppID       string   `json:"appid"`
	Number      string   `json:"out_trade_no"`
	Reference   string   `json:"transaction_id,omitempty"`
	TradeType   Product  `json:"trade_type,omitempty"`
	TradeState  string   `json:"trade_state"`
	Description string   `json:"trade_state_desc"`
	BankType    string   `json:"bank_type,omitempty"`
	Attach      string   `json:"attach,omitempty"`
	SuccessTime string   `json:"success_time,omitempty"`
	Payer       payer    `json:"payer"`
	Amount      amount   `json:"amount"`
	Promotions  []string `json:"promotion_detail"`
}

type payer struct {
	OpenID string `json:"openid,omitempty"`
}

type amount struct {
	Total         int64  `json:"total"`
	PayerTotal    int64  `json:"payer_total,omitempty"`
	Currency      string `json:"currency"`
	PayerCurrency string `json:"payer_currency"`
}

// tradeStates are WeChat Pay's words for the states, in the order of state.
var tradeStates = [...]struct{ state, description string }{
	unpaid:   {"NOTPAY", "订单未支付"},
	paid:     {"SUCCESS", "支付成功"},
	closed:   {"CLOSED", "订单已关闭"},
	refunded: {"REFUND", "订单发生过退款"},
}

// transaction states an order as of now.
func (a *wechatAccount) transaction(o *order, now time.Time) transaction {
	is := o.state(now)
	t := transaction{
		MchID: a.MchID, AppID: a.AppID, Number: o.number, Attach: o.attach,
		TradeState: tradeStates[is].state, Description: tradeStates[is].description,
		Amount:     amount{Total: o.fen, Currency: "CNY", PayerCurrency: "CNY"},
		Promotions: []string{},
	}
	if o.paidAt.IsZero() {
		return t
	}
	t.Reference, t.TradeType, t.BankType = o.reference, o.product, "OTHERS"
	t.SuccessTime = stamp(o.paidAt)
	t.Payer.OpenID = a.person(o.payer)
	t.Amount.PayerTotal = o.fen
	return t
}

func queryNumber(s *Sim, c *call) (any, error) {
	return c.tell(s.books.find(c.account, c.r.PathValue("number")))
}

func queryReference(s *Sim, c *call) (any, error) {
	return c.tell(s.books.findReference(c.account, c.r.PathValue("reference")))
}

func (c *call) tell(o *order) (any, error) {
	if err := c.checkMchID(c.r.URL.Query()); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errNoOrder
	}
	c.number = o.number
	t := c.account.transaction(o, c.now)
	for _, f := range c.struck {
		if f.tradeState != "" {
			t.TradeState = f.tradeState
		}
	}
	return t, nil
}

func (c *call) checkMchID(q url.Values) error {
	if got := q["mchid"]; len(got) != 1 || got[0] != c.account.MchID {
		return errRequest.at("query", "mchid", strings.Join(got, ","), "与Authorization中的mchid不一致")
	}
	return nil
}

var closeSchema = schema{{path: "mchid", need: everyProduct, be: text(1, 32)}}

func closeOrder(s *Sim, c *call) (any, error) {
	v, _, err := closeSchema.decode(c.body, Native)
	if err != nil {
		return nil, err
	}
	if err := c.checkMchID(url.Values{"mchid": {v.text("mchid")}}); err != nil {
		return nil, err
	}
	o := s.books.find(c.account, c.r.PathValue("number"))
	if o == nil {
		return nil, errNoOrder
	}
	if s.close(o) != nil {
		return nil, errOrderPaid
	}
	return nil, nil
}
