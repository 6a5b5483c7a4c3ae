package stress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"morepay/internal/harness"
)

// rounds is the number of floods of a soak; it is even.
const rounds = 10

// soak sends requests in which everything is invented, in rounds. The first half of
// them fills whatever is bounded; the most that is held in the second half, in which
// nothing is as in the first, must be no more.
func soak(ctx context.Context, e *Env) (string, error) {
	var known waiting
	dep, err := e.deploy(func(s *harness.Harness) (err error) {
		known, err = opened(ctx, s)
		return err
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	c, err := dep.serve(ctx, "MOREPAY_TRUSTED_PROXIES=127.0.0.0/8")
	if err != nil {
		return "", err
	}
	defer c.kill()
	idle, err := c.files()
	if err != nil {
		return "", err
	}
	n := e.scale(200, 100_000)
	var most [2]size
	for round := range rounds {
		if _, err := flood(ctx, connections, n, func(ctx context.Context, i int) error {
			return dep.invent(ctx, known.token, round*n+i)
		}); err != nil {
			return "", err
		}
		now, err := dep.settled(ctx, c, idle)
		if err != nil {
			return "", err
		}
		half := &most[round*2/rounds]
		*half = half.max(now)
	}
	return fmt.Sprintf("at most in %d: %v; in %d more: %v", n*rounds/2, most[0], n*rounds/2, most[1]), most[1].bounded(most[0])
}

// size is what a server holds.
type size struct {
	resident, heap int64 // bytes; of the heap what is reachable
	goroutines     int64
	files          int
	series         int // of metrics
}

func (s size) String() string {
	return fmt.Sprintf("RSS %d MB, heap %.1f MB, %d goroutines, %d files, %d series", s.resident>>20, float64(s.heap)/(1<<20), s.goroutines, s.files, s.series)
}

// max returns the most of each.
func (s size) max(o size) size {
	return size{max(s.resident, o.resident), max(s.heap, o.heap), max(s.goroutines, o.goroutines), max(s.files, o.files), max(s.series, o.series)}
}

// What may come on top: connections that are just being closed, and a few more of
// the addresses that limiters remember until they have their allowance again.
const (
	moreResident = 64 << 20
	moreHeap     = 16 << 20
	moreOpen     = 16
)

func (s size) bounded(before size) error {
	return errors.Join(
		want(s.resident <= before.resident+moreResident, "RSS grew by %d MB", (s.resident-before.resident)>>20),
		want(s.heap <= before.heap+moreHeap, "the heap grew by %d KB", (s.heap-before.heap)>>10),
		want(s.goroutines <= before.goroutines+moreOpen, "%d goroutines more", s.goroutines-before.goroutines),
		want(s.files <= before.files+moreOpen, "%d open files more", s.files-before.files),
		want(s.series <= before.series, "%d series more", s.series-before.series))
}

// invent sends one request, the i-th, that nobody has sent before. Each kind has
// its turn.
func (dep *deployment) invent(ctx context.Context, token string, i int) error {
	r := rand.New(rand.NewPCG(dep.env.Seed, uint64(i)))
	word := strconv.FormatUint(r.Uint64(), 36)
	kinds := []struct{ method, path string }{
		{"X" + word, "/pay/" + token},
		{http.MethodGet, "/" + word + "/" + word},
		{http.MethodGet, "/assets/" + word + ".js"},
		{http.MethodGet, "/pay/" + word},
		{http.MethodGet, "/pay/" + word + "/events"},
		{http.MethodPost, "/pay/" + word + "/attempts"},
		{http.MethodGet, "/v1/merchants/" + word + "/capabilities"},
		{http.MethodGet, "/v1/sessions/" + word},
		{http.MethodPost, "/notify/" + word + "/" + word},
		{http.MethodGet, "/pay/" + token + "?" + word + "=" + word},
	}
	kind := kinds[i%len(kinds)]
	req, err := http.NewRequestWithContext(ctx, kind.method, dep.BaseURL+kind.path, nil)
	if err != nil {
		return err
	}
	req.Header = http.Header{
		"X-Forwarded-For": {address(r, i)}, "X-" + word: {word}, "User-Agent": {word}, "Accept-Language": {word}, "Accept": {"application/json, x/" + word},
		"Origin": {"https://" + word + ".example"}, "Authorization": {"Bearer " + word}, "Idempotency-Key": {word}, "If-None-Match": {`"` + word + `"`}, "Cookie": {word + "=" + word},
	}
	res, err := dep.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, want(res.StatusCode < http.StatusInternalServerError, "%s %s was answered %d", kind.method, kind.path, res.StatusCode))
}

// address invents one of either kind.
func address(r *rand.Rand, i int) string {
	if i/10%2 == 0 {
		return fmt.Sprintf("%d.%d.%d.%d", 11+r.IntN(100), r.IntN(256), r.IntN(256), r.IntN(256))
	}
	return fmt.Sprintf("2001:%x:%x:%x::%x", r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16))
}

// settled measures a server once the connections of a flood are gone. idle is how
// many files it has open without any.
func (dep *deployment) settled(ctx context.Context, c *child, idle int) (s size, err error) {
	dep.Client.CloseIdleConnections()
	gone, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	var failed error
	err = until(gone, "connections are closed", func() bool {
		s.files, failed = c.files()
		return failed != nil || s.files <= idle+moreOpen/2
	})
	if err := errors.Join(err, failed); err != nil {
		return s, err
	}
	if s.goroutines, err = dep.number(ctx, "/debug/pprof/goroutine?debug=1", "goroutine profile: total "); err != nil {
		return s, err
	}
	if s.heap, err = dep.number(ctx, "/debug/pprof/heap?gc=1&debug=1", "# HeapAlloc = "); err != nil {
		return s, err
	}
	err = dep.lines(ctx, "/metrics", func(line string) {
		if !strings.HasPrefix(line, "#") {
			s.series++
		}
	})
	if err != nil {
		return s, err
	}
	s.resident, err = c.resident()
	return s, err
}

// files returns how many files the process has open (Linux).
func (c *child) files() (int, error) {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", c.Process.Pid))
	return len(list), err
}

// number returns the number that follows a text at the beginning of a line of an
// answer of the admin listener.
func (dep *deployment) number(ctx context.Context, path, after string) (n int64, err error) {
	found := fmt.Errorf("%s has no line %q", path, after)
	err = dep.lines(ctx, path, func(line string) {
		if text, ok := strings.CutPrefix(line, after); ok {
			n, found = strconv.ParseInt(text, 10, 64)
		}
	})
	return n, errors.Join(err, found)
}

// lines calls f with each line of an answer of the admin listener.
func (dep *deployment) lines(ctx context.Context, path string, f func(string)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+dep.AdminListen+path, nil)
	if err != nil {
		return err
	}
	res, err := dep.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s answered %d", path, res.StatusCode)
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		f(lines.Text())
	}
	return lines.Err()
}
