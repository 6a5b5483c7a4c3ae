// Package stress runs at full scale what the tests run small: storms, crashes,
// hostile clients, broken networks. Each row of the table drives the real
// program on loopback and says what was measured against what was wanted.
// Everything is bounded in count and time.
//
// What must not live here: rules of their own. What a row demands is what the
// tests of the packages demand, at another scale.
package stress

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"
)

// Row is one line of the table.
type Row struct {
	Name   string
	Target string
	// Run measures. The text is what was seen; the error says what was not as
	// wanted.
	Run func(ctx context.Context, e *Env) (seen string, err error)
}

// Env is the environment that rows run in.
type Env struct {
	Dir    string    // an empty folder
	Binary string    // the program, built by [Build]
	Seed   uint64    // of every random choice
	Quick  bool      // a few seconds in all, for tests
	Cycles int       // of kill -9; 0 for the row's own number
	Log    io.Writer // what child processes write
	folder int
}

// scale returns full, or quick where that is asked for.
func (e *Env) scale(quick, full int) int {
	if e.Quick {
		return quick
	}
	return full
}

// temp returns a new folder's path.
func (e *Env) temp() string {
	e.folder++
	return filepath.Join(e.Dir, fmt.Sprint(e.folder))
}

// Result is the result of a row.
type Result struct {
	Row
	Seen string
	Err  error
	Took time.Duration
}

// Run runs rows one after another, each within limit, and tells each result as
// it comes.
func Run(ctx context.Context, e *Env, rows []Row, limit time.Duration, tell func(Result)) []Result {
	var results []Result
	for _, row := range rows {
		if ctx.Err() != nil {
			break
		}
		r := Result{Row: row}
		start := time.Now()
		limited, cancel := context.WithTimeout(ctx, limit)
		r.Seen, r.Err = row.Run(limited, e)
		cancel()
		r.Took = time.Since(start)
		tell(r)
		results = append(results, r)
	}
	return results
}

// Print writes the table in Markdown.
func Print(w io.Writer, results []Result) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| test\t| target\t| result\t| |")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---|")
	for _, r := range results {
		verdict := "pass"
		if r.Err != nil {
			verdict = "**FAIL**: " + r.Err.Error()
		}
		fmt.Fprintf(t, "| %s\t| %s\t| %s\t| %s |\n", r.Name, r.Target, r.Seen, verdict)
	}
	return t.Flush()
}
