package pay

import "time"

// Method is what the payer chooses, such as wechat_pay. The known ones are the
// rows of package method.
type Method string

// Rail is the route to a method from one device.
type Rail string

// The rails. A ladder is an ordered list of them.
const (
	RailJSAPI    Rail = "jsapi"     // the wallet's in-app bridge
	RailDeepLink Rail = "deep_link" // hand over to the wallet's app: WeChat H5, Alipay wap
	RailQR       Rail = "qr"        // the provider's QR, scanned with the wallet on another device
	RailPageQR   Rail = "page_qr"   // a QR or link of our own page, opened elsewhere
	RailRedirect Rail = "redirect"  // the provider's web cashier
)

// Rails lists every rail, in the order in which documents and tables show them.
var Rails = []Rail{RailJSAPI, RailDeepLink, RailQR, RailRedirect, RailPageQR}

// Item is one line of the merchant's order, as far as capabilities need it.
type Item struct {
	SKU      string `json:"sku,omitempty"`
	Category string `json:"category,omitempty"`
	Name     string `json:"name,omitempty"`
	Quantity int    `json:"quantity,omitempty"`
}

// Session is one checkout of one order for one payer. Everything but Status,
// Winner and LastEvent is fixed when it is created, so no later request can
// change the price.
type Session struct {
	ID              string
	Merchant        string
	TokenHash       string // hex SHA-256 of the payer's token; the token itself is never stored
	Reference       string // the merchant's own name for the order
	Amount          Money
	Description     string
	Items           []Item
	PayerID         string // the merchant's id of the payer; decides rollout buckets only
	Region          string // ISO 3166-1 alpha-2, or "" if unknown
	ReturnURL       string
	Locale          string // BCP 47, or "" to follow the payer's browser
	DocumentVersion int64  // the capability document this session was created under

	Status    SessionStatus
	Winner    string // id of the attempt that paid it, or ""
	LastEvent int64  // number of the newest event; events have no gaps
	CreatedAt time.Time
	ExpiresAt time.Time // from here on nothing new may be paid
}

// Attempt is one try to pay a session by one method and rail. It is stored
// before the provider hears of it.
type Attempt struct {
	ID         string
	Method     Method
	Rail       Rail
	Provider   string // adapter id, such as wechatpay
	Account    string // the merchant's account at the provider
	App        string // the provider's id of our application there, or ""
	OutTradeNo string // our number of the payment at the provider: 32 of [0-9A-Za-z]
	Amount     Money
	Request    []byte    // what the provider was or will be asked, byte for byte, so that a retry is identical
	ExpiresAt  time.Time // after this the provider takes no payment (its time_expire)

	State     AttemptState
	Action    *Action // what the browser must do; nil until the provider answered
	Reference string  // the provider's number of the payment, known once paid
	Abandoned bool    // the payer went another way: close it at the provider as soon as that is allowed
	CreatedAt time.Time
	SentAt    time.Time // when our newest signed request may have left; zero before the first
	PaidAt    time.Time // the provider's time of the payment; zero until paid
	Checks    int       // provider queries made so far
	CheckAt   time.Time // when to ask the provider next; zero for never
}

// ActionKind says which screen the browser shows.
type ActionKind string

// The kinds of action. A new kind is the only thing that makes the browser's
// code grow.
const (
	ActionRedirect ActionKind = "redirect" // go to URL
	ActionQRCode   ActionKind = "qr_code"  // draw Payload
	ActionBridge   ActionKind = "bridge"   // call the host app's Bridge with Params
	ActionAwait    ActionKind = "await"    // only wait
)

// Action is what the browser must do next for an attempt.
type Action struct {
	Kind      ActionKind        `json:"kind"`
	URL       string            `json:"url,omitempty"`
	Payload   string            `json:"payload,omitempty"`
	Bridge    string            `json:"bridge,omitempty"` // whose bridge to call: "weixin" or "alipay"
	Params    map[string]string `json:"params,omitempty"`
	ExpiresAt time.Time         `json:"expires_at"` // after this the link or code is dead though the attempt may live
}

// Outcome is what a provider says about one payment, in our words.
type Outcome string

// The outcomes. A provider's state that maps to none of them is an error.
const (
	OutcomePending Outcome = "pending" // known there and not paid yet
	OutcomePaid    Outcome = "paid"
	OutcomeClosed  Outcome = "closed" // will never be paid
	OutcomeAbsent  Outcome = "absent" // unknown there; proves nothing while our request may still arrive
)

// Evidence is a verified statement of a provider about one payment.
type Evidence struct {
	ID         string // unique per provider and account: the notification's id, or one made of the query's answer
	Source     Source
	Provider   string
	Account    string
	App        string // "" where the provider does not say
	OutTradeNo string
	Outcome    Outcome
	Amount     Money  // zero unless paid
	Reference  string // the provider's number of the payment
	PaidAt     time.Time
	ReceivedAt time.Time
	Raw        []byte // the verified, decrypted statement
}

// Source is how evidence reached us.
type Source string

// The sources of evidence.
const (
	SourceNotification Source = "notification"
	SourceQuery        Source = "query"
	SourceClose        Source = "close"
	SourceBill         Source = "bill"
)

// Refund is money on its way back from one attempt.
type Refund struct {
	ID        string
	AttemptID string
	Number    string // our number at the provider (its out_refund_no); the same on every retry
	Amount    Money
	Reason    RefundReason
	Note      string // the merchant's words, or ""
	Status    RefundStatus
	Reference string // the provider's number of the refund
	CreatedAt time.Time
	Tries     int
	CheckAt   time.Time // when to send or ask again; zero once final
}

// RefundReason says who wanted a refund.
type RefundReason string

// The reasons of refunds.
const (
	RefundMerchant RefundReason = "merchant"
	RefundSurplus  RefundReason = "surplus" // a second payment of the same session
)

// EventType names what an event tells.
type EventType string

// The types of events. Those that merchants hear of are listed in
// [EventType.Webhook].
const (
	EventSessionCreated  EventType = "session.created"
	EventSessionPaid     EventType = "session.paid"
	EventSessionPaidLate EventType = "session.paid_late"
	EventSessionExpired  EventType = "session.expired"
	EventSessionCanceled EventType = "session.canceled"
	EventAttemptBegun    EventType = "attempt.submitting"
	EventAttemptAwaiting EventType = "attempt.awaiting"
	EventAttemptClosed   EventType = "attempt.closed"
	EventAttemptFailed   EventType = "attempt.failed"
	EventSurplus         EventType = "payment.surplus"
	EventRefundCreated   EventType = "refund.created"
	EventRefundSucceeded EventType = "refund.succeeded"
	EventRefundFailed    EventType = "refund.failed"
)

// Webhooks lists the event types that are sent to merchants.
var Webhooks = []EventType{
	EventSessionPaid, EventSessionPaidLate, EventSessionExpired, EventSessionCanceled,
	EventSurplus, EventRefundSucceeded, EventRefundFailed,
}

// Webhook tells whether merchants hear of events of this type.
func (t EventType) Webhook() bool {
	for _, w := range Webhooks {
		if w == t {
			return true
		}
	}
	return false
}

// Event is a durable, numbered record of a status change of one session.
type Event struct {
	Number    int64 // 1, 2, 3, … within the session
	Type      EventType
	Session   SessionStatus // of the session after the change
	AttemptID string        // "" if the event is about the session itself
	RefundID  string        // "" unless about a refund
	At        time.Time
}
