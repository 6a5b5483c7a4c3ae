package unionpay

import (
	"context"
	"slices"
	"strconv"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// The types of transactions.
const (
	question    = "00"
	consumption = "01"
	refund      = "04"
	revocation  = "31" // of a payment, on its day
)

// yuan is the only currency, by its number in ISO 4217.
const yuan = "156"

// Query implements provider.Provider. UnionPay knows an order by its number and its time,
// which stands in the request.
func (a *account) Query(ctx context.Context, q provider.QueryOrder) (pay.Evidence, error) {
	_, form, err := open(q.Request)
	if err != nil {
		return pay.Evidence{}, err
	}
	ev := pay.Evidence{Source: pay.SourceQuery, Provider: ID, Account: a.MerID, OutTradeNo: q.OutTradeNo, ReceivedAt: a.env.Now()}
	answer, text, err := a.ask(ctx, form.Get("bizType"), q.OutTradeNo, form.Get("txnTime"))
	if err != nil {
		return pay.Evidence{}, err
	}
	ev.Raw = []byte(text)
	if answer["respCode"] == absent {
		ev.Outcome = pay.OutcomeAbsent
		ev.ID = provider.EvidenceID(ev)
		return ev, nil
	}
	if answer["txnType"] != consumption {
		return pay.Evidence{}, unusable("the answer is about another kind of transaction")
	}
	if err := a.judge(&ev, answer, form.Get("payTimeout")); err != nil {
		return pay.Evidence{}, err
	}
	ev.ID = provider.EvidenceID(ev)
	return ev, nil
}

// ask asks about a transaction. The answer is about it, or says that it is not known.
func (a *account) ask(ctx context.Context, business, orderID, txnTime string) (message, string, error) {
	m, err := a.request(message{"txnType": question, "txnSubType": "00", "bizType": business, "orderId": orderID, "txnTime": txnTime})
	if err != nil {
		return nil, "", err
	}
	answer, text, err := a.call(ctx, queryPath, m.form().Encode())
	if err != nil {
		return nil, "", err
	}
	if !a.concerns(answer, orderID, txnTime) {
		return nil, "", unusable("the answer is about another transaction")
	}
	if code := answer["respCode"]; code != "00" && code != absent {
		return nil, "", refusal(code, nil)
	}
	return answer, text, nil
}

// judge takes what an answer says of a payment into evidence. A card that was turned down
// ends nothing while the payer may take another one, which they may until payTimeout; money
// that arrives after that UnionPay gives back by itself, and tells nobody.
func (a *account) judge(ev *pay.Evidence, answer message, payTimeout string) error {
	code := answer["origRespCode"]
	switch {
	case slices.Contains(done, code):
		return a.paid(ev, answer)
	case slices.Contains(unsettled, code):
		ev.Outcome = pay.OutcomePending
		return nil
	}
	if _, failed := spoiled[code]; !failed {
		return refusal(code, nil)
	}
	ev.Outcome = pay.OutcomePending
	if until, err := time.ParseInLocation(timeForm, payTimeout, china); err == nil && a.env.Time().After(until.Add(pay.CloseDelay)) {
		ev.Outcome = pay.OutcomeClosed
	}
	return nil
}

// paid takes a payment into evidence. It needs its amount and number.
func (a *account) paid(ev *pay.Evidence, m message) error {
	fen, err := strconv.ParseInt(m["txnAmt"], 10, 64)
	if err != nil || fen < 1 || m["currencyCode"] != yuan || !orderForm.MatchString(m["queryId"]) {
		return unusable("the statement says paid, but not what or under which number")
	}
	at, err := paidAt(m)
	if err != nil {
		return err
	}
	ev.Outcome, ev.Amount, ev.Reference, ev.PaidAt = pay.OutcomePaid, pay.Money{Currency: "CNY", Value: fen}, m["queryId"], at
	return nil
}

// paidAt returns when a payment was made: traceTime, which has no year, is on the day of
// txnTime or soon after it. Where it is missing, txnTime is the best that there is.
func paidAt(m message) (time.Time, error) {
	made, err := time.ParseInLocation(timeForm, m["txnTime"], china)
	if err != nil {
		return time.Time{}, unusable("the statement does not say when")
	}
	if m["traceTime"] == "" {
		return made, nil
	}
	at, err := time.ParseInLocation(timeForm, made.Format("2006")+m["traceTime"], china)
	if err != nil {
		return time.Time{}, unusable("the statement does not say when")
	}
	if at.Before(made.AddDate(0, -6, 0)) { // the turn of the year lies between
		at = at.AddDate(1, 0, 0)
	}
	return at, nil
}

// Probe implements provider.Prober. An order is known by number and time, so that a time
// is made up too. UnionPay signs every answer.
func (a *account) Probe(ctx context.Context, outTradeNo string) (signed bool, err error) {
	answer, _, err := a.ask(ctx, products[pay.RailRedirect].business, outTradeNo, moment(a.env.Time()))
	if err != nil {
		return false, err
	}
	if answer["respCode"] != absent {
		return false, unusable("it knows an order that nobody has made")
	}
	return true, nil
}
