package stress

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"morepay/internal/harness"
)

// slowloris holds connections open with requests that never end, while others
// want their pages.
func slowloris(ctx context.Context, e *Env) (string, error) {
	n := e.scale(100, 2000)
	var list []waiting
	dep, err := e.deploy(func(s *harness.Harness) error {
		w, err := chosen(ctx, s)
		list = append(list, w)
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
	dripping, stop := context.WithCancel(ctx)
	var drips sync.WaitGroup
	defer drips.Wait()
	defer stop()
	open := make(chan error, n)
	for range n {
		drips.Go(func() { drip(dripping, strings.TrimPrefix(dep.BaseURL, "http://"), open) })
	}
	for range n {
		if err := <-open; err != nil {
			return "", err
		}
	}
	l, err := flood(ctx, 8, e.scale(50, 5000), func(ctx context.Context, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, dep.BaseURL+"/pay/"+list[0].token, nil)
		if err != nil {
			return err
		}
		res, err := dep.Client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		return want(res.StatusCode == http.StatusOK, "a page was answered %d", res.StatusCode)
	})
	return fmt.Sprintf("%d dripping, %d pages at %.0f/s, p99 %v", n, len(l.took), l.rate(), l.p99()),
		errors.Join(err, e.fast(l.p99() < 200*time.Millisecond, "p99 %v", l.p99()))
}

// drip sends a request a byte at a time, and starts again when it is cut off.
func drip(ctx context.Context, address string, open chan<- error) {
	first := sync.OnceFunc(func() { open <- nil })
	defer first()
	var d net.Dialer
	for ctx.Err() == nil {
		conn, err := d.DialContext(ctx, "tcp", address)
		if err != nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { conn.Close() })
		_, err = conn.Write([]byte("GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: "))
		first()
		pace := time.NewTicker(time.Second)
		for err == nil {
			<-pace.C
			_, err = conn.Write([]byte("a"))
		}
		pace.Stop()
		stop()
		conn.Close()
	}
}
