package postgres

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// poolSize is how many connections a server has if its URL does not say
// pool_max_conns. pgx itself takes as many as there are processors, which a single
// locked row uses up.
const poolSize = 32

// applicationName is how a database's administrator finds our connections.
const applicationName = "morepay"

// bounds of every transaction, in milliseconds: a lock, a statement, and a pause in
// the middle that only a lost server makes. The URL may say others, 0 for none.
var bounds = map[string]int{
	"lock_timeout":                        2000,
	"statement_timeout":                   3000,
	"idle_in_transaction_session_timeout": 10_000,
}

// settings reads a URL. local is the statement that sets the bounds of the
// transaction that it stands in.
func settings(dsn string) (config *pgxpool.Config, local string, err error) {
	config, err = pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, "", err
	}
	if !strings.Contains(dsn, "pool_max_conns") {
		config.MaxConns = poolSize
	}
	params := config.ConnConfig.RuntimeParams
	if params["application_name"] == "" {
		params["application_name"] = applicationName
	}
	var set []string
	for name, value := range bounds {
		if text, ok := params[name]; ok {
			if value, err = strconv.Atoi(text); err != nil || value < 0 {
				return nil, "", fmt.Errorf("%s must be milliseconds, is %q", name, text)
			}
			delete(params, name) // poolers refuse it at connect
		}
		set = append(set, fmt.Sprintf("SET LOCAL %s = %d", name, value))
	}
	slices.Sort(set)
	return config, strings.Join(set, "; "), nil
}
