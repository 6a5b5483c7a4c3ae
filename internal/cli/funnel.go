package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"morepay/internal/funnel"
	"morepay/internal/retention"
	"morepay/internal/store/sqlstore"
)

type payers struct {
	database `embed:""`
	Since    moment    `default:"7d" help:"From when on the pages were first seen: a time (RFC 3339), or how long ago, such as 7d or 12h."`
	Until    moment    `default:"0h" help:"Until when, likewise."`
	By       funnel.By `default:"" enum:",method,device,merchant" help:"Apart by method, device or merchant."`
	Merchant string    `help:"Only sessions of this merchant."`
	Retain   string    `help:"How long what is kept, as for serve: nothing is counted of which a part is gone."`
}

// Validate is called by kong before Run.
func (c *payers) Validate() error { return errors.Join(c.database.Validate(), CheckRetain(c.Retain)) }

func (c *payers) Run(ctx context.Context) error {
	now := time.Now()
	from, to := c.Since.before(now), c.Until.before(now)
	if !from.Before(to) {
		return usage("since", "must be before the end")
	}
	policy, err := retention.Parse(c.Retain)
	if err != nil {
		return err
	}
	kept := keptSince(policy, now)
	if from.Before(kept) {
		return usage("since", "must not be before %s: of older sessions those that were not paid are gone", stamp(kept))
	}
	return c.with(ctx, func(db *sqlstore.DB) error {
		report, err := funnel.Read(ctx, db.Visits, from, to, c.Merchant, c.By)
		if err != nil {
			return err
		}
		earlier := from.Add(-to.Sub(from))
		var before funnel.Report
		if !earlier.Before(kept) {
			if before, err = funnel.Read(ctx, db.Visits, earlier, from, c.Merchant, c.By); err != nil {
				return err
			}
		}
		return printFunnel(report, before)
	})
}

// keptSince returns since when a policy keeps all that the funnel is read from.
func keptSince(p retention.Policy, now time.Time) (kept time.Time) {
	for _, kind := range []retention.Kind{retention.Unpaid, retention.Raw, retention.Ledgers} {
		if age := p[kind]; age > 0 && now.Add(-age).After(kept) {
			kept = now.Add(-age)
		}
	}
	return kept
}

func printFunnel(r, before funnel.Report) error {
	fmt.Printf("%s to %s: %d sessions, %d of them still open, %d offered no method\n\n", stamp(r.From), stamp(r.To), r.Sessions, r.Open, r.Bare)
	err := printTable("GROUP\tSHOWN\tCHOSEN\tHANDED_OFF\tRETURNED\tPAID\tPAID/SHOWN\t95 %\tCHANGE\t95 %", r.Groups(), func(name string) string {
		n := r.Counts[name]
		paid := n.Conversion()
		low, high := paid.Interval()
		return fmt.Sprintf("%s\t%d\t%d\t%d\t%d\t%d\t%s\t%s to %s\t%s", name, n.Shown, n.Chosen, n.HandedOff, n.CameBack, n.Paid,
			percent(paid.Value()), percent(low), percent(high), changed(paid, before.Counts[name].Conversion()))
	})
	if err != nil || len(r.Missing) == 0 {
		return err
	}
	fmt.Println()
	return printTable("NOT OFFERED\tREASON\tSESSIONS\tSHARE\tWITHOUT ANY METHOD", r.Missing, func(m funnel.Missing) string {
		share := funnel.Share{Part: m.Sessions, Whole: r.Sessions}
		return fmt.Sprintf("%s\t%s\t%d\t%s\t%d", m.Method, m.Reason, m.Sessions, percent(share.Value()), m.Bare)
	})
}

// changed says how a share differs from that of the time before, if that is known.
func changed(is, was funnel.Share) string {
	if was.Whole == 0 {
		return "-\t-"
	}
	change, low, high := is.Change(was)
	return fmt.Sprintf("%+.2f\t%+.2f to %+.2f", 100*change, 100*low, 100*high)
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 2, 64) + " %" }

// moment is a time, or how long ago it was.
type moment struct {
	at  time.Time
	ago time.Duration
}

// UnmarshalText reads a time as in RFC 3339, or a duration such as 12h, or days as in 7d.
func (m *moment) UnmarshalText(text []byte) (err error) {
	s := string(text)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		m.ago = time.Duration(n) * 24 * time.Hour
		return err
	}
	if m.ago, err = time.ParseDuration(s); err == nil && m.ago >= 0 {
		return nil
	}
	if m.at, err = time.Parse(time.RFC3339, s); err != nil {
		return fmt.Errorf("must be a time such as 2026-11-01T00:00:00+08:00, or how long ago, such as 7d or 12h, is %q", s)
	}
	return nil
}

// before returns the time, as seen at now.
func (m moment) before(now time.Time) time.Time {
	if !m.at.IsZero() {
		return m.at
	}
	return now.Add(-m.ago)
}
