package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"morepay/internal/account"
)

// Orphans lists the needs of accounts that no merchant has any more, such as of
// one whose folder was removed or renamed: nobody asks what became of those
// payments, and what their provider says about them is refused.
func (d *Desk) Orphans(ctx context.Context) ([]Need, error) { return d.orphansOf(ctx, d.Accounts) }

func (d *Desk) orphansOf(ctx context.Context, accounts *account.Registry) ([]Need, error) {
	needs, err := d.Books.Needs(ctx)
	if err != nil {
		return nil, err
	}
	type key struct{ merchant, provider, account string }
	missing := map[key]Need{}
	for _, n := range needs {
		if met(n, accounts) {
			continue
		}
		k := key{n.Merchant, n.Provider, n.Account}
		n.Attempts += missing[k].Attempts
		n.Refunds += missing[k].Refunds
		missing[k] = n
	}
	return slices.SortedFunc(maps.Values(missing), func(a, b Need) int {
		return cmp.Or(cmp.Compare(a.Merchant, b.Merchant), cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Account, b.Account))
	}), nil
}

// met reports whether the account is there that is needed.
func met(n Need, accounts *account.Registry) bool {
	acc := accounts.Named(n.Provider, n.Account)
	return acc != nil && (n.Merchant == "" || acc.For(n.Merchant) != nil)
}

func (n Need) String() string {
	return fmt.Sprintf("%s needs the account %s at %s for %d payments and %d refunds", n.Merchant, n.Account, n.Provider, n.Attempts, n.Refunds)
}

// CheckOrphans fails if there are any, naming them. With allow they are only
// logged.
func (d *Desk) CheckOrphans(ctx context.Context, allow bool) error {
	orphans, err := d.Orphans(ctx)
	if err != nil {
		return err
	}
	d.count(orphans)
	if len(orphans) == 0 {
		return nil
	}
	list := make([]string, len(orphans))
	for i, n := range orphans {
		list[i] = n.String()
	}
	if !allow {
		return fmt.Errorf("accounts are gone that money under way still needs; put them back, or say --allow-orphans:\n%s", strings.Join(list, "\n"))
	}
	for _, n := range list {
		d.Log.ErrorContext(ctx, "an account is gone that money under way still needs", "need", n)
	}
	return nil
}

// CheckReplacement fails, naming them, if there would be orphans that there are not
// now, were accounts in the place of ours.
func (d *Desk) CheckReplacement(ctx context.Context, accounts *account.Registry) error {
	orphans, err := d.orphansOf(ctx, accounts)
	if err != nil {
		return err
	}
	var problems []error
	for _, n := range orphans {
		if met(n, d.Accounts) {
			problems = append(problems, errors.New(n.String()))
		}
	}
	return errors.Join(problems...)
}

func (d *Desk) count(orphans []Need) {
	attempts, refunds := 0, 0
	for _, n := range orphans {
		attempts, refunds = attempts+n.Attempts, refunds+n.Refunds
	}
	d.orphanedAttempts.Store(int64(attempts))
	d.orphanedRefunds.Store(int64(refunds))
}

// orphansEvery is the interval at which the log repeats that accounts are
// missing.
const orphansEvery = time.Hour

// WatchOrphans says once an hour which accounts are missing, until ctx ends.
func (d *Desk) WatchOrphans(ctx context.Context) {
	ticker := time.NewTicker(orphansEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if err := d.CheckOrphans(ctx, true); err != nil && ctx.Err() == nil {
			d.Log.ErrorContext(ctx, "orphans can't be counted", "err", err)
		}
	}
}
