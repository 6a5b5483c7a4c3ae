package checkout

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"morepay/internal/account"
	"morepay/internal/capability"
	"morepay/internal/pay"
)

// Mark says that a provider refuses a rail to a merchant's account, for a reason
// that it names. The rail is not offered until the mark ends: with its time, with a
// new document, or when somebody says that it is granted by now.
type Mark struct {
	Merchant        string
	Provider        string
	Account         string
	Method          pay.Method
	Rail            pay.Rail
	Code            string // the provider's reason
	At              time.Time
	Until           time.Time
	DocumentVersion int64 // of the document that offered it
}

// markFor is for how long a rail is not tried again.
const markFor = 24 * time.Hour

// MarkStore keeps marks, one a rail of an account. All methods are safe for
// concurrent use and fail as [Store]'s do.
type MarkStore interface {
	// Mark stores a mark in place of one that has ended. fresh is false if there is
	// one that has not: it stays as it is.
	Mark(ctx context.Context, m Mark) (fresh bool, err error)

	// Marks lists those whose time is not over at now, by merchant, method and rail.
	Marks(ctx context.Context, now time.Time) ([]Mark, error)

	// ClearMarks ends the marks of a merchant, of one method and rail or, where these
	// are "", of any, and counts them.
	ClearMarks(ctx context.Context, merchant string, m pay.Method, r pay.Rail) (int, error)
}

// marksFor is for how long a server believes its copy of the marks.
const marksFor = time.Second

// marks is a copy of the marks in the store: every page asks for them, and there
// are hardly ever any.
type marks struct {
	store   MarkStore
	log     *slog.Logger
	reading sync.Mutex
	copy    atomic.Pointer[markCopy] // nil for none
}

type markCopy struct {
	list []Mark
	at   time.Time
}

// current lists the marks whose time is not over. While the store doesn't answer it
// is the last copy: what a mark saves is only the payer's patience.
func (m *marks) current(ctx context.Context, now time.Time) []Mark {
	c := m.copy.Load()
	switch {
	case c == nil:
		m.reading.Lock()
	case now.Sub(c.at).Abs() < marksFor || !m.reading.TryLock():
		return c.list
	}
	defer m.reading.Unlock()
	list, err := m.store.Marks(ctx, now)
	if err != nil {
		m.log.WarnContext(ctx, "marks of rails can't be read", "err", err)
		if c == nil {
			return nil
		}
		return c.list
	}
	m.copy.Store(&markCopy{list, now})
	return list
}

// add stores a mark, of which this server knows from now on.
func (m *marks) add(ctx context.Context, mark Mark) (fresh bool, err error) {
	fresh, err = m.store.Mark(ctx, mark)
	m.copy.Store(nil)
	return fresh, err
}

// OfferAgain ends the marks of all rails of a merchant, on this server at once.
func (s *Service) OfferAgain(ctx context.Context, merchant string) error {
	_, err := s.marks.store.ClearMarks(ctx, merchant, "", "")
	s.marks.copy.Store(nil)
	return err
}

// NotGranted lists the rails that providers refuse to a merchant's accounts although
// its document in force offers them.
func (s *Service) NotGranted(ctx context.Context, merchant string) []capability.MethodRail {
	_, version, err := s.documents.Document(ctx, merchant)
	if err != nil {
		return nil // whoever needs the document hears of it
	}
	var list []capability.MethodRail
	for _, m := range s.marks.current(ctx, s.now()) {
		if m.Merchant != merchant || m.DocumentVersion != version || !s.now().Before(m.Until) {
			continue
		}
		if acc := s.accounts.ByMethod(merchant, m.Method); acc != nil && acc.ProviderID == m.Provider && acc.Name() == m.Account {
			list = append(list, capability.MethodRail{Method: m.Method, Rail: m.Rail})
		}
	}
	return list
}

// mark records that a provider refuses a rail to an account.
func (s *Service) mark(ctx context.Context, merchant string, acc *account.Account, m pay.Method, r pay.Rail, code string) {
	_, version, err := s.documents.Document(ctx, merchant)
	if err == nil {
		var fresh bool
		now := s.now()
		fresh, err = s.marks.add(ctx, Mark{
			Merchant: merchant, Provider: acc.ProviderID, Account: acc.Name(), Method: m, Rail: r,
			Code: code, At: now, Until: now.Add(markFor), DocumentVersion: version,
		})
		if fresh {
			s.log.ErrorContext(ctx, "a provider does not grant a rail to an account: it is not offered for a day, or until morepay rails clear",
				"merchant", merchant, "provider", acc.ProviderID, "account", acc.Name(), "method", m, "rail", r, "code", code)
		}
	}
	if err != nil {
		s.log.ErrorContext(ctx, "a rail can't be marked as not granted", "merchant", merchant, "method", m, "rail", r, "code", code, "err", err)
	}
}
