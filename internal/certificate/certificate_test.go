package certificate_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"morepay/internal/certificate"
)

// issuer is a small authority.
type issuer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newIssuer(t *testing.T) issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return issuer{key, cert}
}

// issue returns a certificate for a name, in DER.
func (i issuer) issue(name string, public any, until time.Time) ([]byte, error) {
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	return x509.CreateCertificate(rand.Reader, template, i.cert, public, i.key)
}

// authority speaks ACME. It checks what a real one checks of the name, and nothing of
// signatures.
type authority struct {
	issuer
	*httptest.Server
	listener string // where it asks back
	asked    atomic.Bool
	issued   []byte
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Replay-Nonce", "n")
	if r.URL.Path == "/directory" {
		a.tell(w, http.StatusOK, map[string]any{"newNonce": a.URL + "/nonce", "newAccount": a.URL + "/account", "newOrder": a.URL + "/new", "revokeCert": a.URL + "/revoke", "keyChange": a.URL + "/key"})
		return
	}
	payload := read(r)
	challenge := map[string]any{"type": "tls-alpn-01", "url": a.URL + "/challenge", "token": "token", "status": "pending"}
	order := map[string]any{"status": "pending", "identifiers": []any{map[string]string{"type": "dns", "value": name}}, "authorizations": []string{a.URL + "/authorization"}, "finalize": a.URL + "/finalize"}
	switch path.Base(r.URL.Path) {
	case "account":
		w.Header().Set("Location", a.URL+"/account/1")
		a.tell(w, http.StatusCreated, map[string]any{"status": "valid"})
	case "new":
		w.Header().Set("Location", a.URL+"/order")
		a.tell(w, http.StatusCreated, order)
	case "challenge":
		a.asked.Store(a.askBack())
		a.tell(w, http.StatusOK, challenge)
	case "authorization":
		status := "pending"
		if a.asked.Load() {
			status = "valid"
		}
		a.tell(w, http.StatusOK, map[string]any{"identifier": map[string]string{"type": "dns", "value": name}, "status": status, "challenges": []any{challenge}})
	case "order":
		order["status"] = "ready"
		a.tell(w, http.StatusOK, order)
	case "finalize":
		order["status"], order["certificate"] = "valid", a.URL+"/certificate"
		w.Header().Set("Location", a.URL+"/order")
		a.issued = a.sign(payload)
		a.tell(w, http.StatusOK, order)
	case "certificate":
		w.Header().Set("Content-Type", "application/pem-certificate-chain")
		for _, der := range [][]byte{a.issued, a.cert.Raw} {
			pem.Encode(w, &pem.Block{Type: "CERTIFICATE", Bytes: der})
		}
	}
}

// read returns what a request says, whoever signed it.
func read(r *http.Request) (payload []byte) {
	var signed struct{ Payload string }
	_ = json.NewDecoder(r.Body).Decode(&signed) // some have none
	payload, _ = base64.RawURLEncoding.DecodeString(signed.Payload)
	return payload
}

func (a *authority) tell(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}

// sign issues what a certificate request asks for.
func (a *authority) sign(payload []byte) []byte {
	var request struct{ CSR string }
	_ = json.Unmarshal(payload, &request)
	der, _ := base64.RawURLEncoding.DecodeString(request.CSR)
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil || !slices.Contains(csr.DNSNames, name) {
		return nil
	}
	issued, _ := a.issue(name, csr.PublicKey, time.Now().Add(30*24*time.Hour))
	return issued
}

// askBack reports whether the listener proves that it has the name.
func (a *authority) askBack() bool {
	conn, err := tls.Dial("tcp", a.listener, &tls.Config{ServerName: name, NextProtos: []string{"acme-tls/1"}, InsecureSkipVerify: true})
	if err != nil {
		return false
	}
	defer conn.Close()
	return slices.ContainsFunc(conn.ConnectionState().PeerCertificates[0].Extensions, func(e pkix.Extension) bool {
		return e.Id.String() == "1.3.6.1.5.5.7.1.31" && e.Critical
	})
}

const name = "pay.example"

// listen has a server behind TLS answer with its protocol, and returns its address.
func listen(t *testing.T, config func(address string) *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write([]byte(r.Proto)) })}
	go server.Serve(tls.NewListener(l, config(l.Addr().String())))
	t.Cleanup(func() { server.Close() })
	return l.Addr().String()
}

// handshake connects to an address as to a name.
func handshake(address, name string, roots *x509.CertPool) (tls.ConnectionState, error) {
	conn, err := tls.Dial("tcp", address, &tls.Config{ServerName: name, RootCAs: roots, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer conn.Close()
	return conn.ConnectionState(), nil
}

// TestAutomatic gets a certificate from an authority that asks back, keeps it, and gets
// none for names that are not ours.
func TestAutomatic(t *testing.T) {
	t.Parallel()
	a := &authority{issuer: newIssuer(t)}
	a.Server = httptest.NewServer(a)
	defer a.Close()
	folder := t.TempDir()
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	start := func(directory string) string {
		return listen(t, func(address string) *tls.Config {
			a.listener = address
			return certificate.Automatic([]string{name}, folder, directory)
		})
	}
	address := start(a.URL + "/directory")
	if _, err := handshake(address, "other.example", roots); err == nil {
		t.Error("a name that is not ours gets a certificate")
	}
	if a.asked.Load() {
		t.Error("the authority was asked for it")
	}
	state, err := handshake(address, name, roots)
	if err != nil {
		t.Fatal(err)
	}
	if state.NegotiatedProtocol != "h2" || !a.asked.Load() {
		t.Errorf("it speaks %q; the authority asked back: %v", state.NegotiatedProtocol, a.asked.Load())
	}
	// Another start has it from the folder: nobody answers at its authority.
	if _, err := handshake(start("http://127.0.0.1:1/directory"), name, roots); err != nil {
		t.Errorf("it was not kept: %v", err)
	}
}

// TestWarnings: what keeps payers away is said before they come.
func TestWarnings(t *testing.T) {
	t.Parallel()
	a := newIssuer(t)
	now := time.Now()
	der, err := a.issue(name, a.key.Public(), now.Add(30*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	whole := &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, Leaf: leaf}
	for _, test := range []struct {
		name string
		cert *tls.Certificate
		host string
		now  time.Time
		want string // "" for none
	}{
		{"good", whole, name, now, ""},
		{"other-host", whole, "shop.example", now, "not for --base-url"},
		{"ends-soon", whole, name, now.Add(20 * 24 * time.Hour), "is good from"},
		{"not-yet", whole, name, now.Add(-48 * time.Hour), "is good from"},
		{"alone", &tls.Certificate{Certificate: [][]byte{der}, Leaf: leaf}, name, now, "has no others"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := strings.Join(certificate.Warnings(test.cert, test.host, test.now), "; ")
			if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
