// Package provider defines what an adapter to a company's payment API must do,
// and the registry of adapters. Each adapter lives in its own folder, registers
// itself, and is the only place that knows that company's words and states.
//
// What must not live here: money state (package checkout decides what evidence
// means), HTTP routes, and anything that behaves differently against the
// simulator.
package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"morepay/internal/pay"
)

// Provider is one merchant account at one company. All methods are safe for
// concurrent use and return within [CallTimeout].
type Provider interface {
	// Account and App are the identifiers that evidence must carry: those of the
	// merchant's account, and of the application under which orders by a rail are
	// made. App may be "".
	Account() string
	App(rail pay.Rail) string

	// Fingerprint differs between accounts of one name that are not one and the same
	// at the provider: with other keys, or asked at another place. It gives no key away.
	Fingerprint() string

	// Rails lists what the adapter can do; an order for another rail is refused.
	Rails() []pay.Rail

	// Request makes the provider's request for an order, byte for byte, without
	// sending it. Fails with *pay.Error if the order can't be expressed.
	Request(Order) ([]byte, error)

	// Start sends a stored request and returns the payer's next action. Sending
	// it again is safe and renews the action. The error is ErrRefused when the
	// provider definitely did not take the order, ErrPaid or ErrClosed when it
	// says that this number is, ErrSpent when it has the unpaid order and won't give its
	// action again; any other error means that the outcome is unknown.
	Start(ctx context.Context, rail pay.Rail, request []byte) (pay.Action, error)

	// Notification verifies an inbound message over its raw bytes, then decodes
	// it. Fails with ErrForged if it can't be trusted, with ErrIgnored if it is
	// genuine but says nothing about a payment or refund. Any other error is a
	// genuine message that can't be understood: have it sent again until somebody
	// has looked.
	Notification(header http.Header, body []byte) (pay.Evidence, error)

	// Acknowledge is the provider's own dialect for "received" or "send it again".
	Acknowledge(accepted bool) (status int, contentType string, body []byte)

	// Query asks what became of a payment. "Not found" is OutcomeAbsent, no error.
	Query(ctx context.Context, q QueryOrder) (pay.Evidence, error)
}

// QueryOrder holds what an adapter needs to ask about an order.
type QueryOrder struct {
	OutTradeNo string
	Request    []byte // as Request made it: some providers know an order by more than its number; nil if nobody has made one
}

// Closer is a provider whose unpaid orders can be closed. The evidence says
// closed, absent if the provider never heard of the number, or paid if the payer
// was faster. ErrPaid means paid too, but without proof: query.
type Closer interface {
	Close(ctx context.Context, o CloseOrder) (pay.Evidence, error)
}

// CloseOrder holds what an adapter needs to close an order.
type CloseOrder struct {
	OutTradeNo string
	Rail       pay.Rail
	RunOut     bool // its code or link can't be paid by any more
}

// Prober is a provider of which a Query proves less, because it signs not all of its
// errors, or says nothing without the order itself.
type Prober interface {
	// Probe asks about an order that nobody has made. signed reports whether the
	// answer was signed; it fails if it was with another key than the configured one,
	// or if it is any other answer than "not found".
	Probe(ctx context.Context, outTradeNo string) (signed bool, err error)
}

// Refunder is a provider that gives money back. Both methods return evidence of
// the state that the provider reports. Sending the same refund number again is
// safe. Refund fails with ErrRefused if the provider refuses this request, which
// says nothing about an earlier one, and with ErrLater if it can't be made yet.
// QueryRefund fails with ErrAbsent if the provider never heard of it.
type Refunder interface {
	Refund(ctx context.Context, r RefundOrder) (pay.Evidence, error)
	QueryRefund(ctx context.Context, r RefundOrder) (pay.Evidence, error)
}

// AbnormalRefunder is a provider at which a refund that the payer's account can't
// take waits until a person names another account.
type AbnormalRefunder interface {
	// RedirectRefund sends a stuck refund on to a card of the payer, or, if card is
	// nil, to the merchant's own account, from where they pay the payer back another
	// way. The evidence says where the refund stands then. Nothing is done to one
	// that is not stuck. Fails with ErrRefused, with ErrAbsent if the provider never
	// heard of the refund, and with *pay.Error naming the part of a card that can't
	// be one.
	RedirectRefund(ctx context.Context, r RefundOrder, card *BankCard) (pay.Evidence, error)
}

// BankCard is a person's account at a bank. It is sent on, and neither kept nor
// logged.
type BankCard struct {
	Bank   string `json:"bank"` // the provider's code of the bank, such as ICBC_DEBIT
	Number string `json:"number"`
	Holder string `json:"holder"`
}

// Forgetter is a provider that learns from failures and from having asked. Forget has it
// begin again, for tests whose next case is to go as the first did.
type Forgetter interface {
	Forget()
}

// Rehearser is a provider that has a test system of its own.
type Rehearser interface {
	// Rehearses names the test system that the account is in, where no real money is
	// taken; "" for none.
	Rehearses() string
}

