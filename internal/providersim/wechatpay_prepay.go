package providersim

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"
)

// How long the passes of WeChat Pay live, whatever the order's time_expire.
const (
	codeLife   = 2 * time.Hour
	h5Life     = 5 * time.Minute
	prepayLife = 2 * time.Hour
)

// orderLife is the time after which an unpaid order is closed unasked.
const orderLife = 7 * 24 * time.Hour

const numberPattern = `^[0-9A-Za-z_\-|*]{6,32}$`

// prepaySchema lists the fields of the four prepay calls.
var prepaySchema = schema{
	{path: "appid", need: everyProduct, be: isText(1, 32)},
	{path: "mchid", need: everyProduct, be: isText(1, 32)},
	{path: "description", need: everyProduct, be: isText(1, 127)},
	{path: "out_trade_no", need: everyProduct, be: isLike(numberPattern)},
	{path: "time_expire", be: isInstant},
	{path: "attach", be: isText(1, 128)},
	{path: "notify_url", need: everyProduct, be: isNotifyURL},
	{path: "goods_tag", be: isText(1, 32)},
	{path: "support_fapiao", be: isBoolean},
	{path: "limit_pay", be: isListOf(isOneOf("no_balance", "no_credit", "no_debit", "balance_only"))},
	{path: "amount", need: everyProduct, be: isObject},
	{path: "amount.total", need: everyProduct, be: isAtLeast(1)},
	{path: "amount.currency", be: isOneOf("CNY")},
	{path: "payer", only: []Product{JSAPI}, be: isObject},
	{path: "payer.openid", only: []Product{JSAPI}, be: isText(1, 128)},
	{path: "detail", be: isObject},
	{path: "detail.cost_price", be: isAtLeast(0)},
	{path: "detail.invoice_id", be: isText(1, 32)},
	{path: "detail.goods_detail", be: isListOf(isObject)},
	{path: "detail.goods_detail.merchant_goods_id", need: everyProduct, be: isText(1, 32)},
	{path: "detail.goods_detail.wechatpay_goods_id", be: isText(1, 32)},
	{path: "detail.goods_detail.goods_name", be: isText(1, 256)},
	{path: "detail.goods_detail.quantity", need: everyProduct, be: isAtLeast(1)},
	{path: "detail.goods_detail.unit_price", need: everyProduct, be: isAtLeast(0)},
	{path: "scene_info", need: []Product{H5}, be: isObject},
	{path: "scene_info.payer_client_ip", need: everyProduct, be: isAddress},
	{path: "scene_info.device_id", be: isText(1, 32)},
	{path: "scene_info.store_info", be: isObject},
	{path: "scene_info.store_info.id", need: everyProduct, be: isText(1, 32)},
	{path: "scene_info.store_info.name", be: isText(1, 256)},
	{path: "scene_info.store_info.area_code", be: isText(1, 32)},
	{path: "scene_info.store_info.address", be: isText(1, 512)},
	{path: "scene_info.h5_info", need: []Product{H5}, only: []Product{H5}, be: isObject},
	{path: "scene_info.h5_info.type", need: []Product{H5}, only: []Product{H5}, be: isText(1, 32)},
	{path: "scene_info.h5_info.app_name", only: []Product{H5}, be: isText(1, 64)},
	{path: "scene_info.h5_info.app_url", only: []Product{H5}, be: isText(1, 128)},
	{path: "scene_info.h5_info.bundle_id", only: []Product{H5}, be: isText(1, 128)},
	{path: "scene_info.h5_info.package_name", only: []Product{H5}, be: isText(1, 128)},
	{path: "settle_info", be: isObject},
	{path: "settle_info.profit_sharing", be: isBoolean},
}

// prepay makes an order, or renews the pass of one that was asked for in
// exactly the same words.
func prepay(product Product) wechatWork {
	return func(s *Sim, c *wechatCall) (any, error) {
		form := prepaySchema
		if c.merchant.isPartner() {
			form = partnerPrepaySchema
		}
		v, canonical, err := form.decode(c.body, product)
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
		o.launched = o.launched || product == JSAPI || product == AppPay
		return s.passFor(o, c.now), nil
	}
}

// checkPrepay holds the rules that need the account or the time.
func (c *wechatCall) checkPrepay(v values, product Product) error {
	if err := c.checkOwners("body", v.named(c.merchant.owners())); err != nil {
		return err
	}
	if err := c.checkApps(v, product); err != nil {
		return err
	}
	if !slices.Contains(c.merchant.Products, product) {
		return errNoAuth
	}
	if expiry, err := time.Parse(time.RFC3339, v.text("time_expire")); err == nil && !expiry.After(c.now) {
		return errRequest.at("body", "/time_expire", v.text("time_expire"), "早于当前时间")
	}
	if product != JSAPI {
		return nil
	}
	app, person := c.payerApp(v)
	if person == "" {
		return errNoOpenID
	}
	if app == "" || !slices.ContainsFunc(Users, func(u User) bool { return openid(app, u) == person }) {
		return errOpenID
	}
	return nil
}

// orderFor finds the order that was asked for before in the same words, or
// makes it.
func (s *Sim) orderFor(c *wechatCall, v values, product Product, asked string) (*order, error) {
	o := s.books.find(c.merchant, v.text("out_trade_no"))
	if o == nil {
		if s.numberOfAnother(c.merchant, v.text("out_trade_no")) {
			return nil, errNumberUsed
		}
		app, person := c.payerApp(v)
		o = &order{
			account: c.merchant, appID: app, subAppID: v.text("sub_appid"), number: v.text("out_trade_no"), product: product,
			description: v.text("description"), fen: v.integer("amount.total"), attach: v.text("attach"),
			notifyURL: v.text("notify_url"), openid: person, asked: asked,
			created: c.now, closesAt: c.now.Add(orderLife),
		}
		if t, err := time.Parse(time.RFC3339, v.text("time_expire")); err == nil {
			o.payUntil = t
		}
		s.books.add(o)
		return o, nil
	}
	switch o.state(c.now) {
	case statePaid, stateRefunded:
		return nil, errOrderPaid
	case stateClosed:
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
