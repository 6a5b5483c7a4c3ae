package postgres

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/checkout"
)

// channel carries "server session" for every session with new events; with "" as
// session it is for everybody, and "server" alone is for that server.
const channel = "morepay"

// heartbeat is the interval at which a silent connection is asked whether it is alive: a
// peer that vanished without a word is noticed only then.
const heartbeat = 10 * time.Second

// hearWithin bounds how long a server's call to itself may be under way.
const hearWithin = 2 * time.Second

// listener tells this server's waiters what other servers have stored.
type listener struct {
	config    *pgx.ConnConfig
	announcer *announcer // its own messages are left out: it told its waiters already
	notify    checkout.Notifier
	log       *slog.Logger
	hears     prometheus.Gauge

	stop  context.CancelFunc
	ended chan struct{}
}

func newListener(config *pgx.ConnConfig, a *announcer, c Config) *listener {
	l := &listener{
		config: config, announcer: a, notify: c.Notify, log: c.Log, ended: make(chan struct{}),
		hears: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "morepay_listening", Help: "1 if this server hears at once what others store; 0 if its payers see it at the next beat.",
		}),
	}
	if c.Metrics != nil {
		c.Metrics.MustRegister(l.hears)
	}
	return l
}

// start begins to listen; nothing that is stored after it returns is missed.
func (l *listener) start(ctx context.Context) error {
	conn, err := l.connect(ctx)
	if err != nil {
		return err
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.run(ctx, conn)
	return nil
}

func (l *listener) close() {
	l.stop()
	<-l.ended
}

func (l *listener) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return nil, err
	}
	_, err = conn.Exec(ctx, "LISTEN "+channel)
	if err == nil {
		err = l.test(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// test has this server call itself the way it calls others. A pooler takes LISTEN
// without a word and passes nothing on.
func (l *listener) test(ctx context.Context, conn *pgx.Conn) error {
	if err := l.announcer.call(ctx); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, hearWithin)
	defer cancel()
	n, err := conn.WaitForNotification(wait)
	switch {
	case err == nil:
		l.hear(n)
	case wait.Err() != nil && ctx.Err() == nil:
		l.log.ErrorContext(ctx, "this server does not hear what others store, so payers see it at the next beat of their page: LISTEN leads through a pooler or to another database (--listen-database)")
	default:
		return err
	}
	return nil
}

// run listens, and connects again whenever the connection is lost. What was
// stored meanwhile nobody will tell us, so everybody looks again.
func (l *listener) run(ctx context.Context, conn *pgx.Conn) {
	defer close(l.ended)
	for {
		l.receive(ctx, conn)
		l.hears.Set(0)
		_ = conn.Close(context.WithoutCancel(ctx))
		again := func() (*pgx.Conn, error) { return l.connect(ctx) }
		var err error
		if conn, err = backoff.Retry(ctx, again, backoff.WithMaxElapsedTime(0), backoff.WithBackOff(&backoff.ExponentialBackOff{
			InitialInterval: 50 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 2 * time.Second,
		})); err != nil {
			return // ctx has ended: nothing else stops the retries
		}
		l.notify("")
	}
}

// receive passes on what it hears until the connection fails or ctx ends.
func (l *listener) receive(ctx context.Context, conn *pgx.Conn) {
	for {
		wait, cancel := context.WithTimeout(ctx, heartbeat)
		n, err := conn.WaitForNotification(wait)
		silent := wait.Err() != nil && ctx.Err() == nil
		cancel()
		if silent {
			err = l.ping(ctx, conn)
		}
		if err != nil {
			return
		}
		if n != nil {
			l.hear(n)
		}
	}
}

// hear passes on what another server says.
func (l *listener) hear(n *pgconn.Notification) {
	l.hears.Set(1)
	if server, session, ok := strings.Cut(n.Payload, " "); ok && server != l.announcer.server {
		l.notify(session)
	}
}

func (l *listener) ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	return conn.Ping(ctx)
}
