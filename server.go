// Command morepay serves a checkout widget: the payer's page, the merchants'
// API, and what providers tell. This file is the command line: it reads the
// configuration and runs what package program or demo makes of it.
package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"morepay/internal/cli"
	"morepay/internal/demo"
	"morepay/internal/demo/simulate"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/run"
)

// commands is the command line. Every flag has a twin MOREPAY_… in the
// environment.
type commands struct {
	Serve    serveCommand    `cmd:"" help:"Run the server for real merchants, or with --sim-url for tests."`
	Demo     demoCommand     `cmd:"" help:"Run the server with simulated providers and a demo storefront."`
	Simulate simulateCommand `cmd:"" help:"Run the simulated providers alone, for a server with --sim-url."`
	Check    checkCommand    `cmd:"" help:"Say all that serve would refuse or warn of, with the flags of serve."`
	cli.Commands
	Version        kong.VersionFlag   `env:"-" help:"Print which build this is."`
	VersionCommand cli.VersionCommand `cmd:"" name:"version" help:"Print which build this is."`
}

// config holds the flags that serve and demo share.
type config struct {
	Listen         string        `default:"127.0.0.1:8080" help:"Address of the payers', merchants' and providers' routes."`
	AdminListen    string        `default:"127.0.0.1:8082" help:"Address of metrics, the admin API and the admin pages. Keep it private."`
	AdminHosts     []string      `name:"admin-host" placeholder:"NAME" help:"Names, beside addresses and localhost, under which --admin-listen is reached."`
	BaseURL        string        `help:"Origin under which payers and providers reach --listen, such as https://pay.example; by default http and --listen."`
	Data           string        `type:"path" help:"Folder of the SQLite database and the server's secret; by default data, for demo one that is thrown away."`
	Database       string        `help:"postgres://… to use PostgreSQL instead of SQLite."`
	ListenDatabase string        `help:"The URL of that PostgreSQL itself, for LISTEN and migrations, where --database leads through a pooler."`
	DatabaseWait   time.Duration `default:"30s" help:"For how long a PostgreSQL that does not answer yet is waited for at the start."`
	Merchants      string        `type:"path" help:"Folder with one folder a merchant; by default merchants, for demo the samples."`
	Secret         string        `help:"The server's secret, in base64, if it is not to be kept in --data; needed with --database. While one is replaced, several, split by commas: the first seals, all are understood."`
	AdminKey       string        `help:"SHA-256 (hex) of the key of the admin API and the admin pages; without it both refuse."`
	TrustedProxies []cli.Network `help:"Networks whose X-Forwarded-For is believed, such as 10.0.0.0/8."`
	Retain         string        `help:"How long what is kept, in days or never; what is not named as in unpaid=30d,events=30d,raw=90d,ledgers=400d."`
	OTLPEndpoint   string        `name:"otlp-endpoint" placeholder:"ORIGIN" help:"Origin of a collector of OpenTelemetry that takes OTLP over HTTP, such as http://127.0.0.1:4318; without it nothing is traced."`
	LogFormat      string        `enum:"text,json" default:"text" help:"text or json."`
	LogLevel       slog.Level    `default:"info" help:"What the log is to hold: debug, info (a line for each step of the money), warn or error, and what is above."`
}

// check refuses what no server would start with.
func (c *config) check() error {
	return errors.Join(cli.CheckOrigin("base-url", c.BaseURL), cli.CheckOrigin("otlp-endpoint", c.OTLPEndpoint), cli.CheckDatabase("database", c.Database), cli.CheckListen(c.Database, c.ListenDatabase),
		cli.CheckRetain(c.Retain), cli.CheckSecret(c.Secret, c.Database, cmp.Or(c.Data, "data")))
}

