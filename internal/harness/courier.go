package harness

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
)

// Notification is one try of a provider's message, as it goes over the wire.
type Notification struct {
	URL    string
	Header http.Header
	Body   []byte
}

// Post sends it (again) and tells how it was answered.
func (n Notification) Post(ctx context.Context, client *http.Client) (status int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, n.URL, bytes.NewReader(n.Body))
	if err != nil {
		return 0, err
	}
	req.Header = n.Header.Clone()
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// Courier carries the simulator's notifications to the server. It can hold them
// back, so that a load generator may send them when and as often as it likes.
// The zero Courier is ready; it is safe for concurrent use.
type Courier struct {
	// Heard is told of every notification that was carried, with the status that
	// it was answered with, 0 for no answer. Nil if nobody cares.
	Heard func(n Notification, status int)

	transport http.Transport
	mu        sync.Mutex
	held      chan Notification // nil while nothing is held back
}

// Hold keeps all further notifications: the simulator is told that they were
// accepted.
func (c *Courier) Hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held == nil {
		c.held = make(chan Notification, maxHeld)
	}
}

// maxHeld is the number of notifications that can be held; the simulator waits
// beyond.
const maxHeld = 100_000

// Wait takes the oldest that is held, and waits for one until ctx ends; then it
// is empty.
func (c *Courier) Wait(ctx context.Context) Notification {
	c.mu.Lock()
	held := c.held
	c.mu.Unlock()
	select {
	case n := <-held:
		return n
	case <-ctx.Done():
		return Notification{}
	}
}

// RoundTrip implements [http.RoundTripper].
func (c *Courier) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	n := Notification{URL: r.URL.String(), Header: r.Header.Clone(), Body: body}
	if c.keep(n) {
		return &http.Response{
			StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: io.NopCloser(bytes.NewReader([]byte("success"))), Request: r,
		}, nil
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	res, err := c.transport.RoundTrip(r)
	if c.Heard != nil {
		status := 0
		if err == nil {
			status = res.StatusCode
		}
		c.Heard(n, status)
	}
	return res, err
}

// CloseIdleConnections lets [http.Client.CloseIdleConnections] reach the
// connections.
func (c *Courier) CloseIdleConnections() { c.transport.CloseIdleConnections() }

func (c *Courier) keep(n Notification) bool {
	c.mu.Lock()
	held := c.held
	c.mu.Unlock()
	if held == nil {
		return false
	}
	held <- n
	return true
}
