package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"morepay/internal/demo/watch"
	"morepay/internal/merchant/folder"
	"morepay/internal/program"
	"morepay/internal/providersim"
	"morepay/internal/run"
	"morepay/web"
	webdemo "morepay/web/demo"
)

// Config says what a Demo is made of. Its Merchants and SimURL are the demo's
// own, whatever they are set to.
type Config struct {
	program.Config
	SimListen string   // address of the simulated providers and the simulated phone; the port may be 0
	Folder    string   // of the merchants' documents; "" for the samples
	Origins   []string // of more shops than the demo's own storefront, such as http://localhost:5173
	Tell      bool     // payers' pages tell what no request shows, for a session's trace
}

// Demo is the program with simulated providers and a storefront.
type Demo struct {
	*program.Program
	Sim   *providersim.Sim
	Shops []Shop

	AdminSecret string // the admin key itself; "" if it was set elsewhere

	network *network
	watch   *watch.Book
}

// loopback are the addresses of this machine.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// Open makes a demo. It takes its addresses at once, but answers nothing before
// Run. Close must be called.
func Open(ctx context.Context, c Config) (*Demo, error) {
	if c.Log == nil {
		c.Log = program.DefaultLog()
	}
	listener, err := net.Listen("tcp", c.SimListen)
	if err != nil {
		return nil, err
	}
	c.SimURL = "http://" + listener.Addr().String()
	d := &Demo{}
	if c.AdminKey == "" {
		d.AdminSecret = "ak_test_" + rand.Text()
		c.AdminKey = folder.HashKey(d.AdminSecret)
	}
	d.Sim = providersim.New(providersim.Options{
		Origin: c.SimURL, Log: c.Log.With("part", "simulator"), RetryScale: 0.1,
		Numbers: d.numbers, Console: c.SimURL + "/qa", Shared: c.Now == nil, Reset: d.forget,
	})
	if c.Now == nil {
		c.Now = d.Sim.ServerNow
	}
	c.Merchants = func(baseURL string, _ bool) ([]folder.Merchant, error) {
		if d.Shops != nil {
			return Merchants(d.Shops), nil
		}
		consoles, err := Origins(c.SimURL) // whose pages show the checkout in a frame
		if err != nil {
			return nil, err
		}
		d.Shops, err = Furnish(c.Folder, d.Sim, baseURL, slices.Concat(c.Origins, consoles)...)
		return Merchants(d.Shops), err
	}
	if d.network, err = newNetwork(); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	d.watch = watch.New(watch.Config{Session: d.sessionOf, Via: d.network.under, Now: c.Now, Script: telling(c.Tell)})
	c.Front = func(routes http.Handler) http.Handler { return d.network.front(d.watch.Handler(routes)) }
	if c.TrustedProxies == nil {
		c.TrustedProxies = loopback // the network is one
	}
	if d.Program, err = program.Open(ctx, c.Config); err != nil {
		return nil, errors.Join(err, listener.Close(), d.network.behind.Close())
	}
	storefront, err := d.openStorefront()
	if err != nil {
		return nil, errors.Join(err, listener.Close(), d.network.behind.Close(), d.Close())
	}
	d.Serve(d.network.behind, d.network.routes)
	d.Serve(listener, d.simulator(storefront))
	d.Go(d.Sim.Run)
	return d, nil
}

// telling is the page's script that tells of it, or none.
func telling(so bool) watch.Script {
	if !so {
		return watch.Script{}
	}
	assets := web.Files()
	return watch.Script{Path: assets.URL(web.Listen), Body: slices.Concat(assets.Body(web.Listen), webdemo.Tell)}
}

func (d *Demo) forget() error { return d.Program.Forget(context.Background()) }

// sessionOf returns the id of the session that a page's token names, "" if there is none.
func (d *Demo) sessionOf(ctx context.Context, token string, friend bool) string {
	find := d.Service.ByToken
	if friend {
		find = d.Service.ByFriendToken
	}
	l, err := find(ctx, token)
	if err != nil {
		return ""
	}
	return l.Session.ID
}

// numbers lists the out_trade_nos that a session has made so far.
func (d *Demo) numbers(session string) (list []string) {
	l, err := d.Stores.Ledgers.Ledger(context.Background(), session)
	if err != nil {
		d.Log.Warn("a fault is about a session that can't be read", "session", session, "err", err)
		return nil
	}
	for _, a := range l.Attempts {
		list = append(list, a.OutTradeNo)
	}
	return list
}

func (d *Demo) openStorefront() (*Storefront, error) {
	storefront, err := NewStorefront(d.Shops, d.BaseURL, d.SimURL)
	if err != nil {
		return nil, err
	}
	storefront.created = d.network.choose
	base, err := url.Parse(d.BaseURL)
	if err != nil {
		return nil, err
	}
	d.Handle("/demo/", run.KnownHosts(storefront, base.Hostname()))
	d.Handle("GET /{$}", http.RedirectHandler("/demo/", http.StatusSeeOther))
	return storefront, nil
}

// Announce tells the person who started the demo where to go.
func (d *Demo) Announce(w io.Writer) {
	fmt.Fprintf(w, "\nmorepay demo: no real money moves here\n\n")
	fmt.Fprintf(w, "  storefront       %s/demo/\n", d.BaseURL)
	fmt.Fprintf(w, "  simulated phone  %s/phone\n", d.SimURL)
	fmt.Fprintf(w, "  QA console       %s/qa\n", d.SimURL)
	fmt.Fprintf(w, "  real phones      %s/qa/phones\n", d.SimURL)
	fmt.Fprintf(w, "  admin pages      http://%s/admin/\n\n", d.AdminListen)
	if d.AdminSecret != "" {
		fmt.Fprintf(w, "  admin key        %s\n\n", d.AdminSecret)
	}
	fmt.Fprintf(w, "  secret keys for POST %s/v1/sessions; with _read, _write or _refund behind, for that alone\n", d.BaseURL)
	for _, s := range d.Shops {
		fmt.Fprintf(w, "    %-12s %s\n", s.ID, s.Key)
	}
	fmt.Fprintln(w)
}
