package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"morepay/internal/demo"
	"morepay/internal/program"
	"morepay/internal/scenario"
	"morepay/internal/scenario/chromium"
)

type scenarios struct {
	List listScenarios `cmd:"" help:"List the named scenarios."`
	Run  runScenarios  `cmd:"" help:"Play scenarios on a demo of their own, with the real page in Chromium."`

	Record recordScenario `cmd:"" help:"Write what happened to a session of a running demo as a scenario, to be played again."`
}

// chosen are the flags that say which scenarios are meant.
type chosen struct {
	Filter string `placeholder:"WORDS" help:"Only those whose group/name has one of these words, split by commas."`
	File   string `type:"existingfile" help:"Read them from this file instead of the built-in table."`
}

func (c chosen) rows() ([]scenario.Scenario, error) {
	rows := scenario.Table()
	if c.File != "" {
		b, err := os.ReadFile(c.File)
		if err != nil {
			return nil, err
		}
		if rows, err = scenario.Read(b); err != nil {
			return nil, fmt.Errorf("%s: %w", c.File, err)
		}
	}
	if rows = scenario.Select(rows, c.Filter); len(rows) == 0 {
		return nil, usage("filter", "no scenario has %q in its group or name", c.Filter)
	}
	return rows, nil
}

type listScenarios struct {
	chosen `embed:""`
	Steps  bool `help:"List what steps, sights and controls a scenario can have instead."`
}

// Run lists them, a line each.
func (c *listScenarios) Run() error {
	if c.Steps {
		return scenario.WriteSteps(os.Stdout)
	}
	rows, err := c.rows()
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, s := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", s.Group, s.Name, s.Says)
	}
	return w.Flush()
}

type runScenarios struct {
	chosen   `embed:""`
	Seed     uint64        `default:"1" help:"Of the faults that strike by chance, so that a run can be repeated."`
	JUnit    string        `name:"junit" type:"path" placeholder:"FILE" help:"Write the results as JUnit's XML into this file."`
	Pictures string        `type:"path" placeholder:"DIR" help:"Write a picture of the screen for each scenario that fails into this folder."`
	Browser  string        `placeholder:"PATH" help:"Chromium, if it is not to be looked for; none to judge the ledger only."`
	Patience time.Duration `default:"30s" help:"For how long each step, and the ledger, may take."`
}

// Run plays them one after another. It fails if one does not end as it should.
func (c *runScenarios) Run(ctx context.Context) error {
	rows, err := c.rows()
	if err != nil {
		return err
	}
	stage, leave, err := demo.Stage(ctx, program.NewLog(io.Discard, "text", slog.LevelInfo))
	if err != nil {
		return err
	}
	browser, err := c.browser()
	if err != nil {
		return errors.Join(err, leave())
	}
	options := scenario.Options{Seed: c.Seed, Patience: c.Patience}
	if browser != nil {
		options.Browser = browser
	} else {
		fmt.Println("no Chromium here: only the ledger is judged, not what the payer sees")
	}
	results, err := c.play(ctx, stage, rows, options)
	if browser != nil {
		err = errors.Join(err, browser.Close())
	}
	return errors.Join(err, leave(), c.tell(results))
}

// browser starts Chromium. It returns nil if there is none, or none is wanted.
func (c *runScenarios) browser() (*chromium.Browser, error) {
	path := c.Browser
	if path == "" {
		path = chromium.Find()
	}
	if path == "" || path == "none" {
		return nil, nil
	}
	return chromium.Start(path)
}

func (c *runScenarios) play(ctx context.Context, stage *scenario.Stage, rows []scenario.Scenario, o scenario.Options) ([]scenario.Result, error) {
	var results []scenario.Result
	for _, row := range rows {
		r := stage.Run(ctx, row, o)
		if ctx.Err() != nil {
			return results, ctx.Err()
		}
		results = append(results, r)
		verdict := "ok  "
		if r.Err != nil {
			verdict = "FAIL"
		}
		fmt.Printf("%s  %-12s %-40s %6.1f s\n", verdict, r.Group, r.Name, r.Took.Seconds())
		if r.Err != nil {
			fmt.Printf("      %v\n", r.Err)
		}
		if err := c.keep(r); err != nil {
			return results, err
		}
	}
	return results, nil
}

func (c *runScenarios) keep(r scenario.Result) error {
	if c.Pictures == "" || len(r.Picture) == 0 {
		return nil
	}
	if err := os.MkdirAll(c.Pictures, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.Pictures, r.Name+".png"), r.Picture, 0o644)
}

// tell writes the report, and fails if a scenario has.
func (c *runScenarios) tell(results []scenario.Result) error {
	failed := 0
	for _, r := range results {
		if r.Err != nil {
			failed++
		}
	}
	fmt.Printf("%d scenarios, seed %d: %d ended as they should, %d did not\n", len(results), c.Seed, len(results)-failed, failed)
	var err error
	if c.JUnit != "" {
		err = writeFile(c.JUnit, func(f *os.File) error { return scenario.WriteJUnit(f, results) })
	}
	if failed > 0 {
		err = errors.Join(err, fmt.Errorf("%d scenarios failed", failed))
	}
	return err
}

// writeFile writes a whole file.
func writeFile(name string, write func(*os.File) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
