package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// Mode is what a proxy between the payer and the server does to their connection. A
// page asks for one by its address, ?via=NAME, and all that belongs to the same
// checkout goes through it; "none" ends that.
type Mode struct {
	Name, Does string

	request func(*httputil.ProxyRequest)
	answer  func(*http.Response)
	admit   func(context.Context, *visitor) (leave func(), err error)
}

// Modes returns the table of what the network can do.
func Modes() []Mode { return slices.Clone(modes) }

const (
	bufferSize  = 8 << 10                // bytes that nginx holds back by default
	slowLatency = 400 * time.Millisecond // of slow 3G, as browsers' tools have it
	slowChunk   = 5 << 10                // bytes a tenth of a second
	streamLives = 2 * time.Second
	everyNth    = 3
	connections = 6 // that a browser opens to one host over HTTP/1.1
)

// errCut makes the proxy drop the connection.
var errCut = errors.New("the demo's network has cut the connection")

var modes = []Mode{
	{
		Name: "buffering", Does: "holds answers back until 8 KiB are there, as nginx does, so that events come late or never",
		answer: func(r *http.Response) { r.Body = &heldBody{ReadCloser: r.Body} },
	}, {
		Name: "slow-3g", Does: "400 ms before each answer, then 50 kB a second",
		answer: func(r *http.Response) {
			pause(r.Request.Context(), slowLatency)
			r.Body = &slowBody{r.Body, r.Request.Context()}
		},
	}, {
		Name: "drops", Does: "cuts every third request off, unheard and unanswered",
		// Over a connection that was used before, browsers would ask again by themselves.
		answer: func(r *http.Response) { r.Header.Set("Connection", "close") },
		admit: func(_ context.Context, v *visitor) (func(), error) {
			if v.requests.Add(1)%everyNth == 0 {
				return nil, errCut
			}
			return func() {}, nil
		},
	}, {
		Name: "no-referrer", Does: "adds Referrer-Policy: no-referrer, so that WeChat Pay's H5 page can't see where the payer comes from",
		answer: func(r *http.Response) { r.Header.Set("Referrer-Policy", "no-referrer") },
	}, {
		Name: "wasm-type", Does: "calls WebAssembly application/octet-stream",
		answer: func(r *http.Response) {
			if r.Header.Get("Content-Type") == "application/wasm" {
				r.Header.Set("Content-Type", "application/octet-stream")
			}
		},
	}, {
		Name: "xff-port", Does: "writes the payer's address (203.0.113.7 for this machine) with its port into X-Forwarded-For",
		request: func(r *httputil.ProxyRequest) {
			host, port, _ := net.SplitHostPort(r.In.RemoteAddr)
			if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
				host = "203.0.113.7"
			}
			r.Out.Header.Set("X-Forwarded-For", net.JoinHostPort(host, port))
		},
	}, {
		Name: "six", Does: "takes six requests of a visitor at a time, as browsers do over HTTP/1.1: the seventh tab waits",
		admit: func(ctx context.Context, v *visitor) (func(), error) {
			select {
			case v.slots <- struct{}{}:
				return func() { <-v.slots }, nil
			case <-ctx.Done():
				return nil, errCut
			}
		},
	}, {
		Name: "kills-streams", Does: "cuts event streams after two seconds",
		answer: func(r *http.Response) {
			if strings.HasPrefix(r.Header.Get("Content-Type"), "text/event-stream") {
				body := r.Body
				r.Body = &mortalBody{body, time.AfterFunc(streamLives, func() { body.Close() })}
			}
		},
	},
}

// network stands in front of the demo's public routes and sends the checkouts that ask
// for it through a reverse proxy, over sockets, to the same routes behind.
type network struct {
	behind   net.Listener
	chosen   *lru.Cache[string, string]   // session token → mode
	visitors *lru.Cache[string, *visitor] // by address and mode
	proxies  map[string]http.Handler      // by mode
	routes   http.Handler                 // the demo's public ones
}

