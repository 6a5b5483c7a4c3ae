package client

import "time"

// Money is an amount in the minor unit of its currency: 5980 CNY is 59.80 yuan.
type Money struct {
	Currency string `json:"currency"` // ISO 4217
	Value    int64  `json:"value"`
}

// SessionStatus is the status of a session.
type SessionStatus string

// The statuses. Paid late is paid after it had expired or been canceled.
const (
	Open     SessionStatus = "open"
	Paid     SessionStatus = "paid"
	Expired  SessionStatus = "expired"
	Canceled SessionStatus = "canceled"
	PaidLate SessionStatus = "paid_late"
)

// NewSession is an order that is to be paid.
type NewSession struct {
	MerchantReference string            `json:"merchant_reference"`
	Amount            Money             `json:"amount"`
	Description       string            `json:"description"`
	ReturnURL         string            `json:"return_url"`
	RenewURL          string            `json:"renew_url,omitempty"`
	Items             []Item            `json:"items,omitempty"`
	Payer             Payer             `json:"payer,omitzero"`
	Locale            string            `json:"locale,omitempty"` // BCP 47; "" for the payer's
	Metadata          map[string]string `json:"metadata,omitempty"`
	ExpiresIn         int64             `json:"expires_in,omitempty"` // seconds; 0 for half an hour
	Exclusive         bool              `json:"exclusive,omitempty"`  // no other open session that was made so has the reference
}

// Item is a line of an order.
type Item struct {
	SKU      string `json:"sku,omitempty"`
	Category string `json:"category,omitempty"`
	Name     string `json:"name,omitempty"`
	Quantity int64  `json:"quantity,omitempty"`
}

// Payer is who will pay, as far as rollouts and regions need it.
type Payer struct {
	ID     string `json:"id,omitempty"`
	Region string `json:"region,omitempty"` // ISO 3166-1 alpha-2
}

// Extension lets a session last longer.
type Extension struct {
	ExpiresIn int64 `json:"expires_in"` // seconds from now
}

// Session is an order that a payer can pay.
type Session struct {
	ID                string            `json:"id"`
	Token             string            `json:"token,omitempty"` // only where it is created
	URL               string            `json:"url,omitempty"`   // only where it is created
	Status            SessionStatus     `json:"status"`
	MerchantReference string            `json:"merchant_reference"`
	Amount            Money             `json:"amount"`
	Description       string            `json:"description"`
	ReturnURL         string            `json:"return_url"`
	Metadata          map[string]string `json:"metadata,omitempty"`
	CreatedAt         time.Time         `json:"created_at"`
	ExpiresAt         time.Time         `json:"expires_at"`
	ServerTime        time.Time         `json:"server_time"`
	Payment           *Payment          `json:"payment,omitempty"` // that paid it
	Surplus           *Surplus          `json:"surplus,omitempty"` // what came besides
	Attempts          []Attempt         `json:"attempts"`
	Refunds           []Refund          `json:"refunds"`
}

// Payment is the payment that paid a session.
type Payment struct {
	ID                string    `json:"id"`
	Method            string    `json:"method"`
	Rail              string    `json:"rail"`
	Instalments       int64     `json:"instalments,omitempty"`
	Provider          string    `json:"provider"`
	OutTradeNo        string    `json:"out_trade_no"`
	ProviderReference string    `json:"provider_reference"`
	Amount            Money     `json:"amount"`
	AmountRefunded    Money     `json:"amount_refunded"`
	AmountRefundable  Money     `json:"amount_refundable"`
	PaidAt            time.Time `json:"paid_at,omitzero"`
	Friend            bool      `json:"friend,omitempty"`
}

// Surplus is what was paid beyond the price.
type Surplus struct {
	Amount         Money `json:"amount"`
	AmountRefunded Money `json:"amount_refunded"`
}

// Attempt is one try to pay by one method.
type Attempt struct {
	ID                string    `json:"id"`
	Method            string    `json:"method"`
	Rail              string    `json:"rail"`
	Instalments       int64     `json:"instalments,omitempty"`
	State             string    `json:"state"`
	OutTradeNo        string    `json:"out_trade_no"`
	ProviderReference string    `json:"provider_reference,omitempty"`
	CreatedAt         time.Time `json:"created_at"`
	PaidAt            time.Time `json:"paid_at,omitzero"`
	Friend            bool      `json:"friend,omitempty"`
}

// NewRefund is money that is to go back. The zero value gives back all that is left.
type NewRefund struct {
	Amount            *Money `json:"amount,omitempty"`
	Reason            string `json:"reason,omitempty"`
	MerchantReference string `json:"merchant_reference,omitempty"`
	Attempt           string `json:"attempt,omitempty"`
}

