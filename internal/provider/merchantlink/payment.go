package merchantlink

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// idForm matches our numbers. They become part of an address.
var idForm = regexp.MustCompile(`^[0-9A-Za-z]{6,64}$`)

// start asks the cashier to begin a payment. What has omitempty is not in version 1.
type start struct {
	Version     int        `json:"version,omitempty"`
	ID          string     `json:"id"`
	Method      pay.Method `json:"method,omitempty"`
	Rail        pay.Rail   `json:"rail,omitempty"`
	Amount      pay.Money  `json:"amount"`
	Instalments int        `json:"instalments,omitempty"` // in which the payer wants to pay
	Description string     `json:"description"`
	ExpiresAt   time.Time  `json:"expires_at"`
	ReturnURL   string     `json:"return_url"`
	NotifyURL   string     `json:"notify_url"`
	Payer       string     `json:"payer,omitempty"` // the cashier's id of them, for jsapi
	PayerIP     string     `json:"payer_ip,omitempty"`
	OS          string     `json:"os,omitempty"`
}

// rail returns the rail that is asked for.
func (s start) rail() pay.Rail { return cmp.Or(s.Rail, pay.RailRedirect) }

// Request implements provider.Provider. What it makes is sent as it is.
func (a *account) Request(o provider.Order) ([]byte, error) {
	if !slices.Contains(a.Rails(), o.Rail) {
		return nil, pay.Errorf(pay.CodeInvalid, "rail", "this cashier has no rail %q", o.Rail)
	}
	if err := o.Check(idForm); err != nil {
		return nil, err
	}
	if o.Rail == pay.RailJSAPI && !payerForm.MatchString(o.WalletPayerID) {
		return nil, pay.Errorf(pay.CodeInvalid, "wallet_payer_id", "is missing")
	}
	s := start{
		ID: o.OutTradeNo, Method: o.Method, Amount: o.Amount, Description: o.Description,
		ExpiresAt: o.ExpiresAt.UTC(), ReturnURL: o.ReturnURL, NotifyURL: o.NotifyURL,
	}
	if a.Version == versionRails {
		s.Version, s.Rail, s.OS, s.Instalments = versionRails, o.Rail, o.OS, o.Instalments
		if _, err := netip.ParseAddr(o.PayerIP); err == nil {
			s.PayerIP = o.PayerIP
		}
	}
	if o.Rail == pay.RailJSAPI {
		s.Payer = o.WalletPayerID
	}
	return json.Marshal(s)
}

// Start implements provider.Provider. A request is answered in the version that it was
// made in, whatever the settings say by now.
func (a *account) Start(ctx context.Context, rail pay.Rail, request []byte) (pay.Action, error) {
	var s start
	if err := json.Unmarshal(request, &s); err != nil || rail != s.rail() {
		return pay.Action{}, pay.Errorf(pay.CodeInternal, "", "the stored request is not one for rail %s", rail)
	}
	asked := a.env.Time()
	r, err := a.call(ctx, http.MethodPost, a.URL, s.ID, request)
	if err != nil {
		return pay.Action{}, err
	}
	if r.status == http.StatusConflict {
		return pay.Action{}, a.conflict(r, s.ID)
	}
	if r.status != http.StatusOK {
		return pay.Action{}, r.verdict()
	}
	return a.action(s, r.body, asked)
}

// conflicts maps the outcome in a 409 to the error of starting that number
// again.
var conflicts = map[pay.Outcome]error{
	pay.OutcomePaid:   provider.ErrPaid,
	pay.OutcomeClosed: provider.ErrClosed,
}

func (a *account) conflict(r reply, id string) error {
	st, err := decode(r.body, id)
	if err != nil {
		return err
	}
	if conflict, ok := conflicts[st.Status]; ok {
		return fmt.Errorf("merchantlink: answer 409: %w", conflict)
	}
	return unusable("answer 409 for an open payment")
}

// statement is a cashier's word on a payment. The protocol is ours.
type statement struct {
	ID        string      `json:"id"`
	Status    pay.Outcome `json:"status"`
	Amount    pay.Money   `json:"amount"`
	Reference string      `json:"reference"` // the cashier's number
	PaidAt    time.Time   `json:"paid_at"`
	Refunded  *pay.Money  `json:"refunded"` // all that went back so far, if it says; since version 2
}

