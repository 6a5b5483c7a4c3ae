package pay_test

import (
	"fmt"
	"time"

	"morepay/internal/pay"
)

// A payer tries WeChat Pay, turns to Alipay, and pays both: the first payment
// wins the session, the second is surplus and given back at once.
func ExampleLedger() {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	price := pay.Money{Currency: "CNY", Value: 5980}
	l := pay.Open(pay.Session{ID: "s1", Merchant: "tea-house", Amount: price, CreatedAt: now, ExpiresAt: now.Add(30 * time.Minute)})

	for _, method := range []pay.Method{"wechat_pay", "alipay"} {
		err := l.Begin(pay.Attempt{
			ID: "a-" + string(method), Method: method, Rail: pay.RailQR, Provider: string(method), Account: "1", App: "1",
			OutTradeNo: "N-" + string(method), Amount: price, ExpiresAt: now.Add(30 * time.Minute),
		}, now)
		if err != nil {
			fmt.Println(err)
		}
	}
	for _, method := range []string{"alipay", "wechat_pay"} {
		err := l.Apply(pay.Evidence{
			ID: "e-" + method, Source: pay.SourceNotification, Outcome: pay.OutcomePaid, Provider: method, Account: "1", App: "1",
			OutTradeNo: "N-" + method, Amount: price, Reference: "T-" + method, PaidAt: now, ReceivedAt: now,
		}, now)
		if err != nil {
			fmt.Println(err)
		}
	}

	fmt.Println("session", l.Session.Status)
	for _, a := range l.Attempts {
		fmt.Println(a.Method, a.State)
	}
	for _, e := range l.Events {
		fmt.Println(e.Number, e.Type)
	}
	// Output:
	// session paid
	// wechat_pay surplus
	// alipay succeeded
	// 1 session.created
	// 2 attempt.submitting
	// 3 attempt.submitting
	// 4 session.paid
	// 5 payment.surplus
	// 6 refund.created
}
