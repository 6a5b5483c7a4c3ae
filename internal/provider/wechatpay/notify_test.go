package wechatpay_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"reflect"
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

func TestNotificationOfPayment(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	header, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
	st, err := p.Notification(header, body)
	if err != nil {
		t.Fatal(err)
	}
	want := pay.Evidence{
		ID: "EV-2018022511223320873", Source: pay.SourceNotification, Provider: wechatpay.ID, Account: mchID, App: appID,
		OutTradeNo: number, Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980},
		Reference: "4200000001202611230000000001", PaidAt: now.Add(-2 * time.Second), ReceivedAt: now,
	}
	if diff := cmp.Diff(want, st, cmpopts.IgnoreFields(pay.Evidence{}, "Raw")); diff != "" {
		t.Error(diff)
	}
}

// A statement about another merchant or app is handed on as what it is: checkout
// compares and quarantines.
func TestNotificationKeepsForeignIDs(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	header, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(map[string]any{"mchid": "1900000002", "appid": "wx0"}))
	st, err := p.Notification(header, body)
	if err != nil || st.Account != "1900000002" || st.App != "wx0" {
		t.Errorf("got %+v, %v", st, err)
	}
}

func refundNotice(change map[string]any) map[string]any {
	notice := map[string]any{
		"mchid": mchID, "out_trade_no": number, "transaction_id": "4200000001202611230000000001",
		"out_refund_no": refundOrder().Number, "refund_id": "50000000382019052709732678859", "refund_status": "SUCCESS",
		"success_time": "2026-11-23T20:00:00+08:00", "user_received_account": "招商银行信用卡0403",
		"amount": map[string]any{"total": 5980, "refund": 1000, "payer_total": 5980, "payer_refund": 1000},
	}
	maps.Copy(notice, change)
	return notice
}

func TestNotificationOfRefund(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	for state, want := range returned {
		if state == "PROCESSING" {
			continue // nothing is told of a refund that is under way
		}
		t.Run(strings.ToLower(state), func(t *testing.T) {
			header, body := notification("REFUND."+state, "refund", refundNotice(map[string]any{"refund_status": state}))
			st, err := p.Notification(header, body)
			if err != nil {
				t.Fatal(err)
			}
			want.Number, want.Reference, want.Amount = refundOrder().Number, "50000000382019052709732678859", pay.Money{Currency: "CNY", Value: 1000}
			wanted := pay.Evidence{
				ID: "EV-2018022511223320873", Source: pay.SourceNotification, Provider: wechatpay.ID, Account: mchID, OutTradeNo: number,
				Outcome: pay.OutcomeRefund, Returned: &want, ReceivedAt: now,
			}
			if diff := cmp.Diff(wanted, st, cmpopts.IgnoreFields(pay.Evidence{}, "Raw")); diff != "" || len(st.Raw) == 0 {
				t.Errorf("%s, raw %q", diff, st.Raw)
			}
		})
	}
}

