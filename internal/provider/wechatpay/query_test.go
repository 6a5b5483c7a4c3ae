package wechatpay_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
	"morepay/internal/provider/wechatpay"
)

func query(t *testing.T, a answer) (pay.Evidence, error) {
	t.Helper()
	w := newWire(t, always(a))
	ev, err := open(t, w.URL, nil).Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
	if want := "GET api.mch.weixin.qq.com/v3/pay/transactions/out-trade-no/" + number + "?mchid=" + mchID; w.Sent()[0].Path != want {
		t.Errorf("asked %s, want %s", w.Sent()[0].Path, want)
	}
	return ev, err
}

func TestQuery(t *testing.T) {
	t.Parallel()
	paid := pay.Evidence{
		Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Reference: "4200000001202611230000000001", PaidAt: now.Add(-2 * time.Second),
	}
	someBack := paid
	someBack.Returned = &pay.Returned{Unknown: true}
	dollars := paid // are not our money, which is for others to say
	dollars.Amount.Currency = "USD"
	unpaid := map[string]any{"amount": nil, "transaction_id": nil, "success_time": nil}
	with := func(m map[string]any, state string) map[string]any {
		out := map[string]any{"trade_state": state}
		for k, v := range m {
			out[k] = v
		}
		return out
	}
	for name, c := range map[string]struct {
		change map[string]any
		want   pay.Evidence
	}{
		"success":  {nil, paid},
		"refunded": {map[string]any{"trade_state": "REFUND"}, someBack},
		"dollars":  {map[string]any{"amount": map[string]any{"total": 5980, "payer_total": 5980, "currency": "USD"}}, dollars},
		"not-paid": {with(unpaid, "NOTPAY"), pay.Evidence{Outcome: pay.OutcomePending}},
		"closed":   {with(unpaid, "CLOSED"), pay.Evidence{Outcome: pay.OutcomeClosed}},
	} {
		t.Run(name, func(t *testing.T) {
			ev, err := query(t, answer{status: 200, body: providertest.JSON(t, transaction(c.change))})
			if err != nil {
				t.Fatal(err)
			}
			c.want.Source, c.want.Provider, c.want.Account, c.want.App = pay.SourceQuery, wechatpay.ID, mchID, appID
			c.want.OutTradeNo, c.want.ReceivedAt = number, now
			if diff := cmp.Diff(c.want, ev, cmpopts.IgnoreFields(pay.Evidence{}, "ID", "Raw")); diff != "" {
				t.Error(diff)
			}
			if ev.ID == "" || len(ev.Raw) == 0 {
				t.Error("the evidence has no id or no raw statement")
			}
		})
	}
}

// The same statement has the same id, another one has another.
func TestQueryEvidenceID(t *testing.T) {
	t.Parallel()
	id := func(change map[string]any) string {
		ev, err := query(t, answer{status: 200, body: providertest.JSON(t, transaction(change))})
		if err != nil {
			t.Fatal(err)
		}
		return ev.ID
	}
	first := id(nil)
	if again := id(nil); again != first {
		t.Errorf("%q, then %q", first, again)
	}
	if other := id(map[string]any{"transaction_id": "42"}); other == first {
		t.Errorf("another payment has the id %q too", other)
	}
}

// Checkout quarantines what is about another app id: it must hear of it.
func TestQueryOtherApp(t *testing.T) {
	t.Parallel()
	ev, err := query(t, answer{status: 200, body: providertest.JSON(t, transaction(map[string]any{"appid": "wx0000000000000000"}))})
	if err != nil || ev.App != "wx0000000000000000" {
		t.Errorf("got app %q and %v", ev.App, err)
	}
}

func TestQueryUnknown(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]map[string]any{
		"unknown-state":    {"trade_state": "TRADE_SUCCESS"},
		"no-state":         {"trade_state": nil},
		"payment-code":     {"trade_state": "USERPAYING"},
		"revoked":          {"trade_state": "REVOKED"},
		"lower-case":       {"trade_state": "success"},
		"other-order":      {"out_trade_no": "MP00000000000000000000000000002B"},
		"other-merchant":   {"mchid": "1900000002"},
		"no-merchant":      {"mchid": nil},
		"paid-no-amount":   {"amount": nil},
		"paid-no-total":    {"amount": map[string]any{"payer_total": 5980, "currency": "CNY"}},
		"paid-no-currency": {"amount": map[string]any{"total": 5980}},
		"fraction":         {"amount": map[string]any{"total": 59.8, "currency": "CNY"}},
		"paid-no-number":   {"transaction_id": nil},
		"paid-no-time":     {"success_time": nil},
		"paid-odd-time":    {"success_time": "2026-11-23 19:59:58"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := query(t, answer{status: 200, body: providertest.JSON(t, transaction(change))})
			providertest.Undecided(t, err, secrets...)
		})
	}
}

