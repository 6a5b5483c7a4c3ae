package merchantlink_test

import (
	"errors"
	"net/http"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/providertest"
)

const refundNumber = "mp00000000000000000000000000000001"

func refundOrder() provider.RefundOrder {
	return provider.RefundOrder{
		OutTradeNo: number, Number: refundNumber, Amount: pay.Money{Currency: "CNY", Value: 1000}, Total: pay.Money{Currency: "CNY", Value: 5980},
		Note: "late", NotifyURL: "https://pay.example/notify/merchantlink/teashop",
	}
}

func refundStatement(t *testing.T, change map[string]any) string {
	t.Helper()
	return providertest.JSON(t, map[string]any{"id": number, "refund": providertest.With(map[string]any{
		"id": refundNumber, "status": "succeeded", "amount": map[string]any{"currency": "CNY", "value": 1000}, "reference": "R-2026.1",
	}, change)})
}

// The answer to a refund and the one to a question about it are read alike.
func TestRefund(t *testing.T) {
	t.Parallel()
	known := func(status pay.RefundStatus, failure pay.RefundFailure) pay.Returned {
		return pay.Returned{Number: refundNumber, Status: status, Failure: failure, Reference: "R-2026.1", Amount: refundOrder().Amount}
	}
	for name, c := range map[string]struct {
		body string
		want pay.Returned // no Status for an answer that proves nothing
	}{
		"succeeded":      {refundStatement(t, nil), known(pay.RefundSucceeded, "")},
		"pending":        {refundStatement(t, map[string]any{"status": "pending"}), known(pay.RefundPending, "")},
		"stuck":          {refundStatement(t, map[string]any{"status": "pending", "failure": "payer_account"}), known(pay.RefundPending, pay.FailurePayerAccount)},
		"failed":         {refundStatement(t, map[string]any{"status": "failed"}), known(pay.RefundFailed, pay.FailureClosed)},
		"too-late":       {refundStatement(t, map[string]any{"status": "failed", "failure": "too_late"}), known(pay.RefundFailed, pay.FailureTooLate)},
		"new-field":      {refundStatement(t, map[string]any{"bank": "ICBC"}), known(pay.RefundSucceeded, "")},
		"unknown-status": {body: refundStatement(t, map[string]any{"status": "success"})},
		"unknown-reason": {body: refundStatement(t, map[string]any{"status": "failed", "failure": "boredom"})},
		"reason-of-done": {body: refundStatement(t, map[string]any{"failure": "too_late"})},
		"no-status":      {body: refundStatement(t, map[string]any{"status": nil})},
		"absent-by-200":  {body: refundStatement(t, map[string]any{"status": "absent"})},
		"other-refund":   {body: refundStatement(t, map[string]any{"id": "mp2"})},
		"other-amount":   {body: refundStatement(t, map[string]any{"amount": map[string]any{"currency": "CNY", "value": 1001}})},
		"other-currency": {body: refundStatement(t, map[string]any{"amount": map[string]any{"currency": "USD", "value": 1000}})},
		"no-amount":      {body: refundStatement(t, map[string]any{"amount": nil})},
		"fraction":       {body: refundStatement(t, map[string]any{"amount": map[string]any{"currency": "CNY", "value": 10.5}})},
		"no-reference":   {body: refundStatement(t, map[string]any{"reference": nil})},
		"odd-reference":  {body: refundStatement(t, map[string]any{"status": "pending", "reference": "a b"})},
		"other-payment":  {body: `{"id":"MP2222222","refund":{"id":"` + refundNumber + `","status":"succeeded","amount":{"currency":"CNY","value":1000},"reference":"R1"}}`},
		"of-the-payment": {body: providertest.JSON(t, statement(nil))},
		"not-json":       {body: "canary"},
	} {
		t.Run(name, func(t *testing.T) {
			w := wireOf(t, refundNumber, answer{status: 200, body: c.body})
			p := openFull(t, w.URL).(provider.Refunder)
			sent, sentErr := p.Refund(t.Context(), refundOrder())
			asked, askedErr := p.QueryRefund(t.Context(), refundOrder())
			path := "cashier.tea.example/morepay/" + number + "/refunds"
			wanted := []providertest.Sent{{Path: "POST " + path, Body: `{"version":2,"id":"` + number + `","refund":{"id":"` + refundNumber +
				`","amount":{"currency":"CNY","value":1000},"reason":"late"},"total":{"currency":"CNY","value":5980},` +
				`"notify_url":"https://pay.example/notify/merchantlink/teashop"}`}, {Path: "GET " + path + "/" + refundNumber}}
			if diff := gocmp.Diff(wanted, w.Sent()); diff != "" {
				t.Error(diff)
			}
			if c.want.Status == "" {
				providertest.Undecided(t, sentErr, secrets...)
				providertest.Undecided(t, askedErr, secrets...)
				return
			}
			want := pay.Evidence{
				Source: pay.SourceRefund, Provider: "merchantlink", Account: "teashop", OutTradeNo: number, Outcome: pay.OutcomeRefund,
				Returned: &c.want, ReceivedAt: now, Raw: []byte(c.body),
			}
			for _, got := range []pay.Evidence{sent, asked} {
				if diff := gocmp.Diff(want, got, cmpopts.IgnoreFields(pay.Evidence{}, "ID")); diff != "" || got.ID == "" || got.ID != sent.ID {
					t.Error(diff, got.ID)
				}
			}
			if sentErr != nil || askedErr != nil {
				t.Error(sentErr, askedErr)
			}
		})
	}
}

