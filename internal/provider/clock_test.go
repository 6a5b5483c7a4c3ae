package provider_test

import (
	"net/http"
	"testing"
	"time"

	"morepay/internal/provider"
)

// dated answers everything with a Date header.
type dated string

func (d dated) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {string(d)}}, Body: http.NoBody}, nil
}

func TestWatchClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) dated { return dated(now.Add(d).Format(http.TimeFormat)) }
	for name, c := range map[string]struct {
		answer dated
		want   []time.Duration // for three calls, half a minute apart
	}{
		"same":          {at(0), nil},
		"a-minute-off":  {at(time.Minute), nil},
		"ours-is-late":  {at(3 * time.Minute), []time.Duration{-3 * time.Minute, -2 * time.Minute}},
		"ours-is-ahead": {at(-2 * time.Minute), []time.Duration{2 * time.Minute, 3 * time.Minute}},
		"no-date":       {"", nil},
		"odd-date":      {"2026-11-23", nil},
	} {
		t.Run(name, func(t *testing.T) {
			clock := now
			var got []time.Duration
			transport := provider.WatchClock(c.answer, func() time.Time { return clock }, func(host string, skew time.Duration) {
				if host != "api.mch.weixin.qq.com" {
					t.Errorf("host %q", host)
				}
				got = append(got, skew)
			})
			request, err := http.NewRequest(http.MethodGet, "https://api.mch.weixin.qq.com/", nil)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := transport.RoundTrip(request); err != nil {
					t.Fatal(err)
				}
				clock = clock.Add(30 * time.Second)
			}
			if len(got) != len(c.want) {
				t.Fatalf("reported %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("reported %v, want %v", got, c.want)
				}
			}
		})
	}
}
