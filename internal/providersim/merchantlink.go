package providersim

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// MerchantLinkAccount is a cashier that a merchant runs, speaking the protocol of
// docs/merchantlink.md. It answers at /merchantlink/<ID>.
type MerchantLinkAccount struct {
	ID     string // a-z 0-9 - _
	Name   string // shown to payers; "" for the id
	Secret []byte // 24 to 64 bytes, shared with the checkout
}

type merchantLinkAccount struct {
	MerchantLinkAccount
	codes map[string]oauthCode // by code: who came to be identified
}

func (a *merchantLinkAccount) id() string                        { return a.ID }
func (a *merchantLinkAccount) payee() string                     { return a.Name }
func (a *merchantLinkAccount) wallet() Wallet                    { return MerchantLink }
func (a *merchantLinkAccount) person(u User) string              { return string(u) }
func (a *merchantLinkAccount) names(_ *order, u User) string     { return a.person(u) }
func (a *merchantLinkAccount) opened(*Sim, *order)               {}
func (a *merchantLinkAccount) back(o *order, _ time.Time) string { return o.returnURL }

var merchantLinkID = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)

// AddMerchantLinkAccount opens a cashier. It fails if a part is missing or could
// not be real.
func (s *Sim) AddMerchantLinkAccount(a MerchantLinkAccount) error {
	if !merchantLinkID.MatchString(a.ID) {
		return fmt.Errorf("merchantlink account %q: its id must be 1 to 64 of a-z 0-9 - _", a.ID)
	}
	if len(a.Secret) < 24 || len(a.Secret) > 64 {
		return fmt.Errorf("merchantlink account %q: its secret must have 24 to 64 bytes", a.ID)
	}
	if a.Name == "" {
		a.Name = a.ID
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.merchantLink[a.ID]; ok {
		return fmt.Errorf("merchantlink account %q: added twice", a.ID)
	}
	s.merchantLink[a.ID] = &merchantLinkAccount{a, map[string]oauthCode{}}
	return nil
}

func (s *Sim) routeMerchantLink() {
	s.routes.HandleFunc("POST /merchantlink/{account}", s.merchantLinkAPI(opPrepay, startPayment))
	s.routes.HandleFunc("GET /merchantlink/{account}/{number}", s.merchantLinkAPI(opQuery, tellPayment))
	s.routes.HandleFunc("POST /merchantlink/{account}/{number}/refunds", s.merchantLinkAPI(opRefund, refundPayment))
	s.routes.HandleFunc("GET /merchantlink/{account}/{number}/refunds/{refund}", s.merchantLinkAPI(opRefundQuery, tellPaymentRefund))
	s.routes.HandleFunc("GET /merchantlink/{account}/pay/{pass}", s.openPaymentPage)
	s.routes.HandleFunc("GET /merchantlink/{account}/qr/{pass}", s.openPaymentPage)
	s.routes.HandleFunc("GET /merchantlink/{account}/payer", s.identifyPayer)
	s.routes.HandleFunc("POST /merchantlink/{account}/payers", s.merchantLinkAPI(opNone, tellPayer))
}

// merchantLinkCall is one message to a cashier. Its id is that of the payment, or of the
// refund.
type merchantLinkCall struct {
	call
	do       func(*Sim, *merchantLinkCall) (any, error)
	r        *http.Request
	body     []byte
	merchant *merchantLinkAccount
	now      time.Time
}

func (s *Sim) merchantLinkAPI(op operations, do func(*Sim, *merchantLinkCall) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 32<<10)) // one that was cut short fails the check of its signature
		id := r.Header.Get("webhook-id")
		s.serve(w, r, &merchantLinkCall{
			call: call{op: op, claimed: r.PathValue("account"), number: cmp.Or(r.PathValue("number"), id), name: r.Method + " " + r.URL.Path, id: id},
			do:   do, r: r, body: body,
		})
	}
}

// merchantLinkError is a refusal of a cashier.
type merchantLinkError struct {
	status int
	body   any
}

func (e *merchantLinkError) Error() string {
	return strconv.Itoa(e.status) + " " + string(plainJSON(e.body))
}

func merchantLinkFailure(status int, why string) *merchantLinkError {
	return &merchantLinkError{status, map[string]string{"error": why}}
}

// merchantLinkRefusal is a refusal for good whose reason the protocol knows.
func merchantLinkRefusal(status int, code, why string) *merchantLinkError {
	return &merchantLinkError{status, map[string]string{"code": code, "error": why}}
}

// merchantLinkRefusals are a cashier's words for each kind of refusal.
var merchantLinkRefusals = map[refusalKind]*merchantLinkError{
	refuseSystem:    merchantLinkFailure(http.StatusInternalServerError, "the cashier is in trouble"),
	refuseRate:      merchantLinkFailure(http.StatusTooManyRequests, "too many messages"),
	refuseForbidden: merchantLinkRefusal(http.StatusForbidden, "not_granted", "this method isn't open to the merchant"),
	refuseOrder:     merchantLinkFailure(http.StatusUnprocessableEntity, "this order isn't taken"),
	refuseUnlisted:  merchantLinkFailure(http.StatusLocked, "the account is in transition"),
}

func (c *merchantLinkCall) refusal(kind refusalKind) error { return merchantLinkRefusals[kind] }

// authenticate implements apiCall.
func (c *merchantLinkCall) authenticate(s *Sim) error {
	a, ok := s.merchantLink[c.claimed]
	if !ok {
		return errors.New("there is no such cashier")
	}
	if err := a.verify(c.r.Header, c.body, s.options.Now()); err != nil {
		return err
	}
	c.account, c.merchant, c.now = a, a, s.now()
	return nil
}

func (c *merchantLinkCall) work(s *Sim) (any, error) { return c.do(s, c) }

// reply implements apiCall: it is signed under the id of the message, unless that
// is nobody's we know.
func (c *merchantLinkCall) reply(s *Sim, result any, err error) reply {
	if c.merchant == nil {
		return reply{status: http.StatusUnauthorized, contentType: "text/plain"}
	}
	rep := reply{status: http.StatusOK, contentType: "application/json", header: http.Header{}, body: plainJSON(result)}
	if refusal, ok := errors.AsType[*merchantLinkError](err); ok {
		rep.status, rep.body = refusal.status, plainJSON(refusal.body)
	}
	c.merchant.sign(rep.header, c.id, rep.body, s.options.Now(), sealFor(c.struck))
	return rep
}

// mac signs a message in the way of Standard Webhooks.
func (a *merchantLinkAccount) mac(key []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

func (a *merchantLinkAccount) verify(header http.Header, body []byte, now time.Time) error {
	timestamp := header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > clockSkew {
		return errors.New("the timestamp is missing or more than five minutes off")
	}
	want := a.mac(a.Secret, header.Get("webhook-id"), timestamp, body)
	if !hmac.Equal([]byte(header.Get("webhook-signature")), []byte(want)) {
		return errors.New("the signature is wrong")
	}
	return nil
}

func (a *merchantLinkAccount) sign(h http.Header, id string, body []byte, now time.Time, how seal) {
	key := a.Secret
	switch how {
	case unsigned:
		return
	case forged:
		key = []byte("a secret that nobody has agreed on")
	}
	timestamp := strconv.FormatInt(now.Unix(), 10)
	h.Set("webhook-id", id)
	h.Set("webhook-timestamp", timestamp)
	h.Set("webhook-signature", a.mac(key, id, timestamp, body))
}
