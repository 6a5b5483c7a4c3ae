package checkout

import (
	"context"
	"net/netip"
	"slices"

	"morepay/internal/account"
	"morepay/internal/capability"
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
// address, and by an invitation unless that is "". Nobody says who a friend is, or where
// they live. Fails with not_found if its merchant or its document is gone.
func (s *Service) Facts(ctx context.Context, l *pay.Ledger, invitation string, address netip.Addr) (Facts, error) {
	doc, err := s.Document(ctx, &l.Session)
	if err != nil {
		return Facts{}, err
	}
	order := s.order(ctx, &l.Session)
	if invitation != "" {
		order.Payer, order.Region = "", ""
	}
	order.Unfit = s.unfit(ctx, l.Session.Merchant, doc, address)
	return Facts{Document: doc, Order: order}, nil
}

// unfit lists the rails of a document that would be of no use to a payer who comes
// from address: those that the merchant's account can't take, which a document and
// settings of different times may disagree about, and those that the provider would
// refuse. Either is a mistake of ours, of which a person hears once an hour.
func (s *Service) unfit(ctx context.Context, merchant string, doc *capability.Document, address netip.Addr) []capability.MethodRail {
	var untaken, refused []capability.MethodRail
	var refusal error
	for _, m := range doc.Methods {
		acc := s.accounts.ByMethod(merchant, m.Method)
		if acc == nil {
			continue
		}
		for _, r := range m.Rails {
			if !acc.Takes(r) {
				untaken = append(untaken, capability.MethodRail{Method: m.Method, Rail: r})
			} else if err := checkPayer(acc, r, address); err != nil {
				refused, refusal = append(refused, capability.MethodRail{Method: m.Method, Rail: r}), err
			}
		}
	}
	s.leftOut(ctx, "the account can't be paid by them", merchant, untaken, nil)
	s.leftOut(ctx, "the payer's address can't be the payer's own", merchant, refused, refusal)
	return append(untaken, refused...)
}

func checkPayer(acc *account.Account, rail pay.Rail, address netip.Addr) error {
	checker, ok := acc.Provider.(provider.PayerChecker)
	if !ok {
		return nil
	}
	return checker.CheckPayer(rail, address)
}

func (s *Service) leftOut(ctx context.Context, why, merchant string, rails []capability.MethodRail, err error) {
	if len(rails) == 0 {
		return
	}
	if _, tell := s.puzzles.note(why, s.now()); tell {
		s.log.WarnContext(ctx, "rails are left out: "+why, "merchant", merchant, "rails", rails, "err", err)
	}
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
	f, err := s.Facts(ctx, l, r.Invitation, r.PayerIP)
	if err != nil {
		return capability.Decision{}, err
	}
	return capability.Decide(f.Document, f.Order, r.Device, s.now()), nil
}

// Document is the one that a session was created under, with what the merchant has
// closed since.
func (s *Service) Document(ctx context.Context, session *pay.Session) (*capability.Document, error) {
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
	doc.FriendPay = pinned.FriendPay && current.FriendPay
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
