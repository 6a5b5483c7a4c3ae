package stress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"morepay/internal/harness"
)

// holder holds a deployment's address, as systemd does, for one server after the other.
type holder struct {
	*deployment
	socket net.Listener // nobody accepts here
	file   *os.File     // the same, to hand over
	drain  time.Duration
}

// hold takes the deployment's address.
func (dep *deployment) hold(drain time.Duration) (*holder, error) {
	l, err := net.Listen("tcp", strings.TrimPrefix(dep.BaseURL, "http://"))
	if err != nil {
		return nil, err
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &holder{dep, l, file, drain}, nil
}

func (h *holder) close() { h.file.Close(); h.socket.Close() }

// serve starts the program with the socket and waits until it answers. A shell
// becomes the program, so that the environment can name its process.
func (h *holder) serve(ctx context.Context) (*child, error) {
	args := append([]string{"-c", `LISTEN_PID=$$ exec "$0" "$@"`, h.env.Binary}, h.arguments(h.drain)...)
	cmd := exec.CommandContext(ctx, "sh", args...)
	cmd.ExtraFiles = []*os.File{h.file}
	return h.begin(ctx, cmd, "LISTEN_FDS=1", "LISTEN_FDNAMES=public")
}

// traffic is what reaches servers while they are replaced, and how it went.
type traffic struct {
	client *http.Client
	retry  time.Duration // pause of a page before it connects again

	open, connected atomic.Int64 // streams that are, and that were
	mu              sync.Mutex
	took            []time.Duration
	failed          []error
}

func (t *traffic) note(begin time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.took = append(t.took, time.Since(begin))
	if err != nil {
		t.failed = append(t.failed, err)
	}
}

// get asks for something and hands out the answer, which must be 200.
func (t *traffic) get(ctx context.Context, url, accept string) (*http.Response, error) {
	begin := time.Now()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	res, err := t.client.Do(req)
	if ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), closed(res))
	}
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.Join(fmt.Errorf("%s was answered %d", req.URL.Path, res.StatusCode), closed(res))
	}
	t.note(begin, err)
	return res, err
}

func closed(res *http.Response) error {
	if res == nil {
		return nil
	}
	return res.Body.Close()
}

// follow is a page that waits for news, and connects again whenever its stream ends.
func (t *traffic) follow(ctx context.Context, url string) {
	for {
		res, err := t.get(ctx, url, "text/event-stream")
		if err != nil {
			return
		}
		lines := bufio.NewScanner(res.Body)
		if lines.Scan() {
			t.connected.Add(1)
			t.open.Add(1)
			for lines.Scan() {
			}
			t.open.Add(-1)
		}
		res.Body.Close()
		select {
		case <-ctx.Done():
			return
		case <-time.After(t.retry):
		}
	}
}

// look is a payer who opens the page again and again.
func (t *traffic) look(ctx context.Context, url string) {
	for {
		res, err := t.get(ctx, url, "text/html")
		if err != nil {
			return
		}
		begin := time.Now()
		if _, err := io.Copy(io.Discard, res.Body); err != nil && ctx.Err() == nil {
			t.note(begin, fmt.Errorf("a page was cut off: %w", err))
		}
		res.Body.Close()
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tell posts what the provider has to say, evenly until busy ends, and returns what was
// acknowledged. What was begun may finish within ctx.
func (t *traffic) tell(ctx, busy context.Context, list []waiting, every time.Duration) (heard []waiting) {
	// Each on a connection of its own, as from providers' many machines.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	for i := range list {
		begin := time.Now()
		err := accepted(list[i].told.Post(ctx, client))
		t.note(begin, err)
		if err == nil {
			heard = append(heard, list[i])
		}
		select {
		case <-busy.Done():
			return heard
		case <-time.After(every):
		}
	}
	return heard
}

// restart replaces the program again and again under load: nothing that is asked may
// fail, and every page must find its stream again.
func restart(ctx context.Context, e *Env) (string, error) {
	n, times, told := e.scale(60, 2000), e.scale(1, 3), e.scale(40, 3000)
	drain := time.Duration(e.scale(50, 5000)) * time.Millisecond
	var pages, list []waiting
	dep, err := e.deploy(func(s *harness.Harness) (err error) {
		if pages, err = openSessions(ctx, s, n/perSession); err != nil {
			return err
		}
		list, err = purchases(ctx, s, told)
		return err
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	h, err := dep.hold(drain)
	if err != nil {
		return "", err
	}
	defer h.close()
	c, err := h.serve(ctx)
	if err != nil {
		return "", err
	}
	defer func() { c.kill() }()

	t := &traffic{
		client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true, WriteBufferSize: 1 << 10, ReadBufferSize: 1 << 10}},
		retry:  time.Duration(e.scale(20, 2000)) * time.Millisecond, // browsers are told 2 s
	}
	busy, rest := context.WithCancel(ctx)
	defer rest()
	var working sync.WaitGroup
	defer func() { rest(); working.Wait() }()
	for i := range n {
		p := &pages[i/perSession]
		working.Go(func() { t.follow(busy, fmt.Sprintf("%s/pay/%s/events?after=%d", dep.BaseURL, p.token, p.seen)) })
	}
	if err := t.streaming(ctx, n, 1); err != nil {
		return "", err
	}
	for i := range 4 {
		working.Go(func() { t.look(busy, dep.BaseURL+"/pay/"+pages[i%len(pages)].token) })
	}
	var heard []waiting
	working.Go(func() { heard = t.tell(ctx, busy, list, time.Duration(e.scale(2, 10))*time.Millisecond) })
	for round := range times {
		if _, err := c.stop(ctx); err != nil {
			return "", err
		}
		if c, err = h.serve(ctx); err != nil {
			return "", err
		}
		if err := t.streaming(ctx, n, round+2); err != nil {
			return "", err
		}
	}
	rest()
	working.Wait()
	c.kill()
	slices.Sort(t.took)
	seen := fmt.Sprintf("%d restarts, %d streams back each time, %d requests and streams, %d of them acknowledged notifications, %d failed, slowest %v",
		times, n, len(t.took), len(heard), len(t.failed), t.took[len(t.took)-1].Round(time.Millisecond))
	return seen, errors.Join(errors.Join(t.failed...), allPaid(ctx, dep, heard))
}

// streaming waits until each of n pages has a stream, and has had as many as there
// were servers, or something has failed.
func (t *traffic) streaming(ctx context.Context, n, servers int) error {
	err := until(ctx, fmt.Sprintf("%d pages have their stream", n), func() bool {
		return t.broken() != nil || t.open.Load() == int64(n) && t.connected.Load() >= int64(n*servers)
	})
	return errors.Join(err, t.broken())
}

// broken returns what has failed so far.
func (t *traffic) broken() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return errors.Join(t.failed...)
}

// openSessions has n payers who look at the list.
func openSessions(ctx context.Context, s *harness.Harness, n int) ([]waiting, error) {
	list := make([]waiting, n)
	for i := range list {
		l, token, err := s.Open(ctx, fen)
		if err != nil {
			return nil, err
		}
		list[i] = waiting{session: l.Session.ID, token: token, seen: l.Session.LastEvent}
	}
	return list, nil
}
