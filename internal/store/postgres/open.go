package postgres

import (
	"cmp"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/prometheus/client_golang/prometheus"

	"morepay/internal/checkout"
	"morepay/internal/store/sqlstore"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config says which database to open and how. Only URL and Message are needed.
type Config struct {
	URL     string                // postgres://…; the settings of pgxpool and those in settings.go may be in it
	Listen  string                // the same database with no pooler between, for LISTEN and migrations; "" for URL
	Message sqlstore.MakeMessage  // makes what merchants are told
	Notify  checkout.Notifier     // hears of sessions with new events, whichever server stored them, and of "" when some may have been missed
	Wait    time.Duration         // for how long a database that does not answer yet is tried again
	Log     *slog.Logger          // default slog.Default
	Metrics prometheus.Registerer // nil for none
}

// Open connects to a database and brings its schema up to date.
func Open(ctx context.Context, c Config) (*sqlstore.DB, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	db, err := c.open(ctx)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return db, nil
}

func (c Config) open(ctx context.Context) (*sqlstore.DB, error) {
	config, local, err := settings(c.URL)
	if err != nil {
		return nil, err
	}
	own, _, err := settings(cmp.Or(c.Listen, c.URL))
	if err != nil {
		return nil, err
	}
	at, err := c.reach(ctx, config.ConnConfig)
	if err != nil {
		return nil, err
	}
	past, err := c.reach(ctx, own.ConnConfig)
	if err != nil {
		return nil, err
	}
	if at.database != past.database {
		return nil, fmt.Errorf("--listen-database leads to the database %s, --database to %s", past.database, at.database)
	}
	if err := migrate(ctx, own.ConnConfig, past.pooled); err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	c.measure(pool)
	server := rand.Text()
	e := &engine{pool: pool, db: stdlib.OpenDBFromPool(pool), local: local}
	e.announcer = startAnnouncer(e.db, server)
	notify := c.Notify
	if notify == nil {
		notify = func(string) {}
	} else {
		l := newListener(own.ConnConfig, e.announcer, c)
		if err := l.start(ctx); err != nil {
			return nil, errors.Join(err, e.Close())
		}
		e.listener = l
	}
	return sqlstore.New(e, dialect, c.Message, func(session string) {
		notify(session)
		e.announcer.add(session)
	}), nil
}

// measure tells how many connections a pool has.
func (c Config) measure(pool *pgxpool.Pool) {
	if c.Metrics == nil {
		return
	}
	for state, count := range map[string]func(*pgxpool.Stat) int32{
		"used": (*pgxpool.Stat).AcquiredConns, "idle": (*pgxpool.Stat).IdleConns, "most": (*pgxpool.Stat).MaxConns,
	} {
		c.Metrics.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "morepay_database_connections", Help: "Connections to the database: in use, idle, and how many there may be.",
			ConstLabels: prometheus.Labels{"state": state},
		}, func() float64 { return float64(count(pool.Stat())) }))
	}
	c.Metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "morepay_database_waits_total", Help: "How often nobody's connection was idle, so that work had to wait for one.",
	}, func() float64 { return float64(pool.Stat().EmptyAcquireCount()) }))
}

// reachWithin bounds one try to reach a database.
const reachWithin = 5 * time.Second

// reach waits until a database answers. Behind a pooler prepared statements get no
// names: in transaction mode it hands each transaction to another of its
// connections.
func (c Config) reach(ctx context.Context, config *pgx.ConnConfig) (place, error) {
	at, err := backoff.Retry(ctx, func() (place, error) {
		at, err := look(ctx, config)
		if err != nil && (c.Wait == 0 || !absent(err)) {
			err = backoff.Permanent(err)
		}
		return at, err
	}, backoff.WithMaxElapsedTime(c.Wait), backoff.WithNotify(func(err error, again time.Duration) {
		c.Log.Warn("the database does not answer yet", "err", err, "again", again.Round(time.Millisecond))
	}), backoff.WithBackOff(&backoff.ExponentialBackOff{
		InitialInterval: 250 * time.Millisecond, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: 5 * time.Second,
	}))
	if at.pooled && !strings.Contains(config.ConnString(), "default_query_exec_mode") {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheDescribe
	}
	return at, err
}

// place is where a URL leads.
type place struct {
	database string // its name there
	pooled   bool   // the process that we are told of at connect isn't the one that runs our statements
}

func look(ctx context.Context, config *pgx.ConnConfig) (place, error) {
	ctx, cancel := context.WithTimeout(ctx, reachWithin)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return place{}, err
	}
	defer conn.Close(ctx)
	results, err := conn.PgConn().Exec(ctx, "SELECT current_database(), pg_backend_pid()").ReadAll()
	if err != nil {
		return place{}, err
	}
	row := results[0].Rows[0]
	return place{string(row[0]), string(row[1]) != strconv.FormatUint(uint64(conn.PgConn().PID()), 10)}, nil
}

// absent reports whether a database may only have to be waited for.
func absent(err error) bool {
	if _, ok := errors.AsType[*pgconn.PgError](err); ok {
		return is(err, startingUp, tooManyConnections, poolerHasNoServer)
	}
	_, unreachable := errors.AsType[*pgconn.ConnectError](err)
	return unreachable || errors.Is(err, context.DeadlineExceeded)
}
