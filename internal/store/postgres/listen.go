package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"

	"morepay/internal/checkout"
)

// channel carries "server session" for every session with new events; without a
// session it is for everybody.
const channel = "morepay"

// heartbeat is the interval at which a silent connection is asked whether it is alive: a
// peer that vanished without a word is noticed only then.
const heartbeat = 10 * time.Second

// listener tells this server's waiters what other servers have stored.
type listener struct {
	config *pgx.ConnConfig
	server string // whose own messages are left out: it told its waiters already
	notify checkout.Notifier

	stop  context.CancelFunc
	ended chan struct{}
}

// listen starts a listener; nothing that is stored after it returns is missed.
func listen(ctx context.Context, config *pgx.ConnConfig, server string, notify checkout.Notifier) (*listener, error) {
	l := &listener{config: config, server: server, notify: notify, ended: make(chan struct{})}
	conn, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	ctx, l.stop = context.WithCancel(context.WithoutCancel(ctx))
	go l.run(ctx, conn)
	return l, nil
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
	if _, err := conn.Exec(ctx, "LISTEN "+channel); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// run listens, and connects again whenever the connection is lost. What was
// stored meanwhile nobody will tell us, so everybody looks again.
func (l *listener) run(ctx context.Context, conn *pgx.Conn) {
	defer close(l.ended)
	for {
		l.receive(ctx, conn)
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
		if n == nil {
			continue
		}
		if server, session, ok := strings.Cut(n.Payload, " "); ok && server != l.server {
			l.notify(session)
		}
	}
}

func (l *listener) ping(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	return conn.Ping(ctx)
}
