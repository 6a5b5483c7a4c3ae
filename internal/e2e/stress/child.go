package stress

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"morepay/internal/harness"
	"morepay/internal/program"
)

// Build builds the program for [Env.Binary] into a folder. It is the program as
// it is, except that it can be told to kill itself at a named point.
func Build(ctx context.Context, folder string) (string, error) {
	binary := filepath.Join(folder, "morepay")
	out, err := exec.CommandContext(ctx, "go", "build", "-tags", "crashtest", "-o", binary, "morepay").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, out)
	}
	return binary, nil
}

// deployment is a simulator with shops, whose server is another process. What the
// server finds in its database is prepared in this process first.
type deployment struct {
	*harness.Harness
	env       *Env
	merchants string // folder
}

// deploy starts a harness, has prepare make sessions and attempts in it, and
// leaves its address and database to a child process.
func (e *Env) deploy(prepare func(*harness.Harness) error) (*deployment, error) {
	dep := &deployment{env: e, merchants: e.temp()}
	var err error
	dep.Harness, err = harness.Start(harness.Options{
		Config: program.Config{Data: e.temp(), SweepEvery: program.Never},
		Seed:   e.Seed, Courier: &harness.Courier{}, RetryScale: 0.01, RefundAfter: time.Millisecond,
	})
	if err != nil {
		return nil, err
	}
	if err := prepare(dep.Harness); err != nil {
		return nil, fmt.Errorf("prepare: %w", closing(err, dep))
	}
	if err := dep.Leave(); err != nil {
		return nil, closing(err, dep)
	}
	return dep, closing(dep.Shop(harness.Merchant).Export(dep.merchants), nil)
}

// closing closes c, if there is one, because of err.
func closing(err error, c io.Closer) error {
	if err != nil && c != nil {
		c.Close()
	}
	return err
}

// child is the program in a process of its own.
type child struct {
	*exec.Cmd
	ended chan struct{} // closed when the process is gone
}

// arguments are those of a program on the deployment's address and database.
func (dep *deployment) arguments(drain time.Duration) []string {
	return []string{
		"serve", "--listen", strings.TrimPrefix(dep.BaseURL, "http://"), "--admin-listen", dep.AdminListen, "--base-url", dep.BaseURL,
		"--sim-url", dep.SimURL, "--merchants", dep.merchants, "--data", dep.Data, "--drain", drain.String(),
	}
}

// serve starts the program on the deployment's address and database and waits until
// it answers.
func (dep *deployment) serve(ctx context.Context, environment ...string) (*child, error) {
	return dep.begin(ctx, exec.CommandContext(ctx, dep.env.Binary, dep.arguments(0)...), environment...)
}

// begin starts a command that becomes the program, and waits until it answers.
func (dep *deployment) begin(ctx context.Context, cmd *exec.Cmd, environment ...string) (*child, error) {
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdout, cmd.Stderr = dep.env.Log, dep.env.Log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{Cmd: cmd, ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in ProcessState
		close(c.ended)
	}()
	ready, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err := until(ready, "the program is ready", func() bool {
		res, err := dep.Client.Get(dep.BaseURL + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	if err != nil {
		c.kill()
	}
	return c, err
}

// kill ends the process as a power switch does, and waits for its end.
func (c *child) kill() {
	_ = c.Process.Kill() // it may have ended by itself
	<-c.ended
}

// wait waits for a process that ends by itself.
func (c *child) wait(ctx context.Context) error {
	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
		c.kill()
		return context.Cause(ctx)
	}
}

// stop asks the process to end and tells how long it took.
func (c *child) stop(ctx context.Context) (time.Duration, error) {
	start := time.Now()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		return 0, err
	}
	err := c.wait(ctx)
	return time.Since(start), err
}

// resident returns the memory that the process has in use, in bytes (Linux).
func (c *child) resident() (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.ParseInt(strings.Fields(string(b))[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}

// tick is the unit of time in /proc (Linux, on all common processors).
const tick = 10 * time.Millisecond

// cpu returns the processor time that the process has used (Linux).
func (c *child) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, fields, _ := strings.Cut(string(b), ") ") // the name before may hold spaces
	var used time.Duration
	for _, field := range strings.Fields(fields)[11:13] { // utime and stime
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		used += time.Duration(n) * tick
	}
	return used, nil
}
