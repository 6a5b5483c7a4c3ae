package sqlstore

import (
	"context"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/pay"
)

// Marks keeps which rails providers refuse to which accounts.
type Marks struct{ base }

var _ checkout.MarkStore = (*Marks)(nil)

var marks = newTable("marks", `
	merchant provider account method rail code at until document_version`)

func markFields(m *checkout.Mark) []any {
	return []any{&m.Merchant, &m.Provider, &m.Account, &m.Method, &m.Rail, &m.Code, millis{&m.At}, millis{&m.Until}, &m.DocumentVersion}
}

// insertMark takes the place of a mark that has ended.
var insertMark = marks.insert(`ON CONFLICT (merchant, provider, account, method, rail) DO UPDATE SET
	code = excluded.code, at = excluded.at, until = excluded.until, document_version = excluded.document_version
	WHERE marks.until <= excluded.at OR marks.document_version <> excluded.document_version`)

// Mark implements [checkout.MarkStore].
func (s *Marks) Mark(ctx context.Context, m checkout.Mark) (fresh bool, err error) {
	args, err := values(markFields(&m))
	if err != nil {
		return false, err
	}
	err = s.write(ctx, func(q Querier) error {
		stored, err := exec(ctx, q, insertMark, args...)
		fresh = stored > 0
		return err
	})
	return fresh, err
}

var selectMarks = "SELECT " + marks.list() + " FROM marks WHERE until > ? ORDER BY merchant, method, rail, provider, account"

// Marks implements [checkout.MarkStore].
func (s *Marks) Marks(ctx context.Context, now time.Time) ([]checkout.Mark, error) {
	return list(ctx, s.base, markFields, selectMarks, toMillis(now))
}

// ClearMarks implements [checkout.MarkStore].
func (s *Marks) ClearMarks(ctx context.Context, merchant string, m pay.Method, r pay.Rail) (n int, err error) {
	const query = "DELETE FROM marks WHERE merchant = ? AND (? = '' OR method = ?) AND (? = '' OR rail = ?)"
	err = s.write(ctx, func(q Querier) error {
		cleared, err := exec(ctx, q, query, merchant, string(m), string(m), string(r), string(r))
		n = int(cleared)
		return err
	})
	return n, err
}
