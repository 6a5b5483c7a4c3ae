package demo

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"morepay/internal/capability/document"
	"morepay/internal/console"
	"morepay/internal/demo/simulate"
	"morepay/internal/providersim"
	"morepay/internal/qa"
	"morepay/internal/run"
	"morepay/internal/trace"
)

// simulator serves the providers' side, the phone and the QA console.
func (d *Demo) simulator(shop *Storefront) http.Handler {
	c := console.New(console.Config{
		Merchants: d.merchants, Sessions: shop.Opened, Trace: d.trace, Networks: networks(), Stage: d.Stage(), Pay: d.BaseURL + "/demo/pay",
		Shop: d.BaseURL + "/demo/", Control: d.SimURL, Addresses: Addresses, Now: d.Now,
	})
	d.Go(c.Run)
	pages := c.Handler()
	mux := http.NewServeMux()
	mux.Handle("/", simulate.Guard(d.Sim.Handler()))
	mux.Handle("/qa", run.KnownHosts(pages))
	mux.Handle("/qa/", run.KnownHosts(pages))
	return mux
}

// networks lists what the network can do, for the console.
func networks() []console.Network {
	list := make([]console.Network, len(modes))
	for i, m := range modes {
		list[i] = console.Network{Name: m.Name, Does: m.Does}
	}
	return list
}

// merchants returns the documents in force, whoever has replaced them since the start,
// and what was learnt of their rails.
func (d *Demo) merchants(ctx context.Context) (all console.Merchants, err error) {
	for _, shop := range d.Shops {
		kept, err := d.Stores.Documents.Get(ctx, shop.ID)
		if err != nil {
			return all, err
		}
		doc, err := document.DecodeStored(kept.JSON)
		if err != nil {
			return all, err
		}
		all.Documents = append(all.Documents, doc)
	}
	now := d.Now()
	marks, err := d.Stores.Marks.Marks(ctx, now)
	all.Learnt = qa.LearntOf(marks, all.Documents, now)
	return all, err
}

// trace tells the story of a session with what the simulated providers know of it, and
// what its payer's browser was heard to do.
func (d *Demo) trace(ctx context.Context, sessionID string) (*trace.Trace, error) {
	t, err := trace.Of(ctx, d.Stores.Ledgers, d.Stores.Outbox, sessionID)
	if err != nil {
		return nil, err
	}
	for _, a := range t.Attempts {
		for _, e := range d.Sim.History("", a.OutTradeNo) {
			t.Add(exchanged(e))
		}
	}
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
	return trace.Entry{At: e.At, Kind: trace.Exchange, What: e.Name, About: e.Number, More: more}
}
