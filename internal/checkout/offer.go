package checkout

import (
	"context"
	"net/netip"
	"regexp"

	"morepay/internal/pay"
)

// Offer is an order that a shop's page asks about before there is a session. Nobody
// says who its payer is.
type Offer struct {
	Amount pay.Money
	Items  []pay.Item
}

var currencyCode = regexp.MustCompile(`^[A-Z]{3}$`)

// Validate checks what needs no knowledge of the merchant, by the rules of a session.
// The error names the field.
func (o Offer) Validate() error {
	if o.Amount.Value < 1 || o.Amount.Value > maxAmount {
		return pay.Errorf(pay.CodeInvalid, "amount.value", "must be a whole number of minor units from 1 to %d", int64(maxAmount))
	}
	if !currencyCode.MatchString(o.Amount.Currency) {
		return pay.Errorf(pay.CodeInvalid, "amount.currency", "must be three capital letters (ISO 4217)")
	}
	return several((&NewSession{Items: o.Items}).validateItems())
}

// OfferFacts returns what is known now of an order that a merchant may make, for an
// anonymous payer who comes from address. Fails with not_found if there is no such
// merchant.
func (s *Service) OfferFacts(ctx context.Context, merchant string, o Offer, address netip.Addr) (Facts, error) {
	doc, _, err := s.documents.Document(ctx, merchant)
	if err != nil {
		return Facts{}, err
	}
	order := s.order(ctx, &pay.Session{Merchant: merchant, Amount: o.Amount, Items: o.Items})
	order.Unfit = s.unfit(ctx, merchant, doc, address)
	return Facts{Document: doc, Order: order}, nil
}
