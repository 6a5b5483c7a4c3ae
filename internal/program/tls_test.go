package program_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morepay/internal/program"
)

// writePair writes a self-signed certificate for this machine, with a serial number,
// and its key.
func writePair(t *testing.T, c program.TLS, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"pay.example"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	err = errors.Join(os.WriteFile(c.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(c.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	if err != nil {
		t.Fatal(err)
	}
}

// served returns the serial number of the certificate that a new connection gets, after
// an answer over HTTP/2.
func served(t *testing.T, url string) int64 {
	t.Helper()
	client := http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	res, err := client.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.ProtoMajor != 2 {
		t.Errorf("HTTP/%d, status %d", res.ProtoMajor, res.StatusCode)
	}
	return res.TLS.PeerCertificates[0].SerialNumber.Int64()
}

// TestTLS: the server ends TLS itself, and a reload takes up a renewed certificate, or
// nothing if it can't be used.
func TestTLS(t *testing.T) {
	c := config(t)
	folder := t.TempDir()
	c.TLS = program.TLS{Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")}
	if p, err := program.Open(t.Context(), c); err == nil {
		t.Errorf("it starts without its certificate: %v", p.Close())
	}
	writePair(t, c.TLS, 1)
	p, err := program.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(p.BaseURL, "https://") {
		t.Errorf("the base URL is %s", p.BaseURL)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	if got := served(t, p.BaseURL); got != 1 {
		t.Errorf("certificate %d", got)
	}
	writePair(t, c.TLS, 2)
	if got := served(t, p.BaseURL); got != 1 {
		t.Errorf("certificate %d before the reload", got)
	}
	if err := p.Reload(t.Context()); err != nil {
		t.Error(err)
	}
	if got := served(t, p.BaseURL); got != 2 {
		t.Errorf("certificate %d after the reload", got)
	}
	if err := os.WriteFile(c.TLS.Cert, []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Reload(t.Context()); err == nil {
		t.Error("a file that can't be used is taken up")
	}
	if got := served(t, p.BaseURL); got != 2 {
		t.Errorf("certificate %d after a reload that failed", got)
	}
	stop()
	if err := errors.Join(<-done, p.Close()); err != nil {
		t.Error(err)
	}
}

// TestCheckTLS: what is wrong with a certificate is said by a check.
func TestCheckTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files := program.TLS{Cert: filepath.Join(folder, "cert.pem"), Key: filepath.Join(folder, "key.pem")}
	writePair(t, files, 1)
	for _, test := range []struct {
		name, base, warning, problem string
		tls                          program.TLS
	}{
		{"soon", "https://pay.example", "is good from", "", files},
		{"other-host", "https://shop.example", "not for --base-url", "", files},
		{"no-file", "https://pay.example", "", "can't be used", program.TLS{Cert: "none", Key: files.Key}},
		{"half", "https://pay.example", "", "--tls-key", program.TLS{Cert: files.Cert}},
		{"both", "https://pay.example", "", "--tls-autocert", program.TLS{Cert: files.Cert, Key: files.Key, Names: []string{"pay.example"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(t)
			c.TLS, c.BaseURL = test.tls, test.base
			report := c.Check()
			said := strings.Join(report.Warnings, "\n")
			if err := report.Err(); (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("got %v, want %q", err, test.problem)
			}
			if !strings.Contains(said, test.warning) {
				t.Errorf("it warns of %q, want %q", said, test.warning)
			}
		})
	}
}
