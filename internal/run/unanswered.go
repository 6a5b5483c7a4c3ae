package run

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// unanswered knows the connections of which a request may be on its way, or is being
// answered. A server of net/http drops requests that it reads once its shutdown has begun.
type unanswered struct {
	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	changed chan struct{} // holds one if something has left
}

func newUnanswered() *unanswered {
	return &unanswered{conns: map[net.Conn]struct{}{}, changed: make(chan struct{}, 1)}
}

// note is told how connections are: a [http.Server.ConnState].
func (u *unanswered) note(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if state == http.StateNew || state == http.StateActive {
		u.conns[conn] = struct{}{}
		return
	}
	delete(u.conns, conn)
	select {
	case u.changed <- struct{}{}:
	default:
	}
}

// none waits until there is no such connection any more, or ctx ends.
func (u *unanswered) none(ctx context.Context) {
	for u.some() {
		select {
		case <-ctx.Done():
			return
		case <-u.changed:
		}
	}
}

func (u *unanswered) some() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.conns) > 0
}
