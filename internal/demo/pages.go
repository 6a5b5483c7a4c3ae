package demo

import (
	"context"
	"net/http"

	"morepay/internal/capability/document"
	"morepay/internal/console"
	"morepay/internal/demo/simulate"
	"morepay/internal/qa"
	"morepay/internal/run"
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
