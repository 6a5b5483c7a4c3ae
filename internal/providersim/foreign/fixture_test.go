package foreign_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-pay/gopay"

	"morepay/internal/providersim"
)

// origin is where the simulator says that it is. The client finds a bill's path in
// its link by cutting it at ".com".
const origin = "https://simulated.example.com"

var (
	merchantKey = sync.OnceValue(newKey)
	platformKey = sync.OnceValue(newKey)
	renewedKey  = sync.OnceValue(newKey) // of certificates that come after
)

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func publicPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&platformKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func privateDER(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(merchantKey())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// fixture is a simulator on a real socket, and a merchant who keeps what is posted to
// them and says that all is well.
type fixture struct {
	t         *testing.T
	sim       *providersim.Sim
	transport http.RoundTripper // leads every request to the simulator
	notifyURL string
	told      chan *http.Request
}

// newFixture starts both; answer is what the merchant's server says.
func newFixture(t *testing.T, answer string) *fixture {
	t.Helper()
	sim := providersim.New(providersim.Options{Origin: origin, Seed: 1, RetryScale: 0.001, ReplyScale: 0.001, RefundAfter: time.Millisecond})
	server := httptest.NewServer(sim.Handler())
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	fx := &fixture{t: t, sim: sim, transport: redirect{base, transport}, told: make(chan *http.Request, 100)}
	merchant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("notification: %v", err)
		}
		kept := r.Clone(t.Context()) // the server goes on with its own
		kept.Body = io.NopCloser(bytes.NewReader(body))
		fx.told <- kept
		io.WriteString(w, answer)
	}))
	fx.notifyURL = merchant.URL + "/notify"
	go sim.Run(t.Context())
	t.Cleanup(func() {
		sim.Close()
		transport.CloseIdleConnections()
		server.Close()
		merchant.Close()
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

// next waits for the next notification.
func (fx *fixture) next() *http.Request {
	fx.t.Helper()
	select {
	case r := <-fx.told:
		return r
	case <-time.After(10 * time.Second):
		fx.t.Fatal("no notification in ten seconds")
		return nil
	}
}

func (fx *fixture) approve(user providersim.User, ref string) {
	fx.t.Helper()
	if _, err := fx.sim.Approve(user, ref); err != nil {
		fx.t.Fatal(err)
	}
}

// get follows a link in a browser and returns where it leads, or what is there.
func (fx *fixture) get(link string) (location, page string) {
	fx.t.Helper()
	res, err := fx.transport.RoundTrip(fx.request(http.MethodGet, link, ""))
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		fx.t.Fatal(err)
	}
	return res.Header.Get("Location"), string(body)
}

// post calls what is no API but JSON too, and decodes the answer.
func (fx *fixture) post(path string, body any) (answer fields) {
	fx.t.Helper()
	payload, err := json.Marshal(body)
	if err != nil {
		fx.t.Fatal(err)
	}
	res, err := fx.transport.RoundTrip(fx.request(http.MethodPost, origin+path, string(payload)))
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		fx.t.Fatal(err)
	}
	return answer
}

func (fx *fixture) request(method, address, body string) *http.Request {
	fx.t.Helper()
	r, err := http.NewRequestWithContext(fx.t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		fx.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	return r
}

// merged returns a with b's entries in place of its own.
func merged(a, b gopay.BodyMap) gopay.BodyMap {
	m := gopay.BodyMap{}
	for _, from := range []gopay.BodyMap{a, b} {
		for name, value := range from {
			m.Set(name, value)
		}
	}
	return m
}
