package providersim

import (
	"cmp"
	"encoding/json"
	"io"
	"net/http"
)

// tradePayRequest is tradePay as AlipayJSBridge takes it, with what the person
// in front of the phone does then.
type tradePayRequest struct {
	Reference string `json:"tradeNO"`
	User      User   `json:"user"`
	Do        string `json:"do"` // approve or cancel
}

// What tradePay answers.
const (
	tradePayOK     = "9000"
	tradePayCancel = "6001"
	tradePayFail   = "4000"
)

// tradePay plays AlipayJSBridge for a page in Alipay's own browser.
func (s *Sim) tradePay(w http.ResponseWriter, r *http.Request) {
	if !s.bridgeOrigin(w, r) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<10))
	var q tradePayRequest
	if err != nil || json.Unmarshal(body, &q) != nil {
		controlError(w, http.StatusBadRequest, "the body is not the JSON of tradePay")
		return
	}
	result, why := s.payTrade(q)
	answer := map[string]string{"resultCode": result}
	if why != nil {
		answer["memo"] = why.Error()
	}
	controlWrite(w, http.StatusOK, answer)
}

func (s *Sim) payTrade(q tradePayRequest) (result string, why error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.passes[q.Reference]
	if p == nil || p.order.product != Bridge && p.order.product != MerchantBridge {
		return tradePayFail, inWords(Alipay, errUnknownCode)
	}
	return s.payInAlipay(p.order, q.User, q.Do)
}

// payInAlipay does what the person in front of Alipay's window does. The caller holds the
// lock.
func (s *Sim) payInAlipay(o *order, u User, do string) (result string, why error) {
	u = cmp.Or(u, s.holder)
	if err := s.open(o, u); err != nil {
		return tradePayFail, inWords(Alipay, err)
	}
	if do != "approve" {
		s.decided(Cancels, o, u, "")
		return tradePayCancel, nil
	}
	if _, err := s.pay(o, u); err != nil {
		return tradePayFail, inWords(Alipay, err)
	}
	s.decided(Approves, o, u, "")
	return tradePayOK, nil
}
