package pay_test

import "morepay/internal/pay"

var price = pay.Money{Currency: "CNY", Value: 5980}

// openLedger is a session that was opened at opened and lives for sessionLife.
func openLedger() *pay.Ledger {
	return pay.Open(pay.Session{
		ID: "s1", Merchant: "demo", Amount: price,
		CreatedAt: opened, ExpiresAt: opened.Add(sessionLife),
	})
}

// evidence is what the provider says about payment n.
func evidence(n int, source pay.Source, outcome pay.Outcome) pay.Evidence {
	ev := pay.Evidence{
		ID: string(source) + "-" + numbers[n], Source: source, Outcome: outcome,
		Provider: "wechatpay", Account: "1900000001", App: "wx1", OutTradeNo: numbers[n],
		ReceivedAt: opened,
	}
	if outcome == pay.OutcomePaid {
		ev.Amount, ev.Reference, ev.PaidAt = price, "T"+numbers[n], opened
	}
	return ev
}
