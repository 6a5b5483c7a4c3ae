package providersim

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// paymentStart asks to begin a payment.
type paymentStart struct {
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

func startPayment(s *Sim, c *merchantLinkCall) (any, error) {
	var in paymentStart
	if err := json.Unmarshal(c.body, &in); err != nil || in.ID == "" || in.ID != c.id {
		return nil, merchantLinkFailure(http.StatusBadRequest, "the message is not about a payment")
	}
	if in.Amount.Currency != "CNY" || in.Amount.Value < 1 || in.Description == "" || in.NotifyURL == "" {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "this can't be paid here")
	}
	o := s.books.find(c.account, in.ID)
	if o == nil {
		o = &order{
			account: c.account, number: in.ID, product: MerchantPage, description: in.Description, fen: in.Amount.Value,
			notifyURL: in.NotifyURL, returnURL: in.ReturnURL, asked: string(c.body), created: c.now, closesAt: in.ExpiresAt,
		}
		s.books.add(o)
	}
	if o.asked != string(c.body) {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "the id was used for another payment")
	}
	if o.state(c.now) != stateUnpaid {
		return nil, &merchantLinkError{http.StatusConflict, c.merchant.statement(o, c.now)}
	}
	pass := s.books.issue(o, rand.Text(), c.now, o.closesAt.Sub(c.now))
	return map[string]string{"url": s.options.Origin + "/merchantlink/" + c.merchant.ID + "/pay/" + pass.text}, nil
}

// paymentStatement says what became of a payment.
type paymentStatement struct {
	ID        string         `json:"id"`
	Status    string         `json:"status"`
	Amount    map[string]any `json:"amount,omitempty"`
	Reference string         `json:"reference,omitempty"`
	PaidAt    *time.Time     `json:"paid_at,omitempty"`
}

func (a *merchantLinkAccount) statement(o *order, now time.Time) paymentStatement {
	st := paymentStatement{ID: o.number, Status: "pending"}
	switch o.state(now) {
	case stateClosed:
		st.Status = "closed"
	case statePaid, stateRefunded:
		at := o.paidAt.UTC()
		st.Status, st.Reference, st.PaidAt = "paid", o.reference, &at
		st.Amount = map[string]any{"currency": "CNY", "value": o.fen}
	}
	return st
}

func tellPayment(s *Sim, c *merchantLinkCall) (any, error) {
	if c.r.PathValue("number") != c.id {
		return nil, merchantLinkFailure(http.StatusBadRequest, "the message is about another payment")
	}
	o := s.books.find(c.account, c.id)
	if o == nil {
		return nil, &merchantLinkError{http.StatusNotFound, paymentStatement{ID: c.id, Status: "absent"}}
	}
	st := c.merchant.statement(o, c.now)
	for _, f := range c.struck {
		if f.tradeState != "" {
			st.Status = f.tradeState
		}
	}
	return st, nil
}

// openPaymentPage opens a payment in the payer's browser: here, on the simulated
// phone.
func (s *Sim) openPaymentPage(w http.ResponseWriter, r *http.Request) {
	id, refusal := s.launchPayment(r.PathValue("account"), r.PathValue("pass"))
	if refusal != nil {
		s.page(w, r, http.StatusOK, "refused.html", refusal.Text)
		return
	}
	http.Redirect(w, r, "/phone/orders/"+url.PathEscape(id), http.StatusFound)
}

func (s *Sim) launchPayment(accountID, text string) (id string, refusal *Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.passes[text]
	if p == nil || p.order.product != MerchantPage || p.order.account.id() != accountID {
		return "", inWords(MerchantLink, errUnknownCode)
	}
	if err := s.payable(p.order); err != nil {
		return "", inWords(MerchantLink, err)
	}
	p.order.launched = true
	return p.order.id, nil
}

// merchantLinkSchedule lists the pauses before each new try of a cashier.
var merchantLinkSchedule = []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour}

// payment tells the checkout that a payment was made.
func (a *merchantLinkAccount) payment(o *order, n notice) *message {
	st := a.statement(o, o.paidAt)
	st.Amount["value"] = o.fen + n.fenOff
	body, id := plainJSON(st), "evt_"+rand.Text()
	return &message{
		id: id, event: "payment." + st.Status, url: o.notifyURL, schedule: merchantLinkSchedule,
		request: func(now time.Time, how seal) (http.Header, []byte) {
			h := http.Header{"Content-Type": {"application/json"}}
			a.sign(h, id, body, now, how)
			return h, body
		},
		accepted: func(status int, _ []byte) bool { return status >= 200 && status < 300 },
	}
}

// refund makes no message: a cashier's refunds are between it and the payer.
func (a *merchantLinkAccount) refund(o *order, _ *refund, _ time.Time, n notice) *message {
	m := a.payment(o, n)
	m.url = ""
	return m
}
