package checkout

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/pay"
)

// MaxListed is the largest limit of a list.
const MaxListed = 100

// SessionFilter chooses sessions of a merchant, the newest first. Zero fields choose
// all.
type SessionFilter struct {
	Merchant          string // needed, but beside a number of a payment
	Reference         string // the merchant's own
	OutTradeNo        string // of any of its attempts
	ProviderReference string // of any of its attempts
	Amount            int64  // the price, in minor units
	Status            pay.SessionStatus
	Now               time.Time // when the status is asked for: needed with it
	From, Until       time.Time // created at or after, and before
	After             Place     // right after it the list goes on
	Limit             int       // 1 to MaxListed
}

// Takes reports whether a session is among those that the filter chooses, wherever the
// list goes on.
func (f SessionFilter) Takes(l *pay.Ledger) bool {
	s := &l.Session
	return (f.Merchant == "" || s.Merchant == f.Merchant) &&
		(f.Amount == 0 || s.Amount.Value == f.Amount) &&
		(f.Reference == "" || s.Reference == f.Reference) &&
		(f.Status == "" || l.StatusAt(f.Now) == f.Status) &&
		!s.CreatedAt.Before(f.From) && (f.Until.IsZero() || s.CreatedAt.Before(f.Until)) &&
		(f.OutTradeNo == "" || slices.ContainsFunc(l.Attempts, func(a pay.Attempt) bool { return a.OutTradeNo == f.OutTradeNo })) &&
		(f.ProviderReference == "" || slices.ContainsFunc(l.Attempts, func(a pay.Attempt) bool { return a.Reference == f.ProviderReference }))
}

// SessionPage is a part of a list.
type SessionPage struct {
	Sessions []*pay.Ledger // without invitations, events and evidence
	More     bool
}

// RefundFilter chooses refunds of a merchant, the newest first. Zero fields choose all.
type RefundFilter struct {
	Merchant    string // needed
	ID          string
	SessionID   string
	Reference   string // the merchant's own
	Status      pay.RefundStatus
	From, Until time.Time // made at or after, and before
	After       Place     // right after it the list goes on
	Limit       int       // 1 to MaxListed
}

// ListedRefund is a refund with its session.
type ListedRefund struct {
	SessionID string
	pay.Refund
}

// RefundPage is a part of a list.
type RefundPage struct {
	Refunds []ListedRefund
	More    bool
}

// Place is a place in a list that is sorted by time and id, the newest first.
type Place struct {
	At time.Time // to the millisecond
	ID string
}

// Compare sorts the newer before the older.
func (p Place) Compare(q Place) int { return cmp.Or(q.At.Compare(p.At), cmp.Compare(q.ID, p.ID)) }

const placePrefix = "cur_"

// String returns the form in which callers are given a place. What is in it is nobody's
// business.
func (p Place) String() string {
	return placePrefix + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", p.At.UnixMilli(), p.ID))
}

// ParsePlace reads what String wrote; "" is the zero Place, the beginning.
func ParsePlace(text string) (Place, error) {
	if text == "" {
		return Place{}, nil
	}
	encoded, is := strings.CutPrefix(text, placePrefix)
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	at, id, found := strings.Cut(string(raw), " ")
	ms, msErr := strconv.ParseInt(at, 10, 64)
	if !is || err != nil || !found || msErr != nil || id == "" {
		return Place{}, pay.Errorf(pay.CodeInvalid, "after", "must be the next of an earlier answer")
	}
	return Place{time.UnixMilli(ms).UTC(), id}, nil
}

// Sessions lists sessions of a merchant.
func (s *Service) Sessions(ctx context.Context, f SessionFilter) (SessionPage, error) {
	f.Now = s.now()
	return s.store.Sessions(ctx, f)
}

// Refunds lists refunds of a merchant.
func (s *Service) Refunds(ctx context.Context, f RefundFilter) (RefundPage, error) {
	return s.store.Refunds(ctx, f)
}

// FindRefund returns a refund of a merchant. Fails with not_found.
func (s *Service) FindRefund(ctx context.Context, merchant, id string) (ListedRefund, error) {
	page, err := s.store.Refunds(ctx, RefundFilter{Merchant: merchant, ID: id, Limit: 1})
	if err == nil && len(page.Refunds) == 0 {
		err = pay.Errorf(pay.CodeNotFound, "", "there is no such refund")
	}
	if err != nil {
		return ListedRefund{}, err
	}
	return page.Refunds[0], nil
}