func (c *config) program() program.Config {
	return program.Config{
		Listen: c.Listen, AdminListen: c.AdminListen, AdminHosts: c.AdminHosts, BaseURL: c.BaseURL, Data: c.Data, Database: c.Database,
		ListenDatabase: c.ListenDatabase, DatabaseWait: c.DatabaseWait,
		Merchants: program.Folder(cmp.Or(c.Merchants, "merchants")), Secret: c.Secret, AdminKey: c.AdminKey,
		TrustedProxies: cli.Networks(c.TrustedProxies), Retain: c.Retain, OTLPEndpoint: strings.TrimSuffix(c.OTLPEndpoint, "/"), Log: program.NewLog(os.Stderr, c.LogFormat, c.LogLevel),
	}
}

// serveFlags are what serve is told, and check looks at.
type serveFlags struct {
	config       `embed:""`
	ReconcileAt  string        `default:"10:30" help:"Time of the day, in China, at which the providers' bills of the day before are compared with our books; empty for never."`
	SimURL       string        `help:"Origin of a simulator, such as http://127.0.0.1:8081: test mode. Without it real money moves."`
	Drain        time.Duration `default:"5s" help:"For how long /readyz answers 503 before the server stops, so that balancers notice."`
	TLSCert      string        `name:"tls-cert" type:"path" help:"Certificate in PEM, with those up to its root: --listen ends TLS itself, and speaks HTTP/2. A reload reads it anew."`
	TLSKey       string        `name:"tls-key" type:"path" help:"Key of --tls-cert, in PEM."`
	TLSAutocert  []string      `name:"tls-autocert" placeholder:"NAME" help:"Names for which --listen, reached at port 443, gets certificates from Let's Encrypt and renews them, kept in --data. Its terms are agreed to."`
	AllowOrphans bool          `help:"Start although accounts are gone that payments or refunds under way still need."`
}

// check refuses what serve would not start with.
func (s *serveFlags) check() error {
	tls := s.tls()
	return errors.Join(s.config.check(), cli.CheckOrigin("sim-url", s.SimURL), cli.CheckTime("reconcile-at", s.ReconcileAt), tls.Check())
}

func (s *serveFlags) tls() program.TLS {
	return program.TLS{Cert: s.TLSCert, Key: s.TLSKey, Names: s.TLSAutocert}
}

// program returns the configuration of the server.
func (s *serveFlags) program() program.Config {
	c := s.config.program()
	c.TLS = s.tls()
	c.SimURL, c.ReconcileAt, c.AllowOrphans, c.Drain = s.SimURL, s.ReconcileAt, s.AllowOrphans, s.Drain
	return c
}

type serveCommand struct {
	serveFlags `embed:""`
}

// Validate is called by kong before Run.
func (s *serveCommand) Validate() error { return s.check() }

// Run serves real merchants, or test merchants against a simulator elsewhere.
func (s *serveCommand) Run(ctx context.Context) error {
	hangups := hangups()
	sockets, err := run.Passed(program.PublicSocket, program.AdminSocket)
	if err != nil {
		return err
	}
	c := s.program()
	c.Sockets = sockets
	p, err := program.Open(ctx, c)
	if err != nil {
		return err
	}
	p.ReloadOn(hangups)
	return errors.Join(p.Run(ctx), p.Close())
}

type checkCommand struct {
	serveFlags `embed:""`
	Live       bool `help:"Ask the providers too, and look at the running server by its base URL."`
	Strict     bool `help:"Fail for warnings too."`
}

// Run says what serve would.
func (c *checkCommand) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		report := c.program().CheckMerchants() // all at once
		report.Errors = append([]error{err}, report.Errors...)
		return cli.Tell(os.Stdout, report, c.Strict)
	}
	report := c.program().CheckStored(ctx)
	if c.Live {
		report.Add(c.program().CheckLive(ctx))
	} else {
		report.Add(c.program().Check())
	}
	return cli.Tell(os.Stdout, report, c.Strict)
}

// hangups returns SIGHUPs, which have a server reload, and from now on don't end it.
func hangups() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGHUP)
	return c
}

