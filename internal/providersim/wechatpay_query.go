package providersim

import (
	"time"
)

// transaction is an order as a query and a notification state it.
type transaction struct {
	MchID       string            `json:"mchid,omitempty"`
	AppID       string            `json:"appid,omitempty"`
	SpMchID     string            `json:"sp_mchid,omitempty"` // instead, with the next three, about an order of a service provider
	SpAppID     string            `json:"sp_appid,omitempty"`
	SubMchID    string            `json:"sub_mchid,omitempty"`
	SubAppID    string            `json:"sub_appid,omitempty"`
	Number      string            `json:"out_trade_no"`
	Reference   string            `json:"transaction_id,omitempty"`
	TradeType   Product           `json:"trade_type,omitempty"`
	TradeState  string            `json:"trade_state"`
	Description string            `json:"trade_state_desc"`
	BankType    string            `json:"bank_type,omitempty"`
	Attach      string            `json:"attach,omitempty"`
	SuccessTime string            `json:"success_time,omitempty"`
	Payer       transactionPayer  `json:"payer"`
	Amount      transactionAmount `json:"amount"`
	Promotions  []promotion       `json:"promotion_detail"`
}

type transactionPayer struct {
	OpenID    string `json:"openid,omitempty"`
	SpOpenID  string `json:"sp_openid,omitempty"`
	SubOpenID string `json:"sub_openid,omitempty"`
}

type transactionAmount struct {
	Total         int64  `json:"total"`
	PayerTotal    int64  `json:"payer_total,omitempty"`
	Currency      string `json:"currency"`
	PayerCurrency string `json:"payer_currency"`
}

// tradeStates are WeChat Pay's words for the states, in the order of state.
var tradeStates = [...]struct{ state, description string }{
	stateUnpaid:   {"NOTPAY", "订单未支付"},
	statePaid:     {"SUCCESS", "支付成功"},
	stateClosed:   {"CLOSED", "订单已关闭"},
	stateRefunded: {"REFUND", "订单发生过退款"},
}

// transaction states an order as of now.
func (a *wechatAccount) transaction(o *order, now time.Time) transaction {
	is := o.state(now)
	t := transaction{
		Number: o.number, Attach: o.attach,
		TradeState: tradeStates[is].state, Description: tradeStates[is].description,
		Amount:     transactionAmount{Total: o.fen, Currency: "CNY", PayerCurrency: "CNY"},
		Promotions: []promotion{},
	}
	if t.MchID, t.AppID = a.MchID, o.appID; a.isPartner() {
		t.MchID, t.AppID = "", ""
		t.SpMchID, t.SpAppID, t.SubMchID, t.SubAppID = a.Under.MchID, a.Under.AppID, a.MchID, o.subAppID
	}
	if o.paidAt.IsZero() {
		return t
	}
	t.Reference, t.TradeType, t.BankType = o.reference, o.product, "OTHERS"
	t.SuccessTime = stamp(o.paidAt)
	t.Payer = a.payerOf(o)
	t.Amount.PayerTotal, t.Promotions = o.payerFen(o.fen), o.promotions()
	return t
}

// payerOf names who paid, under every app that the order names.
func (a *wechatAccount) payerOf(o *order) (p transactionPayer) {
	if !a.isPartner() {
		p.OpenID = openid(o.appID, o.payer)
		return p
	}
	p.SpOpenID = openid(a.Under.AppID, o.payer)
	if o.subAppID != "" {
		p.SubOpenID = openid(o.subAppID, o.payer)
	}
	return p
}

func queryNumber(s *Sim, c *wechatCall) (any, error) {
	return c.tell(s.books.find(c.merchant, c.r.PathValue("number")))
}

func queryReference(s *Sim, c *wechatCall) (any, error) {
	return c.tell(s.books.findReference(c.merchant, c.r.PathValue("reference")))
}

func (c *wechatCall) tell(o *order) (any, error) {
	if err := c.checkOwners("query", c.r.URL.Query()); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, errNoOrder
	}
	c.number = o.number
	t := c.merchant.transaction(o, c.now)
	for _, f := range c.struck {
		if f.tradeState != "" {
			t.TradeState = f.tradeState
		}
	}
	return t, nil
}

var closeSchema = schema{{path: "mchid", need: everyProduct, be: isText(1, 32)}}

func closeOrder(s *Sim, c *wechatCall) (any, error) {
	form := closeSchema
	if c.merchant.isPartner() {
		form = partnerCloseSchema
	}
	v, _, err := form.decode(c.body, Native)
	if err != nil {
		return nil, err
	}
	if err := c.checkOwners("body", v.named(c.merchant.owners())); err != nil {
		return nil, err
	}
	o := s.books.find(c.merchant, c.r.PathValue("number"))
	if o == nil {
		return nil, errNoOrder
	}
	if s.close(o) != nil {
		return nil, errOrderPaid
	}
	return nil, nil
}
