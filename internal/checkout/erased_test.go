package checkout_test

import (
	"bytes"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"morepay/internal/desk"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/store"
)

// A payer who is erased leaves no address and no id at the provider, and all that
// money needs goes on: a notification that comes again is no news, refunds are made,
// bill and books agree. What is told afterwards leaves its hash only.
func TestErasedPayer(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	order := fx.Order(fen)
	order.Payer.ID = "p-1"
	l, _, err := fx.Service().Create(fx.ctx(), harness.Merchant, order)
	fx.must(err)
	id := l.Session.ID
	a := fx.choose(id, wechat, pay.RailDeepLink)
	if !bytes.Contains(a.Request, []byte("203.0.113.9")) {
		t.Fatalf("the request does not name the payer's address: %s", a.Request)
	}
	fx.pay(a)
	fx.awaitStatus(id, pay.SessionPaid)
	told := fx.next()
	secrets := []string{"203.0.113.9", `"openid"`}
	for _, secret := range secrets {
		if len(fx.kept(secret)) == 0 {
			t.Fatalf("%s was kept nowhere", secret)
		}
	}

	d := desk.New(desk.Config{Erasures: fx.Stores().Retention, Now: fx.Now, Log: fx.Log})
	for field, o := range map[string]desk.EraseOrder{
		"payer": {Author: "ann", Note: "asked"}, "author": {Payer: "p-1", Note: "asked"}, "note": {Payer: "p-1", Author: "ann"},
	} {
		_, err := d.Erase(fx.ctx(), harness.Merchant, o)
		fx.code(err, pay.CodeInvalid, field, "an order without "+field)
	}
	e, err := d.Erase(fx.ctx(), harness.Merchant, desk.EraseOrder{Payer: "p-1", Author: "ann", Note: "asked"})
	if err != nil || e.Sessions != 1 || e.Waiting != 0 || strings.Contains(e.PayerHash, "p-1") {
		t.Errorf("erased %+v, %v", e, err)
	}
	erased := fx.ledger(id).Attempts[0]
	if !bytes.HasPrefix(erased.Request, []byte("sha256:")) || erased.Action != nil || erased.Reference == "" || erased.PaidAt.IsZero() {
		t.Errorf("the attempt is %+v", erased)
	}

	events := len(fx.events(id))
	if status, err := told.Post(fx.ctx(), fx.Client); err != nil || status >= 300 {
		t.Errorf("told again: %d, %v", status, err)
	}
	if n := len(fx.events(id)); n != events {
		t.Errorf("told again it has %d events, not %d", n, events)
	}
	r, err := fx.refund(id, cny(1000))
	fx.must(err)
	fx.settle(id, "refunded", func(l *pay.Ledger) bool { return l.Refund(r.ID).Status == pay.RefundSucceeded })
	fx.agrees(id)
	if list := fx.quarantined(); len(list) != 0 {
		t.Errorf("quarantined %+v", list)
	}
	if slices.Contains(fx.kept(a.OutTradeNo), "evidence.raw") {
		t.Error("what was told of the refund is kept word for word")
	}
	for _, secret := range secrets {
		if where := fx.kept(secret); len(where) > 0 {
			t.Errorf("%s is still in %v", secret, where)
		}
	}
}

// kept lists the columns of the database that hold a text.
func (fx *fixture) kept(text string) (where []string) {
	fx.tb.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(fx.Data, store.FileName)+"?mode=ro")
	fx.must(err)
	defer db.Close()
	columns, err := db.QueryContext(fx.ctx(), "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'")
	fx.must(err)
	defer columns.Close()
	for columns.Next() {
		var table, column string
		fx.must(columns.Scan(&table, &column))
		var n int
		query := fmt.Sprintf("SELECT COUNT(*) FROM %s WHERE instr(CAST(%s AS TEXT), ?) > 0", table, column)
		fx.must(db.QueryRowContext(fx.ctx(), query, text).Scan(&n))
		if n > 0 {
			where = append(where, table+"."+column)
		}
	}
	fx.must(columns.Err())
	return where
}
