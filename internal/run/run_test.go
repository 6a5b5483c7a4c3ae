package run_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"morepay/internal/run"
)

// pipes is a listener whose connections are pipes, so that time can be a test's
// own.
type pipes struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.accepted:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.accepted <- theirs
	return ours
}

// serve runs a handler in a group until the test ends.
func serve(t *testing.T, h http.HandlerFunc) *pipes {
	t.Helper()
	p := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
	g := run.Group{Log: slog.New(slog.DiscardHandler)}
	g.Serve(p, h)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- g.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("it did not stop well: %v", err)
		}
	})
	return p
}

// drip sends text a byte a second until the other side hangs up, and tells how
// long that took.
func drip(conn net.Conn, text string) time.Duration {
	start := time.Now()
	for i := range len(text) {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			break
		}
		time.Sleep(time.Second)
	}
	return time.Since(start)
}

// Who sends slowly to hold connections open is cut off: after five seconds in
// the header, after ten in all.
func TestSlowSenders(t *testing.T) {
	t.Parallel()
	const long = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, test := range []struct {
		name, at, slowly string
		within           time.Duration
		failed           bool // the handler was there, and could not read the body
	}{
		{"header", "", "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + long, 6 * time.Second, false},
		{"body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 80\r\n\r\n", long, 11 * time.Second, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var failed bool
				p := serve(t, func(w http.ResponseWriter, r *http.Request) {
					_, err := io.ReadAll(r.Body)
					failed = err != nil
				})
				conn := p.dial()
				defer conn.Close()
				go io.Copy(io.Discard, conn)
				if _, err := io.WriteString(conn, test.at); err != nil {
					t.Fatal(err)
				}
				if took := drip(conn, test.slowly); took > test.within {
					t.Errorf("it was let drip for %s, want at most %s", took, test.within)
				}
				synctest.Wait()
				if failed != test.failed {
					t.Errorf("the handler's body failed: %v, want %v", failed, test.failed)
				}
			})
		})
	}
}

// Who takes an answer slowly is cut off too.
func TestSlowReceivers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var took time.Duration
		var err error
		p := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			start := time.Now()
			for took = 0; err == nil && took < time.Hour; took = time.Since(start) {
				_, err = io.WriteString(w, strings.Repeat("a", 64<<10))
			}
		})
		conn := p.dial()
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute) // and reads nothing
		synctest.Wait()
		if err == nil || took > 15*time.Second {
			t.Errorf("the answer was cut off after %s with %v, want 15 seconds", took, err)
		}
	})
}

// An answer that sets its own deadline for each write, as an event stream does,
// lives as long as its reader.
func TestStreamOutlivesTheTimeouts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := serve(t, func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			for range 10 {
				c.SetWriteDeadline(time.Now().Add(10 * time.Second))
				io.WriteString(w, "beat\n")
				c.Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(9 * time.Second):
				}
			}
		})
		conn := p.dial()
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if n := strings.Count(string(body), "beat"); n != 10 || err != nil {
			t.Errorf("the stream ended after %d beats, %v", n, err)
		}
	})
}

// Close cuts off requests under way, ends the background work and returns after
// Run, which it makes return well.
func TestCloseCutsOff(t *testing.T) {
	t.Parallel()
	g := run.Group{Log: slog.New(slog.DiscardHandler)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	underWay, worked := make(chan struct{}), false
	g.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(underWay)
		<-r.Context().Done()
	}))
	g.Go(func(ctx context.Context) {
		<-ctx.Done()
		worked = true
	})
	ended, answered := make(chan error, 1), make(chan error, 1)
	go func() { ended <- g.Run(context.Background()) }()
	go func() {
		resp, err := http.Get("http://" + l.Addr().String())
		if err == nil {
			resp.Body.Close()
		}
		answered <- err
	}()
	<-underWay
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if !worked {
		t.Error("the background work has not ended")
	}
	if err := <-ended; err != nil {
		t.Errorf("Run returned %v", err)
	}
	if err := <-answered; err == nil {
		t.Error("the request under way was answered")
	}
}

// Who is to stop says so first, and serves on while balancers look elsewhere.
func TestDrain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
		g := run.Group{Log: slog.New(slog.DiscardHandler), Drain: 5 * time.Second}
		g.Serve(p, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "served") }))
		told := make(chan struct{})
		g.OnDrain(func() { close(told) })
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		start := time.Now()
		cancel()
		<-told
		conn := p.dial()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		if answer, err := io.ReadAll(conn); err != nil || !strings.HasSuffix(string(answer), "served") {
			t.Errorf("while draining: %q, %v", answer, err)
		}
		if err := <-done; err != nil && !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if took := time.Since(start); took != g.Drain {
			t.Errorf("it drained for %v, want %v", took, g.Drain)
		}
	})
}

// A group that is cut off while it runs ends without an error, whichever of its
// servers hears of it first.
func TestCloseWhileRunning(t *testing.T) {
	t.Parallel()
	for range 50 {
		g := run.Group{Log: slog.New(slog.DiscardHandler)}
		for range 5 {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			g.Serve(l, http.NotFoundHandler())
		}
		running := make(chan struct{})
		g.Go(func(ctx context.Context) { close(running); <-ctx.Done() })
		done := make(chan error, 1)
		go func() { done <- g.Run(t.Context()) }()
		<-running
		if err := errors.Join(g.Close(), <-done); err != nil {
			t.Fatal(err)
		}
	}
}

// lastMoment accepts a connection in the moment in which it is closed.
type lastMoment struct {
	conn   net.Conn
	closed chan struct{}
	once   sync.Once
	given  bool
}

func (l *lastMoment) Accept() (net.Conn, error) {
	<-l.closed
	if l.given {
		return nil, net.ErrClosed
	}
	l.given = true
	time.Sleep(time.Millisecond) // the shutdown goes on meanwhile
	return l.conn, nil
}

func (l *lastMoment) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *lastMoment) Addr() net.Addr { return &net.TCPAddr{} }

// Whoever was let in is answered.
func TestLastConnectionIsAnswered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		g := run.Group{Log: slog.New(slog.DiscardHandler)}
		g.Serve(&lastMoment{conn: theirs, closed: make(chan struct{})}, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		ctx, stop := context.WithCancel(t.Context())
		stop()
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		go io.WriteString(ours, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		status, err := bufio.NewReader(ours).ReadString('\n')
		if err != nil || !strings.HasPrefix(status, "HTTP/1.1 200") {
			t.Errorf("it was answered %q, %v", status, err)
		}
		ours.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// From the wish to stop on, answers close their connections: a client that kept one
// might send its next request into the end.
func TestDrainingClosesConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{accepted: make(chan net.Conn), closed: make(chan struct{})}
		g := run.Group{Log: slog.New(slog.DiscardHandler), Drain: time.Minute}
		g.Serve(p, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.Run(ctx) }()
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return p.dial(), nil }}}
		closes := func() bool {
			t.Helper()
			res, err := client.Get("http://x/")
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			return res.Close
		}
		if closes() {
			t.Error("a server that goes on closes connections")
		}
		stop()
		synctest.Wait()
		if !closes() {
			t.Error("a server that is to stop keeps connections")
		}
		client.CloseIdleConnections()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
