package sqlstore

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"sync"
)

// numbering numbers the parameters of statements, as PostgreSQL wants them.
type numbering struct {
	Querier
	known *sync.Map // statement → the same with its parameters numbered
}

func (n numbering) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return n.Querier.ExecContext(ctx, n.number(query), args...)
}

func (n numbering) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return n.Querier.QueryContext(ctx, n.number(query), args...)
}

// number returns the statement with $1, $2, … for its question marks. There are a
// few dozen statements, so each is kept.
func (n numbering) number(query string) string {
	if numbered, ok := n.known.Load(query); ok {
		return numbered.(string)
	}
	parts := strings.Split(query, "?")
	var out strings.Builder
	for i, part := range parts[:len(parts)-1] {
		out.WriteString(part + "$" + strconv.Itoa(i+1))
	}
	out.WriteString(parts[len(parts)-1])
	n.known.Store(query, out.String())
	return out.String()
}