// PayerChecker is a provider that can serve a payer by some rails only from some
// addresses.
type PayerChecker interface {
	// CheckPayer reports, as a *pay.Error, why an order by a rail would be of no use
	// to a payer at an address.
	CheckPayer(rail pay.Rail, address netip.Addr) error
}

// PayerIdentifier is a provider whose rails for one payer must know who that is.
type PayerIdentifier interface {
	// AuthorizeURL returns the address at which the payer of the jsapi rail is identified. Their
	// browser comes back to redirect with the query parameters state and CodeName, a
	// code. state is at most 100 letters and digits.
	AuthorizeURL(redirect, state string) string
	CodeName() string

	// WalletPayerID trades the code, which works once and for minutes, for the id that
	// [Order.WalletPayerID] takes by that rail. A used or made-up code, or none, is a *pay.Error;
	// the error is ErrRefused if the provider refuses to tell.
	WalletPayerID(ctx context.Context, rail pay.Rail, code string) (string, error)
}

// MethodTaker is a provider by which a merchant is paid with methods that are another
// provider's own, such as an acquirer of several.
type MethodTaker interface {
	Methods() []pay.Method
}

// FormPoster is a provider to whose page the payer's browser posts a form. What it sends
// the payer to is [Order.FormPage], a page of ours that does so.
type FormPoster interface {
	// Form returns the form of a stored request.
	Form(request []byte) (Form, error)
}

// Form is what the payer's browser posts.
type Form struct {
	Action string     // the provider's address
	Fields url.Values // each name has one value
}

// FormTargeter is a provider whose hand-off passes through other sites or opens
// an app. FormTargets lists those origins and schemes, for the form-action
// directive of the page's content security policy.
type FormTargeter interface {
	FormTargets() []string
}

// The errors that mean something to the caller.
var (
	ErrRefused  = errors.New("the provider refused the request")
	ErrPaid     = errors.New("the provider says that this is paid already")
	ErrClosed   = errors.New("the provider says that this number is closed")
	ErrSpent    = errors.New("the provider has this order, and shows its code once only")
	ErrForged   = errors.New("the message can't be trusted")
	ErrIgnored  = errors.New("the message needs no action")
	ErrNotReady = errors.New("the provider has not written it yet")
	ErrAbsent   = errors.New("the provider does not know this number")
	ErrLater    = errors.New("the provider can't do it for now") // nothing has changed; such as a balance too low to refund from
)

// ErrUncheckable is ErrForged for a message of the provider's other protocol, whose
// signature nothing here can check: it may be genuine.
var ErrUncheckable = fmt.Errorf("%w: nothing here can check its form", ErrForged)

// ErrUnknownKey is ErrForged for a message that names a key which we don't have, and
// which the provider did not give us when it was asked: the provider may sign with a new
// one, or it is nobody's.
var ErrUnknownKey = fmt.Errorf("%w: its key is none of the configured ones", ErrForged)

// Refusal is a definite refusal with what the provider says of it. It is
// ErrRefused to those who ask no more.
type Refusal struct {
	Code       string            // the provider's, fit for a log
	Failure    pay.RefundFailure // why a refund was refused; "" if the code does not say
	NotGranted bool              // the account may not use this product at all
}

func (r *Refusal) Error() string { return ErrRefused.Error() + ": " + r.Code }

func (r *Refusal) Unwrap() error { return ErrRefused }

// Strange is the error of an answer whose code is not in our table of that call: the
// outcome is unknown, and only asking tells. A person should look the code up. The
// answer was verified, where the provider signs errors.
type Strange struct{ Code string }

func (s *Strange) Error() string {
	return "the provider answered with a code that we don't know: " + s.Code
}

// Busy is the error of a provider that answers "too often": nothing was done, and
// the request may be sent again. RetryAfter is for how long it asks to be left
// alone; 0 if it does not say.
type Busy struct{ RetryAfter time.Duration }

func (b *Busy) Error() string { return "the provider was asked too often" }

// Env holds what an adapter needs of the program.
type Env struct {
	HTTP        *http.Client                      // of NewHTTPClient; in test mode it leads to the simulator
	TestURL     string                            // the simulator's origin, whose links are let through in test mode; "" in live mode
	ReadKey     func(name string) ([]byte, error) // reads a key file named in the account's settings; its errors don't repeat the name, which may be a key
	Granted     []pay.Rail                        // what the merchant's document offers of this provider: settings that these need must be there
	Instalments bool                              // whether it offers instalments of this provider
	Now         func() time.Time                  // by which signatures are made and judged
	Clock       func() time.Time                  // the server's, by which links and codes end; Now if nil
	Log         *slog.Logger                      // nil for none
}

// LogOf returns the log for what happens to an account.
func (e Env) LogOf(id, account string) *slog.Logger {
	log := e.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return log.With("provider", id, "account", account)
}

// Time returns the time on the server's clock, which a tester may have moved.
func (e Env) Time() time.Time {
	if e.Clock == nil {
		return e.Now()
	}
	return e.Clock()
}
