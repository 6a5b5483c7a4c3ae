// Command stress runs the table of package stress and prints it. It works on
// loopback only, within bounds of count and time.
//
//	go run ./internal/tools/stress [-quick] [-row NAME] [-bench] [-seed N] [-cycles N]
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"time"

	"morepay/internal/e2e/stress"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "stress:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	quick := flag.Bool("quick", false, "run at the small scale of the tests")
	bench := flag.Bool("bench", false, "measure speed instead of survival")
	row := flag.String("row", "", "run only the rows whose name matches this regular expression")
	seed := flag.Uint64("seed", 0, "of every random choice; 0 for a new one")
	cycles := flag.Int("cycles", 0, "kill -9 cycles; 0 for the row's own number")
	limit := flag.Duration("limit", 10*time.Minute, "for one row")
	verbose := flag.Bool("v", false, "show what the servers log")
	flag.Parse()

	pattern, err := regexp.Compile(*row)
	if err != nil {
		return err
	}
	rows := stress.Rows()
	if *bench {
		rows = stress.Benches()
	}
	rows = slices.DeleteFunc(rows, func(r stress.Row) bool { return !pattern.MatchString(r.Name) })
	folder, err := os.MkdirTemp("", "morepay-stress-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	binary, err := stress.Build(ctx, folder)
	if err != nil {
		return err
	}
	e := &stress.Env{Dir: folder, Binary: binary, Seed: cmp.Or(*seed, rand.Uint64()), Quick: *quick, Cycles: *cycles, Log: io.Discard}
	if *verbose {
		e.Log = os.Stderr
	}
	fmt.Printf("seed %d, %s, %d processors, %s, %s\n\n", e.Seed, runtime.Version(), runtime.NumCPU(), runtime.GOOS, time.Now().UTC().Format(time.RFC3339))
	results := stress.Run(ctx, e, rows, *limit, func(r stress.Result) {
		fmt.Fprintf(os.Stderr, "%-20s %8v  %s\n", r.Name, r.Took.Round(10*time.Millisecond), r.Seen)
	})
	if err := stress.Print(os.Stdout, results); err != nil {
		return err
	}
	var errs []error
	for _, r := range results {
		if r.Err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.Name, r.Err))
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}
