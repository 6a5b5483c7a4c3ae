package providersim

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// CashierAccount is a cashier that a merchant runs, speaking the protocol of
// docs/merchantlink.md. It answers at /merchantlink/<ID>.
type CashierAccount struct {
	ID     string // a-z 0-9 - _
	Name   string // shown to payers; "" for the id
	Secret []byte // 24 to 64 bytes, shared with the checkout
}

type cashier struct {
	CashierAccount
	sim *Sim
}

func (a *cashier) id() string                        { return a.ID }
func (a *cashier) payee() string                     { return a.Name }
func (a *cashier) wallet() Wallet                    { return Cashier }
func (a *cashier) person(u User) string              { return string(u) }
func (a *cashier) opened(*Sim, *order)               {}
func (a *cashier) back(o *order, _ time.Time) string { return o.returnURL }

var cashierID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// AddCashier opens a cashier. It fails if a part is missing or could not be
// real; a second one of that id panics.
func (s *Sim) AddCashier(a CashierAccount) error {
	if !cashierID.MatchString(a.ID) {
		return fmt.Errorf("cashier %q: its id must be 1 to 64 of a-z 0-9 - _", a.ID)
	}
	if len(a.Secret) < 24 || len(a.Secret) > 64 {
		return fmt.Errorf("cashier %q: its secret must have 24 to 64 bytes", a.ID)
	}
	if a.Name == "" {
		a.Name = a.ID
	}
	c := &cashier{a, s}
	s.routes.HandleFunc("POST /merchantlink/"+a.ID, c.answer(opPrepay, c.start))
	s.routes.HandleFunc("GET /merchantlink/"+a.ID+"/{number}", c.answer(opQuery, c.tell))
	s.routes.HandleFunc("GET /merchantlink/"+a.ID+"/pay/{pass}", c.page)
	return nil
}

// cashierFailure is a refusal of a cashier.
type cashierFailure struct {
	status int
	body   any
}

func (f *cashierFailure) Error() string {
	return strconv.Itoa(f.status) + " " + string(plainJSON(f.body))
}

func cashierRefuses(status int, why string) error {
	return &cashierFailure{status, map[string]string{"error": why}}
}

// cashierCall is one message to the cashier that was verified.
type cashierCall struct {
	id     string // of the message, which is that of the payment
	number string // in its address
	body   []byte
	struck []*Fault
}

// answer is the way of every message to the cashier: verify, let faults strike,
// work, sign the reply under the id of the message.
func (a *cashier) answer(op operations, work func(cashierCall) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := cashierCall{id: r.Header.Get("webhook-id"), number: r.PathValue("number")}
		rep := reply{status: http.StatusUnauthorized, contentType: "text/plain"}
		var err error
		if c.body, err = io.ReadAll(io.LimitReader(r.Body, 32<<10)); err == nil {
			err = a.verify(r.Header, c.body)
		}
		if err == nil {
			rep, err = a.do(op, &c, work)
		}
		rep.hold(r)
		a.recordCall(c, r, rep, err)
		rep.write(w)
	}
}

func (a *cashier) do(op operations, c *cashierCall, work func(cashierCall) (any, error)) (rep reply, err error) {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	c.struck = a.sim.strikeCall(a.ID, op)
	for _, f := range c.struck {
		if f.refuse != nil {
			err = cashierRefuses(f.refuse.wechat.Status, f.Name)
		}
	}
	var result any
	if err == nil {
		result, err = work(*c)
	}
	rep = reply{status: http.StatusOK, contentType: "application/json", header: http.Header{}, body: plainJSON(result)}
	if refusal, ok := errors.AsType[*cashierFailure](err); ok {
		rep.status, rep.body = refusal.status, plainJSON(refusal.body)
	}
	a.sign(rep.header, c.id, rep.body, a.sim.options.Now(), sealFor(c.struck))
	for _, f := range c.struck {
		if f.after != nil && err == nil {
			rep.wait = f.after(a.sim, a.sim.books.find(a, c.id))
		}
		if f.reply != nil {
			f.reply(&rep)
		}
	}
	return rep, err
}

