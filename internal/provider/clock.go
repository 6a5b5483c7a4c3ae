package provider

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// MaxSkew limits how far a provider's clock may be from ours. From five minutes on
	// it refuses our signatures, and we its notifications.
	MaxSkew = time.Minute

	// skewEvery keeps a wrong clock from being reported with every call.
	skewEvery = time.Minute
)

// WatchClock wraps a transport and compares now with the Date of every answer.
// report is told when they are more than [MaxSkew] apart, at most once a minute;
// a positive skew means that our clock is ahead.
func WatchClock(next http.RoundTripper, now func() time.Time, report func(host string, skew time.Duration)) http.RoundTripper {
	return &clockWatch{next: next, now: now, report: report}
}

type clockWatch struct {
	next   http.RoundTripper
	now    func() time.Time
	report func(host string, skew time.Duration)
	last   atomic.Int64 // when it was reported last, in Unix nanoseconds
}

func (c *clockWatch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	theirs, err := http.ParseTime(resp.Header.Get("Date"))
	if err != nil {
		return resp, nil // nothing to compare with
	}
	ours := c.now()
	if skew := ours.Sub(theirs); skew.Abs() > MaxSkew && c.due(ours) {
		c.report(r.URL.Host, skew)
	}
	return resp, nil
}

func (c *clockWatch) due(now time.Time) bool {
	last := c.last.Load()
	return now.UnixNano()-last >= int64(skewEvery) && c.last.CompareAndSwap(last, now.UnixNano())
}
