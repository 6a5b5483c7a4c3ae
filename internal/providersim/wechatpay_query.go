package providersim

import (
	"net/url"
	"strings"
	"time"
)

// transaction is an order as a query and a notification state it.
type transaction struct {
	MchID       string            `json:"mchid"`
	AppID       string            `json:"appid"`
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
	OpenID string `json:"openid,omitempty"`
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
		MchID: a.MchID, AppID: o.appID, Number: o.number, Attach: o.attach,
		TradeState: tradeStates[is].state, Description: tradeStates[is].description,
		Amount:     transactionAmount{Total: o.fen, Currency: "CNY", PayerCurrency: "CNY"},
		Promotions: []promotion{},
	}
	if o.paidAt.IsZero() {
		return t
	}
	t.Reference, t.TradeType, t.BankType = o.reference, o.product, "OTHERS"
	t.SuccessTime = stamp(o.paidAt)
	t.Payer.OpenID = openid(o.appID, o.payer)
	t.Amount.PayerTotal, t.Promotions = o.payerFen(o.fen), o.promotions()
	return t
}

func queryNumber(s *Sim, c *wechatCall) (any, error) {
	return c.tell(s.books.find(c.merchant, c.r.PathValue("number")))
}

func queryReference(s *Sim, c *wechatCall) (any, error) {
	return c.tell(s.books.findReference(c.merchant, c.r.PathValue("reference")))
}

func (c *wechatCall) tell(o *order) (any, error) {
	if err := c.checkMchID(c.r.URL.Query()); err != nil {
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

func (c *wechatCall) checkMchID(q url.Values) error {
	if got := q["mchid"]; len(got) != 1 || got[0] != c.merchant.MchID {
		return errRequest.at("query", "mchid", strings.Join(got, ","), "与Authorization中的mchid不一致")
	}
	return nil
}

var closeSchema = schema{{path: "mchid", need: everyProduct, be: isText(1, 32)}}

func closeOrder(s *Sim, c *wechatCall) (any, error) {
	v, _, err := closeSchema.decode(c.body, Native)
	if err != nil {
		return nil, err
	}
	if err := c.checkMchID(url.Values{"mchid": {v.text("mchid")}}); err != nil {
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
