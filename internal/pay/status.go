package pay

// SessionStatus is the status of a session.
type SessionStatus string

// The session statuses. Paid and PaidLate absorb: nothing leaves them.
const (
	SessionOpen     SessionStatus = "open"
	SessionPaid     SessionStatus = "paid"
	SessionExpired  SessionStatus = "expired"
	SessionCanceled SessionStatus = "canceled"
	SessionPaidLate SessionStatus = "paid_late" // paid after it had expired or been canceled
)

// SessionStatuses lists all of them.
var SessionStatuses = []SessionStatus{SessionOpen, SessionPaid, SessionExpired, SessionCanceled, SessionPaidLate}

// Paid reports whether the merchant has the money.
func (s SessionStatus) Paid() bool { return s == SessionPaid || s == SessionPaidLate }

// SessionInput is something that happens to a session.
type SessionInput string

// The session inputs.
const (
	SessionGetsPaid SessionInput = "paid"
	SessionExpires  SessionInput = "expires"
	SessionCancels  SessionInput = "cancels"
)

// SessionInputs lists all of them.
var SessionInputs = []SessionInput{SessionGetsPaid, SessionExpires, SessionCancels}

// sessionNext is the whole machine; a pair that is not in it changes nothing.
var sessionNext = map[SessionStatus]map[SessionInput]SessionStatus{
	SessionOpen: {
		SessionGetsPaid: SessionPaid,
		SessionExpires:  SessionExpired,
		SessionCancels:  SessionCanceled,
	},
	SessionExpired:  {SessionGetsPaid: SessionPaidLate},
	SessionCanceled: {SessionGetsPaid: SessionPaidLate},
}

// Next returns the status after an input, and whether the input is allowed here.
func (s SessionStatus) Next(in SessionInput) (SessionStatus, bool) {
	next, ok := sessionNext[s][in]
	return next, ok
}

// AttemptState is the state of an attempt.
type AttemptState string

// The attempt states.
const (
	AttemptSubmitting AttemptState = "submitting" // stored; the provider may or may not have heard of it
	AttemptAwaiting   AttemptState = "awaiting"   // the provider took it; the payer has yet to pay
	AttemptSucceeded  AttemptState = "succeeded"  // paid, and the one that counts
	AttemptSurplus    AttemptState = "surplus"    // paid, but another attempt had won: to be refunded
	AttemptClosed     AttemptState = "closed"     // the provider confirmed that it will never be paid
	AttemptFailed     AttemptState = "failed"     // the provider definitely refused it
)

// AttemptStates lists all of them.
var AttemptStates = []AttemptState{AttemptSubmitting, AttemptAwaiting, AttemptSucceeded, AttemptSurplus, AttemptClosed, AttemptFailed}

// Payable reports whether the payer may still pay this attempt.
func (s AttemptState) Payable() bool { return s == AttemptSubmitting || s == AttemptAwaiting }

// Received reports whether the provider holds money for this attempt.
func (s AttemptState) Received() bool { return s == AttemptSucceeded || s == AttemptSurplus }

// AttemptInput is something that happens to an attempt.
type AttemptInput string

// The attempt inputs.
const (
	AttemptAccepted AttemptInput = "accepted" // the provider answered with an action
	AttemptRefused  AttemptInput = "refused"  // the provider refused for good; "unknown" is not a refusal
	AttemptWins     AttemptInput = "wins"     // success evidence, and no other attempt had won
	AttemptExceeds  AttemptInput = "exceeds"  // success evidence, but another attempt had won
	AttemptCloses   AttemptInput = "closes"   // the provider confirmed that it is closed
)

// AttemptInputs lists all of them.
var AttemptInputs = []AttemptInput{AttemptAccepted, AttemptRefused, AttemptWins, AttemptExceeds, AttemptCloses}

// attemptNext is the whole machine; a pair that is not in it changes nothing.
// Success evidence is taken in every state but the two that hold money already,
// also after closed and failed: the provider, not we, knows where the money is.
var attemptNext = map[AttemptState]map[AttemptInput]AttemptState{
	AttemptSubmitting: {
		AttemptAccepted: AttemptAwaiting,
		AttemptRefused:  AttemptFailed,
		AttemptWins:     AttemptSucceeded,
		AttemptExceeds:  AttemptSurplus,
		AttemptCloses:   AttemptClosed,
	},
	AttemptAwaiting: {
		AttemptWins:    AttemptSucceeded,
		AttemptExceeds: AttemptSurplus,
		AttemptCloses:  AttemptClosed,
	},
	AttemptClosed: {AttemptWins: AttemptSucceeded, AttemptExceeds: AttemptSurplus},
	AttemptFailed: {AttemptWins: AttemptSucceeded, AttemptExceeds: AttemptSurplus},
}

// Next returns the state after an input, and whether the input is allowed here.
func (s AttemptState) Next(in AttemptInput) (AttemptState, bool) {
	next, ok := attemptNext[s][in]
	return next, ok
}

// RefundStatus is the status of a refund.
type RefundStatus string

// The refund statuses. Succeeded and Failed are final.
const (
	RefundPending   RefundStatus = "pending"
	RefundSucceeded RefundStatus = "succeeded"
	RefundFailed    RefundStatus = "failed" // the provider gave up: a person must act
)

// RefundStatuses lists all of them.
var RefundStatuses = []RefundStatus{RefundPending, RefundSucceeded, RefundFailed}
