package checkout

import (
	"context"
	"net/netip"
	"slices"

	"morepay/internal/capability"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Facts holds everything that the offered methods depend on besides the ledger,
// the device and the time.
type Facts struct {
	Document *capability.Document
	Order    capability.Order
}

// Facts returns what is known of a session now, and of its payer, who comes from
// address. Fails with not_found if its merchant or its document is gone.
func (s *Service) Facts(ctx context.Context, l *pay.Ledger, address netip.Addr) (Facts, error) {
	doc, err := s.document(ctx, &l.Session)
	if err != nil {
		return Facts{}, err
	}
	order := s.order(ctx, &l.Session)
	order.Unfit = s.unfit(ctx, l.Session.Merchant, doc, address)
	return Facts{Document: doc, Order: order}, nil
}

// unfit lists the rails of a document that providers would refuse to a payer who
// comes from address. That it is not the payer's own is a mistake of ours, of which
// a person hears once an hour.
func (s *Service) unfit(ctx context.Context, merchant string, doc *capability.Document, address netip.Addr) (rails []capability.MethodRail) {
	var refusal error
	for _, m := range doc.Methods {
		row := method.Find(m.Method)
		if row == nil {
			continue
		}
		acc := s.accounts.Of(merchant, row.Provider)
		if acc == nil {
			continue
		}
		checker, ok := acc.Provider.(provider.PayerChecker)
		if !ok {
			continue
		}
		for _, r := range m.Rails {
			if err := checker.CheckPayer(r, address); err != nil {
				rails, refusal = append(rails, capability.MethodRail{Method: m.Method, Rail: r}), err
			}
		}
	}
	if refusal == nil {
		return nil
	}
	if _, tell := s.puzzles.note("payer's address", s.now()); tell {
		s.log.WarnContext(ctx, "rails are left out: the payer's address can't be the payer's own", "merchant", merchant, "rails", rails, "err", refusal)
	}
	return rails
}

// order returns the properties of a session that a decision depends on.
func (s *Service) order(ctx context.Context, session *pay.Session) capability.Order {
	return capability.Order{
		Amount: session.Amount, Items: session.Items, Payer: capability.PayerKey(session.MerchantPayerID),
		Region: session.Region, NotGranted: s.NotGranted(ctx, session.Merchant),
		Down: s.accounts.Down(session.Merchant), NoAccount: s.accounts.NoAccount(session.Merchant),
	}
}

func (s *Service) decide(ctx context.Context, l *pay.Ledger, r AttemptRequest) (capability.Decision, error) {
	f, err := s.Facts(ctx, l, r.PayerIP)
	if err != nil {
		return capability.Decision{}, err
	}
	return capability.Decide(f.Document, f.Order, r.Device, s.now()), nil
}

// document is the one that a session was created under, with the methods closed
// that the merchant has closed since.
func (s *Service) document(ctx context.Context, session *pay.Session) (*capability.Document, error) {
	current, version, err := s.documents.Document(ctx, session.Merchant)
	if err != nil || version == session.DocumentVersion {
		return current, err
	}
	pinned, err := s.documents.DocumentAt(ctx, session.Merchant, session.DocumentVersion)
	if err != nil {
		return nil, err
	}
	return closeAsIn(pinned, current), nil
}

func closeAsIn(pinned, current *capability.Document) *capability.Document {
	doc := *pinned
	doc.Methods = slices.Clone(pinned.Methods)
	for i := range doc.Methods {
		m := &doc.Methods[i]
		now := slices.IndexFunc(current.Methods, func(c capability.Method) bool { return c.Method == m.Method })
		if now < 0 || current.Methods[now].State == capability.StateClosed {
			m.State = capability.StateClosed
		}
	}
	return &doc
}
