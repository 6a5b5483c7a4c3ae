package demo

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/providersim"
	"morepay/internal/trace"
)

// trace tells the story of a session with what the simulated providers know of it, what
// people did there, and what its payer's browser was heard to do.
func (d *Demo) trace(ctx context.Context, sessionID string) (*trace.Trace, error) {
	t, err := trace.Of(ctx, d.Stores.Ledgers, d.Stores.Outbox, sessionID)
	if err != nil {
		return nil, err
	}
	numbers := make([]string, len(t.Attempts))
	for i, a := range t.Attempts {
		numbers[i] = a.OutTradeNo
		for _, e := range d.Sim.History("", a.OutTradeNo) {
			t.Add(exchanged(e))
		}
	}
	t.Add(acted(d.Sim.Acts(), sessionID, numbers)...)
	t.Add(d.watch.Of(sessionID)...)
	return t, nil
}

// exchanged is the entry of a call that a simulated provider took, or of a notification.
func exchanged(e providersim.Exchange) trace.Entry {
	more := "answer " + strconv.Itoa(e.Status)
	if e.Out {
		more = "to us, try " + strconv.Itoa(e.Try) + ", our " + more
	}
	if e.Problem != "" {
		more += ": " + e.Problem
	}
	if len(e.Faults) > 0 {
		more += "; faults: " + strings.Join(e.Faults, ", ")
	}
	return trace.Entry{At: e.At, Kind: trace.Exchange, What: e.Name, About: e.Number, More: more, Faults: e.Faults}
}

// acted lists what people did about a session, and for everybody meanwhile: since the
// simulator was last reset before them, until it was again.
func acted(all []providersim.Act, session string, numbers []string) (list []trace.Entry) {
	own := func(a providersim.Act) bool {
		return a.Rule.Session == session || a.Installed.Session == session || slices.Contains(numbers, a.Number) || slices.Contains(numbers, a.Rule.Number)
	}
	end := len(all)
	if first := slices.IndexFunc(all, own); first >= 0 {
		if next := slices.IndexFunc(all[first:], resets); next >= 0 {
			end = first + next
		}
	}
	begin := end
	for begin > 0 && !resets(all[begin-1]) {
		begin--
	}
	for _, a := range all[begin:end] {
		everybodys := a.Number == "" && a.Rule.Session == "" && a.Rule.Number == "" && a.Installed.Session == ""
		if everybodys || own(a) {
			list = append(list, act(a, !everybodys))
		}
	}
	return list
}

func resets(a providersim.Act) bool { return a.Do == providersim.Resets }

func act(a providersim.Act, own bool) trace.Entry {
	return trace.Act{
		Do: a.Do, User: string(a.User), Why: a.Why, Seconds: int64(a.Moved / time.Second),
		Wallet: string(a.Wallet), Opens: string(a.Installed.Opens), After: a.Installed.After,
		Fault: a.Rule.Fault, Operation: a.Rule.Operation, Next: a.Rule.Next, Percent: a.Rule.Percent, PerMille: a.Rule.PerMille, Own: own && a.Rule.Fault != "", Seed: a.Seed,
	}.At(a.At, a.Number)
}
