package checkout

import (
	"context"
	"slices"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/pay"
)

// Facts holds everything that the offered methods depend on besides the ledger,
// the device and the time.
type Facts struct {
	Document *capability.Document
	Order    capability.Order
}

// Facts returns what is known of a session now. Fails with not_found if its
// merchant or its document is gone.
func (s *Service) Facts(ctx context.Context, l *pay.Ledger) (Facts, error) {
	doc, err := s.document(ctx, &l.Session)
	return Facts{Document: doc, Order: s.order(ctx, &l.Session)}, err
}

// order returns the properties of a session that a decision depends on.
func (s *Service) order(ctx context.Context, session *pay.Session) capability.Order {
	return capability.Order{
		Amount: session.Amount, Items: session.Items, Payer: capability.PayerKey(session.MerchantPayerID),
		Region: session.Region, Down: s.accounts.Down(session.Merchant), NotGranted: s.NotGranted(ctx, session.Merchant),
	}
}

func (s *Service) decide(ctx context.Context, l *pay.Ledger, dev device.Device) (capability.Decision, error) {
	f, err := s.Facts(ctx, l)
	if err != nil {
		return capability.Decision{}, err
	}
	return capability.Decide(f.Document, f.Order, dev, s.now()), nil
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
