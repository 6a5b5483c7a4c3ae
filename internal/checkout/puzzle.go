package checkout

import (
	"context"
	"errors"
	"sync"
	"time"

	"morepay/internal/account"
	"morepay/internal/provider"
)

// puzzles remembers since when something of a provider can't be understood, so that
// a person is told at once, once an hour, and how long it has been so. The zero
// value is ready.
type puzzles struct {
	mu   sync.Mutex
	rows map[string]puzzle
}

// puzzle is a row of things that were alike.
type puzzle struct{ first, last, told time.Time }

const (
	rowEnds    = 25 * time.Hour // of silence: providers send a message again for that long
	tellEvery  = time.Hour
	maxPuzzles = 1000 // then all are forgotten, and begin anew
)

// note adds to a row. It returns for how long the row has lasted, and reports
// whether it is time to tell a person.
func (p *puzzles) note(what string, now time.Time) (age time.Duration, tell bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	row, ok := p.rows[what]
	if !ok || now.Sub(row.last) > rowEnds {
		row = puzzle{first: now}
	}
	if tell = row.told.IsZero() || now.Sub(row.told) >= tellEvery; tell {
		row.told = now
	}
	row.last = now
	if p.rows == nil || !ok && len(p.rows) >= maxPuzzles {
		p.rows = map[string]puzzle{}
	}
	p.rows[what] = row
	return now.Sub(row.first), tell
}

// unanswered logs that a provider's call has no definite outcome. An answer whose
// code is in no table is for a person, who is told of it once an hour.
func (s *Service) unanswered(ctx context.Context, acc *account.Account, message string, err error, about ...any) {
	about = append(about, "provider", acc.ProviderID, "account", acc.Name(), "err", err)
	strange, ok := errors.AsType[*provider.Strange](err)
	if !ok {
		s.log.WarnContext(ctx, message, about...)
		return
	}
	if age, tell := s.puzzles.note("code "+acc.ProviderID+"/"+acc.Name()+" "+strange.Code, s.now()); tell {
		s.log.ErrorContext(ctx, message+": the code is in no table, a person must look it up", append(about, "age", age)...)
	}
}
