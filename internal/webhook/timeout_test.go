package webhook

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestSlowEndpoints lets endpoints waste our time, in a bubble of fake time.
func TestSlowEndpoints(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name       string
		answer     func(conn net.Conn, request *bufio.Reader)
		wantStatus int // 0: the try fails
	}{
		{"silent", func(net.Conn, *bufio.Reader) {}, 0},
		{"header-never-ends", func(conn net.Conn, _ *bufio.Reader) {
			drip(conn, "HTTP/1.1 200 OK\r\nX: ", "x")
		}, 0},
		{"body-never-ends", func(conn net.Conn, _ *bufio.Reader) {
			drip(conn, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n", "x")
		}, 200}, // what it says in the body doesn't matter
		{"reads-nothing", nil, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var server sync.WaitGroup
				client := newClient(guard(true), net.DefaultResolver)
				client.Transport.(*http.Transport).DialContext = func(context.Context, string, string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					if test.answer != nil {
						server.Go(func() {
							request := bufio.NewReader(theirs)
							if r, err := http.ReadRequest(request); err == nil {
								_, _ = io.Copy(io.Discard, r.Body)
							}
							test.answer(theirs, request)
						})
					}
					return ours, nil
				}
				begin := time.Now()
				got, err := send(t.Context(), client, Endpoint{URL: "http://shop.example/", Secrets: []string{"whsec_AAAA"}}, Message{Payload: make([]byte, 1<<20)}, begin)
				if took := time.Since(begin); took > tryWithin {
					t.Errorf("a try took %v, want at most %v", took, tryWithin)
				}
				if got.status != test.wantStatus || (err == nil) != (test.wantStatus != 0) {
					t.Errorf("got status %d, %v, want status %d", got.status, err, test.wantStatus)
				}
				client.CloseIdleConnections()
				server.Wait() // it ends when its connection does
			})
		})
	}
}

// drip writes a beginning, and then the same again every second until nobody
// listens.
func drip(conn net.Conn, begin, again string) {
	_, err := io.WriteString(conn, begin)
	for err == nil {
		time.Sleep(time.Second)
		_, err = io.WriteString(conn, again)
	}
}
