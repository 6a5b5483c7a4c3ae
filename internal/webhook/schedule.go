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

func jittered(d time.Duration) time.Duration {
	return d + time.Duration(float64(d)*jitter*(2*rand.Float64()-1))
}

// pause returns the wait after a number of tries have failed.
func pause(tries int, asked time.Duration) time.Duration {
	return max(jittered(schedule[tries-1]), asked)
}

// An endpoint whose tries fail for several sessions in a row is down: it gets
// nothing but a probe now and then, until one is delivered.
const (
	// DownAfter is the number of sessions in a row.
	DownAfter = 3

	// ProbeFresh is the time after which a down endpoint is probed when a new
	// message came: one that never failed before says more about it than those
	// that did.
	ProbeFresh = 5 * time.Second

	probeFirst = 2 * time.Second // a deployment of a shop's server is over in a minute
	probeLeast = 5 * time.Second
	probeMost  = 30 * time.Second

	maxAsked = time.Minute // that an endpoint may put a probe off: it may have spoken of one message
)

// probePause returns the wait until the next probe of an endpoint that has been
// down for some time.
func probePause(down, asked time.Duration) time.Duration {
	wait := probeFirst
	if down > time.Minute {
		wait = max(probeLeast, min(down/20, probeMost))
	}
	return max(wait, min(asked, maxAsked))
}

// hurried is the number of tries after which a message whose endpoint nobody
// could reach is tried again without waiting for the schedule: the pauses of
// seconds and minutes are longer than a restart of the shop's server takes.
const hurried = 2

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
