package providertest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
)

// Cut is the status of a reply that never comes: the connection ends instead.
const Cut = 0

// Reply is one reply on a [Wire].
type Reply struct {
	Status int // or Cut
	Header http.Header
	Body   string
}

// Sent is a request as it arrived at a [Wire].
type Sent struct {
	Path string // method, host and the rest
	Body string
}

// Wire is a socket on which replies are exactly what a test says: those that a
// simulator with good manners would never send.
type Wire struct {
	URL string

	mu    sync.Mutex
	reply func(r *http.Request, body string) Reply
	sent  []Sent
}

// NewWire serves until the test is over. reply is called for one request at a
// time.
func NewWire(tb testing.TB, reply func(r *http.Request, body string) Reply) *Wire {
	w := &Wire{reply: reply}
	server := httptest.NewServer(w)
	tb.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// Sent returns the requests so far. Those that were cut off come without a reply
// that would order what happened, so the lock must.
func (w *Wire) Sent() []Sent {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

// ServeHTTP implements http.Handler.
func (w *Wire) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	reply := w.take(r, string(body))
	if reply.Status == Cut {
		panic(http.ErrAbortHandler)
	}
	for name, values := range reply.Header {
		rw.Header()[name] = values
	}
	rw.WriteHeader(reply.Status)
	io.WriteString(rw, reply.Body)
}

func (w *Wire) take(r *http.Request, body string) Reply {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, Sent{r.Method + " " + r.Host + r.RequestURI, body})
	return w.reply(r, body)
}
