package checkout_test

import (
	"fmt"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// rule is something that is true of every session at every moment. broken
// says what is wrong, or "".
type rule struct {
	name   string
	broken func(s *story, l *pay.Ledger, events []pay.Event) string
}

var rules = []rule{
	{"I2-one-winner-one-event", winnerRule},
	{"I3-surplus-goes-back", surplusRule},
	{"I4-paid-absorbs", absorbRule},
	{"I5-amounts-are-ours", amountRule},
	{"I6-no-attempt-after-the-end", attemptRule},
	{"I8-account-of-the-merchant", tenantRule},
	{"I9-events-without-gaps", eventRule},
	{"I9-webhooks-in-order", webhookRule},
	{"I10-refunds-within-receipts", refundRule},
	{"plans", planRule},
}

func winnerRule(_ *story, l *pay.Ledger, events []pay.Event) string {
	paid := 0
	for _, e := range events {
		if e.Type == pay.EventSessionPaid || e.Type == pay.EventSessionPaidLate {
			paid++
		}
	}
	succeeded := 0
	for _, a := range l.Attempts {
		if a.State == pay.AttemptSucceeded {
			succeeded++
		}
	}
	want := 0
	if l.Session.Status.Paid() {
		want = 1
	}
	if paid != want || succeeded != want || (l.Session.Winner != "") != (want == 1) {
		return fmt.Sprintf("%d paid events, %d attempts succeeded", paid, succeeded)
	}
	return ""
}

// surplusRule: a second payment goes back, all of it and once, or a person is told.
func surplusRule(_ *story, l *pay.Ledger, _ []pay.Event) string {
	for _, a := range l.Attempts {
		waits := a.ReturnedUnknown
		for _, r := range l.Refunds {
			if r.AttemptID == a.ID && r.Origin == pay.RefundOfSurplus && a.State != pay.AttemptSurplus {
				return fmt.Sprintf("attempt %s is %s and refunded by itself", a.ID, a.State)
			}
			waits = waits || r.AttemptID == a.ID && l.NeedsPerson(&r)
		}
		if a.State == pay.AttemptSurplus && explained(l, a) != a.Amount.Value && !waits {
			return fmt.Sprintf("of surplus %s only %d goes back", a.ID, explained(l, a))
		}
	}
	return ""
}

func absorbRule(s *story, l *pay.Ledger, _ []pay.Event) string {
	before := s.seen[l.Session.ID]
	if before == nil || !before.Session.Status.Paid() {
		return ""
	}
	if before.Session.Status != l.Session.Status || before.Session.Winner != l.Session.Winner {
		return fmt.Sprintf("it was %s, won by %q", before.Session.Status, before.Session.Winner)
	}
	return ""
}

func amountRule(s *story, l *pay.Ledger, _ []pay.Event) string {
	for _, a := range l.Attempts {
		if a.Amount != l.Session.Amount {
			return fmt.Sprintf("attempt %s is of %s, the session of %s", a.ID, a.Amount, l.Session.Amount)
		}
		if o := s.order(a.OutTradeNo); a.State.Received() && (o == nil || o.State == "unpaid" || o.State == "closed" || o.Fen != a.Amount.Value) {
			return fmt.Sprintf("attempt %s is %s, but the provider has %+v", a.ID, a.State, o)
		}
	}
	return ""
}

func attemptRule(s *story, l *pay.Ledger, _ []pay.Event) string {
	before := s.seen[l.Session.ID]
	if before != nil && before.Session.Status != pay.SessionOpen && len(l.Attempts) > len(before.Attempts) {
		return fmt.Sprintf("it was %s with %d attempts, and has %d", before.Session.Status, len(before.Attempts), len(l.Attempts))
	}
	for _, a := range l.Attempts {
		if !a.CreatedAt.Before(l.Session.ExpiresAt) || a.ExpiresAt.After(l.Session.ExpiresAt) {
			return fmt.Sprintf("attempt %s was made at %v and lives until %v", a.ID, a.CreatedAt, a.ExpiresAt)
		}
	}
	return ""
}

func tenantRule(s *story, l *pay.Ledger, _ []pay.Event) string {
	for _, a := range l.Attempts {
		if s.Accounts().Named(a.Provider, a.Account).For(l.Session.Merchant) == nil {
			return fmt.Sprintf("attempt %s is of account %s at %s", a.ID, a.Account, a.Provider)
		}
	}
	return ""
}

func eventRule(_ *story, l *pay.Ledger, events []pay.Event) string {
	for i, e := range events {
		if e.Number != int64(i)+1 {
			return fmt.Sprintf("event %d where %d is next", e.Number, i+1)
		}
	}
	if int64(len(events)) != l.Session.LastEvent {
		return fmt.Sprintf("%d events, the last is number %d", len(events), l.Session.LastEvent)
	}
	return ""
}

func webhookRule(s *story, l *pay.Ledger, events []pay.Event) string {
	page, err := s.Stores().Outbox.Events(s.ctx(), harness.Merchant, webhook.Filter{Limit: 100_000})
	if err != nil {
		return err.Error()
	}
	var numbers []int64
	for _, m := range page.Messages {
		if m.SessionID == l.Session.ID && m.Number <= l.Session.LastEvent {
			numbers = append(numbers, m.Number)
		}
	}
	for _, e := range events {
		if !e.Type.Webhook() {
			continue
		}
		if len(numbers) == 0 || numbers[0] != e.Number {
			return fmt.Sprintf("event %d, %s, has no message: next are %v", e.Number, e.Type, numbers)
		}
		numbers = numbers[1:]
	}
	if len(numbers) > 0 {
		return fmt.Sprintf("messages without events: %v", numbers)
	}
	return ""
}

func refundRule(_ *story, l *pay.Ledger, _ []pay.Event) string {
	given := map[string]int64{}
	for _, r := range l.Refunds {
		if r.Status != pay.RefundFailed {
			given[r.AttemptID] += r.Amount.Value
		}
	}
	for id, value := range given {
		if a := l.Attempt(id); a == nil || !a.State.Received() || value > a.Amount.Value {
			return fmt.Sprintf("%d is given back of attempt %s", value, id)
		}
	}
	return ""
}

// planRule: what is not over has a time at which somebody looks at it.
func planRule(_ *story, l *pay.Ledger, _ []pay.Event) string {
	for _, a := range l.Attempts {
		if a.State.Payable() == a.CheckAt.IsZero() {
			return fmt.Sprintf("attempt %s is %s, to be checked at %v", a.ID, a.State, a.CheckAt)
		}
	}
	for _, r := range l.Refunds {
		if (r.Status == pay.RefundPending) == r.CheckAt.IsZero() {
			return fmt.Sprintf("refund %s is %s, to be checked at %v", r.ID, r.Status, r.CheckAt)
		}
	}
	return ""
}
