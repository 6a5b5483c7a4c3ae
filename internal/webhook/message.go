package webhook

import (
	"encoding/json"
	"fmt"
	"time"

	"morepay/internal/pay"
)

// Message tells a merchant of one event.
type Message struct {
	ID        string // the same on every try: receivers recognise repeats by it
	Merchant  string
	SessionID string
	Sequence  int64 // of the message within its merchant, without gaps; 0 before it is assigned
	Number    int64 // of the event within its session
	Type      pay.EventType
	At        time.Time // of the event
	Payload   []byte    // the JSON that is sent, byte for byte
}

// payload is the JSON of a message.
type payload struct {
	ID        string        `json:"id"`
	Type      pay.EventType `json:"type"`
	Timestamp time.Time     `json:"timestamp"`
	Data      data          `json:"data"`
}

type data struct {
	Session session  `json:"session"`
	Payment *payment `json:"payment,omitempty"` // of the attempt that the event is about
	Refund  *refund  `json:"refund,omitempty"`
}

type session struct {
	ID        string            `json:"id"`
	Reference string            `json:"merchant_reference"`
	Status    pay.SessionStatus `json:"status"` // right after the event
	Amount    pay.Money         `json:"amount"`
	CreatedAt time.Time         `json:"created_at"`
	ExpiresAt time.Time         `json:"expires_at"`
	Event     int64             `json:"event"` // its number within the session
	Metadata  map[string]string `json:"metadata,omitempty"`
}

type payment struct {
	ID                string     `json:"id"`
	Method            pay.Method `json:"method"`
	Rail              pay.Rail   `json:"rail"`
	Instalments       int        `json:"instalments,omitempty"`
	Provider          string     `json:"provider"`
	OutTradeNo        string     `json:"out_trade_no"`
	ProviderReference string     `json:"provider_reference,omitempty"`
	Amount            pay.Money  `json:"amount"`
	PaidAt            *time.Time `json:"paid_at,omitempty"`
}

type refund struct {
	ID                string            `json:"id"`
	MerchantReference string            `json:"merchant_reference,omitempty"`
	Origin            pay.RefundOrigin  `json:"origin"`
	Amount            pay.Money         `json:"amount"`
	Status            pay.RefundStatus  `json:"status"`
	Failure           pay.RefundFailure `json:"failure,omitempty"`
	ProviderReference string            `json:"provider_reference,omitempty"`
}

// NewMessage makes the message about an event from the ledger that is stored with
// it. The same arguments give the same bytes.
func NewMessage(l *pay.Ledger, e pay.Event) (Message, error) {
	m := Message{
		ID:       fmt.Sprintf("evt_%s_%d", l.Session.ID, e.Number),
		Merchant: l.Session.Merchant, SessionID: l.Session.ID, Number: e.Number, Type: e.Type, At: e.At,
	}
	p := payload{ID: m.ID, Type: e.Type, Timestamp: e.At, Data: data{Session: session{
		ID: l.Session.ID, Reference: l.Session.Reference, Status: e.Session, Amount: l.Session.Amount,
		CreatedAt: l.Session.CreatedAt, ExpiresAt: l.Session.ExpiresAt, Event: e.Number, Metadata: l.Session.Metadata,
	}}}
	if a := l.Attempt(e.AttemptID); a != nil {
		p.Data.Payment = &payment{
			ID: a.ID, Method: a.Method, Rail: a.Rail, Instalments: a.Instalments, Provider: a.Provider, OutTradeNo: a.OutTradeNo,
			ProviderReference: a.Reference, Amount: a.Amount,
		}
		if !a.PaidAt.IsZero() {
			p.Data.Payment.PaidAt = &a.PaidAt
		}
	}
	if r := l.Refund(e.RefundID); r != nil {
		p.Data.Refund = &refund{
			ID: r.ID, MerchantReference: r.MerchantReference, Origin: r.Origin, Amount: r.Amount, Status: r.Status, Failure: r.Failure, ProviderReference: r.Reference,
		}
	}
	var err error
	m.Payload, err = json.Marshal(p)
	return m, err
}
