package stress

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/harness"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/program"
	"morepay/internal/store/sqlstore"
)

// Benches returns the table of what must be fast.
func Benches() []Row {
	return []Row{
		{"sessions", "1,000 sessions/s through the API", createSessions},
		{"notifications", "1,500/s durable, p99 < 500 ms", notificationStorm},
		{"sse", "10,000 waiters at ≤ 32 KiB, paid event p99 < 1 s", streams},
		{"pages", "≥ 2,500 pages/s with brotli, of ≤ 8 KB", pages},
		{"capabilities", "≥ 80% of the requests/s of a bare handler, 304 included", capabilities},
		{"many-merchants", "100,000 merchants: GET p99 ≤ 5 ms with 64 connections, RSS ≤ 300 MB", manyMerchants},
	}
}

// createSessions opens sessions as merchants' servers do, over many connections.
func createSessions(ctx context.Context, e *Env) (string, error) {
	dep, c, err := e.deployAndServe(ctx, func(*harness.Harness) error { return nil })
	if err != nil {
		return "", err
	}
	defer dep.Close()
	defer c.kill()
	body, err := json.Marshal(dep.Order(fen))
	if err != nil {
		return "", err
	}
	key := "Bearer " + dep.Shop(harness.Merchant).Key
	l, err := flood(ctx, connections, e.scale(200, 20_000), func(ctx context.Context, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, dep.BaseURL+"/v1/sessions", strings.NewReader(string(body)))
		if err != nil {
			return err
		}
		req.Header = http.Header{"Authorization": {key}, "Content-Type": {"application/json"}, "Idempotency-Key": {rand.Text()}}
		return status(dep.Client, req, http.StatusCreated)
	})
	return fmt.Sprintf("%.0f/s, p99 %v", l.rate(), l.p99()), errors.Join(err, e.fast(l.rate() >= 1000, "%.0f/s", l.rate()))
}

// pages asks for one payer's list again and again, as browsers do.
func pages(ctx context.Context, e *Env) (string, error) {
	var token string
	dep, c, err := e.deployAndServe(ctx, func(s *harness.Harness) (err error) {
		_, token, err = s.Open(ctx, fen)
		return err
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	defer c.kill()
	before, err := c.cpu()
	if err != nil {
		return "", err
	}
	var size atomic.Int64
	l, err := flood(ctx, connections, e.scale(200, 20_000), func(ctx context.Context, _ int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, dep.BaseURL+"/pay/"+token, nil)
		if err != nil {
			return err
		}
		req.Header = http.Header{"Accept-Encoding": {"br"}, "Accept-Language": {"zh-CN"}, "User-Agent": {harness.Agent(pay.RailQR)}}
		res, err := dep.Client.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		n, err := io.Copy(io.Discard, res.Body)
		size.Store(n)
		return errors.Join(err, want(res.StatusCode == http.StatusOK && res.Header.Get("Content-Encoding") == "br", "a page was answered %d", res.StatusCode))
	})
	after, failed := c.cpu()
	each := (after - before) / time.Duration(len(l.took))
	return fmt.Sprintf("%.0f/s of %d bytes, %v of processor time each, p99 %v", l.rate(), size.Load(), each.Round(time.Microsecond), l.p99()), errors.Join(err, failed,
		want(size.Load() <= 8<<10, "%d bytes", size.Load()), e.fast(l.rate() >= 2500, "%.0f/s", l.rate()))
}

// deployAndServe makes a deployment whose program runs.
func (e *Env) deployAndServe(ctx context.Context, prepare func(*harness.Harness) error) (*deployment, *child, error) {
	dep, err := e.deploy(prepare)
	if err != nil {
		return nil, nil, err
	}
	c, err := dep.serve(ctx)
	if err != nil {
		return nil, nil, closing(err, dep)
	}
	return dep, c, nil
}

// status makes a request and demands a status.
func status(client *http.Client, req *http.Request, code int) error {
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, want(res.StatusCode == code, "%s answered %d", req.URL.Path, res.StatusCode))
}

// gets floods one URL, with an entity tag if it isn't "".
func gets(ctx context.Context, client *http.Client, n int, url func(i int) string, tag string) (load, error) {
	code := http.StatusOK
	if tag != "" {
		code = http.StatusNotModified
	}
	return flood(ctx, connections, n, func(ctx context.Context, i int) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url(i), nil)
		if err != nil {
			return err
		}
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		return status(client, req, code)
	})
}

