package providersim

// A coupon of the company's own pays a part of the amount for the payer. The merchant
// gets all of it, and of a refund each gets its part.

// couponPays has a coupon pay a tenth of an order.
func couponPays(_ *Sim, o *order) wait {
	o.coupon = o.fen / 10
	return nil
}

// payerFen returns what the payer pays of an order, or of a part of it, in fen.
func (o *order) payerFen(part int64) int64 { return part - part*o.coupon/o.fen }

// promotion is a coupon as WeChat Pay states it.
type promotion struct {
	ID       string   `json:"coupon_id"`
	Name     string   `json:"name"`
	Scope    string   `json:"scope"`
	Type     string   `json:"type"` // CASH: the company pays
	Amount   int64    `json:"amount"`
	Stock    string   `json:"stock_id"`
	Company  int64    `json:"wechatpay_contribute"`
	Merchant int64    `json:"merchant_contribute"`
	Other    int64    `json:"other_contribute"`
	Currency string   `json:"currency"`
	Goods    []string `json:"goods_detail"`
}

func (o *order) promotions() []promotion {
	if o.coupon == 0 {
		return []promotion{}
	}
	return []promotion{{
		ID: "109519", Name: "立减", Scope: "GLOBAL", Type: "CASH", Amount: o.coupon, Stock: "931386", Company: o.coupon, Currency: "CNY", Goods: []string{},
	}}
}

// voucher is a coupon as Alipay states it.
type voucher struct {
	Amount   string `json:"amount"` // yuan
	Merchant string `json:"merchantContribute"`
	Name     string `json:"name"`
	Other    string `json:"otherContribute"`
	Type     string `json:"type"`
	ID       string `json:"voucherId"`
}

// fund is a part of a payment, by whence it came.
type fund struct {
	Amount  string `json:"amount"` // yuan
	Channel string `json:"fundChannel"`
}

// vouchers lists the coupons of an order, as JSON; "" for none.
func (o *order) vouchers() string {
	if o.coupon == 0 {
		return ""
	}
	return string(plainJSON([]voucher{{
		Amount: yuan(o.coupon), Merchant: "0.00", Name: "立减", Other: yuan(o.coupon), Type: "ALIPAY_FIX_VOUCHER", ID: "2026112800073002000000000001",
	}}))
}

// funds lists whence a payment came, as JSON, if so much more was paid than was asked.
func (o *order) funds(off int64) string {
	list := []fund{{yuan(o.payerFen(o.fen) + off), "ALIPAYACCOUNT"}}
	if o.coupon > 0 {
		list = append(list, fund{yuan(o.coupon), "MDISCOUNT"})
	}
	return string(plainJSON(list))
}
