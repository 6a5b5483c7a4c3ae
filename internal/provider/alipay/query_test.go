package alipay_test

import (
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

func tradeReply(change map[string]any) answer {
	fields := map[string]any{
		"out_trade_no": number, "trade_no": tradeNo, "trade_status": "TRADE_SUCCESS", "total_amount": "59.80",
		"send_pay_date": "2026-11-23 19:59:58", "buyer_pay_amount": "54.80", "buyer_user_id": "2088000000009999",
	}
	maps.Copy(fields, change)
	return ok(fields)
}

func TestQuery(t *testing.T) {
	t.Parallel()
	paid := pay.Evidence{
		Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: tradeNo, PaidAt: now.Add(-2 * time.Second),
	}
	allBack := paid
	allBack.Returned = &pay.Returned{Total: paid.Amount}
	for name, c := range map[string]struct {
		answer
		want pay.Evidence
	}{
		"success":     {tradeReply(nil), paid},
		"finished":    {tradeReply(map[string]any{"trade_status": "TRADE_FINISHED"}), paid},
		"refunded":    {tradeReply(map[string]any{"trade_status": "TRADE_CLOSED"}), allBack},
		"waiting":     {tradeReply(map[string]any{"trade_status": "WAIT_BUYER_PAY", "send_pay_date": ""}), pay.Evidence{Outcome: pay.OutcomePending, Reference: tradeNo}},
		"closed":      {tradeReply(map[string]any{"trade_status": "TRADE_CLOSED", "send_pay_date": ""}), pay.Evidence{Outcome: pay.OutcomeClosed, Reference: tradeNo}},
		"not-scanned": {no("40004", "ACQ.TRADE_NOT_EXIST"), pay.Evidence{Outcome: pay.OutcomeAbsent}},
	} {
		t.Run(name, func(t *testing.T) {
			ev, err := open(t, newWire(t, always(c.answer)).URL).Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
			if err != nil {
				t.Fatal(err)
			}
			c.want.Source, c.want.Provider, c.want.Account = pay.SourceQuery, alipay.ID, sellerID
			c.want.OutTradeNo, c.want.ReceivedAt = number, now
			if diff := cmp.Diff(c.want, ev, cmpopts.IgnoreFields(pay.Evidence{}, "ID", "Raw")); diff != "" || ev.ID == "" {
				t.Error(diff, ev.ID)
			}
		})
	}
}

// Money in another currency is for checkout to quarantine.
func TestQueryCurrency(t *testing.T) {
	t.Parallel()
	ev, err := open(t, newWire(t, always(tradeReply(map[string]any{"trans_currency": "HKD"}))).URL).Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
	if err != nil || ev.Amount.Currency != "HKD" {
		t.Errorf("got %+v, %v", ev, err)
	}
}

func TestQueryUnknown(t *testing.T) {
	t.Parallel()
	for name, a := range map[string]answer{
		"unknown-status": tradeReply(map[string]any{"trade_status": "SETTLING"}),
		"no-status":      tradeReply(map[string]any{"trade_status": ""}),
		"other-order":    tradeReply(map[string]any{"out_trade_no": "MP2"}),
		"no-order":       tradeReply(map[string]any{"out_trade_no": ""}),
		"no-amount":      tradeReply(map[string]any{"total_amount": ""}),
		"odd-amount":     tradeReply(map[string]any{"total_amount": "59.801"}),
		"number-amount":  tradeReply(map[string]any{"total_amount": 59.8}),
		"no-trade":       tradeReply(map[string]any{"trade_no": ""}),
		"no-time":        tradeReply(map[string]any{"send_pay_date": ""}),
		"odd-time":       tradeReply(map[string]any{"send_pay_date": "2026-11-23T19:59:58+08:00"}),
		"system":         no("40004", "ACQ.SYSTEM_ERROR"),
		"cut":            {cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, newWire(t, always(a)).URL).Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
			providertest.Undecided(t, err, secrets...)
		})
	}
}