// capabilities compares our route with a handler that only writes the same
// bytes. Both run in this process, in turns, so that both meet the same machine.
func capabilities(ctx context.Context, e *Env) (string, error) {
	s, err := harness.Start(harness.Options{Config: program.Config{Data: e.temp(), SweepEvery: program.Never}})
	if err != nil {
		return "", err
	}
	defer s.Close()
	ours := s.BaseURL + "/v1/merchants/" + harness.Merchant + "/capabilities"
	res, err := s.Client.Get(ours)
	if err != nil {
		return "", err
	}
	document, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return "", err
	}
	bare, err := serveBare(document, res.Header.Get("ETag"))
	if err != nil {
		return "", err
	}
	defer bare.Close()
	var seen []string
	var errs []error
	for _, tag := range []string{"", res.Header.Get("ETag")} {
		share, text, err := compare(ctx, e, s.Client, ours, "http://"+bare.Addr, tag)
		if err != nil {
			return "", err
		}
		seen = append(seen, text)
		errs = append(errs, e.fast(share >= 0.8, "%.0f%% of a bare handler", 100*share))
	}
	return strings.Join(seen, "; "), errors.Join(errs...)
}

// serveBare serves bytes as plainly as net/http can.
func serveBare(document []byte, tag string) (*http.Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Addr: l.Addr().String(), ReadHeaderTimeout: 5 * time.Second}
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Write(document)
	})
	go func() { _ = server.Serve(l) }() // returns when the server is closed
	return server, nil
}

// compare takes turns, and the best turn of each.
func compare(ctx context.Context, e *Env, client *http.Client, ours, bare, tag string) (share float64, text string, err error) {
	best := map[string]float64{}
	for range 5 {
		for _, url := range []string{bare, ours} {
			l, err := gets(ctx, client, e.scale(300, 20_000), func(int) string { return url }, tag)
			if err != nil {
				return 0, "", err
			}
			best[url] = max(best[url], l.rate())
		}
	}
	code := http.StatusOK
	if tag != "" {
		code = http.StatusNotModified
	}
	share = best[ours] / best[bare]
	return share, fmt.Sprintf("%d: %.0f/s of %.0f/s bare, %.0f%%", code, best[ours], best[bare], 100*share), nil
}

// manyMerchants fills the store with documents and asks for them at random.
func manyMerchants(ctx context.Context, e *Env) (string, error) {
	n := e.scale(1000, 100_000)
	name := func(i int) string { return fmt.Sprintf("shop%06d", i) }
	dep, c, err := e.deployAndServe(ctx, func(s *harness.Harness) error {
		return documents(ctx, s.Stores(), s.Shop(harness.Merchant).Document, n, name)
	})
	if err != nil {
		return "", err
	}
	defer dep.Close()
	defer c.kill()
	url := func(i int) string { return dep.BaseURL + "/v1/merchants/" + name(i*7919%n) + "/capabilities" }
	if _, err := gets(ctx, dep.Client, e.scale(500, n), url, ""); err != nil { // every document once
		return "", err
	}
	l, err := gets(ctx, dep.Client, e.scale(500, 50_000), url, "")
	if err != nil {
		return "", err
	}
	memory, err := c.resident()
	return fmt.Sprintf("%d merchants, %.0f/s, p99 %v, RSS %d MB", n, l.rate(), l.p99(), memory>>20), errors.Join(err,
		e.fast(l.p99() <= 5*time.Millisecond, "p99 %v", l.p99()), e.fast(memory <= 300<<20, "%d MB", memory>>20))
}

// documents stores n merchants that differ from one in their name only.
func documents(ctx context.Context, db *sqlstore.DB, like *capability.Document, n int, name func(int) string) error {
	const batch = 1000
	for from := 0; from < n; from += batch {
		var changes []merchant.Change
		for i := from; i < min(n, from+batch); i++ {
			raw := strings.Replace(string(like.JSON()), `"`+harness.Merchant+`"`, `"`+name(i)+`"`, 1)
			if _, err := document.Decode([]byte(raw)); err != nil {
				return err
			}
			changes = append(changes, merchant.Change{Merchant: name(i), JSON: []byte(raw)})
		}
		if _, err := db.Documents.Put(ctx, changes, "bench", time.Now()); err != nil {
			return err
		}
	}
	return nil
}