func TestRefundAnswers(t *testing.T) {
	t.Parallel()
	absent := refundStatement(t, map[string]any{"status": "absent", "amount": nil, "reference": nil})
	clearSign := func(h http.Header) { clear(h) }
	for name, c := range map[string]struct {
		answer
		refund, query error // nil for unknown
		failure       pay.RefundFailure
	}{
		"refused":        {answer{status: 422, body: `{"code":"canary_code"}`}, provider.ErrRefused, provider.ErrRefused, ""},
		"no-words":       {answer{status: 400}, provider.ErrRefused, provider.ErrRefused, ""},
		"exceeds":        {answer{status: 422, body: `{"code":"exceeds"}`}, provider.ErrRefused, provider.ErrRefused, pay.FailureExceeds},
		"too-late":       {answer{status: 422, body: `{"code":"too_late"}`}, provider.ErrRefused, provider.ErrRefused, pay.FailureTooLate},
		"not-granted":    {answer{status: 403, body: `{"code":"not_granted"}`}, provider.ErrRefused, provider.ErrRefused, pay.FailureNotPermitted},
		"balance":        {answer{status: 422, body: `{"code":"balance"}`}, provider.ErrLater, provider.ErrRefused, ""},
		"absent":         {answer{status: 404, body: absent}, nil, provider.ErrAbsent, ""},
		"absent-other":   {answer{status: 404, body: `{"id":"` + number + `","refund":{"id":"mp2","status":"absent"}}`}, nil, nil, ""},
		"done-by-404":    {answer{status: 404, body: refundStatement(t, nil)}, nil, nil, ""},
		"web-server-404": {answer{status: 404, body: "not found", sign: clearSign}, nil, nil, ""},
		"unsigned":       {answer{status: 200, body: refundStatement(t, nil), sign: clearSign}, nil, nil, ""},
		"unsigned-no":    {answer{status: 422, body: `{"code":"exceeds"}`, sign: clearSign}, nil, nil, ""},
		"other-message":  {answer{status: 200, body: refundStatement(t, nil), sign: func(h http.Header) { sign(h, number, now, []byte(refundStatement(t, nil))) }}, nil, nil, ""},
		"conflict":       {answer{status: 409, body: refundStatement(t, nil)}, nil, nil, ""},
		"too-often":      {answer{status: 429, body: `{}`}, nil, nil, ""},
		"broken":         {answer{status: 500, body: `canary`}, nil, nil, ""},
		"cut":            {answer{}, nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := wireOf(t, refundNumber, c.answer)
			p := openFull(t, w.URL).(provider.Refunder)
			_, sent := p.Refund(t.Context(), refundOrder())
			_, asked := p.QueryRefund(t.Context(), refundOrder())
			for _, got := range []struct{ err, want error }{{sent, c.refund}, {asked, c.query}} {
				if got.want == nil {
					providertest.Undecided(t, got.err, secrets...)
				} else if !errors.Is(got.err, got.want) {
					t.Errorf("got %v, want %q", got.err, got.want)
				}
			}
			var refusal *provider.Refusal
			if errors.As(sent, &refusal) && refusal.Failure != c.failure {
				t.Errorf("it failed for %q, want %q", refusal.Failure, c.failure)
			}
		})
	}
}