func toClose(rail pay.Rail) provider.CloseOrder {
	return provider.CloseOrder{OutTradeNo: number, Rail: rail}
}

// A link can be opened until it runs out, and Alipay has not heard of it before:
// to cancel it would prove nothing.
func TestCloseLink(t *testing.T) {
	t.Parallel()
	for _, rail := range []pay.Rail{pay.RailDeepLink, pay.RailRedirect, pay.RailJSAPI} {
		w := newWire(t, byMethod(map[string]answer{"close": no("40004", "ACQ.TRADE_NOT_EXIST")}))
		ev, err := open(t, w.URL).(provider.Closer).Close(t.Context(), toClose(rail))
		if err != nil || ev.Outcome != pay.OutcomeAbsent || len(w.Sent()) != 1 {
			t.Errorf("%s: got %+v, %v, asked %d times", rail, ev, err, len(w.Sent()))
		}
	}
}

// A code that has run out is not canceled: that could gain nothing, and moves money.
func TestCloseWhatHasRunOut(t *testing.T) {
	t.Parallel()
	w := newWire(t, byMethod(map[string]answer{"close": no("40004", "ACQ.TRADE_NOT_EXIST")}))
	order := toClose(pay.RailQR)
	order.RunOut = true
	ev, err := open(t, w.URL).(provider.Closer).Close(t.Context(), order)
	if err != nil || ev.Outcome != pay.OutcomeAbsent || len(w.Sent()) != 1 {
		t.Errorf("got %+v, %v, asked %d times", ev, err, len(w.Sent()))
	}
}

