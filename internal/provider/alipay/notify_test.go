package alipay_test

import (
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/provider/alipay"
	"morepay/internal/provider/providertest"
)

func TestNotification(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	paid := pay.Evidence{
		Outcome: pay.OutcomePaid, Amount: pay.Money{Currency: "CNY", Value: 5980}, Reference: tradeNo, PaidAt: now.Add(-2 * time.Second),
	}
	closed := pay.Evidence{Outcome: pay.OutcomeClosed, Reference: tradeNo}
	returned := func(said pay.Returned) pay.Evidence {
		ev := paid
		ev.Returned = &said
		return ev
	}
	cny := func(fen int64) pay.Money { return pay.Money{Currency: "CNY", Value: fen} }
	dollars := paid // are not our money, which is for others to say
	dollars.Amount.Currency = "USD"
	for name, c := range map[string]struct {
		change map[string]any
		want   pay.Evidence
	}{
		"success":          {nil, paid},
		"no-kind":          {map[string]any{"notify_type": nil}, paid},
		"new-kind":         {map[string]any{"notify_type": "new_kind"}, paid},
		"no-seller":        {map[string]any{"seller_id": nil}, paid},
		"finished":         {map[string]any{"trade_status": "TRADE_FINISHED"}, paid},
		"dollars":          {map[string]any{"trans_currency": "USD"}, dollars},
		"partly-refunded":  {map[string]any{"refund_fee": "10.00", "gmt_refund": "2026-11-23 20:00:00.123", "out_biz_no": "x"}, returned(pay.Returned{Number: "x", Status: pay.RefundSucceeded, Total: cny(1000)})},
		"refunded":         {map[string]any{"trade_status": "TRADE_CLOSED", "refund_fee": "59.80", "gmt_refund": "2026-11-23 20:00:00.123"}, returned(pay.Returned{Total: cny(5980)})},
		"refunded-unsaid":  {map[string]any{"gmt_refund": "2026-11-23 20:00:00.123"}, returned(pay.Returned{Unknown: true})},
		"all-back-unsaid":  {map[string]any{"trade_status": "TRADE_CLOSED", "gmt_refund": "2026-11-23 20:00:00.123"}, returned(pay.Returned{Total: cny(5980)})},
		"nothing-refunded": {map[string]any{"refund_fee": "0.00", "out_biz_no": "x"}, paid},
		"closed":           {map[string]any{"trade_status": "TRADE_CLOSED", "gmt_payment": nil, "gmt_close": "2026-11-23 20:00:00"}, closed},
		"closed-in-full":   {map[string]any{"trade_status": "TRADE_CLOSED", "gmt_payment": nil, "refund_fee": "0.00", "gmt_close": "2026-11-23 20:00:00"}, closed},
	} {
		t.Run(name, func(t *testing.T) {
			st, err := p.Notification(http.Header{}, signed(notice(c.change)))
			if err != nil {
				t.Fatal(err)
			}
			c.want.ID, c.want.Source, c.want.Provider = "2026112300222200000000000001", pay.SourceNotification, alipay.ID
			c.want.Account, c.want.App, c.want.OutTradeNo, c.want.ReceivedAt = sellerID, appID, number, now
			if diff := cmp.Diff(c.want, st, cmpopts.IgnoreFields(pay.Evidence{}, "Raw")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestArrival: where refunded money came to rest is told by a message of another
// form, to the same address.
func TestArrival(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	message := func(content string) url.Values {
		return url.Values{
			"notify_id": {"dback1"}, "utc_timestamp": {"1795834800000"}, "msg_method": {"alipay.trade.refund.depositback.completed"},
			"app_id": {appID}, "version": {"1.1"}, "charset": {"UTF-8"}, "sign_type": {"RSA2"}, "biz_content": {content},
		}
	}
	for status, where := range map[string]pay.RefundArrival{"S": pay.ArrivalBank, "F": pay.ArrivalBalance} {
		ev, err := p.Notification(nil, signed(message(`{"trade_no":"1","out_trade_no":"`+number+`","out_request_no":"RF1","dback_status":"`+status+`","dback_amount":"20.00"}`)))
		want := pay.Evidence{
			ID: "dback1", Source: pay.SourceNotification, Provider: alipay.ID, Account: sellerID, App: appID, OutTradeNo: number,
			Outcome: pay.OutcomeRefund, ReceivedAt: now, Returned: &pay.Returned{Number: "RF1", Status: pay.RefundSucceeded, Arrival: where},
		}
		if diff := cmp.Diff(want, ev, cmpopts.IgnoreFields(pay.Evidence{}, "Raw")); err != nil || diff != "" {
			t.Errorf("%s: %v, %s", status, err, diff)
		}
	}
	nobodys := message(`{"out_trade_no":"` + number + `","out_request_no":"RF1","dback_status":"S"}`)
	nobodys.Del("app_id")
	if _, err := p.Notification(nil, signed(nobodys)); err == nil {
		t.Error("a message of no application was taken")
	}
	for name, content := range map[string]string{
		"new-status": `{"out_trade_no":"` + number + `","out_request_no":"RF1","dback_status":"X"}`,
		"no-refund":  `{"out_trade_no":"` + number + `","dback_status":"S"}`,
		"text":       `hello`,
	} {
		if _, err := p.Notification(nil, signed(message(content))); err == nil || errors.Is(err, provider.ErrForged) || errors.Is(err, provider.ErrIgnored) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// What names another merchant or application is handed on: checkout compares
// and quarantines.
func TestNotificationKeepsForeignIDs(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	st, err := p.Notification(nil, signed(notice(map[string]any{"seller_id": "2088000000000002", "app_id": "2021000000000002"})))
	if err != nil || st.Account != "2088000000000002" || st.App != "2021000000000002" {
		t.Errorf("got %+v, %v", st, err)
	}
}

func TestNotificationForged(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	good := signed(notice(nil))
	for name, body := range map[string][]byte{
		"empty":           nil,
		"not-a-form":      []byte("%zz"),
		"semicolons":      []byte("a=1;b=2"),
		"json":            []byte(`{"trade_status":"TRADE_SUCCESS"}`),
		"unsigned":        []byte(notice(nil).Encode()),
		"other-amount":    []byte(strings.Replace(string(good), "59.80", "59.81", 1)),
		"added-field":     append([]byte("extra=1&"), good...),
		"left-out-field":  []byte(strings.Replace(string(good), "charset=utf-8&", "", 1)),
		"doubled-field":   signed(func() url.Values { v := notice(nil); v.Add("total_amount", "0.01"); return v }()),
		"field-in-value":  []byte(strings.Replace(string(good), "subject=Tea", "subject=Tea%26total_amount%3D0.01", 1)),
		"certificate":     append(good, []byte("&alipay_cert_sn=canary")...),
		"empty-serial":    append(good, []byte("&alipay_cert_sn=")...),
		"rsa1":            signed(notice(map[string]any{"sign_type": "RSA"})),
		"no-sign-type":    signed(notice(map[string]any{"sign_type": nil})),
		"sign-not-base64": []byte(notice(map[string]any{"sign": "%%%"}).Encode()),
		"foreign-sign":    []byte(notice(map[string]any{"sign": sign("another text")}).Encode()),
	} {
		t.Run(name, func(t *testing.T) {
			st, err := p.Notification(http.Header{}, body)
			if !errors.Is(err, provider.ErrForged) || !reflect.DeepEqual(st, pay.Evidence{}) {
				t.Fatalf("got %+v, %v, want forged", st, err)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

// The signed text of two forms can be the same: what was one subject must not
// become fields of its own. Our subjects give no room for it, and a name that
// is there already can't be added.
func TestNotificationFieldsOutOfASubject(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	form := notice(map[string]any{"subject": "x&total_amount=0.01"})
	genuine := signed(form)
	if _, err := p.Notification(nil, genuine); err != nil {
		t.Fatal(err)
	}
	values, err := url.ParseQuery(string(genuine))
	if err != nil {
		t.Fatal(err)
	}
	values.Set("subject", "x")
	values["total_amount"] = []string{"0.01", "59.80"} // in the order of the signed text
	if _, err := p.Notification(nil, []byte(values.Encode())); !errors.Is(err, provider.ErrForged) {
		t.Errorf("got %v, want forged", err)
	}
}

func TestNotificationNotUnderstood(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	for name, change := range map[string]map[string]any{
		"unknown-status": {"trade_status": "SETTLING"},
		"no-status":      {"trade_status": nil},
		"no-amount":      {"total_amount": nil},
		"odd-amount":     {"total_amount": "59.8e0"},
		"no-time":        {"gmt_payment": nil},
		"odd-refund":     {"refund_fee": "ten"},
		"closed-odd":     {"trade_status": "TRADE_CLOSED", "gmt_payment": nil, "refund_fee": "ten"},
		"closed-paid":    {"trade_status": "TRADE_CLOSED", "refund_fee": "0.00"},
		"refund-no-pay":  {"trade_status": "TRADE_CLOSED", "gmt_payment": nil, "gmt_refund": "2026-11-23 20:00:00.123"},
		"pending":        {"trade_status": "TRADE_PENDING"},
		"refunded-when":  {"trade_status": "TRADE_CLOSED", "gmt_payment": nil, "refund_fee": "59.80"},
		"no-trade":       {"trade_no": nil},
		"no-order":       {"out_trade_no": nil},
		"new-kind":       {"notify_type": "new_kind", "trade_status": nil},
		"no-kind":        {"notify_type": nil, "out_trade_no": nil},
		"no-app":         {"app_id": nil},
		"no-id":          {"notify_id": nil},
		"long-id":        {"notify_id": strings.Repeat("1", 200)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Notification(nil, signed(notice(change)))
			if err == nil || errors.Is(err, provider.ErrForged) || errors.Is(err, provider.ErrIgnored) {
				t.Fatalf("got %v", err)
			}
			providertest.Clean(t, err, secrets...)
		})
	}
}

func TestNotificationIgnored(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	for _, change := range []map[string]any{
		{"notify_type": "dut_user_sign"}, {"notify_type": "open_app_auth_notify"}, {"notify_type": nil, "msg_method": "alipay.open.public.unfollow"},
	} {
		if _, err := p.Notification(nil, signed(notice(change))); !errors.Is(err, provider.ErrIgnored) {
			t.Errorf("%v: got %v, want ignored", change, err)
		}
	}
}

// A forged notification must not make us call anybody: the library would fetch
// whatever certificate it names, if it took us for production.
func TestForgedNotificationCallsNobody(t *testing.T) {
	t.Parallel()
	reply := ok(nil)
	w := newWire(t, func(string, map[string]string) answer { return reply })
	p := open(t, w.URL)
	if _, err := p.Notification(nil, append(signed(notice(nil)), []byte("&alipay_cert_sn=abc")...)); !errors.Is(err, provider.ErrForged) {
		t.Errorf("got %v, want forged", err)
	}
	raw := `{"alipay_trade_query_response":{"code":"10000"},"sign":"AAAA","alipay_cert_sn":"abc"}`
	reply = answer{raw: raw}
	if _, err := p.Query(t.Context(), provider.QueryOrder{OutTradeNo: number}); err == nil {
		t.Error("a reply that names a certificate was taken")
	}
	if len(w.Sent()) != 1 {
		t.Errorf("%d calls, want the query only", len(w.Sent()))
	}
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()
	p := open(t, providertest.Nowhere)
	if status, _, body := p.Acknowledge(true); status != http.StatusOK || string(body) != "success" {
		t.Errorf("accepted: %d %q", status, body)
	}
	if status, _, body := p.Acknowledge(false); status < 500 || string(body) == "success" {
		t.Errorf("not accepted: %d %q", status, body)
	}
}

func FuzzNotification(f *testing.F) {
	p := open(f, providertest.Nowhere)
	good := string(signed(notice(nil)))
	f.Add(good)
	f.Add(good + "&alipay_cert_sn=x")
	f.Add("sign_type=RSA2&sign=x")
	f.Add("%")
	f.Fuzz(func(t *testing.T, body string) {
		st, err := p.Notification(nil, []byte(body))
		if err != nil {
			if !errors.Is(err, provider.ErrForged) {
				t.Fatalf("got %v, want forged", err)
			}
			return
		}
		// The only form that can pass says what the genuine one says.
		if st.OutTradeNo != number || st.Amount.Value != 5980 || st.Account != sellerID {
			t.Fatalf("took %+v from %q", st, body)
		}
	})
}

// Behind the signature: whatever the fields hold.
func FuzzSignedNotice(f *testing.F) {
	p := open(f, providertest.Nowhere)
	f.Add("TRADE_SUCCESS", "59.80", "2026-11-23 19:59:58", "", "id", number)
	f.Add("TRADE_CLOSED", "0", "", "1", "id", "x")
	f.Fuzz(func(t *testing.T, status, total, paidAt, refunded, id, outTradeNo string) {
		st, err := p.Notification(nil, signed(notice(map[string]any{
			"trade_status": status, "total_amount": total, "gmt_payment": paidAt, "refund_fee": refunded, "notify_id": id, "out_trade_no": outTradeNo,
		})))
		if err != nil {
			return
		}
		if ev := st; ev.Outcome == pay.OutcomePaid && (ev.PaidAt.IsZero() || ev.Amount.Value < 0 || ev.Reference == "") {
			t.Fatalf("paid without proof: %+v", ev)
		}
	})
}

func BenchmarkNotification(b *testing.B) {
	p := open(b, providertest.Nowhere)
	body := signed(notice(nil))
	for b.Loop() {
		if _, err := p.Notification(nil, body); err != nil {
			b.Fatal(err)
		}
	}
}
