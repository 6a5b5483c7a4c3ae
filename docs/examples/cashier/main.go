// Command cashier is a merchant's own cashier in version 2 of docs/merchantlink.md, in
// front of an acquirer whose codes and pages begin with ACQUIRER:
//
//	CASHIER_SECRET=whsec_… ACQUIRER=https://acquirer.example/pay/ go run ./docs/examples/cashier
//
// A real one keeps what it knows in a database, and puts its acquirer's calls where the
// comments say so.
//
// What must not live here: imports of this module. A cashier knows the protocol.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

type object = map[string]any

type money struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

var rails = map[string]bool{"qr": true, "redirect": true} // that the contract has

// message asks for a payment, or for a refund of one.
type message struct {
	Version   int
	ID, Rail  string
	Amount    money
	ExpiresAt time.Time `json:"expires_at"`
	NotifyURL string    `json:"notify_url"`
	Refund    struct{ Amount money }
	bytes     string
}

type payment struct {
	message
	said    object            // the statement
	refunds map[string]object // their statements, by id
	left    int64             // not refunded
}

type cashier struct {
	sync.Mutex
	key      *webhooks.Webhook
	acquirer string
	payments map[string]*payment
}

// signed lets signed messages in, and signs the answers under the message's id. p is the
// payment that it is about, nil for an unknown one.
func (c *cashier) signed(answer func(id string, in message, p *payment) (int, object)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 32<<10))
		if err != nil || c.key.Verify(body, r.Header) != nil {
			http.Error(w, "the signature is wrong", http.StatusUnauthorized)
			return
		}
		in, id := message{bytes: string(body)}, r.Header.Get("webhook-id")
		_ = json.Unmarshal(body, &in) // what can't be read has no version
		c.Lock()
		defer c.Unlock()
		in.ID = cmp.Or(in.ID, r.PathValue("id"))
		p := c.payments[in.ID]
		if p != nil && p.said["status"] == "pending" && time.Now().After(p.ExpiresAt) {
			p.said["status"] = "closed"
		}
		status, reply := answer(id, in, p)
		text := c.sign(w.Header(), id, reply)
		w.WriteHeader(status)
		w.Write(text)
	}
}

// sign returns a message as it is sent, with its signature in the header.
func (c *cashier) sign(h http.Header, id string, o object) []byte {
	text, _ := json.Marshal(o) // plain values
	now := time.Now()
	signature, _ := c.key.Sign(id, now, text)
	h.Set("Content-Type", "application/json")
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	h.Set("webhook-signature", signature)
	return text
}

func refused(code string) (int, object) { return http.StatusUnprocessableEntity, object{"code": code} }

func (c *cashier) start(id string, in message, p *payment) (int, object) {
	switch {
	case in.Version != 2 || in.ID != id || !rails[in.Rail]:
		return refused("not_granted")
	case p == nil: // ask the acquirer for a code or a page
		p = &payment{message: in, said: object{"id": id, "status": "pending"}, refunds: map[string]object{}, left: in.Amount.Value}
		c.payments[id] = p
	case p.bytes != in.bytes:
		return refused("id_used")
	case p.said["status"] != "pending":
		return http.StatusConflict, p.said
	}
	return http.StatusOK, object{in.Rail: c.acquirer + id, "expires_at": in.ExpiresAt}
}

func (c *cashier) query(id string, in message, p *payment) (int, object) {
	if p == nil || in.ID != id {
		return http.StatusNotFound, object{"id": id, "status": "absent"}
	}
	return http.StatusOK, p.said
}

func (c *cashier) refund(id string, in message, p *payment) (int, object) {
	switch {
	case p == nil || p.said["status"] != "paid" || in.Version != 2 || in.Refund.Amount.Currency != p.Amount.Currency:
		return refused("not_paid")
	case p.refunds[id] != nil && p.refunds[id]["amount"] != in.Refund.Amount:
		return refused("id_used")
	case p.refunds[id] == nil && (in.Refund.Amount.Value < 1 || in.Refund.Amount.Value > p.left):
		return refused("exceeds")
	case p.refunds[id] == nil: // have the acquirer refund
		p.left -= in.Refund.Amount.Value
		p.refunds[id] = object{"id": id, "status": "succeeded", "amount": in.Refund.Amount, "reference": "R-" + id}
	}
	return c.queryRefund(id, in, p)
}

func (c *cashier) queryRefund(id string, in message, p *payment) (int, object) {
	if p == nil || p.refunds[id] == nil {
		return http.StatusNotFound, object{"id": in.ID, "refund": object{"id": id, "status": "absent"}}
	}
	return http.StatusOK, object{"id": p.ID, "refund": p.refunds[id]}
}

// paid is what the acquirer tells. Verify its own signature in place of ours.
func (c *cashier) paid(id string, _ message, p *payment) (int, object) {
	if p == nil || p.said["status"] != "pending" {
		return refused("not_pending")
	}
	p.said = object{"id": id, "status": "paid", "amount": p.Amount, "reference": "P-" + id, "paid_at": time.Now().UTC()}
	go c.notify(p.NotifyURL, "evt-"+id, p.said)
	return http.StatusOK, p.said
}

// notify goes on until the checkout has it.
func (c *cashier) notify(address, id string, said object) {
	for ; ; time.Sleep(time.Minute) {
		if r, err := http.NewRequest(http.MethodPost, address, nil); err == nil {
			r.Body = io.NopCloser(bytes.NewReader(c.sign(r.Header, id, said)))
			if res, err := http.DefaultClient.Do(r); err == nil && res.Body.Close() == nil && res.StatusCode/100 == 2 {
				return
			}
		}
	}
}

func (c *cashier) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /{$}", c.signed(c.start))
	mux.HandleFunc("GET /{id}", c.signed(c.query))
	mux.HandleFunc("POST /{id}/refunds", c.signed(c.refund))
	mux.HandleFunc("GET /{id}/refunds/{refund}", c.signed(c.queryRefund))
	mux.HandleFunc("POST /{id}/paid", c.signed(c.paid))
	return mux
}

func main() {
	key, err := webhooks.NewWebhook(os.Getenv("CASHIER_SECRET"))
	if err != nil {
		log.Fatal("CASHIER_SECRET: ", err)
	}
	c := &cashier{key: key, acquirer: os.Getenv("ACQUIRER"), payments: map[string]*payment{}}
	log.Fatal(http.ListenAndServe("127.0.0.1:8090", c.handler()))
}