// Numbers become part of an address.
func TestRefundOddNumber(t *testing.T) {
	t.Parallel()
	p := openFull(t, providertest.Nowhere).(provider.Refunder)
	for _, odd := range []string{"", "../admin", "a?b", "a/b", "a%2fb"} {
		for _, change := range []func(*provider.RefundOrder){
			func(r *provider.RefundOrder) { r.Number = odd }, func(r *provider.RefundOrder) { r.OutTradeNo = odd },
		} {
			r := refundOrder()
			change(&r)
			_, sent := p.Refund(t.Context(), r)
			_, asked := p.QueryRefund(t.Context(), r)
			if pay.CodeOf(sent) != pay.CodeInvalid || pay.CodeOf(asked) != pay.CodeInvalid {
				t.Errorf("%q: got %v and %v", odd, sent, asked)
			}
		}
	}
}

func TestRefundNotification(t *testing.T) {
	t.Parallel()
	p := openFull(t, providertest.Nowhere)
	body := refundStatement(t, nil)
	got, err := p.Notification(notification(body))
	if err != nil {
		t.Fatal(err)
	}
	want := pay.Evidence{
		ID: "evt_1", Source: pay.SourceNotification, Provider: "merchantlink", Account: "teashop", OutTradeNo: number, Outcome: pay.OutcomeRefund,
		Returned:   &pay.Returned{Number: refundNumber, Status: pay.RefundSucceeded, Reference: "R-2026.1", Amount: refundOrder().Amount},
		ReceivedAt: now, Raw: []byte(body),
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for name, body := range map[string]string{
		"absent": refundStatement(t, map[string]any{"status": "absent"}), "odd-id": refundStatement(t, map[string]any{"id": "../x"}),
		"null": `{"id":"` + number + `","refund":null}`, "text": `{"id":"` + number + `","refund":"done"}`, "no-amount": refundStatement(t, map[string]any{"amount": nil}),
	} {
		if _, err := p.Notification(notification(body)); err == nil || errors.Is(err, provider.ErrIgnored) || errors.Is(err, provider.ErrForged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := open(t, providertest.Nowhere).Notification(notification(body)); err == nil {
		t.Error("version 1 knows of a refund")
	}
}

// A statement of the payment says what went back in all, whoever gave it back.
func TestStatementOfWhatWentBack(t *testing.T) {
	t.Parallel()
	money := func(currency string, value any) map[string]any {
		return map[string]any{"currency": currency, "value": value}
	}
	for name, c := range map[string]struct {
		refunded any
		want     *pay.Returned
		bad      bool
	}{
		"part":           {money("CNY", 1000), &pay.Returned{Total: pay.Money{Currency: "CNY", Value: 1000}}, false},
		"all":            {money("CNY", 5980), &pay.Returned{Total: pay.Money{Currency: "CNY", Value: 5980}}, false},
		"nothing":        {money("CNY", 0), nil, false},
		"not-said":       {nil, nil, false},
		"too-much":       {money("CNY", 5981), nil, true},
		"less-than-none": {money("CNY", -1), nil, true},
		"other-currency": {money("USD", 1000), nil, true},
		"fraction":       {money("CNY", 0.5), nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWire(t, answer{status: 200, body: providertest.JSON(t, statement(map[string]any{"refunded": c.refunded}))})
			got, err := openFull(t, w.URL).Query(t.Context(), provider.QueryOrder{OutTradeNo: number})
			if c.bad {
				providertest.Undecided(t, err, secrets...)
				return
			}
			if err != nil || got.Outcome != pay.OutcomePaid {
				t.Fatalf("got %+v, %v", got, err)
			}
			if diff := gocmp.Diff(c.want, got.Returned); diff != "" {
				t.Error(diff)
			}
		})
	}
}
