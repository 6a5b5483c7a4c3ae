package stress

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"morepay/internal/harness"
)

// perSession is the number of streams that follow the same session.
const perSession = 10

// watcher is a payer's page that waits for news.
type watcher struct {
	of   *waiting
	body *bufio.Scanner
	end  func() error
	at   time.Time // when it heard that the session was paid; zero if it did not
}

// watch opens an event stream after what its page has seen.
func watch(ctx context.Context, dep *deployment, client *http.Client, w *waiting) (*watcher, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s/pay/%s/events?after=%d", dep.BaseURL, w.token, w.seen), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	watcher := &watcher{of: w, body: bufio.NewScanner(res.Body), end: res.Body.Close}
	// The first line says that the stream is open, and that the server waits.
	if res.StatusCode != http.StatusOK || !watcher.body.Scan() {
		return nil, errors.Join(fmt.Errorf("a stream was answered %d", res.StatusCode), res.Body.Close())
	}
	return watcher, nil
}

// listen reads until the session is paid or the stream ends.
func (w *watcher) listen() {
	for w.body.Scan() {
		if strings.Contains(w.body.Text(), `"state":"paid"`) {
			w.at = time.Now()
			return
		}
	}
}

// crowd opens n streams, perSession to a session, and has each listen.
func crowd(ctx context.Context, dep *deployment, list []waiting, n int, listening *sync.WaitGroup) ([]*watcher, error) {
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, MaxConnsPerHost: n, WriteBufferSize: 1 << 10, ReadBufferSize: 1 << 10}}
	watchers := make([]*watcher, n)
	_, err := flood(ctx, connections, n, func(_ context.Context, i int) (err error) {
		watchers[i], err = watch(ctx, dep, client, &list[i/perSession])
		return err
	})
	for _, w := range watchers {
		if w != nil {
			listening.Go(w.listen)
		}
	}
	return watchers, err
}

// streams has thousands wait, and tells them all within seconds.
func streams(ctx context.Context, e *Env) (string, error) {
	n := e.scale(200, 9_990) // the server's limit is 10,000
	var list []waiting
	dep, err := e.deploy(func(s *harness.Harness) (err error) {
		list, err = purchases(ctx, s, n/perSession)
		return err
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	c, err := dep.serve(ctx)
	if err != nil {
		return "", err
	}
	defer c.kill()
	before, err := c.resident()
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listening sync.WaitGroup
	watchers, err := crowd(ctx, dep, list, n, &listening)
	if err != nil {
		return "", err
	}
	after, err := c.resident()
	if err != nil {
		return "", err
	}
	told := make(map[string]time.Time, len(list))
	for i := range list {
		told[list[i].session] = time.Now()
		if err := accepted(list[i].told.Post(ctx, dep.Client)); err != nil {
			return "", err
		}
	}
	timer := time.AfterFunc(30*time.Second, cancel)
	listening.Wait()
	timer.Stop()
	var took []time.Duration
	for _, w := range watchers {
		if w.at.IsZero() {
			return "", fmt.Errorf("a waiter of %d was never told", n)
		}
		took = append(took, w.at.Sub(told[w.of.session]))
		if err := w.end(); err != nil {
			return "", err
		}
	}
	slices.Sort(took)
	each := (after - before) / int64(n) >> 10
	p99 := load{took: took}.p99()
	return fmt.Sprintf("%d waiters, %d KiB RSS each, paid event p99 %v", n, each, p99), errors.Join(
		e.fast(each <= 32, "%d KiB each", each),
		e.fast(p99 < time.Second, "p99 %v", p99))
}

// shutdown asks the program to end while it is busy, again and again: what it
// had acknowledged must be there, and it must end in time.
func shutdown(ctx context.Context, e *Env) (string, error) {
	cycles, each, waiters := e.scale(1, 10), e.scale(40, 300), e.scale(50, 2000)
	var list []waiting
	dep, err := e.deploy(func(s *harness.Harness) (err error) {
		list, err = purchases(ctx, s, max(cycles*each, waiters/perSession))
		return err
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	var slowest time.Duration
	kept := 0
	for n := range cycles {
		heard, took, err := endUnderLoad(ctx, dep, list, list[n*each:(n+1)*each], waiters)
		if err != nil {
			return "", err
		}
		if err := allPaid(ctx, dep, heard); err != nil {
			return "", fmt.Errorf("acknowledged, then lost: %w", err)
		}
		slowest, kept = max(slowest, took), kept+len(heard)
	}
	return fmt.Sprintf("%d stops with %d streams, %d acknowledged, 0 lost, slowest %v", cycles, waiters, kept, slowest.Round(time.Millisecond)),
		want(slowest < 10*time.Second, "it took %v", slowest)
}

// endUnderLoad starts the program, loads it with streams and notifications at
// about 500 a second, and ends it half way.
func endUnderLoad(ctx context.Context, dep *deployment, all, tell []waiting, waiters int) (heard []waiting, took time.Duration, err error) {
	c, err := dep.serve(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer c.kill()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var listening, telling sync.WaitGroup
	defer listening.Wait()
	if _, err := crowd(ctx, dep, all, waiters, &listening); err != nil {
		return nil, 0, err
	}
	half := make(chan struct{})
	telling.Go(func() {
		pace := time.NewTicker(2 * time.Millisecond)
		defer pace.Stop()
		for i := range tell {
			<-pace.C
			if i == len(tell)/2 {
				close(half)
			}
			status, err := tell[i].told.Post(ctx, dep.Client)
			if err != nil {
				return // the program no longer listens
			}
			if status/100 == 2 {
				heard = append(heard, tell[i])
			}
		}
	})
	<-half
	took, err = c.stop(ctx)
	telling.Wait()
	return heard, took, err
}
