package webhook

import (
	"context"
	"errors"
	"time"

	"morepay/internal/pay"
)

// State is the state of the delivery of one message to one endpoint.
type State string

// The delivery states. Redelivery makes any of them pending again.
const (
	Pending   State = "pending"
	Delivered State = "delivered"
	Failed    State = "failed"  // given up by the schedule: every try failed
	Skipped   State = "skipped" // given up by a person
)

// Claim is an endpoint that one server alone delivers to for a while, as it was
// when the store was last asked.
type Claim struct {
	Endpoint int64  // the store's number of the endpoint
	Holder   string // of the claim, a name that nobody else has
	Merchant string
	ID       string // of the endpoint, among those of its merchant
	URL      string
	Sealed   []byte // its secrets
	Disabled bool
	Removed  bool // nothing new is assigned to it; what waits is delivered
	Health
}

// Health tells how an endpoint does across sessions.
type Health struct {
	Failing int       // sessions in a row whose planned tries failed, since one was delivered
	Since   time.Time // of the first of them
}

// Delivery is the oldest pending message of a session to an endpoint.
type Delivery struct {
	Position  int64     // of the message in the order in which messages were written
	Tries     int       // made so far, by the schedule
	TriedAt   time.Time // of the newest try, zero before the first
	PlannedAt time.Time // of the next try by the schedule; one before that doesn't count
	Message   Message
}

// Result is the outcome of one try.
type Result struct {
	Position  int64
	State     State
	Tries     int // made so far, by the schedule
	Status    int // HTTP status of the answer, 0 if there was none
	Error     string
	At        time.Time
	DueAt     time.Time // of the next try, if it is pending
	PlannedAt time.Time // of the next try by the schedule
}

// Round is a server's report to the store about an endpoint that it delivers
// to: the outcome of its tries, and what it wants next.
type Round struct {
	Claim     Claim     // with the newest health
	Until     time.Time // the claim is held until then
	Now       time.Time
	Results   []Result
	Disable   string    // reason to stop using the endpoint, or ""
	Recovered time.Time // what was tried since then is due again; zero for nothing
	Limit     int       // of the deliveries that are wanted
	Probe     bool      // one that says whether the endpoint is back, due or not
}

// ErrLost is returned to who no longer holds a claim.
var ErrLost = errors.New("the claim on this endpoint has ended")

// Queue is the outbox as the [Dispatcher] sees it. All methods are safe for
// concurrent use by several servers; each fails with *pay.Error store_unavailable.
type Queue interface {
	// Assign numbers up to limit new messages in the order in which they were
	// written and gives each to the endpoints of its merchant. It returns how many
	// it took.
	Assign(ctx context.Context, now time.Time, limit int) (int, error)

	// Busy reports whether Assign or Claim would find something.
	Busy(ctx context.Context, now time.Time) (bool, error)

	// Claim takes up to limit endpoints that have something to be sent at now,
	// are not disabled, and that nobody else holds, until a given time.
	Claim(ctx context.Context, holder string, now, until time.Time, limit int) ([]Claim, error)

	// Round stores results, renews the claim and returns the endpoint as it is
	// now, with what is due next: of each session the oldest pending message, also
	// those that the server has been given before and has told no result of. It
	// fails with ErrLost.
	Round(ctx context.Context, r Round) (Claim, []Delivery, error)

	// Release ends a claim. The endpoint is looked at again at a given time, or if
	// that is zero when the next delivery is due.
	Release(ctx context.Context, c Claim, at time.Time) error

	// News has a value when there may be something new in the outbox.
	News() <-chan struct{}

	// Backlog counts what is not delivered.
	Backlog(ctx context.Context) (Backlog, error)
}

// Backlog counts deliveries.
type Backlog struct {
	Pending int       // with messages that are not assigned yet
	Oldest  time.Time // event that a pending one tells of; zero if there is none
	Failed  int       // given up by the schedule
	Skipped int       // given up by a person
}

// DeliveryState is one delivery as people see it.
type DeliveryState struct {
	Endpoint string // its id
	URL      string
	State    State
	Tries    int
	Status   int // of the newest answer, 0 if there was none
	Error    string
	TriedAt  time.Time // zero before the first try
	DueAt    time.Time // of the next try, if it is pending
}

