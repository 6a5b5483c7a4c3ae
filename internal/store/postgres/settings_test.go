package postgres

import (
	"strings"
	"testing"
)

// The bounds are set in each transaction and not at connect, where a pooler would
// refuse them, and the URL may say others.
func TestSettings(t *testing.T) {
	t.Parallel()
	const dsn = "postgres://user@127.0.0.1:5432/db?sslmode=disable"
	for query, want := range map[string]string{
		"":                     "SET LOCAL idle_in_transaction_session_timeout = 10000; SET LOCAL lock_timeout = 2000; SET LOCAL statement_timeout = 3000",
		"&lock_timeout=1500":   "SET LOCAL idle_in_transaction_session_timeout = 10000; SET LOCAL lock_timeout = 1500; SET LOCAL statement_timeout = 3000",
		"&statement_timeout=0": "SET LOCAL idle_in_transaction_session_timeout = 10000; SET LOCAL lock_timeout = 2000; SET LOCAL statement_timeout = 0",
	} {
		config, local, err := settings(dsn + query)
		if err != nil || local != want {
			t.Errorf("%q: %v, %s", query, err, local)
			continue
		}
		for name := range config.ConnConfig.RuntimeParams {
			if name != "application_name" {
				t.Errorf("%q: %s is set at connect", query, name)
			}
		}
		if config.MaxConns != poolSize || config.ConnConfig.RuntimeParams["application_name"] != applicationName {
			t.Errorf("%q: %d connections as %s", query, config.MaxConns, config.ConnConfig.RuntimeParams["application_name"])
		}
	}
	config, _, err := settings(dsn + "&pool_max_conns=7&application_name=shop")
	if err != nil || config.MaxConns != 7 || config.ConnConfig.RuntimeParams["application_name"] != "shop" {
		t.Errorf("what the URL says: %v, %+v", err, config)
	}
	if _, _, err := settings(dsn + "&lock_timeout=2s"); err == nil || !strings.Contains(err.Error(), "lock_timeout") {
		t.Errorf("a bound that is no number: %v", err)
	}
}