var statuses = map[pay.Outcome]bool{
	pay.OutcomePending: true, pay.OutcomePaid: true, pay.OutcomeClosed: true, pay.OutcomeAbsent: true,
}

var referenceForm = regexp.MustCompile(`^[0-9A-Za-z_.:-]{1,64}$`)

// decode reads a verified statement about the payment id, or about any if id is
// "". Paid needs all of its proofs.
func decode(body []byte, id string) (statement, error) {
	var st statement
	if json.Unmarshal(body, &st) != nil {
		return st, unusable("the statement can't be read")
	}
	if id != "" && st.ID != id || !idForm.MatchString(st.ID) {
		return st, unusable("the statement is about another payment")
	}
	if !statuses[st.Status] {
		return st, unusable("the status " + provider.Clean(string(st.Status)) + " is unknown")
	}
	if st.Status != pay.OutcomePaid {
		return st, nil
	}
	if st.Amount.Value < 1 || st.Amount.Currency == "" || !referenceForm.MatchString(st.Reference) || st.PaidAt.IsZero() {
		return st, unusable("the statement says paid, but not what, when or under which reference")
	}
	if back := st.Refunded; back != nil && (back.Currency != st.Amount.Currency || back.Value < 0 || back.Value > st.Amount.Value) {
		return st, unusable("the statement says that something else went back than was paid")
	}
	return st, nil
}

// evidence turns a statement into evidence. A cashier names no account: it is
// known by its secret.
func (a *account) evidence(st statement, source pay.Source, raw []byte) pay.Evidence {
	ev := pay.Evidence{
		Source: source, Provider: ID, Account: a.Account(), OutTradeNo: st.ID, Outcome: st.Status, ReceivedAt: a.env.Now(), Raw: raw,
	}
	if st.Status == pay.OutcomePaid {
		ev.Amount, ev.Reference, ev.PaidAt = st.Amount, st.Reference, st.PaidAt
		if st.Refunded != nil && st.Refunded.Value > 0 {
			ev.Returned = &pay.Returned{Total: *st.Refunded}
		}
	}
	ev.ID = provider.EvidenceID(ev)
	return ev
}

// Query implements provider.Provider.
func (a *account) Query(ctx context.Context, q provider.QueryOrder) (pay.Evidence, error) {
	if !idForm.MatchString(q.OutTradeNo) {
		return pay.Evidence{}, pay.Errorf(pay.CodeInvalid, "out_trade_no", "must match %s", idForm)
	}
	r, err := a.call(ctx, http.MethodGet, a.URL+"/"+q.OutTradeNo, q.OutTradeNo, nil)
	if err != nil {
		return pay.Evidence{}, err
	}
	if r.status != http.StatusOK && r.status != http.StatusNotFound {
		return pay.Evidence{}, r.verdict()
	}
	st, err := decode(r.body, q.OutTradeNo)
	if err != nil {
		return pay.Evidence{}, err
	}
	if absent := r.status == http.StatusNotFound; absent != (st.Status == pay.OutcomeAbsent) {
		return pay.Evidence{}, unusable("the answer contradicts itself")
	}
	return a.evidence(st, pay.SourceQuery, r.body), nil
}

// Notification implements provider.Provider.
func (a *account) Notification(header http.Header, body []byte) (pay.Evidence, error) {
	id, err := a.verify(header, body)
	if err != nil {
		return pay.Evidence{}, fmt.Errorf("merchantlink: %w: %w", provider.ErrForged, err)
	}
	if a.Version == versionRails && isRefund(body) {
		return a.refundNotice(id, body)
	}
	st, err := decode(body, "")
	if err != nil {
		return pay.Evidence{}, err
	}
	if st.Status != pay.OutcomePaid && st.Status != pay.OutcomeClosed {
		return pay.Evidence{}, fmt.Errorf("merchantlink: %w: status %s", provider.ErrIgnored, st.Status)
	}
	ev := a.evidence(st, pay.SourceNotification, body)
	ev.ID = id
	return ev, nil
}

// Acknowledge implements provider.Provider.
func (a *account) Acknowledge(accepted bool) (status int, contentType string, body []byte) {
	if accepted {
		return http.StatusNoContent, "", nil
	}
	return http.StatusServiceUnavailable, "", nil
}
