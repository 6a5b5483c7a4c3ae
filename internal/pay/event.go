package pay

import "time"

// Event is a durable, numbered record of a status change of one session.
type Event struct {
	Number    int64 // 1, 2, 3, … within the session
	Type      EventType
	Session   SessionStatus // of the session after the change
	AttemptID string        // "" if the event is about the session itself
	RefundID  string        // "" unless about a refund
	At        time.Time
}

// EventType names what an event tells.
type EventType string

// The types of events. Those that merchants hear of are listed in
// [WebhookEvents].
const (
	EventSessionCreated    EventType = "session.created"
	EventSessionPaid       EventType = "session.paid"
	EventSessionPaidLate   EventType = "session.paid_late"
	EventSessionExpired    EventType = "session.expired"
	EventSessionCanceled   EventType = "session.canceled"
	EventSessionExtended   EventType = "session.extended"
	EventInvitationCreated EventType = "invitation.created"
	EventInvitationRevoked EventType = "invitation.revoked"
	EventAttemptBegun      EventType = "attempt.submitting"
	EventAttemptAwaiting   EventType = "attempt.awaiting"
	EventAttemptClosed     EventType = "attempt.closed"
	EventAttemptFailed     EventType = "attempt.failed"
	EventSurplus           EventType = "payment.surplus"
	EventRefundCreated     EventType = "refund.created"
	EventRefundSucceeded   EventType = "refund.succeeded"
	EventRefundFailed      EventType = "refund.failed"
)

// WebhookEvents lists the event types that are sent to merchants.
var WebhookEvents = []EventType{
	EventSessionPaid, EventSessionPaidLate, EventSessionExpired, EventSessionCanceled, EventSessionExtended,
	EventSurplus, EventRefundSucceeded, EventRefundFailed,
}

// Webhook reports whether merchants hear of events of this type.
func (t EventType) Webhook() bool {
	for _, w := range WebhookEvents {
		if w == t {
			return true
		}
	}
	return false
}

func (l *Ledger) emit(t EventType, attemptID, refundID string, now time.Time) {
	l.Session.LastEvent++
	l.Events = append(l.Events, Event{
		Number: l.Session.LastEvent, Type: t, Session: l.Session.Status,
		AttemptID: attemptID, RefundID: refundID, At: now,
	})
}
