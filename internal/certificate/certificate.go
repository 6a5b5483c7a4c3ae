// Package certificate gives a server that ends TLS itself its certificates: from files
// that somebody renews, or from an authority that speaks ACME (RFC 8555).
//
// What must not live here: which names a server has, and what is served.
package certificate

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// protocols are offered to clients: HTTP/2 first.
var protocols = []string{"h2", "http/1.1"}

// Files is a certificate with those that lead from it to its root, and its key, in
// PEM. It can be replaced while connections are made.
type Files struct {
	Cert, Key string // paths
	current   atomic.Pointer[tls.Certificate]
}

// Read reads what the files hold now. Nothing is changed.
func (f *Files) Read() (*tls.Certificate, error) {
	c, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if err != nil {
		return nil, fmt.Errorf("the certificate can't be used: %w", err)
	}
	return &c, nil
}

// Use has new connections get a certificate that Read has returned.
func (f *Files) Use(c *tls.Certificate) { f.current.Store(c) }

// TLS returns the configuration of a listener, for after the first Use.
func (f *Files) TLS() *tls.Config {
	return &tls.Config{
		NextProtos:     protocols,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.current.Load(), nil },
	}
}

// soon is how long before its end a certificate is worth a warning.
const soon = 14 * 24 * time.Hour

// Warnings says what keeps payers from a host that has the certificate, or will soon.
func Warnings(c *tls.Certificate, host string, now time.Time) []string {
	var list []string
	if err := c.Leaf.VerifyHostname(host); err != nil {
		list = append(list, "the certificate is not for --base-url: "+err.Error())
	}
	if now.Before(c.Leaf.NotBefore) || now.Add(soon).After(c.Leaf.NotAfter) {
		list = append(list, fmt.Sprintf("the certificate is good from %s until %s", date(c.Leaf.NotBefore), date(c.Leaf.NotAfter)))
	}
	if len(c.Certificate) == 1 && c.Leaf.CheckSignatureFrom(c.Leaf) != nil {
		list = append(list, "the file of the certificate has no others: phones that don't know "+issuer(c.Leaf)+" refuse it")
	}
	return list
}

func date(t time.Time) string { return t.UTC().Format(time.DateOnly) }

func issuer(c *x509.Certificate) string { return c.Issuer.String() }

// Automatic returns the configuration of a listener that gets certificates for some
// names by itself, and renews them. They are kept in a folder. The authority asks back
// at the listener (TLS-ALPN-01), so it must be reached at port 443. directory is the
// authority's; "" for Let's Encrypt. Its terms are agreed to.
func Automatic(names []string, folder, directory string) *tls.Config {
	manager := &autocert.Manager{
		Prompt: autocert.AcceptTOS, Cache: autocert.DirCache(folder), HostPolicy: autocert.HostWhitelist(names...),
	}
	if directory != "" {
		manager.Client = &acme.Client{DirectoryURL: directory}
	}
	c := manager.TLSConfig()
	c.NextProtos = append(append([]string{}, protocols...), acme.ALPNProto)
	return c
}