// TestRefundCodes: what each refusal says of a refund; a code that isn't in the
// table says nothing.
func TestRefundCodes(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]pay.RefundFailure{
		"ACQ.REFUND_AMT_NOT_EQUAL_TOTAL": pay.FailureExceeds, "ACQ.TRADE_HAS_FINISHED": pay.FailureTooLate,
		"ACQ.NOT_ALLOW_PARTIAL_REFUND": pay.FailureRefused, "ACQ.REASON_TRADE_BEEN_FREEZEN": pay.FailureRefused,
		"ACQ.BUYER_ERROR": pay.FailurePayerAccount, "ACQ.REFUNDALLOC_UNAUTH_LIMIT": pay.FailureNotPermitted,
		"ACQ.SOMETHING_NEW": "", "ACQ.TRADE_HAS_CLOSE": "",
	} {
		w := newWire(t, always(no("40004", code)))
		_, err := open(t, w.URL).(provider.Refunder).Refund(t.Context(), refundOrder())
		refusal, ok := errors.AsType[*provider.Refusal](err)
		_, strange := errors.AsType[*provider.Strange](err)
		if ok != (want != "") || strange == ok || ok && refusal.Failure != want {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

// TestProductNotOpened: what marks a rail as not granted to the account.
func TestProductNotOpened(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"ACQ.ACCESS_FORBIDDEN": true, "ACQ.MERCHANT_AGREEMENT_NOT_EXIST": true, "ACQ.SELLER_BEEN_BLOCKED": false} {
		_, err := start(t, open(t, newWire(t, always(no("40004", code))).URL), pay.RailQR)
		if refusal, ok := errors.AsType[*provider.Refusal](err); !ok || refusal.NotGranted != want || refusal.Code != code {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	closed := ok(map[string]any{"out_trade_no": number, "trade_no": tradeNo})
	canceled := func(change map[string]any) answer {
		fields := map[string]any{"out_trade_no": number, "retry_flag": "N", "action": ""}
		maps.Copy(fields, change)
		return ok(fields)
	}
	absent, status := no("40004", "ACQ.TRADE_NOT_EXIST"), no("40004", "ACQ.TRADE_STATUS_ERROR")
	for name, c := range map[string]struct {
		answers map[string]answer
		want    pay.Outcome // "" for unknown
		asked   int
	}{
		"open":                {map[string]answer{"close": closed}, pay.OutcomeClosed, 1},
		"not-scanned":         {map[string]answer{"close": absent, "cancel": canceled(nil)}, pay.OutcomeClosed, 2},
		"scanned-meanwhile":   {map[string]answer{"close": absent, "cancel": canceled(map[string]any{"action": "close"})}, pay.OutcomeClosed, 2},
		"paid-meanwhile":      {map[string]answer{"close": absent, "cancel": canceled(map[string]any{"action": "refund"}), "query": tradeReply(map[string]any{"trade_status": "TRADE_CLOSED"})}, pay.OutcomePaid, 3},
		"paid-meanwhile-lost": {map[string]answer{"close": absent, "cancel": canceled(map[string]any{"action": "refund"}), "query": {cut: true}}, "", 3},
		"cancel-again":        {map[string]answer{"close": absent, "cancel": canceled(map[string]any{"retry_flag": "Y"})}, "", 2},
		"cancel-other":        {map[string]answer{"close": absent, "cancel": canceled(map[string]any{"out_trade_no": "MP2"})}, "", 2},
		"cancel-lost":         {map[string]answer{"close": absent, "cancel": {cut: true}}, "", 2},
		"cancel-refused":      {map[string]answer{"close": absent, "cancel": no("40004", "ACQ.INVALID_PARAMETER"), "query": absent}, pay.OutcomeAbsent, 3},
		"cancel-of-finished":  {map[string]answer{"close": absent, "cancel": no("40004", "ACQ.TRADE_HAS_FINISHED"), "query": tradeReply(map[string]any{"trade_status": "TRADE_FINISHED"})}, pay.OutcomePaid, 3},
		"cancel-of-nothing":   {map[string]answer{"close": absent, "cancel": absent}, pay.OutcomeAbsent, 2},
		"cancel-new-code":     {map[string]answer{"close": absent, "cancel": no("40004", "ACQ.SOMETHING_NEW")}, "", 2},
		"cancel-too-often":    {map[string]answer{"close": absent, "cancel": no("40005", "isv.app-call-limited")}, "", 2},
		"paid":                {map[string]answer{"close": status, "query": tradeReply(nil)}, pay.OutcomePaid, 2},
		"closed-before":       {map[string]answer{"close": status, "query": tradeReply(map[string]any{"trade_status": "TRADE_CLOSED", "send_pay_date": ""})}, pay.OutcomeClosed, 2},
		"closed-by-its-code":  {map[string]answer{"close": no("40004", "ACQ.TRADE_HAS_CLOSE"), "query": tradeReply(map[string]any{"trade_status": "TRADE_CLOSED", "send_pay_date": ""})}, pay.OutcomeClosed, 2},
		"open-but-not-closed": {map[string]answer{"close": status, "query": tradeReply(map[string]any{"trade_status": "WAIT_BUYER_PAY"})}, "", 2},
		"other-order":         {map[string]answer{"close": ok(map[string]any{"out_trade_no": "MP2"})}, "", 1},
		"lost":                {map[string]answer{"close": {cut: true}}, "", 1},
		"system":              {map[string]answer{"close": no("20000", "aop.ACQ.SYSTEM_ERROR")}, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, byMethod(c.answers))
			ev, err := open(t, w.URL).(provider.Closer).Close(t.Context(), toClose(pay.RailQR))
			if len(w.Sent()) != c.asked {
				t.Errorf("asked %d times, want %d", len(w.Sent()), c.asked)
			}
			if c.want == "" {
				providertest.Undecided(t, err, secrets...)
				return
			}
			if err != nil || ev.Outcome != c.want || ev.OutTradeNo != number || ev.Account != sellerID {
				t.Errorf("got %+v, %v, want %s", ev, err, c.want)
			}
		})
	}
}

func refundOrder() provider.RefundOrder {
	return provider.RefundOrder{
		OutTradeNo: number, Number: "RF1", Amount: pay.Money{Currency: "CNY", Value: 1005}, Total: pay.Money{Currency: "CNY", Value: 5980}, Note: "late",
	}
}

func TestRefund(t *testing.T) {
	t.Parallel()
	moved := func(change string) answer {
		return ok(map[string]any{"out_trade_no": number, "trade_no": tradeNo, "fund_change": change, "refund_fee": "10.05"})
	}
	found := func(change map[string]any) answer {
		fields := map[string]any{"out_trade_no": number, "out_request_no": "RF1", "trade_no": tradeNo, "refund_amount": "10.05", "refund_status": "REFUND_SUCCESS"}
		maps.Copy(fields, change)
		return ok(fields)
	}
	for name, c := range map[string]struct {
		refund, query answer
		want          pay.RefundStatus // "" for an error
		total         int64            // all that went back of the payment; 0 if it isn't said
		err           error            // nil for unknown
	}{
		"done":           {refund: moved("Y"), want: pay.RefundSucceeded, total: 1005},
		"done-silently":  {refund: ok(map[string]any{"out_trade_no": number, "fund_change": "Y"}), want: pay.RefundSucceeded},
		"odd-total":      {refund: ok(map[string]any{"out_trade_no": number, "fund_change": "Y", "refund_fee": "ten"})},
		"repeat":         {refund: moved("N"), query: found(nil), want: pay.RefundSucceeded},
		"repeat-failed":  {refund: moved("N"), query: found(map[string]any{"refund_status": "REFUND_FAIL"}), want: pay.RefundFailed},
		"under-way":      {refund: moved("N"), query: ok(nil), want: pay.RefundPending, total: 1005},
		"new-status":     {refund: moved("N"), query: found(map[string]any{"refund_status": "MAYBE"})},
		"other-refund":   {refund: moved("N"), query: found(map[string]any{"out_request_no": "RF2"})},
		"other-amount":   {refund: moved("N"), query: found(map[string]any{"refund_amount": "10.06"})},
		"other-trade":    {refund: moved("N"), query: found(map[string]any{"out_trade_no": "MP2"})},
		"other-payment":  {refund: ok(map[string]any{"out_trade_no": "MP2", "fund_change": "Y"})},
		"refused":        {refund: no("40004", "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL"), query: ok(nil), err: provider.ErrRefused},
		"no-payment":     {refund: no("40004", "ACQ.TRADE_NOT_EXIST"), query: no("40004", "ACQ.TRADE_NOT_EXIST"), err: provider.ErrRefused},
		"refused-state":  {refund: no("40004", "ACQ.TRADE_STATUS_ERROR"), err: provider.ErrRefused},
		"closed-or-done": {refund: no("40004", "ACQ.TRADE_HAS_CLOSE")},
		"new-code":       {refund: no("40004", "ACQ.SOMETHING_NEW")},
		"low-balance":    {refund: no("40004", "ACQ.SELLER_BALANCE_NOT_ENOUGH"), err: provider.ErrLater},
		"other-params":   {refund: no("40004", "ACQ.DISCORDANT_REPEAT_REQUEST")},
		"system":         {refund: no("20000", "aop.ACQ.SYSTEM_ERROR")},
		"lost":           {refund: answer{cut: true}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, byMethod(map[string]answer{"refund": c.refund, "fastpay.refund.query": c.query}))
			ev, err := open(t, w.URL).(provider.Refunder).Refund(t.Context(), refundOrder())
			switch {
			case c.want != "":
				if err != nil || ev.Returned.Status != c.want || ev.Returned.Total.Value != c.total {
					t.Errorf("got %+v, %v, want %s", ev.Returned, err, c.want)
				}
			case c.err != nil:
				if !errors.Is(err, c.err) {
					t.Errorf("got %v, want %q", err, c.err)
				}
			default:
				providertest.Undecided(t, err, secrets...)
			}
			want := `{"out_trade_no":"` + number + `","refund_amount":"10.05","refund_reason":"late","out_request_no":"RF1"}`
			if got := forms(t, w)[0].Get("biz_content"); got != want {
				t.Errorf("sent %s, want %s", got, want)
			}
		})
	}
}