// Refund is money that goes back.
type Refund struct {
	ID                string    `json:"id"`
	Session           string    `json:"session"`
	Attempt           string    `json:"attempt"`
	MerchantReference string    `json:"merchant_reference,omitempty"`
	OutRefundNo       string    `json:"out_refund_no,omitempty"`
	ProviderReference string    `json:"provider_reference,omitempty"`
	Amount            Money     `json:"amount"`
	Origin            string    `json:"origin"`
	Reason            string    `json:"reason,omitempty"`
	Status            string    `json:"status"` // pending, succeeded or failed
	Failure           string    `json:"failure,omitempty"`
	Arrival           string    `json:"arrival,omitempty"`
	CreatedAt         time.Time `json:"created_at"`
}

// SessionList is a part of a list.
type SessionList struct {
	Sessions []Session `json:"sessions"`
	HasMore  bool      `json:"has_more"`
	Next     string    `json:"next,omitempty"`
}

// RefundList is a part of a list.
type RefundList struct {
	Refunds []Refund `json:"refunds"`
	HasMore bool     `json:"has_more"`
	Next    string   `json:"next,omitempty"`
}

// EventList is a part of the list of events.
type EventList struct {
	Events  []Event `json:"events"`
	HasMore bool    `json:"has_more"`
	Next    string  `json:"next"`
}

// Event is what webhooks tell.
type Event struct {
	ID        string    `json:"id"` // the same on every try: recognise repeats by it
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      EventData `json:"data"`
}

// EventData is what an event is about. A test message has none.
type EventData struct {
	Session EventSession  `json:"session"`
	Payment *EventPayment `json:"payment,omitempty"`
	Refund  *EventRefund  `json:"refund,omitempty"`
}

// EventSession is the session right after the event.
type EventSession struct {
	ID                string            `json:"id"`
	MerchantReference string            `json:"merchant_reference"`
	Status            SessionStatus     `json:"status"`
	Amount            Money             `json:"amount"`
	CreatedAt         time.Time         `json:"created_at"`
	ExpiresAt         time.Time         `json:"expires_at"`
	Event             int64             `json:"event"` // number of the event within the session
	Metadata          map[string]string `json:"metadata,omitempty"`
}

// EventPayment is the payment that an event is about.
type EventPayment struct {
	ID                string    `json:"id"`
	Method            string    `json:"method"`
	Rail              string    `json:"rail"`
	Instalments       int64     `json:"instalments,omitempty"`
	Provider          string    `json:"provider"`
	OutTradeNo        string    `json:"out_trade_no"`
	ProviderReference string    `json:"provider_reference,omitempty"`
	Amount            Money     `json:"amount"`
	PaidAt            time.Time `json:"paid_at,omitzero"`
}

// EventRefund is the refund that an event is about.
type EventRefund struct {
	ID                string `json:"id"`
	MerchantReference string `json:"merchant_reference,omitempty"`
	Origin            string `json:"origin"`
	Amount            Money  `json:"amount"`
	Status            string `json:"status"`
	Failure           string `json:"failure,omitempty"`
	ProviderReference string `json:"provider_reference,omitempty"`
}

// Redelivery names the event that is told again.
type Redelivery struct {
	Redelivering string `json:"redelivering"`
}

// Question is an order, and the device that it would be paid on.
type Question struct {
	Amount    Money  `json:"amount"`
	Items     []Item `json:"items,omitempty"`
	PayerID   string `json:"payer_id,omitempty"`
	Region    string `json:"region,omitempty"`
	UserAgent string `json:"user_agent,omitempty"`
}

// Decision is what an order can be paid with on a device.
type Decision struct {
	Version  int64   `json:"version"` // of the capability document
	Device   Device  `json:"device"`
	Decision Choices `json:"decision"`
}

// Choices are those of all methods, in display order.
type Choices struct {
	Choices []Choice `json:"choices"`
}

// Choice is one method: a ladder of rails, or all reasons why not.
type Choice struct {
	Method      string   `json:"method"`
	Group       string   `json:"group"`
	Rank        int64    `json:"rank"`
	Ladder      []string `json:"ladder,omitempty"`
	Instalments []int64  `json:"instalments,omitempty"`
	Reasons     []Reason `json:"reasons,omitempty"`
}

// Reason is a check that failed, with its facts.
type Reason struct {
	Code    string    `json:"code"`
	At      time.Time `json:"at,omitzero"`
	Limit   Money     `json:"limit,omitzero"`
	Item    string    `json:"item,omitempty"`
	Host    string    `json:"host,omitempty"`
	Version string    `json:"version,omitempty"`
}

// Device is what a user agent is.
type Device struct {
	Profile     string `json:"profile"`
	Container   string `json:"container"`
	Form        string `json:"form"`
	OS          string `json:"os"`
	Host        string `json:"host,omitempty"`
	HostVersion string `json:"host_version,omitempty"`
}