func TestQueryAbsent(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer
		absent bool
	}{
		"new-spelling":  {answer{status: 404, body: `{"code":"ORDER_NOT_EXIST"}`}, true},
		"old-spelling":  {answer{status: 404, body: `{"code":"ORDERNOTEXIST"}`}, true},
		"by-number":     {answer{status: 404, body: `{}`, requestID: "08F7-268512771"}, true},
		"web-server":    {answer{status: 404, body: `<h1>not found</h1>`}, false},
		"other-404":     {answer{status: 404, body: `{"code":"NOT_FOUND"}`}, false},
		"not-merchant":  {answer{status: 400, body: `{"code":"MCH_NOT_EXISTS"}`}, false},
		"server-broken": {answer{status: 500, body: `{"code":"ORDER_NOT_EXIST"}`}, false},
	} {
		t.Run(name, func(t *testing.T) {
			ev, err := query(t, c.answer)
			if !c.absent {
				if err == nil {
					t.Errorf("got %+v", ev)
				}
				return
			}
			if err != nil || ev.Outcome != pay.OutcomeAbsent || ev.OutTradeNo != number || ev.Account != mchID {
				t.Errorf("got %+v, %v", ev, err)
			}
		})
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	refusal := func(code string) answer { return answer{status: 400, body: `{"code":"` + code + `"}`} }
	paid := answer{status: 200, body: providertest.JSON(t, transaction(nil))}
	closed := answer{status: 200, body: providertest.JSON(t, transaction(map[string]any{"trade_state": "CLOSED"}))}
	absent := answer{status: 404, body: `{"code":"ORDER_NOT_EXIST"}`}
	for name, c := range map[string]struct {
		close, query answer
		outcome      pay.Outcome
		err          error
	}{
		"closed":               {close: answer{status: 204}, outcome: pay.OutcomeClosed},
		"closed-before":        {close: refusal("ORDER_CLOSED"), query: closed, outcome: pay.OutcomeClosed},
		"closed-says-the-code": {close: refusal("ORDER_CLOSED"), query: paid, outcome: pay.OutcomePaid},
		"paid":                 {close: refusal("ORDERPAID"), err: provider.ErrPaid},
		"paid-new":             {close: refusal("ORDER_PAID"), err: provider.ErrPaid},
		"paying":               {close: answer{status: 202, body: `{"code":"USERPAYING","message":"paying"}`}, query: paid, outcome: pay.OutcomePaid},
		"never-made":           {close: absent, query: absent, outcome: pay.OutcomeAbsent},
		"unsigned":             {close: answer{status: 204, sign: func(h http.Header) { h.Del("Wechatpay-Signature") }}},
		"too-often":            {close: answer{status: 429, body: `{"code":"FREQUENCY_LIMITED"}`}},
		"cut":                  {close: answer{}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, func(r *http.Request, body string) answer {
				if r.Method == http.MethodGet {
					return c.query
				}
				if !strings.HasSuffix(r.URL.Path, number+"/close") || body != `{"mchid":"`+mchID+`"}`+"\n" {
					t.Errorf("posted %q to %s", body, r.URL.Path)
				}
				return c.close
			})
			ev, err := open(t, w.URL, nil).(provider.Closer).Close(t.Context(), provider.CloseOrder{OutTradeNo: number})
			switch {
			case c.outcome != "":
				if err != nil || ev.Outcome != c.outcome || ev.OutTradeNo != number {
					t.Errorf("got %+v, %v, want %s", ev, err, c.outcome)
				}
			case c.err != nil:
				if !errors.Is(err, c.err) {
					t.Errorf("got %v, want %q", err, c.err)
				}
			default:
				providertest.Undecided(t, err, secrets...)
			}
		})
	}
}
