package demo

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"

	"morepay/internal/program"
	"morepay/internal/scenario"
)

// Stage is this demo as scenarios need it.
func (d *Demo) Stage() *scenario.Stage {
	return &scenario.Stage{Origin: d.BaseURL, Sim: d.SimURL, Key: func(merchant string) string {
		i := slices.IndexFunc(d.Shops, func(s Shop) bool { return s.ID == merchant })
		if i < 0 {
			return ""
		}
		return d.Shops[i].Key
	}}
}

// Stage starts a demo for scenarios alone, on ports that are free and with a database
// that is thrown away. leave ends it.
func Stage(ctx context.Context, log *slog.Logger) (on *scenario.Stage, leave func() error, err error) {
	folder, err := os.MkdirTemp("", "morepay-scenarios-")
	if err != nil {
		return nil, nil, err
	}
	const free = "127.0.0.1:0"
	d, err := Open(ctx, Config{SimListen: free, Config: program.Config{Listen: free, AdminListen: free, Data: folder, Log: log}})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return d.Stage(), func() error {
		cancel()
		return errors.Join(<-done, d.Close(), os.RemoveAll(folder))
	}, nil
}