// Undelivered is a delivery that has not come to its endpoint, and its message.
type Undelivered struct {
	ID        string // of the message
	Type      pay.EventType
	SessionID string
	At        time.Time // of the event
	DeliveryState
}

// Filter selects events of a merchant.
type Filter struct {
	After Place
	Limit int
	Type  string    // "" for all
	From  time.Time // of the event; zero for no bound
	Until time.Time // not included; zero for no bound
}

// Page is a part of a merchant's list of events.
type Page struct {
	Messages []Message
	Next     Place // where the list goes on
	More     bool  // there are later events, though maybe none that the filter takes
}

// Redelivery says what is to be sent again.
type Redelivery struct {
	Merchant string
	Message  string    // its id; or all that tell of events
	Since    time.Time // since then
	Endpoint string    // its id; "" for all that are in force
}

// Log is the outbox as people see it, through the API and the command line.
// What isn't there is *pay.Error not_found.
type Log interface {
	// Events lists a merchant's events in the order of their numbers: nothing is
	// ever added before a listed one. It fails with cursor_expired if what came
	// right after f.After isn't kept any more.
	Events(ctx context.Context, merchant string, f Filter) (Page, error)

	// Event returns the message of one event.
	Event(ctx context.Context, merchant, id string) (Message, error)

	// Deliveries lists the deliveries of one message.
	Deliveries(ctx context.Context, merchant, id string) ([]DeliveryState, error)

	// Undelivered lists a merchant's deliveries that are pending, the oldest first, or
	// have failed, the newest first. Of other states there is no list.
	Undelivered(ctx context.Context, merchant string, state State, limit int) ([]Undelivered, error)

	// Redeliver has messages sent again from now on, each in its session's line,
	// and returns how many.
	Redeliver(ctx context.Context, r Redelivery, now time.Time) (int, error)

	// Skip gives up the pending deliveries of a message to an endpoint, "" for all,
	// and returns how many.
	Skip(ctx context.Context, merchant, id, endpoint, author string, now time.Time) (int, error)
}

// EndpointState is an endpoint of a merchant as people see it. Those that were
// removed are among them for as long as something waits for them.
type EndpointState struct {
	ID         string
	URL        string
	Pending    int
	Failing    int       // sessions in a row whose tries failed
	NextAt     time.Time // of the next try; zero if nothing is pending
	DisabledAt time.Time // zero if it is in use
	Reason     string    // why it is disabled
	RemovedAt  time.Time // zero if it is in force
}

// Kept is an endpoint in the store, in force or removed.
type Kept struct {
	Number     int64 // the store's; 0 for a new one
	ID         string
	URL        string
	Sealed     []byte // its secrets; none of those that an earlier program left
	DisabledAt time.Time
	Reason     string
	RemovedAt  time.Time
}

// Version is one state of a merchant's endpoints, and how it came about.
type Version struct {
	Number    int64 // 1, 2, 3, … of the merchant
	Hash      string
	Author    string
	Change    string // in words
	At        time.Time
	Endpoints []Listed
}

// Listed is an endpoint in a version.
type Listed struct {
	ID  string `json:"id"`
	URL string `json:"url"`
}

// EndpointStore keeps the endpoints of all merchants with their history.
type EndpointStore interface {
	// Endpoints lists a merchant's endpoints.
	Endpoints(ctx context.Context, merchant string) ([]EndpointState, error)

	// Kept lists a merchant's endpoints, those that were removed too.
	Kept(ctx context.Context, merchant string) ([]Kept, error)

	// Change makes a new version of a merchant's endpoints: change gets those that
	// are kept and returns what becomes of each; none can vanish. What waits for
	// one that has got another URL or is in use again is due at once. Nothing is
	// changed, and ok is false, if v.Hash isn't "" and the store has had a version
	// with it. Version number and endpoints of v are the store's to fill in.
	Change(ctx context.Context, merchant string, v Version, change func([]Kept) ([]Kept, string, error)) (ok bool, err error)

	// Versions lists a merchant's versions, newest first.
	Versions(ctx context.Context, merchant string, limit int) ([]Version, error)

	// Reseal replaces all sealed secrets that reseal returns otherwise.
	Reseal(ctx context.Context, reseal func(sealed []byte) ([]byte, error)) error
}
