package wechatpay_test

import (
	"errors"
	"maps"
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

const refundNumber = number + "S"

func refundOrder() provider.RefundOrder {
	return provider.RefundOrder{
		OutTradeNo: number, Number: "RF0000000000000000000000000001",
		Amount: pay.Money{Currency: "CNY", Value: 1000}, Total: pay.Money{Currency: "CNY", Value: 5980},
		Note: "late", NotifyURL: "https://pay.example/notify/wechatpay/" + mchID,
	}
}

func refundReply(change map[string]any) map[string]any {
	reply := map[string]any{
		"refund_id": "50000000382019052709732678859", "out_refund_no": refundOrder().Number, "out_trade_no": number,
		"transaction_id": "4200000001202611230000000001", "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
		"create_time": "2026-11-23T20:00:00+08:00", "status": "PROCESSING", "funds_account": "AVAILABLE",
		"amount": map[string]any{
			"total": 5980, "refund": 1000, "payer_total": 5980, "payer_refund": 1000, "settlement_refund": 1000,
			"settlement_total": 5980, "discount_refund": 0, "currency": "CNY",
		},
	}
	maps.Copy(reply, change)
	return reply
}

// returned maps each status of a refund to its meaning.
var returned = map[string]pay.Returned{
	"PROCESSING": {Status: pay.RefundPending},
	"SUCCESS":    {Status: pay.RefundSucceeded},
	"CLOSED":     {Status: pay.RefundFailed, Failure: pay.FailureClosed},
	"ABNORMAL":   {Status: pay.RefundPending, Failure: pay.FailurePayerAccount}, // success may follow
}

func TestRefundStates(t *testing.T) {
	t.Parallel()
	for state, want := range returned {
		t.Run(strings.ToLower(state), func(t *testing.T) {
			w := newWire(t, always(answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"status": state}))}))
			p := open(t, w.URL, nil).(provider.Refunder)
			want.Number, want.Amount, want.Reference = refundOrder().Number, refundOrder().Amount, "50000000382019052709732678859"
			wanted := pay.Evidence{
				Source: pay.SourceRefund, Provider: wechatpay.ID, Account: mchID, OutTradeNo: number, Outcome: pay.OutcomeRefund,
				Returned: &want, ReceivedAt: now,
			}
			check := func(what string, ev pay.Evidence, err error) {
				t.Helper()
				if diff := cmp.Diff(wanted, ev, cmpopts.IgnoreFields(pay.Evidence{}, "ID", "Raw")); err != nil || diff != "" {
					t.Errorf("%s: %v, %s", what, err, diff)
				}
				if ev.ID == "" || len(ev.Raw) == 0 {
					t.Errorf("%s: the evidence has no id or no raw statement", what)
				}
			}
			sent, err := p.Refund(t.Context(), refundOrder())
			check("refund", sent, err)
			asked, err := p.QueryRefund(t.Context(), refundOrder())
			check("query", asked, err)
			if asked.ID != sent.ID {
				t.Errorf("the same statement has the ids %q and %q", sent.ID, asked.ID)
			}
			body := `{"amount":{"currency":"CNY","refund":1000,"total":5980},"notify_url":"https://pay.example/notify/wechatpay/` + mchID +
				`","out_refund_no":"` + refundOrder().Number + `","out_trade_no":"` + number + `","reason":"late"}` + "\n"
			if w.Sent()[0].Body != body {
				t.Errorf("sent %q, want %q", w.Sent()[0].Body, body)
			}
		})
	}
}

// A refusal says why; what became of the refund is asked by whoever sent it.
func TestRefundRefused(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]pay.RefundFailure{
		"PARAM_ERROR": pay.FailureRefused, "NO_AUTH": pay.FailureNotPermitted, "NOAUTH": pay.FailureNotPermitted,
		"USER_ACCOUNT_ABNORMAL": pay.FailurePayerAccount, "MCH_NOT_EXIST": pay.FailureRefused, "TRADE_ERROR": pay.FailureRefused,
	} {
		t.Run(strings.ToLower(code), func(t *testing.T) {
			w := newWire(t, always(answer{status: 403, body: `{"code":"` + code + `"}`}))
			_, err := open(t, w.URL, nil).(provider.Refunder).Refund(t.Context(), refundOrder())
			refusal, ok := errors.AsType[*provider.Refusal](err)
			if !ok || refusal.Failure != want || refusal.Code != code || !errors.Is(err, provider.ErrRefused) || len(w.Sent()) != 1 {
				t.Errorf("got %v (%+v), want %s", err, refusal, want)
			}
		})
	}
}

// Both spellings of a low balance put a refund off.
func TestRefundLater(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"NOT_ENOUGH", "NOTENOUGH"} {
		w := newWire(t, always(answer{status: 403, body: `{"code":"` + code + `"}`}))
		if _, err := open(t, w.URL, nil).(provider.Refunder).Refund(t.Context(), refundOrder()); !errors.Is(err, provider.ErrLater) {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

// "Too often" says for how long.
func TestBusy(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, "86400": time.Minute} {
		w := newWire(t, always(answer{status: 429, body: `{"code":"FREQUENCY_LIMITED"}`, sign: func(h http.Header) { h.Set("Retry-After", header) }}))
		_, err := open(t, w.URL, nil).(provider.Refunder).Refund(t.Context(), refundOrder())
		if busy, ok := errors.AsType[*provider.Busy](err); !ok || busy.RetryAfter != want {
			t.Errorf("Retry-After %q: got %v", header, err)
		}
	}
}

func TestRefundAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer
		refund, query error // nil for unknown
	}{
		"no-payment":     {answer{status: 404, body: `{"code":"RESOURCE_NOT_EXISTS"}`}, provider.ErrRefused, provider.ErrAbsent},
		"balance":        {answer{status: 403, body: `{"code":"NOT_ENOUGH"}`}, provider.ErrLater, nil},
		"clock":          {answer{status: 401, body: `{"code":"SIGN_ERROR"}`}, nil, provider.ErrRefused},
		"too-often":      {answer{status: 429, body: `{"code":"FREQUENCY_LIMITED"}`}, nil, nil},
		"system":         {answer{status: 500, body: `{"code":"SYSTEM_ERROR"}`}, nil, nil},
		"cut":            {answer{}, nil, nil},
		"unknown-status": {answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"status": "DONE"}))}, nil, nil},
		"other-refund":   {answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"out_refund_no": refundNumber}))}, nil, nil},
		"other-payment":  {answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"out_trade_no": refundNumber}))}, nil, nil},
		"other-amount":   {answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"amount": map[string]any{"refund": 999}}))}, nil, nil},
		"unsigned":       {answer{status: 200, body: providertest.JSON(t, refundReply(nil)), sign: func(h http.Header) { clear(h) }}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, always(c.answer))
			p := open(t, w.URL, nil).(provider.Refunder)
			check := func(what string, err, want error) {
				if want != nil && !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %q", what, err, want)
				}
				if want == nil {
					providertest.Undecided(t, err, secrets...)
				}
			}
			_, err := p.Refund(t.Context(), refundOrder())
			check("refund", err, c.refund)
			_, err = p.QueryRefund(t.Context(), refundOrder())
			check("query", err, c.query)
		})
	}
}
