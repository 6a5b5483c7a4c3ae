// Command mutants breaks one line at a time of the code that handles money and
// secrets, and runs the tests that must notice. A mutant that they let through
// survives, and is a failure: the rule of that line is held by nothing.
//
//	go run ./internal/tools/mutants [-row NAME] [-scenarios] [-sample N] [-seed N]
//
// Rows whose test is a scenario take a browser and minutes: they are tried only if
// asked for.
//
// The tree is not touched: go test reads the broken file from an overlay. So the
// tests of a mutant may be edited meanwhile, and two runs don't meet.
//
// What must not live here: the tests. Whoever finds a survivor writes one where the
// rule lives.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	pattern := flag.String("row", "", "try only the rows whose name matches this regular expression")
	sample := flag.Int("sample", 0, "try so `many` rows, drawn by the seed; 0 for all")
	scenarios := flag.Bool("scenarios", false, "try the rows too that a scenario must notice")
	seed := flag.Uint64("seed", 0, "of the sample; 0 for a new one")
	flag.Parse()

	match, err := regexp.Compile(*pattern)
	if err != nil {
		return err
	}
	rows := table()
	if *scenarios {
		rows = slices.Concat(rows, scenarioRows)
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return !match.MatchString(r.name) })
	if *sample > 0 {
		*seed = cmp.Or(*seed, rand.Uint64())
		rows = draw(rows, *sample, *seed)
		fmt.Printf("%d rows, seed %d\n", len(rows), *seed)
	}
	folder, err := os.MkdirTemp("", "morepay-mutants-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	return try(ctx, folder, rows)
}

// draw picks n rows by a seed, in the order of the table.
func draw(rows []row, n int, seed uint64) []row {
	at := rand.New(rand.NewPCG(seed, 0)).Perm(len(rows))[:min(n, len(rows))]
	slices.Sort(at)
	drawn := make([]row, len(at))
	for i, j := range at {
		drawn[i] = rows[j]
	}
	return drawn
}

// try tests every row: first that its tests pass as the code is, then that they
// fail as it is broken.
func try(ctx context.Context, folder string, rows []row) error {
	if err := sound(ctx, rows); err != nil {
		return err
	}
	failed := 0
	for _, r := range rows {
		began := time.Now()
		verdict, err := r.try(ctx, folder)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			failed++
			verdict = err.Error()
		}
		fmt.Printf("%-45s %6.1fs  %s\n", r.name, time.Since(began).Seconds(), verdict)
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d rows were not killed", failed, len(rows))
	}
	fmt.Printf("all %d were killed\n", len(rows))
	return nil
}
