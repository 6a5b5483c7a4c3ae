// Command shop is a shop's whole back end, with net/http alone: it knows what its
// goods cost, makes an order and a session for it, shows the checkout, and asks
// the checkout's server whether the order is paid.
//
//	MOREPAY_KEY=sk_test_… go run ./docs/examples/shop -checkout http://127.0.0.1:8080
//
// Its own pages need no JavaScript but a few lines; -pages serves a front end made
// with a framework, which speaks to /api/orders.
//
// What must not live here: imports of this module. A shop knows the public API.
package main

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/json"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
	"time"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.ParseFS(files, "pages/*.html"))

// shop is what the back end needs to know.
type shop struct {
	Checkout  string // origin of the checkout's server
	Key       string // the merchant's secret key: it stays on this server
	Origin    string // of this shop, registered with the merchant
	Loader    string // path of the loader: /embed.js, or a published version
	Integrity string // hash of a published version, or ""
	Strict    bool   // send the strictest policies that the checkout works under
	Pages     string // folder of a front end, or ""

	mu     sync.Mutex
	orders map[string]order // a real shop has a database
}

// order is what somebody wants to buy. Its id can't be guessed, so whoever has
// the address of its page may pay it.
type order struct {
	ID       string `json:"id"`
	Session  string `json:"-"`        // cs_…, for this server
	Token    string `json:"session"`  // for the payer's browser
	Endpoint string `json:"endpoint"` // where the browser loads the checkout
	Status   string `json:"status"`
}

// The shop sells one thing. Prices are decided here, never in the browser.
const (
	goods = "Enamel mug"
	fen   = 5980
)

func main() {
	s := &shop{Key: os.Getenv("MOREPAY_KEY")}
	listen := flag.String("listen", "127.0.0.1:5173", "`address` to listen on")
	flag.StringVar(&s.Origin, "origin", "http://localhost:5173", "this shop's `origin`, registered with the merchant")
	flag.StringVar(&s.Checkout, "checkout", "http://127.0.0.1:8080", "`origin` of the checkout's server")
	flag.StringVar(&s.Loader, "loader", "/embed.js", "`path` of the loader")
	flag.StringVar(&s.Integrity, "integrity", "", "`hash` of the loader, if its path names a version")
	flag.BoolVar(&s.Strict, "strict", false, "send a strict Content-Security-Policy")
	flag.StringVar(&s.Pages, "pages", "", "`folder` of a front end, served under /")
	flag.Parse()
	if s.Key == "" {
		log.Fatal("set MOREPAY_KEY to the merchant's secret key")
	}
	log.Printf("the shop is at %s", s.Origin)
	log.Fatal((&http.Server{Addr: *listen, Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}).ListenAndServe())
}

func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /orders", s.handleBuy)
	mux.HandleFunc("GET /orders/{id}", s.handleOrder)
	mux.HandleFunc("POST /api/orders", s.handleNewOrder)
	mux.HandleFunc("GET /api/orders/{id}", s.handleStatus)
	for _, name := range []string{"/shop.js", "/shop.css"} {
		mux.HandleFunc("GET "+name, func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "pages"+name) })
	}
	if s.Pages != "" {
		mux.Handle("GET /", http.FileServer(http.Dir(s.Pages)))
	} else {
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { s.render(w, "goods.html", goods) })
	}
	return mux
}

// handleBuy is the form of the shop's own page.
func (s *shop) handleBuy(w http.ResponseWriter, r *http.Request) {
	o, err := s.newOrder(r)
	if err != nil {
		fail(w, err)
		return
	}
	http.Redirect(w, r, "/orders/"+o.ID, http.StatusSeeOther)
}

// handleOrder is the order's page: the checkout, or that it is paid. The payer comes
// back to it from a wallet, too.
func (s *shop) handleOrder(w http.ResponseWriter, r *http.Request) {
	o, err := s.find(r)
	if err != nil {
		fail(w, err)
		return
	}
	s.render(w, "order.html", struct {
		order
		Goods, Loader, Integrity string
	}{o, goods, s.Checkout + s.Loader, s.Integrity})
}

// handleNewOrder and handleStatus are for front ends that draw their own pages.
func (s *shop) handleNewOrder(w http.ResponseWriter, r *http.Request) {
	o, err := s.newOrder(r)
	answer(w, http.StatusCreated, o, err)
}

func (s *shop) handleStatus(w http.ResponseWriter, r *http.Request) {
	o, err := s.find(r)
	answer(w, http.StatusOK, o, err)
}

// newOrder makes an order with a session to pay it.
func (s *shop) newOrder(r *http.Request) (order, error) {
	id := rand.Text()
	var session struct{ ID, Token, Status string }
	err := s.call(r, http.MethodPost, "/v1/sessions", map[string]any{
		"merchant_reference": id,
		"amount":             map[string]any{"currency": "CNY", "value": fen},
		"description":        goods,
		"return_url":         s.Origin + "/orders/" + id,
	}, id, &session)
	if err != nil {
		return order{}, err
	}
	o := order{id, session.ID, session.Token, s.Checkout, session.Status}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.orders == nil {
		s.orders = map[string]order{}
	}
	s.orders[id] = o
	return o, nil
}

// find returns the order that an address names, with its status as the checkout's
// server has it: what the browser says of it is only a hint. A shop that ships
// goods listens to webhooks as well, because payers close their browsers.
func (s *shop) find(r *http.Request) (order, error) {
	s.mu.Lock()
	o, ok := s.orders[r.PathValue("id")]
	s.mu.Unlock()
	if !ok {
		return order{}, errNotFound
	}
	var session struct{ Status string }
	if err := s.call(r, http.MethodGet, "/v1/sessions/"+o.Session, nil, "", &session); err != nil {
		return order{}, err
	}
	o.Status = session.Status
	return o, nil
}

var client = &http.Client{Timeout: 10 * time.Second}

// call calls the checkout's API. With the same idempotency key the same POST has no
// second effect.
func (s *shop) call(r *http.Request, method, path string, body any, idempotencyKey string, into any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(r.Context(), method, s.Checkout+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+s.Key)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", idempotencyKey)
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode >= http.StatusMultipleChoices {
		text, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("%s %s: %s: %s (%v)", method, path, response.Status, text, err)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
