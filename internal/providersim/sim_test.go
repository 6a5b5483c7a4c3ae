package providersim_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"morepay/internal/providersim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	mchID     = "1900000001"
	appID     = "wx0000000000000001"
	serial    = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"
	publicID  = "PUB_KEY_ID_0119000000012026010100000000000001"
	apiV3Key  = "0123456789abcdef0123456789abcdef"
	appSecret = "0123456789abcdef"

	mobileID   = "wx0000000000000002"
	miniID     = "wx0000000000000003"
	miniSecret = "fedcba9876543210"
)

var (
	merchantKey = sync.OnceValue(newKey)
	platformKey = sync.OnceValue(newKey)
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

// fixture is a simulator on a real socket, and a merchant that listens.
type fixture struct {
	t        testing.TB
	sim      *providersim.Sim
	server   *httptest.Server
	merchant *merchant
	http     *http.Client // leads every request to the simulator
}

func weChatAccount() providersim.WeChatAccount {
	return providersim.WeChatAccount{
		MchID: mchID, AppID: appID, AppSecret: appSecret, MobileAppID: mobileID, MiniProgramID: miniID, MiniProgramSecret: miniSecret, Name: "Tea & Co", MerchantSerial: serial,
		MerchantPublicKey: &merchantKey().PublicKey, APIv3Key: []byte(apiV3Key),
		PlatformKey: platformKey(), PublicKeyID: publicID,
		H5Domains: []string{"pay.example", "127.0.0.1"}, OAuthDomains: []string{"pay.example"},
	}
}

// newWorld starts a simulator with one WeChat Pay account. Delays and retries
// run a thousand times faster than at the provider.
func newFixture(t *testing.T, change ...func(*providersim.Options)) *fixture {
	t.Helper()
	fx := &fixture{t: t}
	var sim *providersim.Sim
	fx.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { sim.Handler().ServeHTTP(rw, r) }))
	o := providersim.Options{Origin: fx.server.URL, Seed: 1, RetryScale: 0.001, ReplyScale: 0.001, RefundAfter: time.Millisecond}
	for _, c := range change {
		c(&o)
	}
	sim = providersim.New(o)
	fx.sim = sim
	if err := sim.AddWeChatAccount(weChatAccount()); err != nil {
		t.Fatal(err)
	}
	base, err := url.Parse(fx.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{MaxIdleConnsPerHost: 16}
	fx.http = &http.Client{
		Transport:     redirect{base, transport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	fx.merchant = newMerchant(t)
	go sim.Run(t.Context())
	t.Cleanup(func() {
		sim.Close()
		transport.CloseIdleConnections()
		fx.server.Close()
	})
	return fx
}

// redirect leads requests for the real company to the simulator.
type redirect struct {
	to   *url.URL
	next http.RoundTripper
}

func (t redirect) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = t.to.Scheme, t.to.Host
	return t.next.RoundTrip(r)
}

// delivery is a notification as the merchant's server got it.
type delivery struct {
	header http.Header
	body   []byte
}

// request returns the delivery as the request that it was.
func (d delivery) request() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/notify", bytes.NewReader(d.body))
	r.Header = d.header
	return r
}

// merchant is a server that keeps the notifications it gets and answers as
// told.
type merchant struct {
	url    string
	answer func(n int, d delivery, w http.ResponseWriter) // n counts from 1
	got    chan delivery
}

func newMerchant(t *testing.T) *merchant {
	m := &merchant{got: make(chan delivery, 100)}
	m.answer = func(_ int, _ delivery, w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) }
	n := 0
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("notification body: %v", err)
		}
		d := delivery{r.Header.Clone(), body}
		mu.Lock()
		defer mu.Unlock()
		n++
		m.answer(n, d, w)
		m.got <- d
	}))
	m.url = s.URL + "/notify"
	t.Cleanup(s.Close)
	return m
}

// next waits for the next notification.
func (m *merchant) next(t testing.TB) delivery {
	t.Helper()
	select {
	case d := <-m.got:
		return d
	case <-time.After(10 * time.Second):
		t.Fatal("no notification in ten seconds")
		return delivery{}
	}
}

// control calls the control API and decodes its answer.
func (fx *fixture) control(method, path string, body, answer any) int {
	fx.t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		fx.t.Fatal(err)
	}
	req, err := http.NewRequest(method, fx.server.URL+path, bytes.NewReader(payload))
	if err != nil {
		fx.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := fx.http.Do(req)
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(answer); err != nil {
		fx.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode
}

// quietSim returns a simulator with a WeChat Pay account that nobody runs.
func quietSim(t testing.TB) *providersim.Sim {
	t.Helper()
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1"})
	if err := sim.AddWeChatAccount(weChatAccount()); err != nil {
		t.Fatal(err)
	}
	return sim
}

func localRequest(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:1"
	r.Header.Set("Accept", "*/*")
	r.Header.Set("User-Agent", "test")
	r.Header.Set("Content-Type", "application/json")
	return r
}

func serve(sim *providersim.Sim, r *http.Request) (status int) {
	w := httptest.NewRecorder()
	sim.Handler().ServeHTTP(w, r)
	return w.Code
}

func TestOnlyNeighboursAreServed(t *testing.T) {
	t.Parallel()
	sim := quietSim(t)
	for remote, status := range map[string]int{
		"127.0.0.1:1": 200, "[::1]:1": 200, "192.168.1.5:1": 200, "10.0.0.1:1": 200, "[fe80::1]:1": 200, "[::ffff:127.0.0.1]:1": 200,
		"203.0.113.7:1": 403, "8.8.8.8:1": 403, "[2001:db8::1]:1": 403, "": 403, "nonsense": 403,
	} {
		r := localRequest(http.MethodGet, "/phone", "")
		r.RemoteAddr = remote
		if got := serve(sim, r); got != status {
			t.Errorf("%q: status %d, want %d", remote, got, status)
		}
	}
}

func TestCloseEndsRun(t *testing.T) {
	t.Parallel()
	sim := quietSim(t)
	done := make(chan struct{})
	go func() {
		sim.Run(t.Context())
		close(done)
	}()
	sim.Close()
	sim.Close() // twice is fine
	<-done
	sim.Run(t.Context()) // after Close it returns at once
}