// mac signs a message in the way of Standard Webhooks.
func (a *cashier) mac(key []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func (a *cashier) verify(header http.Header, body []byte) error {
	timestamp := header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || a.sim.options.Now().Sub(time.Unix(seconds, 0)).Abs() > clockSkew {
		return errors.New("the timestamp is missing or more than five minutes off")
	}
	want := a.mac(a.Secret, header.Get("webhook-id"), timestamp, body)
	if !hmac.Equal([]byte(header.Get("webhook-signature")), []byte(want)) {
		return errors.New("the signature is wrong")
	}
	return nil
}

func (a *cashier) sign(h http.Header, id string, body []byte, now time.Time, how seal) {
	key := a.Secret
	switch how {
	case unsigned:
		return
	case forged, probe:
		key = []byte("a secret that nobody has agreed on")
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", a.mac(key, id, timestamp, body))
}

// cashierStart asks to begin a payment.
type cashierStart struct {
	ID     string `json:"id"`
	Method string `json:"method"`
	Amount struct {
		Currency string `json:"currency"`
		Value    int64  `json:"value"` // fen
	} `json:"amount"`
	Description string    `json:"description"`
	ExpiresAt   time.Time `json:"expires_at"`
	ReturnURL   string    `json:"return_url"`
	NotifyURL   string    `json:"notify_url"`
}

func (a *cashier) start(c cashierCall) (any, error) {
	var in cashierStart
	if err := json.Unmarshal(c.body, &in); err != nil || in.ID == "" || in.ID != c.id {
		return nil, cashierRefuses(http.StatusBadRequest, "the message is not about a payment")
	}
	if in.Amount.Currency != "CNY" || in.Amount.Value < 1 || in.Description == "" || in.NotifyURL == "" {
		return nil, cashierRefuses(http.StatusUnprocessableEntity, "this can't be paid here")
	}
	now := a.sim.now()
	o := a.sim.books.find(a, in.ID)
	if o == nil {
		o = &order{
			account: a, number: in.ID, product: CashierPage, description: in.Description, fen: in.Amount.Value,
			notifyURL: in.NotifyURL, returnURL: in.ReturnURL, asked: string(c.body), created: now, closesAt: in.ExpiresAt,
		}
		a.sim.books.add(o)
	}
	if o.asked != string(c.body) {
		return nil, cashierRefuses(http.StatusUnprocessableEntity, "the id was used for another payment")
	}
	if o.state(now) != unpaid {
		return nil, &cashierFailure{http.StatusConflict, a.statement(o, now)}
	}
	pass := a.sim.books.issue(o, rand.Text(), now, o.closesAt.Sub(now))
	return map[string]string{"url": a.sim.options.Origin + "/merchantlink/" + a.ID + "/pay/" + pass.text}, nil
}

// cashierStatement says what became of a payment.
type cashierStatement struct {
	ID        string         `json:"id"`
	Status    string         `json:"status"`
	Amount    map[string]any `json:"amount,omitempty"`
	Reference string         `json:"reference,omitempty"`
	PaidAt    *time.Time     `json:"paid_at,omitempty"`
}

func (a *cashier) statement(o *order, now time.Time) cashierStatement {
	st := cashierStatement{ID: o.number, Status: "pending"}
	switch o.state(now) {
	case closed:
		st.Status = "closed"
	case paid, refunded:
		at := o.paidAt.UTC()
		st.Status, st.Reference, st.PaidAt = "paid", o.reference, &at
		st.Amount = map[string]any{"currency": "CNY", "value": o.fen}
	}
	return st
}

func (a *cashier) tell(c cashierCall) (any, error) {
	if c.number != c.id {
		return nil, cashierRefuses(http.StatusBadRequest, "the message is about another payment")
	}
	o := a.sim.books.find(a, c.id)
	if o == nil {
		return nil, &cashierFailure{http.StatusNotFound, cashierStatement{ID: c.id, Status: "absent"}}
	}
	st := a.statement(o, a.sim.now())
	for _, f := range c.struck {
		if f.tradeState != "" {
			st.Status = f.tradeState
		}
	}
	return st, nil
}

// page opens a payment in the payer's browser: here, on the simulated phone.
func (a *cashier) page(w http.ResponseWriter, r *http.Request) {
	id, refusal := a.launch(r.PathValue("pass"))
	if refusal != nil {
		a.sim.page(w, r, http.StatusOK, "refused.html", refusal.Text)
		return
	}
	http.Redirect(w, r, "/phone/orders/"+url.PathEscape(id), http.StatusFound)
}

func (a *cashier) launch(text string) (id string, refusal *Refusal) {
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	p := a.sim.books.passes[text]
	if p == nil || p.order.account != account(a) {
		return "", inWords(Cashier, errUnknownCode)
	}
	if err := a.sim.payable(p.order); err != nil {
		return "", inWords(Cashier, err)
	}
	p.order.launched = true
	return p.order.id, nil
}

// cashierSchedule is how long a cashier waits before each new try.
var cashierSchedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour}

// payment tells the checkout that a payment was made.
func (a *cashier) payment(o *order, n notice) *message {
	st := a.statement(o, o.paidAt)
	st.Amount["value"] = o.fen + n.fenOff
	body, id := plainJSON(st), "evt_"+rand.Text()
	return &message{
		id: id, event: "payment." + st.Status, url: o.notifyURL, schedule: cashierSchedule,
		request: func(now time.Time, how seal) (http.Header, []byte) {
			h := http.Header{"Content-Type": {"application/json"}}
			a.sign(h, id, body, now, how)
			return h, body
		},
		accepted: func(status int, _ []byte) bool { return status >= 200 && status < 300 },
	}
}

// refund makes no message: a cashier's refunds are between it and the payer.
func (a *cashier) refund(o *order, _ *refund, n notice) *message {
	m := a.payment(o, n)
	m.url = ""
	return m
}

func (a *cashier) recordCall(c cashierCall, r *http.Request, rep reply, err error) {
	e := Exchange{Account: a.ID, Number: c.id, Name: r.Method + " " + r.URL.Path, ID: c.id, Status: rep.seen(), Faults: names(c.struck)}
	if err != nil {
		e.Problem = err.Error()
	}
	a.sim.mu.Lock()
	defer a.sim.mu.Unlock()
	e.At = a.sim.now()
	a.sim.record.add(e)
}
