package admin

import (
	"net/http"
	"strconv"
	"strings"

	"morepay/internal/desk"
	"morepay/internal/pay"
)

// refunds lists those that nobody but a person can bring to an end.
func (a *Admin) refunds(v *visit) error {
	list, err := a.Desk.StuckRefunds(v.r.Context())
	if err != nil {
		return err
	}
	return v.draw(http.StatusOK, "refunds.html", list)
}

const refundsPage = Root + "refunds"

func (a *Admin) retryRefund(v *visit) (done, error) {
	_, err := a.Desk.RetryRefund(v.r.Context(), v.r.PathValue("id"), v.r.PathValue("refund"), desk.Retry{Author: v.person.name, Note: v.field("note")})
	return done{v.language().say("The refund is made anew."), refundsPage}, err
}

// redirectRefund sends a stuck refund back to the merchant. A payer's card is for the
// command line: it has no business in a browser.
func (a *Admin) redirectRefund(v *visit) (done, error) {
	_, err := a.Desk.RedirectRefund(v.r.Context(), v.r.PathValue("id"), v.r.PathValue("refund"), desk.Redirect{
		To: desk.ToMerchant, Author: v.person.name, Note: v.field("note"),
	})
	return done{v.language().say("The refund goes back to the merchant: pay the payer another way."), refundsPage}, err
}

// recordRefund writes down what somebody gave back elsewhere, in the place of a refund.
func (a *Admin) recordRefund(v *visit) (done, error) {
	l, err := a.Books.Ledger(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return done{}, err
	}
	stuck := l.Refund(v.r.PathValue("refund"))
	if stuck == nil {
		return done{}, pay.Errorf(pay.CodeNotFound, "", "there is no such refund")
	}
	amount, err := parseMoney(v.field("amount"), stuck.Amount.Currency)
	if err != nil {
		return done{}, err
	}
	_, err = a.Desk.RecordRefund(v.r.Context(), l.Session.ID, desk.ByHand{
		Attempt: stuck.AttemptID, Amount: amount, InsteadOf: stuck.ID, Author: v.person.name, Note: v.field("note"),
	})
	return done{v.language().say("The refund is recorded."), refundsPage}, err
}

// parseMoney reads an amount in the currency's major unit, such as 59.80.
func parseMoney(text, currency string) (pay.Money, error) {
	digits := pay.Exponent(currency)
	whole, part, point := strings.Cut(text, ".")
	value, err := strconv.ParseInt(whole+part+strings.Repeat("0", max(digits-len(part), 0)), 10, 64)
	if err != nil || value < 1 || len(part) > digits || point && part == "" || whole == "" || strings.ContainsAny(text, "+-") {
		return pay.Money{}, pay.Errorf(pay.CodeInvalid, "amount", "must be a sum such as 59.80")
	}
	return pay.Money{Currency: currency, Value: value}, nil
}

// major writes the number of an amount in the currency's major unit, as parseMoney reads it.
func major(m pay.Money) string { return strings.TrimSuffix(money(m), " "+m.Currency) }
