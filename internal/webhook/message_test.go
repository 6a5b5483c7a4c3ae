package webhook_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"path/filepath"
	"testing"
	"time"

	"morepay/internal/marked"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// history returns a session that has been through everything that merchants
// hear of.
func history(t *testing.T) []webhook.Message {
	t.Helper()
	now := time.Date(2026, 3, 1, 4, 0, 0, 123_000_000, time.UTC)
	later := func() time.Time { now = now.Add(time.Minute); return now }
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var messages []webhook.Message
	var l *pay.Ledger
	open := func(id string) {
		l = pay.Open(pay.Session{
			ID: id, Merchant: merchant, Reference: `A-1 "quoted" <袜子>`, Amount: pay.Money{Currency: "CNY", Value: 5980},
			CreatedAt: now, ExpiresAt: now.Add(30 * time.Minute),
		})
	}
	tell := func() {
		t.Helper()
		for _, e := range l.Events {
			if !e.Type.Webhook() {
				continue
			}
			m, err := webhook.NewMessage(l, e)
			must(err)
			messages = append(messages, m)
		}
		l.Events = nil
	}
	begin := func(id string) {
		must(l.Begin(pay.Attempt{
			ID: id, Method: "wechat_pay", Rail: pay.RailQR, Provider: "wechatpay", Account: "1900000001", OutTradeNo: "no" + id,
			Amount: l.Session.Amount, ExpiresAt: l.Session.ExpiresAt,
		}, later()))
	}
	paid := func(id string) {
		at := later()
		must(l.Apply(pay.Evidence{
			ID: "ev" + id, Provider: "wechatpay", Account: "1900000001", OutTradeNo: "no" + id, Outcome: pay.OutcomePaid,
			Amount: l.Session.Amount, Reference: "4200" + id, PaidAt: at, Raw: []byte("never told to merchants"),
		}, at))
	}

	returned := func(id string, said pay.Returned) {
		at := later()
		must(l.Apply(pay.Evidence{
			ID: "ev" + said.Number, Provider: "wechatpay", Account: "1900000001", OutTradeNo: "no" + id, Outcome: pay.OutcomeRefund,
			ReceivedAt: at, Returned: &said, Raw: []byte("never told to merchants"),
		}, at))
	}

	open("cs_expired")
	begin("at_1")
	begin("at_2")
	l.Expire(now.Add(time.Hour))
	tell()
	now = now.Add(time.Hour)
	paid("at_1")
	tell()
	paid("at_2")
	tell()
	must(l.AddRefund(pay.Refund{ID: "rf_1", AttemptID: "at_1", Number: "r1", Amount: pay.Money{Currency: "CNY", Value: 980}, Origin: pay.RefundByMerchant, Note: "kept to ourselves"}, later()))
	returned("at_1", pay.Returned{Number: "r1", Status: pay.RefundSucceeded, Reference: "5030"})
	tell()
	returned("at_2", pay.Returned{Number: "noat_2S", Status: pay.RefundFailed, Failure: pay.FailureClosed, Reference: "5031"})
	tell()
	open("cs_paid")
	begin("at_3")
	paid("at_3")
	tell()
	open("cs_canceled")
	must(l.Cancel(later()))
	tell()
	open("cs_extended")
	must(l.Extend(l.Session.ExpiresAt.Add(time.Hour), later()))
	tell()
	open("cs_returned")
	begin("at_4")
	paid("at_4")
	l.Events = nil
	returned("at_4", pay.Returned{Number: "console1", Total: pay.Money{Currency: "CNY", Value: 1000}})
	tell()
	return messages
}

// TestPayloads compares one message of each type with what merchants rely on.
func TestPayloads(t *testing.T) {
	t.Parallel()
	told := map[pay.EventType]bool{}
	for _, m := range history(t) {
		name := string(m.Type)
		if told[m.Type] {
			name += "-by-provider"
		}
		told[m.Type] = true
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := json.Indent(&got, m.Payload, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			marked.File(t, filepath.Join("testdata", name+".json"), got.String(), *update)
		})
	}
	for _, kind := range pay.WebhookEvents {
		if !told[kind] {
			t.Errorf("%s is never told here", kind)
		}
	}
}

func TestSameEventSameBytes(t *testing.T) {
	t.Parallel()
	first, second := history(t), history(t)
	for i := range first {
		if !bytes.Equal(first[i].Payload, second[i].Payload) || first[i].ID != second[i].ID {
			t.Errorf("message %d differs:\n%s\n%s", i, first[i].Payload, second[i].Payload)
		}
	}
}
