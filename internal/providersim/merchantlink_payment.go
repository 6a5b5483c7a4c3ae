package providersim

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// paymentStart asks to begin a payment.
type paymentStart struct {
	Version     int       `json:"version"` // 0 for 1
	ID          string    `json:"id"`
	Method      string    `json:"method"`
	Rail        string    `json:"rail"`        // since version 2
	Instalments int       `json:"instalments"` // since version 2; 0 for payment at once
	Amount      money     `json:"amount"`
	Description string    `json:"description"`
	ExpiresAt   time.Time `json:"expires_at"`
	ReturnURL   string    `json:"return_url"`
	NotifyURL   string    `json:"notify_url"`
	Payer       string    `json:"payer"` // for jsapi
}

// money is an amount in hundredths of its currency.
type money struct {
	Currency string `json:"currency"`
	Value    int64  `json:"value"`
}

// merchantCurrencies are what a cashier takes, by the name that the books have for it.
var merchantCurrencies = map[string]string{"CNY": "", "HKD": "HKD"}

// instalments are the numbers of them that a method's credit has.
var instalments = map[string][]int{"jd_pay": {3, 6, 12, 24}}

// railProducts are what a payer gets by each rail. Version 1 names none.
var railProducts = map[int]map[string]Product{
	0: {"": MerchantPage},
	2: {"redirect": MerchantPage, "deep_link": MerchantApp, "qr": MerchantQR, "jsapi": MerchantBridge},
}

func startPayment(s *Sim, c *merchantLinkCall) (any, error) {
	var in paymentStart
	if err := json.Unmarshal(c.body, &in); err != nil || in.ID == "" || in.ID != c.id {
		return nil, merchantLinkFailure(http.StatusBadRequest, "the message is not about a payment")
	}
	product, ok := railProducts[in.Version][in.Rail]
	if !ok {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "versions 1 and 2 are spoken here, the latter with redirect, deep_link, qr and jsapi")
	}
	currency, ok := merchantCurrencies[in.Amount.Currency]
	if !ok || in.Amount.Value < 1 || in.Description == "" || in.NotifyURL == "" {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "this can't be paid here")
	}
	if (product == MerchantBridge) != (in.Payer != "") {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "jsapi, and nothing else, needs the payer")
	}
	if in.Instalments != 0 && !slices.Contains(instalments[in.Method], in.Instalments) {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "these instalments are not to be had here")
	}
	o := s.books.find(c.account, in.ID)
	if o == nil {
		o = &order{
			account: c.account, number: in.ID, product: product, description: in.Description, fen: in.Amount.Value, currency: currency,
			notifyURL: in.NotifyURL, returnURL: in.ReturnURL, openid: in.Payer, version: in.Version, asked: string(c.body), created: c.now, closesAt: in.ExpiresAt,
		}
		s.books.add(o)
	}
	if o.asked != string(c.body) {
		return nil, merchantLinkFailure(http.StatusUnprocessableEntity, "the id was used for another payment")
	}
	if o.state(c.now) != stateUnpaid {
		return nil, &merchantLinkError{http.StatusConflict, c.merchant.statement(o, c.now)}
	}
	return c.merchant.wayToPay(s, o, in.Method, c.now), nil
}

// wayToPay gives the payer a new link or code for an order.
func (a *merchantLinkAccount) wayToPay(s *Sim, o *order, method string, now time.Time) any {
	text, path := rand.Text(), s.options.Origin+"/merchantlink/"+a.ID
	if o.product == MerchantQR {
		text = path + "/qr/" + text
	}
	pass := s.books.issue(o, text, now, o.closesAt.Sub(now))
	link := path + "/pay/" + pass.text
	if o.version == 0 {
		return map[string]string{"url": link}
	}
	said := map[string]any{"expires_at": pass.expires.UTC()}
	switch o.product {
	case MerchantQR:
		said["qr"] = pass.text
	case MerchantBridge:
		o.launched = true // the host app has it
		said["jsapi"] = a.bridgeCall(o, method, now)
	case MerchantApp:
		said["deep_link"] = link
	default:
		said["redirect"] = link
	}
	return said
}

// paymentStatement says what became of a payment.
type paymentStatement struct {
	ID        string     `json:"id"`
	Status    string     `json:"status"`
	Amount    *money     `json:"amount,omitempty"`
	Reference string     `json:"reference,omitempty"`
	PaidAt    *time.Time `json:"paid_at,omitempty"`
	Refunded  *money     `json:"refunded,omitempty"` // since version 2
}

func (a *merchantLinkAccount) statement(o *order, now time.Time) paymentStatement {
	st := paymentStatement{ID: o.number, Status: "pending"}
	switch o.state(now) {
	case stateClosed:
		st.Status = "closed"
	case statePaid, stateRefunded:
		at := o.paidAt.UTC()
		st.Status, st.Reference, st.PaidAt = "paid", o.reference, &at
		st.Amount = o.money(o.fen)
		if back := o.arrivedFen(now); o.version > 0 && back > 0 {
			st.Refunded = o.money(back)
		}
	}
	return st
}

func (o *order) money(fen int64) *money { return &money{cmp.Or(o.currency, "CNY"), fen} }

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
	pass := r.PathValue("pass")
	if strings.Contains(r.URL.Path, "/qr/") {
		pass = s.options.Origin + r.URL.Path // a camera that knows no wallet follows what the code says
	}
	if s.isApp(pass) && !s.opensOn(w, r, MerchantLink, s.numberOf(pass)) {
		return
	}
	id, refusal := s.launchPayment(r.PathValue("account"), pass)
	if refusal != nil {
		s.page(w, r, http.StatusOK, "refused.html", refusal.Text)
		return
	}
	http.Redirect(w, r, "/phone/orders/"+url.PathEscape(id), http.StatusFound)
}

// isApp reports whether a pass opens a wallet's app, not a web page.
func (s *Sim) isApp(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.passes[text]
	return p != nil && p.order.product == MerchantApp
}

func (s *Sim) launchPayment(accountID, text string) (id string, refusal *Refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.books.passes[text]
	if p == nil || p.order.account.wallet() != MerchantLink || p.order.account.id() != accountID {
		return "", inWords(MerchantLink, errUnknownCode)
	}
	if err := s.payable(p.order); err != nil {
		return "", inWords(MerchantLink, err)
	}
	if err := s.strikePage(p.order); err != nil {
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
	st.Amount.Value += n.fenOff
	return a.message("payment."+st.Status, o.notifyURL, st)
}

// message tells the checkout something, under an id of its own.
func (a *merchantLinkAccount) message(event, address string, statement any) *message {
	body, id := plainJSON(statement), "evt_"+rand.Text()
	return &message{
		id: id, event: event, url: address, schedule: merchantLinkSchedule,
		request: func(now time.Time, how seal) (http.Header, []byte) {
			h := http.Header{"Content-Type": {"application/json"}}
			a.sign(h, id, body, now, how)
			return h, body
		},
		accepted: func(status int, _ []byte) bool { return status >= 200 && status < 300 },
	}
}
