package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"morepay/internal/scenario/record"
	"morepay/internal/trace"
)

type recordScenario struct {
	Session string        `arg:"" help:"Its id, as the console lists it."`
	Sim     string        `default:"http://127.0.0.1:8081" placeholder:"URL" help:"Of the demo's simulated providers, with the QA console."`
	Wait    time.Duration `default:"10s" help:"For how long the demo may take to answer."`
}

// maxTrace limits what is read of a trace, in bytes.
const maxTrace = 16 << 20

// Run writes the scenario to the standard output, and to the error output what the trace
// does not tell.
func (c *recordScenario) Run(ctx context.Context) error {
	t, err := c.trace(ctx)
	if err != nil {
		return err
	}
	r := record.Of(t)
	for _, sentence := range r.Unknown {
		fmt.Fprintln(os.Stderr, "not known:", sentence)
	}
	return r.Write(os.Stdout)
}

// trace asks the demo for the session's trace.
func (c *recordScenario) trace(ctx context.Context) (t *trace.Trace, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	address := c.Sim + "/qa/trace/" + url.PathEscape(c.Session) + "?format=json"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, usage("sim", "%v", err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("the demo can't be asked: %w", err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxTrace))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the demo at %s has no trace of %s: status %d", c.Sim, c.Session, answer.StatusCode)
	}
	t = &trace.Trace{}
	return t, json.Unmarshal(b, t)
}
