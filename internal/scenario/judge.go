package scenario

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"morepay/internal/pay"
)

// judge compares what the merchant sees now with what must be.
func (r *run) judge(ctx context.Context) error {
	now, err := r.look(ctx)
	if err != nil {
		return err
	}
	want := r.Ledger
	if now.Status != want.Status {
		return fmt.Errorf("the session is %s, want %s", now.Status, want.Status)
	}
	if want.Attempts != nil && len(now.Attempts) != *want.Attempts {
		return fmt.Errorf("there are %d attempts, want %d: %+v", len(now.Attempts), *want.Attempts, now.Attempts)
	}
	if paid := now.paid(); paid != want.Paid {
		return fmt.Errorf("%d attempts took money, want %d: %+v", paid, want.Paid, now.Attempts)
	}
	if back := now.refunded(); back != want.Refunded {
		return fmt.Errorf("%d fen have gone back, want %d: %+v", back, want.Refunded, now.Refunds)
	}
	if err := r.wasTold(ctx, r.Ledger.Told); err != nil || r.payer == nil { // on the way to a wallet nothing strikes who does not go
		return err
	}
	return r.judgeFaults(ctx)
}

// judgeFaults demands that each fault has struck: a scenario without its fault tells
// nothing.
func (r *run) judgeFaults(ctx context.Context) error {
	var left struct {
		Rules []struct {
			Fault string `json:"fault"`
			Next  int    `json:"next"`
		} `json:"rules"`
	}
	if err := r.stage.control(ctx, "faults", nil, &left); err != nil {
		return err
	}
	for _, rule := range left.Rules {
		if rule.Next > 0 {
			return fmt.Errorf("%s has not struck, %d to go", rule.Fault, rule.Next)
		}
	}
	return nil
}

func (s session) paid() (n int) {
	for _, a := range s.Attempts {
		if !a.PaidAt.IsZero() {
			n++
		}
	}
	return n
}

func (s session) refunded() (fen int64) {
	for _, f := range s.Refunds {
		if f.Status == pay.RefundSucceeded {
			fen += f.Amount.Value
		}
	}
	return fen
}

// wasTold fails if there is an event that the merchant has not been told of.
func (r *run) wasTold(ctx context.Context, events []string) error {
	if len(events) == 0 {
		return nil
	}
	var story struct {
		Entries []entry `json:"entries"`
	}
	if err := call(ctx, r.stage.Sim+"/qa/trace/"+r.session.ID+"?format=json", nil, nil, &story); err != nil {
		return err
	}
	for _, event := range events {
		if !slices.ContainsFunc(story.Entries, func(e entry) bool { return e.delivers(event) }) {
			return fmt.Errorf("the merchant was not told %s", event)
		}
	}
	return nil
}

// entry is one of a session's trace.
type entry struct {
	Kind string `json:"kind"`
	What string `json:"what"`
	More string `json:"more"`
}

// delivers reports whether an endpoint of the merchant has taken this event.
func (e entry) delivers(event string) bool {
	return e.Kind == "webhook" && strings.HasPrefix(e.What, event+" to ") && strings.HasPrefix(e.More, "delivered")
}
