package providersim

import (
	"encoding/xml"
)

// oldPayment is a payment's notification in the form of API v2.
type oldPayment struct {
	XMLName    xml.Name `xml:"xml"`
	ReturnCode string   `xml:"return_code"`
	ResultCode string   `xml:"result_code"`
	MchID      string   `xml:"mch_id"`
	AppID      string   `xml:"appid"`
	Number     string   `xml:"out_trade_no"`
	Reference  string   `xml:"transaction_id"`
	Fen        int64    `xml:"total_fee"`
	Nonce      string   `xml:"nonce_str"`
	Sign       string   `xml:"sign"`
}

// oldNotice writes the notification that a merchant gets whose API v2 is still on. Its
// signature is under a key that the account doesn't have.
func oldNotice(o *order) []byte {
	b, err := xml.Marshal(oldPayment{
		ReturnCode: "SUCCESS", ResultCode: "SUCCESS", MchID: o.account.id(), AppID: o.appID, Number: o.number, Reference: o.reference,
		Fen: o.fen, Nonce: digits(32), Sign: digits(32),
	})
	if err != nil {
		panic("providersim: an XML notification can't be written: " + err.Error())
	}
	return b
}
