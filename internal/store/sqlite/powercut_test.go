package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/ncruces/go-sqlite3/driver" // a SQLite whose file system can be replaced
	"github.com/ncruces/go-sqlite3/vfs"

	"morepay/internal/pay"
	"morepay/internal/store/sqlstore"
	"morepay/internal/webhook"
)

var cuts = flag.Int("cuts", 60, "power cuts to simulate")

// TestPowerCut stores sessions until power fails, again and again. With our
// pragmas nothing that was acknowledged may be lost.
func TestPowerCut(t *testing.T) {
	t.Parallel()
	p := newPlant(t, pragmas)
	p.run(*cuts)
	if p.lost > 0 {
		t.Errorf("%d of %d acknowledged changes were lost", p.lost, p.acknowledged)
	}
	if p.acknowledged < *cuts {
		t.Errorf("only %d changes were acknowledged: this shows too little", p.acknowledged)
	}
}

// TestPowerCutNoticesWeakPragma shows that the test above would notice:
// synchronous=NORMAL loses what was acknowledged.
func TestPowerCutNoticesWeakPragma(t *testing.T) {
	t.Parallel()
	var weak []string
	for _, pragma := range pragmas {
		weak = append(weak, strings.ReplaceAll(pragma, "FULL", "NORMAL"))
	}
	p := newPlant(t, weak)
	p.run(15)
	if p.lost == 0 {
		t.Errorf("nothing of %d acknowledged changes was lost: the simulated disk is too kind", p.acknowledged)
	}
}

// plant is a computer with a bad power supply.
type plant struct {
	*testing.T
	dsn    string
	disk   *disk
	random *rand.Rand

	made               int
	stored             map[string]pay.SessionStatus // what was acknowledged since the disk was new
	acknowledged, lost int
}

func newPlant(t *testing.T, pragmas []string) *plant {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	// One connection without shared memory; small checkpoints, so that there are many.
	pragmas = append([]string{"locking_mode(EXCLUSIVE)", "wal_autocheckpoint(30)"}, pragmas...)
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}, "vfs": {t.Name()}}
	return &plant{T: t, dsn: "file:/morepay.db?" + query.Encode(), random: rand.New(rand.NewPCG(seed, 0))}
}

// fresh is the number of cuts that a disk lives through: a growing database
// makes each cut slower without making it any different.
const fresh = 25

func (p *plant) run(cuts int) {
	defer vfs.Unregister(p.Name())
	for i := range cuts {
		if i%fresh == 0 {
			p.disk, p.stored = newDisk(), map[string]pay.SessionStatus{}
			p.boot(1<<30, p.verify)
		}
		p.boot(1+p.random.IntN(300), p.work)
		p.disk = p.disk.after(p.random)
		p.boot(1<<30, p.verify)
	}
	p.Logf("%d cuts, %d changes acknowledged, %d lost", cuts, p.acknowledged, p.lost)
}

// boot opens the database with power for a number of writes. That may not be
// enough to open it at all.
func (p *plant) boot(writes int, then func(*engine)) {
	p.Helper()
	vfs.Register(p.Name(), p.disk)
	p.disk.start(writes)
	pool, err := sql.Open("sqlite3", p.dsn)
	if err != nil {
		p.Fatal(err)
	}
	idle, err := sql.Open("sqlite3", p.dsn) // the readers', which nobody uses here
	if err != nil {
		p.Fatal(err)
	}
	e := &engine{held: []io.Closer{pool, idle}}
	err = e.start(p.Context(), pool, idle, "")
	if err == nil {
		then(e)
		_ = e.Close()
		return
	}
	_ = e.release()
	if writes == 1<<30 {
		p.Fatalf("the database can't be opened after a power cut: %v", err)
	}
}

// work stores and pays sessions from several goroutines until power fails.
func (p *plant) work(e *engine) {
	db := sqlstore.New(e, dialect, webhook.NewMessage, nil)
	var mu sync.Mutex
	acknowledge := func(id string, status pay.SessionStatus) {
		mu.Lock()
		defer mu.Unlock()
		p.stored[id] = status
		p.acknowledged++
	}
	var all sync.WaitGroup
	for range 6 {
		p.made++
		prefix := fmt.Sprint("cs_", p.made, "_")
		all.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprint(prefix, i)
				l, a := unpaid(id)
				if db.Ledgers.Create(context.Background(), l) != nil {
					return
				}
				acknowledge(id, pay.SessionOpen)
				_, err := db.Ledgers.Update(context.Background(), id, func(l *pay.Ledger) error {
					return l.Apply(pay.Evidence{
						ID: id, Provider: a.Provider, Account: a.Account, OutTradeNo: a.OutTradeNo, Outcome: pay.OutcomePaid, Amount: a.Amount,
					}, time.Now())
				})
				if err != nil {
					return
				}
				acknowledge(id, pay.SessionPaid)
			}
		})
	}
	all.Wait()
}

// unpaid returns a session with one attempt.
func unpaid(id string) (*pay.Ledger, pay.Attempt) {
	now := time.Now()
	l := pay.Open(pay.Session{
		ID: id, Merchant: "shop", TokenHash: id, Amount: pay.Money{Currency: "CNY", Value: 1}, CreatedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	a := pay.Attempt{ID: "at", Provider: "wechatpay", Account: "1", OutTradeNo: id, Amount: l.Session.Amount, ExpiresAt: l.Session.ExpiresAt}
	if err := l.Begin(a, now); err != nil {
		panic(err)
	}
	return l, a
}

// verify counts what was acknowledged and isn't there, and demands that what is
// there is whole. What is lost is forgotten, so that it counts once.
func (p *plant) verify(e *engine) {
	found := map[string]pay.SessionStatus{}
	err := e.Write(p.Context(), func(q sqlstore.Querier) error {
		if err := intact(p.Context(), q); err != nil {
			return err
		}
		rows, err := q.QueryContext(p.Context(), `SELECT id, status, last_event,
			(SELECT COUNT(*) FROM events WHERE session_id = sessions.id),
			(SELECT COUNT(*) FROM messages WHERE session_id = sessions.id) FROM sessions`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var status pay.SessionStatus
			var last, events, messages int
			if err := rows.Scan(&id, &status, &last, &events, &messages); err != nil {
				return err
			}
			if events != last || (status == pay.SessionPaid) != (messages == 1) {
				p.Errorf("session %s is %s with event %d of %d and %d messages", id, status, events, last, messages)
			}
			found[id] = status
		}
		return rows.Err()
	})
	if err != nil {
		p.Fatalf("the database can't be read after a power cut: %v", err)
	}
	for id, want := range p.stored {
		if found[id] != want && found[id] != pay.SessionPaid {
			p.lost++
			delete(p.stored, id)
		}
	}
}

// intact lets SQLite look for damage in its own structures.
func intact(ctx context.Context, q sqlstore.Querier) error {
	rows, err := q.QueryContext(ctx, "PRAGMA integrity_check")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var finding string
		if err := rows.Scan(&finding); err != nil {
			return err
		}
		if finding != "ok" {
			return errors.New(finding)
		}
	}
	return rows.Err()
}