type demoCommand struct {
	config    `embed:""`
	SimListen string   `default:"127.0.0.1:8081" help:"Address of the simulated providers and the simulated phone."`
	Export    *string  `placeholder:"DIR" help:"Write the merchants with accounts and keys into this folder, for simulate and serve, and start nothing."`
	Origin    []string `help:"Origin of a shop of your own, such as http://localhost:5173, that every merchant registers. May be given several times."`
	LAN       string   `placeholder:"ADDRESS" help:"Listen at this address of the machine's instead of 127.0.0.1, or auto for the first in a private network, so that real phones reach the demo. Whoever is in that network does, too."`
}

// Validate is called by kong before Run.
func (t *demoCommand) Validate() error {
	for i, origin := range t.Origin {
		t.Origin[i] = strings.TrimSuffix(origin, "/")
		if err := cli.CheckShop("origin", t.Origin[i]); err != nil {
			return err
		}
	}
	return errors.Join(t.check(), t.toNetwork())
}

// toNetwork has the demo listen where real phones reach it, if it is told to.
func (t *demoCommand) toNetwork() error {
	if t.LAN == "" {
		return nil
	}
	if t.BaseURL != "" {
		return pay.Errorf(pay.CodeInvalid, "--lan", "is the address of --base-url: give one of them")
	}
	ip, err := demo.FindAddress(t.LAN)
	if err != nil {
		return err
	}
	for _, listen := range []*string{&t.Listen, &t.SimListen} {
		if *listen, err = demo.At(ip, *listen); err != nil {
			return err
		}
	}
	return nil
}

// Run serves the sample merchants, or those of --merchants, with everything
// simulated.
func (t *demoCommand) Run(ctx context.Context) error {
	if t.Export != nil {
		return t.export(*t.Export)
	}
	if t.Data == "" {
		folder, err := os.MkdirTemp("", "morepay-demo-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		t.Data = folder
	}
	hangups := hangups()
	d, err := demo.Open(ctx, demo.Config{Config: t.program(), SimListen: t.SimListen, Folder: t.Merchants, Origins: t.Origin, Tell: true})
	if err != nil {
		return err
	}
	d.ReloadOn(hangups)
	d.Announce(os.Stdout)
	return errors.Join(d.Run(ctx), d.Close())
}

// export writes the merchants and starts nothing.
func (t *demoCommand) export(dir string) error {
	baseURL := strings.TrimSuffix(cmp.Or(t.BaseURL, "http://"+t.Listen), "/")
	if err := demo.Export(dir, t.Merchants, baseURL, t.Origin); err != nil {
		return err
	}
	demo.AnnounceExport(os.Stdout, dir, baseURL)
	return nil
}

type simulateCommand struct {
	SimListen string     `default:"127.0.0.1:8081" help:"Address of the simulated providers and the simulated phone."`
	Merchants string     `default:"merchants" type:"path" help:"Folder that demo --export wrote, with what was changed there since."`
	BaseURL   string     `default:"http://127.0.0.1:8080" help:"Origin of the server that is tried: its domain is registered at the providers."`
	LogFormat string     `enum:"text,json" default:"text" help:"text or json."`
	LogLevel  slog.Level `default:"info" help:"debug, info, warn or error."`
}

// Validate is called by kong before Run.
func (s *simulateCommand) Validate() error { return cli.CheckOrigin("base-url", s.BaseURL) }

// Run serves the providers' APIs, the control API and the phone.
func (s *simulateCommand) Run(ctx context.Context) error {
	sim, err := simulate.Open(simulate.Config{
		Listen: s.SimListen, Folder: s.Merchants, BaseURL: s.BaseURL, Log: program.NewLog(os.Stderr, s.LogFormat, s.LogLevel),
	})
	if err != nil {
		return err
	}
	sim.Announce(os.Stdout)
	return errors.Join(sim.Run(ctx), sim.Close())
}

func main() {
	var c commands
	k := kong.Parse(&c, kong.Name("morepay"), kong.DefaultEnvars("MOREPAY"), kong.ShortUsageOnError(), kong.Vars{"version": cli.Version()},
		kong.Description("A self-hosted checkout widget: more payment methods, on every device."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	k.FatalIfErrorf(k.Run())
}
