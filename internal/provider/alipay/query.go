package alipay

import (
	"context"
	"errors"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// outcomes maps trade_status. A status that isn't here is an error and changes
// nothing.
var outcomes = map[string]pay.Outcome{
	"WAIT_BUYER_PAY": pay.OutcomePending,
	"TRADE_SUCCESS":  pay.OutcomePaid, // also after a partial refund
	"TRADE_FINISHED": pay.OutcomePaid, // and can't be refunded any more
	"TRADE_CLOSED":   pay.OutcomeClosed,
}

// trade holds the fields about one payment that replies and notifications share.
type trade struct {
	OutTradeNo string
	TradeNo    string
	Status     string
	Total      string // yuan
	Currency   string // "" for CNY
	PaidAt     string // in China
	Refunded   string // yuan that went back in all; "" where it isn't said
	RefundedAt string // when the last of it went back; "" where it isn't said
	Refund     string // number of the refund that the statement is about, or ""
}

// unusable returns the error of an answer that proves nothing. The text is ours and safe to log.
func unusable(reason string) error { return errors.New("alipay: " + reason) }

// evidence makes evidence of a verified statement. ID, Source, Account and App
// are the caller's. TRADE_CLOSED is also what a fully refunded trade says: that
// one had been paid.
func (a *account) evidence(t trade, raw []byte) (pay.Evidence, error) {
	outcome, ok := outcomes[t.Status]
	if !ok {
		return pay.Evidence{}, unusable("the trade_status " + provider.Clean(t.Status) + " is unknown")
	}
	refunded, err := t.refunded()
	if err != nil {
		return pay.Evidence{}, err
	}
	if outcome == pay.OutcomeClosed && (t.PaidAt != "" || t.RefundedAt != "" || refunded > 0) {
		outcome = pay.OutcomePaid
	}
	ev := pay.Evidence{
		Provider: ID, OutTradeNo: t.OutTradeNo, Outcome: outcome, Reference: t.TradeNo, ReceivedAt: a.env.Now(), Raw: raw,
	}
	if t.OutTradeNo == "" {
		return pay.Evidence{}, unusable("the statement names no order")
	}
	if outcome != pay.OutcomePaid {
		return ev, nil
	}
	fen, err := provider.ParseYuan(t.Total)
	if err != nil || t.TradeNo == "" {
		return pay.Evidence{}, unusable("the statement says paid, but not what")
	}
	ev.Amount = pay.Money{Currency: "CNY", Value: fen}
	if t.Currency != "" {
		ev.Amount.Currency = t.Currency
	}
	ev.PaidAt, err = time.ParseInLocation(time.DateTime, t.PaidAt, china)
	if err != nil {
		return pay.Evidence{}, unusable("the statement says paid, but not when")
	}
	if ev.Returned, err = t.returned(ev.Amount, refunded); err != nil {
		return pay.Evidence{}, err
	}
	return ev, nil
}

// refunded returns the fen that went back, 0 where it isn't said. A trade that
// ended unpaid may say 0.00.
func (t trade) refunded() (fen int64, err error) {
	if t.Refunded == "" {
		return 0, nil
	}
	if fen, err = provider.ParseYuan(t.Refunded); err != nil {
		return 0, unusable("the statement says refunded, but not how much")
	}
	return fen, nil
}

// returned returns the part of a statement about a payment that is about money
// that went back of it; nil for nothing.
func (t trade) returned(paid pay.Money, fen int64) (*pay.Returned, error) {
	all := t.Status == "TRADE_CLOSED"
	switch {
	case fen > 0 && t.Refund != "":
		return &pay.Returned{Number: t.Refund, Status: pay.RefundSucceeded, Total: pay.Money{Currency: paid.Currency, Value: fen}}, nil
	case fen > 0:
		return &pay.Returned{Total: pay.Money{Currency: paid.Currency, Value: fen}}, nil
	case t.Refunded != "" && all:
		return nil, unusable("the statement says that the trade was paid, closed and not given back")
	case t.Refunded != "":
		return nil, nil
	case all: // a query does not say how much
		return &pay.Returned{Total: paid}, nil
	case t.RefundedAt != "":
		return &pay.Returned{Unknown: true}, nil
	}
	return nil, nil
}

// number is the content of calls about one order.
type number struct {
	OutTradeNo string `json:"out_trade_no"`
}

// Query implements provider.Provider. Alipay makes a trade when the payer scans
// the code or reaches the cashier; before that it is absent.
func (a *account) Query(ctx context.Context, q provider.QueryOrder) (pay.Evidence, error) {
	var reply struct {
		OutTradeNo    string `json:"out_trade_no"`
		TradeNo       string `json:"trade_no"`
		TradeStatus   string `json:"trade_status"`
		TotalAmount   string `json:"total_amount"`
		TransCurrency string `json:"trans_currency"`
		SendPayDate   string `json:"send_pay_date"`
	}
	raw, err := a.ask(ctx, "alipay.trade.query", queryCodes, number{q.OutTradeNo}, &reply)
	if errors.Is(err, provider.ErrAbsent) {
		return a.said(q.OutTradeNo, pay.SourceQuery, pay.OutcomeAbsent), nil
	}
	if err != nil {
		return pay.Evidence{}, err
	}
	if reply.OutTradeNo != q.OutTradeNo {
		return pay.Evidence{}, unusable("the reply is about another order")
	}
	ev, err := a.evidence(trade{
		OutTradeNo: reply.OutTradeNo, TradeNo: reply.TradeNo, Status: reply.TradeStatus, Total: reply.TotalAmount,
		Currency: reply.TransCurrency, PaidAt: reply.SendPayDate,
	}, raw)
	if err != nil {
		return pay.Evidence{}, err
	}
	// A reply names neither merchant nor application: it is signed for who asked.
	ev.Source, ev.Account = pay.SourceQuery, a.SellerID
	ev.ID = provider.EvidenceID(ev)
	return ev, nil
}

// said returns evidence that Alipay gave by its answer alone.
func (a *account) said(outTradeNo string, source pay.Source, outcome pay.Outcome) pay.Evidence {
	ev := pay.Evidence{
		Source: source, Provider: ID, Account: a.SellerID, OutTradeNo: outTradeNo, Outcome: outcome, ReceivedAt: a.env.Now(),
	}
	ev.ID = provider.EvidenceID(ev)
	return ev
}

// Close implements provider.Closer.
func (a *account) Close(ctx context.Context, o provider.CloseOrder) (pay.Evidence, error) {
	var reply number
	_, err := a.ask(ctx, "alipay.trade.close", closeCodes, number{o.OutTradeNo}, &reply)
	switch {
	case err == nil && reply.OutTradeNo == o.OutTradeNo:
		return a.said(o.OutTradeNo, pay.SourceClose, pay.OutcomeClosed), nil
	case err == nil:
		return pay.Evidence{}, unusable("the reply is about another order")
	case errors.Is(err, provider.ErrAbsent):
		return a.closeUnopened(ctx, o)
	case isState(err):
		return a.settled(ctx, o.OutTradeNo, err)
	}
	return pay.Evidence{}, err
}

// isState reports whether an order was not closed for the state that it is in.
func isState(err error) bool {
	return errors.Is(err, provider.ErrRefused) || errors.Is(err, provider.ErrPaid) || errors.Is(err, provider.ErrClosed)
}

// closeUnopened closes an order of which Alipay has no trade yet. A code that
// nobody has scanned is killed by canceling, unless it has run out already: then a
// cancel could gain nothing, and it moves money. Nothing can kill a link that nobody
// has opened before it runs out.
func (a *account) closeUnopened(ctx context.Context, o provider.CloseOrder) (pay.Evidence, error) {
	if o.Rail == pay.RailQR && !o.RunOut {
		return a.cancel(ctx, o.OutTradeNo)
	}
	return a.said(o.OutTradeNo, pay.SourceClose, pay.OutcomeAbsent), nil
}

// settled asks for the state of an order that can't be closed because it is
// paid, or closed already.
func (a *account) settled(ctx context.Context, outTradeNo string, refusal error) (pay.Evidence, error) {
	ev, err := a.Query(ctx, provider.QueryOrder{OutTradeNo: outTradeNo})
	if err == nil && ev.Outcome == pay.OutcomePending {
		return pay.Evidence{}, unusable("the order is open, but can't be closed: " + refusal.Error())
	}
	return ev, err
}

// cancel kills an order without a trade. Should the payer scan and pay between
// the two calls, Alipay gives the money back: then the trade says paid and returned.
func (a *account) cancel(ctx context.Context, outTradeNo string) (pay.Evidence, error) {
	var reply struct {
		OutTradeNo string `json:"out_trade_no"`
		RetryFlag  string `json:"retry_flag"`
		Action     string `json:"action"`
	}
	_, err := a.ask(ctx, "alipay.trade.cancel", closeCodes, number{outTradeNo}, &reply)
	switch {
	case isState(err):
		return a.settled(ctx, outTradeNo, err)
	case errors.Is(err, provider.ErrAbsent):
		return a.said(outTradeNo, pay.SourceClose, pay.OutcomeAbsent), nil
	case err != nil:
		return pay.Evidence{}, err
	case reply.RetryFlag == "Y":
		return pay.Evidence{}, unusable("it asks to cancel again")
	case reply.Action == "refund":
		return a.Query(ctx, provider.QueryOrder{OutTradeNo: outTradeNo})
	case reply.OutTradeNo != outTradeNo:
		return pay.Evidence{}, unusable("the reply is about another order")
	}
	return a.said(outTradeNo, pay.SourceClose, pay.OutcomeClosed), nil
}
