package providersim

import (
	"container/heap"
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// deliveries is the number of notifications that may be under way at once.
const deliveries = 8

// Options are the settings of a Sim. Zero values are good, except for Origin.
type Options struct {
	Origin      string           // where browsers reach the simulator, such as http://127.0.0.1:8081; links are built from it
	Now         func() time.Time // the clock; nil for time.Now
	Client      *http.Client     // posts notifications; nil for one that follows no redirects
	Log         *slog.Logger     // nil to be silent
	Seed        uint64           // of the faults: the same seed makes the same opportunities fail
	RetryScale  float64          // factor on the providers' retry schedules and on delays of notifications; 0 means 1, which is real time
	ReplyScale  float64          // factor on how late a reply comes; 0 means 1
	RefundAfter time.Duration    // how long a refund is under way; 0 means two seconds

	// Numbers lists the out_trade_nos that a checkout session has made so far, so that
	// faults can be put on one session; nil if nobody knows.
	Numbers func(session string) []string

	Console string       // address of the pages that work this simulator, which the phone links to; "" for none
	Shared  bool         // the server that is tried has our clock: see ServerNow
	Reset   func() error // has that server forget what it has learnt from failures; nil if it can't be told
}

// Sim plays the providers. All methods are safe for concurrent use. Its books
// are in memory only, and are gone with it.
type Sim struct {
	options Options
	routes  *http.ServeMux
	life    context.Context // done once Close was called
	end     context.CancelFunc
	clock   clock
	wake    chan struct{} // holds one token when the jobs or the clock changed

	mu           sync.Mutex                      // guards all that follows
	left         *sync.Cond                      // a Run returned
	running      int                             // Runs under way
	wechat       map[string]*wechatAccount       // by mchid
	alipay       map[string]*alipayAccount       // by app id
	alipayApps   map[string]*alipayApplication   // that call its gateway, by app id
	unionPay     map[string]*unionPayAccount     // by merId
	merchantLink map[string]*merchantLinkAccount // by id
	holder       User                            // who holds the phone: see SetUser
	bills        map[string]bill                 // by download token
	till         []TillSale
	books        books
	handset      handset
	seed         uint64             // of the faults
	rules        []*rule            // the faults in force
	injected     int                // rules so far, since Calm
	rotated      map[certifier]bool // accounts whose certificate a rule has changed, since Calm
	record       record
	acts         []Act
	jobs         jobs
	planned      int                   // jobs so far
	held         map[string][]*message // by account: waiting to be overtaken
}

// New makes a simulator without accounts. Notifications go out while Run runs.
func New(o Options) *Sim {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: deliveries}, CheckRedirect: refuseRedirects}
	}
	if o.RetryScale == 0 {
		o.RetryScale = 1
	}
	if o.ReplyScale == 0 {
		o.ReplyScale = 1
	}
	if o.RefundAfter == 0 {
		o.RefundAfter = 2 * time.Second
	}
	o.Origin = strings.TrimSuffix(o.Origin, "/")
	s := &Sim{
		options:      o,
		clock:        clock{real: o.Now},
		seed:         o.Seed,
		routes:       http.NewServeMux(),
		wake:         make(chan struct{}, 1),
		wechat:       map[string]*wechatAccount{},
		alipay:       map[string]*alipayAccount{},
		alipayApps:   map[string]*alipayApplication{},
		unionPay:     map[string]*unionPayAccount{},
		merchantLink: map[string]*merchantLinkAccount{},
		holder:       Ming,
		handset:      newHandset(),
		bills:        map[string]bill{},
		books:        newBooks(),
		held:         map[string][]*message{},
		rotated:      map[certifier]bool{},
	}
	s.life, s.end = context.WithCancel(context.Background())
	s.left = sync.NewCond(&s.mu)
	s.routeWeChat()
	s.routeAlipay()
	s.routeUnionPay()
	s.routeMerchantLink()
	s.routePhone()
	s.routeControl()
	return s
}

func refuseRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Handler serves the providers' APIs, their web pages, the phone and the
// control API, by path and whatever the Host. Peers that are not on this
// machine or a private network are turned away: this is not a provider.
func (s *Sim) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "morepay-providersim")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if !nearby(r.RemoteAddr) {
			http.Error(w, "the simulator only serves its own machine and private networks", http.StatusForbidden)
			return
		}
		s.routes.ServeHTTP(w, r)
	})
}

// nearby reports whether a peer's address is loopback, private or link-local.
func nearby(remote string) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	ip = ip.Unmap()
	return ip.IsLoopback() || ip.IsPrivate() || ip.IsLinkLocalUnicast()
}

// scaled compresses a time of the provider's schedules.
func (s *Sim) scaled(d time.Duration) time.Duration {
	return time.Duration(float64(d) * s.options.RetryScale)
}

// Run delivers notifications and settles refunds until ctx ends or Close is
// called; when it returns, no goroutine of it is left. After Close it returns
// at once.
func (s *Sim) Run(ctx context.Context) {
	if !s.enter() {
		return
	}
	defer s.leave()

	ctx, cancel := context.WithCancel(ctx)
	defer context.AfterFunc(s.life, cancel)()
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()

	slots := make(chan struct{}, deliveries)
	for {
		run := s.nextDue(ctx)
		if run == nil {
			return
		}
		slots <- struct{}{}
		workers.Go(func() {
			defer func() { <-slots }()
			run(ctx)
		})
	}
}

// Close ends Run, waits for it and closes the connections to the merchants.
// What has not been delivered never will be.
func (s *Sim) Close() {
	s.end()
	defer s.options.Client.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running > 0 {
		s.left.Wait()
	}
}

// enter counts a Run in, unless the simulator is closed.
func (s *Sim) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return false
	}
	s.running++
	return true
}

func (s *Sim) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
	s.left.Broadcast()
}

// job is something to do at a time of the simulator's clock.
type job struct {
	at     time.Time
	number int // breaks ties: first planned, first run
	run    func(context.Context)
}

// jobs is a heap, soonest first.
type jobs []job

func (j jobs) Len() int      { return len(j) }
func (j jobs) Swap(a, b int) { j[a], j[b] = j[b], j[a] }
func (j *jobs) Push(x any)   { *j = append(*j, x.(job)) }
func (j jobs) Less(a, b int) bool {
	if j[a].at.Equal(j[b].at) {
		return j[a].number < j[b].number
	}
	return j[a].at.Before(j[b].at)
}

func (j *jobs) Pop() any {
	last := len(*j) - 1
	x := (*j)[last]
	*j = (*j)[:last]
	return x
}

// at plans a job. The caller holds the lock.
func (s *Sim) at(t time.Time, run func(context.Context)) {
	s.planned++
	heap.Push(&s.jobs, job{t, s.planned, run})
	s.stir()
}

// stir makes Run look again.
func (s *Sim) stir() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// nextDue waits for the next job whose time has come; nil when ctx is done.
func (s *Sim) nextDue(ctx context.Context) func(context.Context) {
	for ctx.Err() == nil {
		run, rest := s.takeDue()
		if run != nil {
			return run
		}
		timer := time.NewTimer(rest)
		select {
		case <-s.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

// takeDue takes the next job if its time has come, else says how long to rest.
// The rest is short while anything is planned, because a clock that a test
// holds in its hand can't wake us.
func (s *Sim) takeDue() (run func(context.Context), rest time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.jobs) == 0 {
		return nil, time.Hour
	}
	wait := s.jobs[0].at.Sub(s.now())
	if wait > 0 {
		return nil, min(wait, 50*time.Millisecond)
	}
	return heap.Pop(&s.jobs).(job).run, 0
}
