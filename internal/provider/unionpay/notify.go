package unionpay

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Notification implements provider.Provider. The body is a form. UnionPay tells of
// what went well only, and signs no time of sending: repeats are found by what they say.
//
// Its documents advise to query after a notification. The statement is signed by the
// same certificates as a query's answer, so that it is believed; the amount, merchant and
// number are compared as those of a query are.
func (a *account) Notification(_ http.Header, body []byte) (pay.Evidence, error) {
	m, err := parseForm(body)
	if err != nil {
		return pay.Evidence{}, forged(err)
	}
	if err := a.chain.verify(m, a.env.Now()); err != nil {
		return pay.Evidence{}, forged(err)
	}
	ev := pay.Evidence{Source: pay.SourceNotification, Provider: ID, Account: m["merId"], OutTradeNo: m["orderId"], ReceivedAt: a.env.Now(), Raw: body}
	if ev.Account == "" || !orderForm.MatchString(ev.OutTradeNo) {
		return pay.Evidence{}, unusable("the notification does not say who and what it is about")
	}
	read, known := statements[m["txnType"]]
	if !known {
		return pay.Evidence{}, fmt.Errorf("unionpay: %w: transactions of type %s", provider.ErrIgnored, provider.Clean(m["txnType"]))
	}
	if !slices.Contains(done, m["respCode"]) {
		// Nothing is told of what failed (from memory): the query knows.
		return pay.Evidence{}, fmt.Errorf("unionpay: %w: code %s", provider.ErrIgnored, provider.Clean(m["respCode"]))
	}
	if err := read(a, &ev, m); err != nil {
		return pay.Evidence{}, err
	}
	ev.ID = provider.EvidenceID(ev)
	return ev, nil
}

// statements take a notification about a type of transaction into evidence.
var statements = map[string]func(*account, *pay.Evidence, message) error{
	consumption: (*account).paid,
	refund:      (*account).returned,
	revocation:  (*account).returned,
}

// returned takes a notification about money that went back into evidence. It names its
// own transaction, and the payment by UnionPay's number (origQryId, from memory). Ours
// stands in what we had put into the refund (see Refund); of one that was made elsewhere,
// such as in the console, it is not told.
func (a *account) returned(ev *pay.Evidence, m message) error {
	fen, err := strconv.ParseInt(m["txnAmt"], 10, 64)
	if err != nil || fen < 1 || m["currencyCode"] != "" && m["currencyCode"] != yuan {
		return unusable("the notification does not say how much went back")
	}
	ev.Outcome = pay.OutcomeRefund
	ev.Returned = &pay.Returned{
		Number: m["orderId"], Status: pay.RefundSucceeded, Amount: pay.Money{Currency: "CNY", Value: fen}, Reference: m["queryId"],
	}
	ev.OutTradeNo, ev.Reference = "", m["origQryId"]
	if orderForm.MatchString(m[reserved]) {
		ev.OutTradeNo = m[reserved]
	}
	return nil
}

// Acknowledge implements provider.Provider. UnionPay takes the status 200 within ten
// seconds for yes, and all else for "send it again".
func (a *account) Acknowledge(accepted bool) (status int, contentType string, body []byte) {
	if accepted {
		return http.StatusOK, "text/plain", []byte("ok")
	}
	return http.StatusServiceUnavailable, "text/plain", []byte("fail")
}
