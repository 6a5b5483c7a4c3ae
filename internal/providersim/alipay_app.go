package providersim

import (
	"encoding/json"
	"net/http"
	"net/url"
)

// sdkPay is the method of orders that a shop's own app hands to Alipay's SDK.
const sdkPay = "alipay.trade.app.pay"

// orderStringRequest is an order as Alipay's SDK for apps takes it, with what the person in
// front of the phone does then.
type orderStringRequest struct {
	OrderString string `json:"orderStr"`
	User        User   `json:"user"`
	Do          string `json:"do"` // approve or cancel
}

// playAlipaySDK plays Alipay's SDK for apps: it answers resultStatus, and why in memo when
// it fails.
func (s *Sim) playAlipaySDK(body []byte) (any, bool) {
	var q orderStringRequest
	if json.Unmarshal(body, &q) != nil {
		return nil, false
	}
	status, why := s.payByAlipaySDK(q)
	answer := map[string]string{"resultStatus": status, "memo": ""}
	if why != nil {
		answer["memo"] = why.Error()
	}
	return answer, true
}

func (s *Sim) payByAlipaySDK(q orderStringRequest) (status string, why error) {
	p, err := url.ParseQuery(q.OrderString)
	if err != nil {
		return tradePayFail, err
	}
	c := newAlipayCall(p)
	id, err := "", error(invalidArgument("method"))
	if c.name == sdkPay { // no other order is one for apps
		id, err = s.launchTrade(c, SDKPay)
	}
	s.recordCall(&c.call, reply{status: http.StatusOK}, err)
	if err != nil {
		return tradePayFail, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.payInAlipay(s.books.byID[id], q.User, q.Do)
}
