package demo

import (
	"net"
	"net/http"
	"sync/atomic"
)

// visitor is who comes through one mode of the network from one address.
type visitor struct {
	requests atomic.Int64
	slots    chan struct{} // taken by requests under way
}

func (n *network) visitor(mode string, r *http.Request) *visitor {
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	v := &visitor{slots: make(chan struct{}, connections)}
	if known, ok, _ := n.visitors.PeekOrAdd(mode+" "+host, v); ok {
		return known
	}
	return v
}
