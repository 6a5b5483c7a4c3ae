package reconcile

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"morepay/internal/account"
)

// How the daily comparison works.
const (
	LookEvery = time.Minute // pause between rounds, unless a test wants another

	window         = 30 // days that are made up for
	workers        = 4  // accounts at the same time
	claimFor       = 15 * time.Minute
	firstPause     = 15 * time.Minute // after a try that failed or found no bill; doubled with each
	longestPause   = 12 * time.Hour
	maxDifferences = 100 // that the store keeps of one day
)

// Daily compares every account's bills day by day. Any number of servers may do
// so on one store: each claims what it compares. All fields are needed.
type Daily struct {
	*Reconciler
	Journal Journal
	At      time.Duration // of the day, in China, when the bills of the day before are there
	Now     func() time.Time
	Log     *slog.Logger
	Metrics *Metrics
}

// ParseTime reads a time of day such as 10:30.
func ParseTime(text string) (time.Duration, error) {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0, fmt.Errorf("must be a time of day such as 10:30, is %q", text)
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute, nil
}

// Run looks for bills to compare until ctx ends, at this pace.
func (d *Daily) Run(ctx context.Context, pace time.Duration) {
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	for {
		if err := d.Round(ctx); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "reconciliation: the store does not say what is left to compare", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Round compares what is due: of each account the days since it was first used
// whose bills should be there and have not been compared, the last 30 at most.
func (d *Daily) Round(ctx context.Context) error {
	last := dayOf(d.Now().Add(-d.At)).AddDate(0, 0, -1)
	r := round{Daily: d, first: last.AddDate(0, 0, 1-window), last: last, known: map[Key]Record{}, from: map[*account.Account]time.Time{}}
	records, err := d.Journal.Since(ctx, r.first.Format(time.DateOnly))
	if err != nil {
		return err
	}
	for _, record := range records {
		r.known[record.Key()] = record
	}
	r.run(ctx)
	d.Metrics.show(&r)
	return nil
}

// round is one look at all accounts.
type round struct {
	*Daily
	first, last time.Time // days

	mu    sync.Mutex
	known map[Key]Record
	from  map[*account.Account]time.Time // the first day of each account that was used
}

// run looks at the accounts, several at a time, so that a slow one holds up
// nobody.
func (r *round) run(ctx context.Context) {
	work := make(chan *account.Account)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for acc := range work {
				if err := r.account(ctx, acc); err != nil && ctx.Err() == nil {
					r.Log.ErrorContext(ctx, "reconciliation of an account", "provider", acc.ProviderID, "account", acc.Name(), "err", err)
				}
			}
		})
	}
	for _, acc := range r.Accounts.All() {
		work <- acc
	}
	close(work)
	all.Wait()
}

// account compares the days of an account that are left.
func (r *round) account(ctx context.Context, acc *account.Account) error {
	used, err := r.Books.FirstUsed(ctx, acc.ProviderID, acc.Name())
	if err != nil || used.IsZero() {
		return err
	}
	from := dayOf(used)
	if from.Before(r.first) {
		from = r.first
	}
	r.mu.Lock()
	r.from[acc] = from
	r.mu.Unlock()
	for day := from; !day.After(r.last) && ctx.Err() == nil; day = day.AddDate(0, 0, 1) {
		if !r.due(keyOf(acc, day)) {
			continue
		}
		if err := r.day(ctx, acc, day); err != nil {
			return err
		}
	}
	return nil
}

func keyOf(acc *account.Account, day time.Time) Key {
	return Key{acc.ProviderID, acc.Name(), day.Format(time.DateOnly)}
}

func (r *round) due(key Key) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	known := r.known[key]
	return !known.Outcome.Final() && !known.ClaimedUntil.After(r.Now())
}

// day compares one bill, if no other server does.
func (r *round) day(ctx context.Context, acc *account.Account, day time.Time) error {
	now := r.Now()
	tries, err := r.Journal.Claim(ctx, keyOf(acc, day), now, now.Add(claimFor))
	if err != nil || tries == 0 {
		return err
	}
	record := Record{Result: r.compare(ctx, acc, day), Tries: tries, FinishedAt: r.Now()}
	if !record.Outcome.Final() && ctx.Err() == nil { // a server that stops leaves it to the next
		record.ClaimedUntil = record.FinishedAt.Add(pause(tries))
	}
	r.report(ctx, &record)
	record.Differences = record.Differences[:min(len(record.Differences), maxDifferences)]
	r.mu.Lock()
	r.known[record.Key()] = record
	r.mu.Unlock()
	return r.Journal.Finish(context.WithoutCancel(ctx), record)
}

// compare ends before the claim does.
func (r *round) compare(ctx context.Context, acc *account.Account, day time.Time) Result {
	ctx, cancel := context.WithTimeout(ctx, claimFor)
	defer cancel()
	return r.Compare(ctx, acc, day)
}

// pause returns the time after a try until the next.
func pause(tries int) time.Duration {
	p := firstPause
	for ; tries > 1 && p < longestPause; tries-- {
		p *= 2
	}
	return min(p, longestPause)
}

// report logs what a person may want to see.
func (r *round) report(ctx context.Context, record *Record) {
	healed := 0
	for _, d := range record.Differences {
		if d.Healed {
			healed++
		}
	}
	level, text := slog.LevelInfo, "bill and books agree"
	switch {
	case record.Outcome == NotCompared:
		level, text = slog.LevelDebug, "an account is not compared: its provider writes no bills"
	case record.Outcome == NoBill:
		level, text = slog.LevelWarn, "the bill is not there yet"
	case record.Outcome == Failed:
		level, text = slog.LevelError, "the bill was not compared"
	case record.Count > healed:
		level, text = slog.LevelError, "bill and books differ: a person must look at it"
	case record.Count > 0:
		level, text = slog.LevelWarn, "the bill knew more than our books: they have been put right"
	}
	r.Log.Log(ctx, level, text, "merchant", record.Merchant, "provider", record.Provider, "account", record.Account, "day", record.Day,
		"differences", record.Count, "healed", healed, "tries", record.Tries, "problem", record.Problem)
}
