package webhook

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// schedule is the pauses between the tries (Standard Webhooks specification): ten
// tries over 75 h 35 min.
var schedule = []time.Duration{
	5 * time.Second,
	5 * time.Minute,
	30 * time.Minute,
	2 * time.Hour,
	5 * time.Hour,
	10 * time.Hour,
	14 * time.Hour,
	20 * time.Hour,
	24 * time.Hour,
}

// MaxTries is the number of tries before a message is given up.
var MaxTries = len(schedule) + 1

// maxRetryAfter bounds how long an endpoint may ask us to wait: as long as we
// would ourselves.
const maxRetryAfter = 24 * time.Hour

// jitter is the share of a pause that is left to chance, so that endpoints which
// failed together aren't tried together.
const jitter = 0.1

// pause returns the wait after a number of tries have failed.
func pause(tries int, asked time.Duration) time.Duration {
	planned := float64(schedule[tries-1])
	planned += planned * jitter * (2*rand.Float64() - 1)
	return max(time.Duration(planned), asked)
}

// retryAfter reads the header of that name: seconds or a date (RFC 9110, section
// 10.2.3). What makes no sense counts as nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxRetryAfter))
}
