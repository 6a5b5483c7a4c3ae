package wechatpay_test

import (
	"errors"
	"maps"
	"net/http"
	"strings"
	"testing"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
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

func TestRefundStates(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]pay.RefundStatus{
		"PROCESSING": pay.RefundPending, "SUCCESS": pay.RefundSucceeded, "CLOSED": pay.RefundFailed, "ABNORMAL": pay.RefundFailed,
	} {
		t.Run(strings.ToLower(state), func(t *testing.T) {
			w := newWire(t, always(answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"status": state}))}))
			p := open(t, w.URL, nil).(provider.Refunder)
			sent, err := p.Refund(t.Context(), refundOrder())
			if err != nil || sent.Status != want || sent.Reference != "50000000382019052709732678859" {
				t.Errorf("refund: got %+v, %v", sent, err)
			}
			asked, err := p.QueryRefund(t.Context(), refundOrder())
			if err != nil || asked != sent {
				t.Errorf("query: got %+v, %v", asked, err)
			}
			want := `{"amount":{"currency":"CNY","refund":1000,"total":5980},"notify_url":"https://pay.example/notify/wechatpay/` + mchID +
				`","out_refund_no":"` + refundOrder().Number + `","out_trade_no":"` + number + `","reason":"late"}` + "\n"
			if w.Sent()[0].Body != want {
				t.Errorf("sent %q, want %q", w.Sent()[0].Body, want)
			}
		})
	}
}

// A refusal counts once the provider also says that it knows of no such refund.
func TestRefundRefused(t *testing.T) {
	t.Parallel()
	absent := answer{status: 404, body: `{"code":"RESOURCE_NOT_EXISTS"}`}
	refusal := func(code string) answer { return answer{status: 400, body: `{"code":"` + code + `"}`} }
	done := answer{status: 200, body: providertest.JSON(t, refundReply(map[string]any{"status": "SUCCESS"}))}
	for name, c := range map[string]struct {
		refund, query answer
		want          error // nil for unknown, unless done
		done          bool
	}{
		"param":            {refund: refusal("PARAM_ERROR"), query: absent, want: provider.ErrRefused},
		"no-payment":       {refund: answer{status: 404, body: `{"code":"ORDER_NOT_EXIST"}`}, query: absent, want: provider.ErrRefused},
		"but-was-taken":    {refund: refusal("INVALID_REQUEST"), query: done, done: true},
		"and-then-silence": {refund: refusal("INVALID_REQUEST"), query: answer{}},
		"wrong-signature":  {refund: answer{status: 401, body: `{"code":"SIGN_ERROR"}`}, query: answer{status: 401, body: `{"code":"SIGN_ERROR"}`}},
		"low-balance":      {refund: answer{status: 403, body: `{"code":"NOT_ENOUGH"}`}, want: provider.ErrLater},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, func(r *http.Request, _ string) answer {
				if r.Method == http.MethodPost {
					return c.refund
				}
				return c.query
			})
			state, err := open(t, w.URL, nil).(provider.Refunder).Refund(t.Context(), refundOrder())
			switch {
			case c.done:
				if err != nil || state.Status != pay.RefundSucceeded {
					t.Errorf("got %+v, %v", state, err)
				}
			case c.want != nil:
				if !errors.Is(err, c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			default:
				providertest.Undecided(t, err, secrets...)
			}
		})
	}
}

func TestRefundAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer
		refund, query error // nil for unknown
	}{
		"no-payment":     {answer{status: 404, body: `{"code":"RESOURCE_NOT_EXISTS"}`}, provider.ErrRefused, provider.ErrAbsent},
		"balance":        {answer{status: 403, body: `{"code":"NOT_ENOUGH"}`}, provider.ErrLater, provider.ErrLater},
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
