package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// job is one try that is to be made.
type job struct {
	Delivery
	to      Endpoint
	removed bool // the endpoint is not in force any more
}

// outcome is the outcome of a try.
type outcome struct {
	Result
	job     job
	planned bool          // the schedule wanted it
	asked   time.Duration // that the endpoint wants us to wait
	disable string        // reason to stop using the endpoint, or ""
	cut     bool          // by our own end: it doesn't count
}

// try sends a message once and decides what follows.
func (d *Dispatcher) try(ctx context.Context, j job, log *slog.Logger) outcome {
	var a answer
	err := j.to.Check(d.loopback)
	if err == nil {
		a, err = send(ctx, d.client, j.to, j.Message, time.Now()) // the clock of who verifies, whatever a tester has made of ours
	}
	now := d.now()
	o := outcome{job: j, asked: a.retryAfter, planned: !now.Before(j.PlannedAt)}
	o.Result = Result{Position: j.Position, State: Delivered, Tries: j.Tries, Status: a.status, At: now, PlannedAt: j.PlannedAt}
	if err == nil && a.status/100 == 2 {
		o.Tries++
		d.metrics.count(string(Delivered))
		return o
	}
	if ctx.Err() != nil {
		o.cut = true
		return o
	}
	o.State, o.Error = Pending, reason(a, err)
	if o.planned {
		o.Tries++
	}
	log = log.With("message", j.Message.ID, "tries", o.Tries, "err", o.Error)
	switch {
	case a.status == http.StatusGone && !j.removed:
		o.DueAt, o.disable = now, "it answered 410 Gone"
		log.WarnContext(ctx, "webhooks: endpoint disabled")
		d.metrics.count("disabled")
	case o.planned && o.Tries >= MaxTries:
		o.State = Failed
		log.ErrorContext(ctx, "webhooks: message given up")
		d.metrics.count("given_up")
	default:
		o.plan(now, unreachable(a, err))
		d.metrics.count("failed")
		if o.planned {
			log.WarnContext(ctx, "webhooks: try failed", "again", o.DueAt)
		}
	}
	return o
}

// plan says when a message whose try has failed is tried again.
func (o *outcome) plan(now time.Time, unreachable bool) {
	if o.planned {
		o.PlannedAt = now.Add(pause(o.Tries, o.asked))
	}
	o.DueAt = o.PlannedAt
	if soon := now.Add(probeFirst); unreachable && o.asked == 0 && o.Tries <= hurried && soon.Before(o.DueAt) {
		o.DueAt = soon
	}
}

// unreachable reports whether nobody read the message, so that what is wrong is
// not the message.
func unreachable(a answer, err error) bool {
	switch a.status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	dial, ok := errors.AsType[*net.OpError](err)
	return ok && dial.Op == "dial"
}

// maxReason bounds what is kept of an error, in bytes.
const maxReason = 200

func reason(a answer, err error) string {
	if err == nil {
		return fmt.Sprintf("it answered %d", a.status)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address stands before it, and its path may be a secret
	}
	text := strings.ReplaceAll(err.Error(), "\x00", "")
	return strings.ToValidUTF8(text[:min(len(text), maxReason)], "")
}