func TestNotificationForged(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	set := func(name, value string) func(http.Header, *[]byte) {
		return func(h http.Header, _ *[]byte) { h.Set(name, value) }
	}
	resign := func(at time.Time) func(http.Header, *[]byte) {
		return func(h http.Header, body *[]byte) { signed(h, *body, at) }
	}
	replace := func(text string) func(http.Header, *[]byte) { // a new body, properly signed
		return func(h http.Header, body *[]byte) {
			*body = []byte(text)
			signed(h, *body, now)
		}
	}
	resource := func(algorithm, ciphertext, nonce string) string {
		return fmt.Sprintf(`{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":%q,"ciphertext":%q,"nonce":%q}}`,
			algorithm, ciphertext, nonce)
	}
	for name, spoil := range map[string]func(http.Header, *[]byte){
		"no-headers":        func(h http.Header, _ *[]byte) { clear(h) },
		"no-signature":      set("Wechatpay-Signature", ""),
		"no-nonce":          set("Wechatpay-Nonce", ""),
		"no-serial":         set("Wechatpay-Serial", ""),
		"unknown-serial":    set("Wechatpay-Serial", "PUB_KEY_ID_0000000000000000"),
		"certificate":       set("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"),
		"no-timestamp":      set("Wechatpay-Timestamp", ""),
		"odd-timestamp":     set("Wechatpay-Timestamp", "now"),
		"milliseconds":      set("Wechatpay-Timestamp", "1795435200000"),
		"other-timestamp":   set("Wechatpay-Timestamp", fmt.Sprint(now.Unix()+1)),
		"huge-timestamp":    set("Wechatpay-Timestamp", "-9223372036854775808"),
		"old":               resign(now.Add(-300 * time.Second)),
		"from-the-future":   resign(now.Add(300 * time.Second)),
		"probe":             set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/H4sI"),
		"not-base64":        set("Wechatpay-Signature", "%%%"),
		"other-scheme":      set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
		"changed-body":      func(_ http.Header, body *[]byte) { *body = append(*body, ' ') },
		"empty-body":        func(_ http.Header, body *[]byte) { *body = nil },
		"not-json":          replace(`<xml/>`),
		"no-resource":       replace(`{"id":"EV-1","event_type":"TRANSACTION.SUCCESS"}`),
		"no-id":             replace(`{"event_type":"TRANSACTION.SUCCESS","resource":{}}`),
		"nonce-short":       replace(resource("AEAD_AES_256_GCM", "AAAA", "short")),
		"nonce-long":        replace(resource("AEAD_AES_256_GCM", "AAAA", "0123456789abc")),
		"other-algorithm":   replace(resource("AEAD_SM4_GCM", "AAAA", "0123456789ab")),
		"cipher-not-base64": replace(resource("AEAD_AES_256_GCM", "%%", "0123456789ab")),
		"cipher-short":      replace(resource("AEAD_AES_256_GCM", "AAAA", "0123456789ab")),
		"cipher-foreign":    replace(resource("AEAD_AES_256_GCM", strings.Repeat("A", 64), "0123456789ab")),
	} {
		t.Run(name, func(t *testing.T) {
			header, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
			spoil(header, &body)
			st, err := p.Notification(header, body)
			if !errors.Is(err, provider.ErrForged) || !reflect.DeepEqual(st, pay.Evidence{}) {
				t.Fatalf("got %+v, %v, want forged", st, err)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

// What comes in the form of API v2 is no more believed, and told apart.
func TestNotificationInTheOldForm(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	signedHeader, _ := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
	for body, want := range map[string]bool{
		"<xml><return_code>SUCCESS</return_code></xml>": true, "\n<xml>\n": true, "<html></html>": false, "<xmlish/>": false, "": false, "{}": false,
	} {
		st, err := p.Notification(http.Header{"Content-Type": {"text/xml"}}, []byte(body))
		if errors.Is(err, provider.ErrUncheckable) != want || !errors.Is(err, provider.ErrForged) || !reflect.DeepEqual(st, pay.Evidence{}) {
			t.Errorf("%q: got %+v, %v", body, st, err)
		}
		if _, err := p.Notification(signedHeader, []byte(body)); errors.Is(err, provider.ErrUncheckable) || !errors.Is(err, provider.ErrForged) {
			t.Errorf("%q under another message's head: %v", body, err)
		}
	}
}

// The window is open on both sides of the limit: clocks differ.
func TestNotificationAge(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	for _, age := range []time.Duration{-299 * time.Second, 0, 299 * time.Second} {
		header, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
		signed(header, body, now.Add(-age))
		if _, err := p.Notification(header, body); err != nil {
			t.Errorf("%v old: %v", age, err)
		}
	}
}

// Genuine messages that can't be understood are neither forged nor ignored: the
// provider must send them again until somebody has looked.
func TestNotificationNotUnderstood(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	for name, c := range map[string]struct {
		event string
		plain any
	}{
		"unknown-state":         {"TRANSACTION.SUCCESS", transaction(map[string]any{"trade_state": "NEW_STATE"})},
		"paid-no-amount":        {"TRANSACTION.SUCCESS", transaction(map[string]any{"amount": nil})},
		"text":                  {"TRANSACTION.SUCCESS", "hello"},
		"empty":                 {"TRANSACTION.SUCCESS", map[string]any{}},
		"unknown-refund-status": {"REFUND.SUCCESS", refundNotice(map[string]any{"refund_status": "GONE"})},
		"refund-of-whom":        {"REFUND.SUCCESS", refundNotice(map[string]any{"mchid": nil})},
		"refund-of-how-much":    {"REFUND.SUCCESS", refundNotice(map[string]any{"amount": nil})},
		"paid-whose-app":        {"TRANSACTION.SUCCESS", transaction(map[string]any{"appid": nil})},
		"paid-no-currency":      {"TRANSACTION.SUCCESS", transaction(map[string]any{"amount": map[string]any{"total": 5980}})},
		"payment-code":          {"TRANSACTION.SUCCESS", transaction(map[string]any{"trade_state": "REVOKED"})},
		"refund-of-no-money":    {"REFUND.SUCCESS", refundNotice(map[string]any{"amount": map[string]any{"total": 5980, "refund": 0}})},
		"refund-of-nothing":     {"REFUND.SUCCESS", refundNotice(map[string]any{"out_refund_no": ""})},
		"refund-text":           {"REFUND.SUCCESS", "hello"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Notification(notification(c.event, "transaction", c.plain))
			if err == nil || errors.Is(err, provider.ErrIgnored) || errors.Is(err, provider.ErrForged) {
				t.Errorf("got %v", err)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

func TestNotificationIgnored(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	for _, event := range []string{"COUPON.USE", "MCHTRANSFER.BILL.FINISHED", "transaction.success", ""} {
		_, err := p.Notification(notification(event, "coupon", transaction(nil)))
		if !errors.Is(err, provider.ErrIgnored) {
			t.Errorf("%q: got %v", event, err)
		}
	}
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere, nil)
	if status, _, body := p.Acknowledge(true); status != http.StatusNoContent || len(body) != 0 {
		t.Errorf("accepted: %d %s", status, body)
	}
	if status, contentType, body := p.Acknowledge(false); status < 400 || contentType != "application/json" || !strings.Contains(string(body), `"FAIL"`) {
		t.Errorf("not accepted: %d %s %s", status, contentType, body)
	}
}

// Without the key nobody gets anything but "forged", and nothing panics.
func FuzzNotification(f *testing.F) {
	p := open(f, providertest.Nowhere, nil)
	header, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
	f.Add(header.Get("Wechatpay-Timestamp"), header.Get("Wechatpay-Nonce"), header.Get("Wechatpay-Signature"), publicKeyID, "", body)
	f.Add("1795435200", "n", "WECHATPAY/SIGNTEST/x", publicKeyID, "WECHATPAY2-SHA256-RSA2048", []byte(`{}`))
	f.Add("", "", "", "", "", []byte(nil))
	f.Fuzz(func(t *testing.T, stamp, nonce, signature, serial, scheme string, sent []byte) {
		h := http.Header{}
		for name, value := range map[string]string{
			"Wechatpay-Timestamp": stamp, "Wechatpay-Nonce": nonce, "Wechatpay-Signature": signature,
			"Wechatpay-Serial": serial, "Wechatpay-Signature-Type": scheme,
		} {
			h.Set(name, value)
		}
		st, err := p.Notification(h, sent)
		if err == nil && string(sent) != string(body) {
			t.Fatalf("took %+v from %q", st, sent)
		}
		if err != nil && !errors.Is(err, provider.ErrForged) {
			t.Fatalf("got %v, want forged", err)
		}
	})
}

// Behind the signature, whatever the envelope holds: an error or exactly one
// statement.
func FuzzSignedEnvelope(f *testing.F) {
	p := open(f, providertest.Nowhere, nil)
	_, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
	f.Add(string(body))
	_, body = notification("REFUND.CLOSED", "refund", refundNotice(nil))
	f.Add(string(body))
	f.Add(`{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource":{"algorithm":"AEAD_AES_256_GCM","nonce":"x"}}`)
	f.Add(`{"id":"EV-1","event_type":"TRANSACTION.SUCCESS","resource":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		st, err := p.Notification(envelope(text))
		if err == nil && (st.Outcome == pay.OutcomeRefund) != (st.Returned != nil && st.Returned.Number != "") {
			t.Fatalf("got %+v", st)
		}
	})
}

// And behind the encryption, whatever the statement holds.
func FuzzStatement(f *testing.F) {
	p := open(f, providertest.Nowhere, nil)
	f.Add("TRANSACTION.SUCCESS", providertest.JSON(f, transaction(nil)))
	f.Add("REFUND.SUCCESS", providertest.JSON(f, refundNotice(nil)))
	f.Add("TRANSACTION.SUCCESS", `{"trade_state":"SUCCESS","amount":{"total":1e400}}`)
	f.Add("TRANSACTION.SUCCESS", `{"trade_state":"SUCCESS","amount":{}}`)
	f.Fuzz(func(t *testing.T, event, plain string) {
		st, err := p.Notification(notification(event, "transaction", rawJSON(plain)))
		if err != nil {
			return
		}
		if paid := st; paid.Outcome == pay.OutcomePaid && (paid.Reference == "" || paid.PaidAt.IsZero() || paid.Amount.Currency == "") {
			t.Fatalf("paid without proof: %+v", paid)
		}
	})
}

func BenchmarkNotification(b *testing.B) {
	p := open(b, providertest.Nowhere, nil)
	header, body := notification("TRANSACTION.SUCCESS", "transaction", transaction(nil))
	for b.Loop() {
		if _, err := p.Notification(header, body); err != nil {
			b.Fatal(err)
		}
	}
}