// remembered is the number of checkouts and visitors that a network knows.
const remembered = 1000

func newNetwork() (*network, error) {
	behind, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	n := &network{behind: behind, proxies: map[string]http.Handler{}}
	n.chosen, _ = lru.New[string, string](remembered) // fails for sizes below 1 only
	n.visitors, _ = lru.New[string, *visitor](remembered)
	for _, m := range modes {
		n.proxies[m.Name] = n.proxy(m)
	}
	return n, nil
}

// front returns the handler for the public listener.
func (n *network) front(routes http.Handler) http.Handler {
	n.routes = routes
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mode := n.under(r)
		if mode == "" {
			routes.ServeHTTP(w, r)
			return
		}
		through := n.proxies[mode]
		if through == nil {
			http.Error(w, fmt.Sprintf("via: there is no %q, there are %s and none", mode, strings.Join(modeNames(), ", ")), http.StatusBadRequest)
			return
		}
		through.ServeHTTP(w, r)
	})
}

// under returns the mode that a request is under, "" for none.
func (n *network) under(r *http.Request) string {
	if mode := n.mode(r); mode != "none" {
		return mode
	}
	return ""
}

// mode returns the mode that a request's address asks for, else that of its checkout,
// else that of the page that it belongs to; "" for none.
func (n *network) mode(r *http.Request) string {
	if mode := n.modeOf(r.URL); mode != "" {
		return mode
	}
	from, err := url.Parse(r.Referer())
	if err != nil || from.Host != r.Host {
		return ""
	}
	return n.modeOf(from)
}

func (n *network) modeOf(u *url.URL) string {
	rest, isPage := strings.CutPrefix(u.Path, "/pay/")
	token, _, _ := strings.Cut(rest, "/")
	via := u.Query().Get("via")
	if !isPage {
		return via
	}
	if via != "" {
		n.choose(token, via)
	}
	mode, _ := n.chosen.Get(token)
	return mode
}

// choose has all that belongs to a checkout go through a mode.
func (n *network) choose(token, mode string) { n.chosen.Add(token, mode) }

func (n *network) proxy(m Mode) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: n.behind.Addr().String()})
			r.Out.Host = r.In.Host
			if m.request != nil {
				m.request(r)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if m.answer != nil {
				m.answer(r)
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:     log.New(io.Discard, "", 0), // that a connection was cut is what was asked for
		Transport:    &http.Transport{DisableCompression: true, DisableKeepAlives: true},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m.admit != nil {
			leave, err := m.admit(r.Context(), n.visitor(m.Name, r))
			if err != nil {
				panic(http.ErrAbortHandler)
			}
			defer leave()
		}
		proxy.ServeHTTP(w, r)
	})
}

// pause waits, unless the request ends first.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// heldBody gives nothing away before there is a bufferful of it, or an end.
type heldBody struct {
	io.ReadCloser
	held bytes.Reader
	err  error
}

func (b *heldBody) Read(p []byte) (int, error) {
	if b.held.Len() == 0 && b.err == nil {
		buffer := make([]byte, bufferSize)
		var read int
		read, b.err = io.ReadFull(b.ReadCloser, buffer)
		if errors.Is(b.err, io.ErrUnexpectedEOF) {
			b.err = io.EOF
		}
		b.held.Reset(buffer[:read])
	}
	if b.held.Len() == 0 {
		return 0, b.err
	}
	return b.held.Read(p)
}

// slowBody comes by drops.
type slowBody struct {
	io.ReadCloser
	ctx context.Context
}

func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:min(len(p), slowChunk)])
	pause(b.ctx, time.Second/10*time.Duration(n)/slowChunk)
	return n, err
}

// mortalBody is closed from outside after a while.
type mortalBody struct {
	io.ReadCloser
	death *time.Timer
}

func (b *mortalBody) Close() error {
	b.death.Stop()
	return b.ReadCloser.Close()
}

func modeNames() (list []string) {
	for _, m := range modes {
		list = append(list, m.Name)
	}
	return list
}
