package program

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/check"
	"morepay/internal/merchant"
	"morepay/internal/merchant/folder"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/reconcile"
	"morepay/internal/retention"
	"morepay/internal/store"
	"morepay/web"
)

// Check does what a start does before it opens the database, and says all that a
// start would refuse and warn of. Nothing is changed, and no address is taken.
func (c Config) Check() check.Report {
	c.fillIn()
	c.BaseURL = c.origin()
	loaded, err := c.examine(nil)
	report := c.report(loaded, errors.Join(c.checkAddresses(), err))
	report.Warnings = append(c.warnings(), report.Warnings...)
	return report
}

// CheckMerchants says all that a start would refuse and warn of in the merchants'
// folders alone.
func (c Config) CheckMerchants() check.Report {
	c.fillIn()
	return c.report(c.load(nil))
}

// CheckLive does what Check does, asks the providers of all accounts that could be
// opened, and looks at the running server from outside, by its base URL.
func (c Config) CheckLive(ctx context.Context) check.Report {
	report := c.Check()
	c.fillIn()
	clocks := &check.Clocks{Next: c.transport()}
	c.BaseURL, c.Transport, c.Log = c.origin(), clocks, slog.New(slog.DiscardHandler) // what is wrong with clocks is reported
	l, _ := c.load(nil)                                                               // what is wrong with it is in the report
	report.Add(check.Providers(ctx, l.accounts.All(), c.BaseURL))
	report.Add(clocks.Report())
	report.Add(check.Front(ctx, c.BaseURL, c.RealMoney()))
	return report
}

// CheckStored says what today's rules would refuse in stored documents that are in
// force or pinned by sessions under way. It changes nothing: a folder without a database,
// or a schema that isn't up to date, has nothing to be looked at yet.
func (c Config) CheckStored(ctx context.Context) (r check.Report) {
	c.fillIn()
	outdated, err := c.outdated(ctx)
	r.Warnings = outdated
	if err != nil {
		r.Warnings = append(r.Warnings, "stored documents were not looked at: "+err.Error())
	}
	return r
}

func (c *Config) outdated(ctx context.Context) ([]string, error) {
	if _, err := os.Stat(filepath.Join(c.Data, store.FileName)); c.Database == "" && err != nil {
		return nil, nil
	}
	source := cmp.Or(c.Database, c.Data)
	tables, err := store.Schema(ctx, source)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(tables.Check(ctx), tables.Close()); err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, source, nil)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	return merchant.Outdated(ctx, db.Documents)
}

// warnOfStored logs what CheckStored says. A start goes on whatever it is.
func (p *Program) warnOfStored(ctx context.Context) {
	outdated, err := merchant.Outdated(ctx, p.Stores.Documents)
	if err != nil {
		p.Log.ErrorContext(ctx, "stored documents can't be looked at", "err", err)
	}
	for _, warning := range outdated {
		p.Log.WarnContext(ctx, warning)
	}
}

// warnings says what is odd about the merchants, and which accounts take no real money.
func (l loaded) warnings() []string {
	all := folder.Warnings(l.merchants)
	if l.accounts == nil {
		return all
	}
	for _, a := range l.accounts.All() {
		if r, ok := a.Provider.(provider.Rehearser); ok && r.Rehearses() != "" {
			all = append(all, fmt.Sprintf("%s: accounts.%s: the account %s is in %s: no real money is taken there", a.Merchant, a.ProviderID, a.Name(), r.Rehearses()))
		}
	}
	return all
}

func (c *Config) report(l loaded, err error) check.Report {
	r := check.Report{Warnings: l.warnings()}
	if err != nil {
		r.Errors = []error{err}
		return r
	}
	r.Notes = []string{fmt.Sprintf("%d merchants are in order", len(l.merchants))}
	if len(l.merchants) == 1 {
		r.Notes = []string{"1 merchant is in order"}
	}
	return r
}

// fillIn puts defaults in the place of what is left open, besides the base URL.
func (c *Config) fillIn() {
	c.Data, c.Now = cmp.Or(c.Data, "data"), orNow(c.Now)
	if c.Log == nil {
		c.Log = DefaultLog()
	}
}

// origin returns the base URL, which follows from the address if it is left open.
func (c *Config) origin() string {
	scheme := "http://"
	if c.TLS.on() {
		scheme = "https://"
	}
	return strings.TrimSuffix(cmp.Or(c.BaseURL, scheme+c.Listen), "/")
}

// examine loads the merchants and looks at everything else that a server is told. All
// that is wrong is told at once. metrics may be nil.
func (c *Config) examine(metrics prometheus.Registerer) (loaded, error) {
	l, err := c.load(metrics)
	_, kept := retention.Parse(c.Retain)
	_, secret := c.secrets().Inspect()
	return l, errors.Join(c.checkBaseURL(), c.checkTLS(), secret, kept, c.checkReconcileAt(), c.checkAdminKey(), err)
}

func (c *Config) checkBaseURL() error {
	if c.RealMoney() && !strings.HasPrefix(c.BaseURL, "https://") {
		return pay.Errorf(pay.CodeInvalid, "--base-url", "must be https where real money moves, is %q; with --sim-url none does", c.BaseURL)
	}
	return nil
}

func (c *Config) checkReconcileAt() error {
	if c.ReconcileAt == "" {
		return nil
	}
	_, err := reconcile.ParseTime(c.ReconcileAt)
	return err
}

func (c *Config) checkAdminKey() error {
	if c.AdminKey == "" {
		return nil
	}
	if err := folder.CheckKeyHash(c.AdminKey); err != nil {
		return pay.Errorf(pay.CodeInvalid, "--admin-key", "%v", err)
	}
	return nil
}

func (c *Config) checkAddresses() error {
	var problems []error
	for _, f := range []struct{ flag, address string }{{"--listen", c.Listen}, {"--admin-listen", c.AdminListen}} {
		if _, err := net.ResolveTCPAddr("tcp", f.address); err != nil {
			problems = append(problems, pay.Errorf(pay.CodeInvalid, f.flag, "must be an address such as 127.0.0.1:8080: %v", err))
		}
	}
	return errors.Join(problems...)
}

// warnings says what of a server, besides its merchants, is taken and yet not as it
// should be.
func (c *Config) warnings() []string {
	warnings, _ := c.secrets().Inspect() // what is wrong is an error of the start
	if host, _, err := net.SplitHostPort(c.AdminListen); err == nil && isPublic(host) {
		warnings = append(warnings, fmt.Sprintf("--admin-listen: %s can be reached from other networks, and metrics and profiles need no key: keep it to 127.0.0.1 or a private address", c.AdminListen))
	}
	warnings = append(warnings, c.warnOfTLS()...)
	if !web.Files().HasBundle() {
		warnings = append(warnings, "this binary holds no WebAssembly bundle: pages work as HTML only (make build puts it in)")
	}
	return warnings
}

// isPublic reports whether a host of a listener can be reached from other networks. Of
// names that can't be told.
func isPublic(host string) bool {
	if host == "" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && !ip.IsLoopback() && !ip.IsPrivate() && !ip.IsLinkLocalUnicast()
}
