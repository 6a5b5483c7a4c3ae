package webhook

import (
	"context"
	"time"
)

// State is the state of the delivery of one message to one endpoint.
type State string

// The delivery states.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Failed    State = "failed" // every try failed; redelivery makes it pending again
)

// Claim is an endpoint that this server alone delivers to for a while.
type Claim struct {
	Endpoint int64 // the store's number of the endpoint
	Merchant string
	URL      string
}

// Delivery is the oldest pending message of an endpoint.
type Delivery struct {
	Endpoint int64
	Position int64 // of the message in the order of delivery
	Tries    int   // made so far
	Message  Message
}

// Result is the outcome of one try.
type Result struct {
	Endpoint int64
	Position int64
	State    State
	Tries    int // made so far, with this one
	Status   int // HTTP status of the answer, 0 if there was none
	Error    string
	At       time.Time

	RetryAt time.Time // of a pending delivery: when to try again; the claim ends
	Until   time.Time // otherwise: the claim is held until then
	Disable string    // reason to stop using the endpoint, or "": the claim ends
}

// Queue is the outbox as the [Dispatcher] sees it. All methods are safe for
// concurrent use by several servers; each fails with *pay.Error store_unavailable.
type Queue interface {
	// Assign gives up to limit new messages, oldest first, to the endpoints that
	// urls names for their merchants, and tells how many it took. A message of a
	// merchant without endpoints is done.
	Assign(ctx context.Context, now time.Time, limit int, urls func(merchant string) []string) (int, error)

	// Claim takes up to limit endpoints that have something to be sent at now,
	// are not disabled, and that nobody else holds, until a given time.
	Claim(ctx context.Context, now, until time.Time, limit int) ([]Claim, error)

	// Next is the oldest pending delivery of an endpoint, nil if there is none.
	Next(ctx context.Context, endpoint int64) (*Delivery, error)

	// Record stores what became of a try.
	Record(ctx context.Context, r Result) error

	// Release ends a claim.
	Release(ctx context.Context, endpoint int64) error

	// Forget gives up every pending delivery of an endpoint that its merchant has
	// removed, and ends the claim.
	Forget(ctx context.Context, endpoint int64, reason string) error
}

// DeliveryState is one delivery as people see it.
type DeliveryState struct {
	URL     string
	State   State
	Tries   int
	Status  int // of the newest answer, 0 if there was none
	Error   string
	TriedAt time.Time // zero before the first try
}

// EndpointState is the state of one endpoint of a merchant.
type EndpointState struct {
	URL        string
	Pending    int
	NextAt     time.Time // of the next try; zero if nothing is pending
	DisabledAt time.Time // zero if it is in use
	Reason     string    // why it is disabled
}

// Log is the outbox as people see it, through the API and the command line.
// What isn't there is *pay.Error not_found.
type Log interface {
	// Messages lists a merchant's messages after the one with an id ("" for all),
	// in the order of their commits: nothing is ever added before a listed one.
	Messages(ctx context.Context, merchant, after string, limit int) ([]Message, error)

	// Deliveries lists the deliveries of one message.
	Deliveries(ctx context.Context, merchant, id string) ([]DeliveryState, error)

	// Redeliver sends a message again to every endpoint that it was assigned to,
	// starting now.
	Redeliver(ctx context.Context, merchant, id string, now time.Time) error

	// Endpoints lists a merchant's endpoints that ever had a message.
	Endpoints(ctx context.Context, merchant string) ([]EndpointState, error)

	// Enable takes a disabled endpoint into use again: what waits for it is sent.
	Enable(ctx context.Context, merchant, url string, now time.Time) error
}
