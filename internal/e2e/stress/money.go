package stress

import (
	"context"
	"errors"
	"fmt"

	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/store"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

const fen = 5980

// waiting is a session whose payment was made and not told to us yet.
type waiting struct {
	session string
	token   string
	seen    int64 // its newest event
	number  string
	told    harness.Notification
}

// purchases has n payers scan and approve, and keeps what the provider has to
// say about it. They are all made before any is told.
func purchases(ctx context.Context, s *harness.Harness, n int) ([]waiting, error) {
	s.Courier.Hold()
	list := make([]waiting, n)
	_, err := flood(ctx, 8, n, func(ctx context.Context, i int) error {
		l, token, err := s.Open(ctx, fen)
		if err != nil {
			return err
		}
		if l, err = s.Choose(ctx, l.Session.ID, "wechat_pay", pay.RailQR); err != nil {
			return err
		}
		list[i] = waiting{session: l.Session.ID, token: token, seen: l.Session.LastEvent, number: l.Attempts[0].OutTradeNo}
		if l.Attempts[0].Action == nil {
			return errors.New("the provider gave no code")
		}
		return s.Approve(&l.Attempts[0])
	})
	if err != nil {
		return nil, err
	}
	// Notifications come in another order than they were caused, and only their
	// receiver can read which payment each is about.
	at := map[string]*waiting{}
	for i := range list {
		at[list[i].number] = &list[i]
	}
	receiver := receiver(s)
	for range list {
		told := s.Courier.Wait(ctx)
		statement, err := receiver.Notification(told.Header, told.Body)
		if err != nil {
			return nil, errors.Join(err, ctx.Err())
		}
		at[statement.OutTradeNo].told = told
	}
	return list, nil
}

// receiver returns the adapter of the account that all payments are made to.
func receiver(s *harness.Harness) provider.Provider {
	return s.Accounts().Of(harness.Merchant, "wechatpay").Provider
}

// books opens the stores of a database that no server has open.
func books(ctx context.Context, data string, look func(*sqlstore.DB) error) error {
	db, err := store.Open(ctx, data, nil)
	if err != nil {
		return err
	}
	return errors.Join(look(db), db.Close())
}

// paidOnce demands that a session is paid, with one paid event and its outbox
// row.
func paidOnce(ctx context.Context, db *sqlstore.DB, outbox map[string]int, sessionID string) error {
	l, err := db.Ledgers.Ledger(ctx, sessionID)
	if err != nil {
		return err
	}
	events, err := db.Ledgers.Events(ctx, sessionID, 0)
	if err != nil {
		return err
	}
	n := 0
	for i, e := range events {
		if e.Number != int64(i)+1 {
			return fmt.Errorf("session %s: event %d where %d is next", sessionID, e.Number, i+1)
		}
		if e.Type == pay.EventSessionPaid || e.Type == pay.EventSessionPaidLate {
			n++
		}
	}
	if !l.Session.Status.Paid() || l.Session.Winner == "" || n != 1 || outbox[sessionID] != 1 {
		return fmt.Errorf("session %s is %s with %d paid events and %d outbox rows", sessionID, l.Session.Status, n, outbox[sessionID])
	}
	return nil
}

// outbox counts the messages about paid sessions, by session.
func outbox(ctx context.Context, db *sqlstore.DB) (map[string]int, error) {
	counts, filter := map[string]int{}, webhook.Filter{Limit: 1000}
	for {
		page, err := db.Outbox.Events(ctx, harness.Merchant, filter)
		if err != nil {
			return nil, err
		}
		for _, m := range page.Messages {
			if m.Type == pay.EventSessionPaid || m.Type == pay.EventSessionPaidLate {
				counts[m.SessionID]++
			}
		}
		if !page.More {
			return counts, nil
		}
		filter.After = page.Next
	}
}
