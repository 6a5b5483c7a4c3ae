package program

import (
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"path/filepath"
	"time"

	"morepay/internal/certificate"
	"morepay/internal/pay"
)

// TLS says how Listen ends TLS itself; the zero value leaves that to a proxy.
type TLS struct {
	Cert, Key string   // files in PEM, which a reload reads anew
	Names     []string // for which an ACME authority is asked for certificates
	Directory string   // of the authority; "" for Let's Encrypt
}

// on reports whether there is TLS at all.
func (t *TLS) on() bool { return t.Cert != "" || t.Key != "" || len(t.Names) > 0 }

// Check refuses what can't be told together. Files are not read.
func (t *TLS) Check() error {
	if (t.Cert == "") != (t.Key == "") {
		return pay.Errorf(pay.CodeInvalid, "--tls-cert", "needs --tls-key, and the reverse")
	}
	if t.Cert != "" && len(t.Names) > 0 {
		return pay.Errorf(pay.CodeInvalid, "--tls-autocert", "gets certificates itself: give it or --tls-cert")
	}
	return nil
}

// files returns the certificate's files, nil if there are none.
func (t *TLS) files() *certificate.Files {
	if t.Cert == "" {
		return nil
	}
	return &certificate.Files{Cert: t.Cert, Key: t.Key}
}

// overTLS wraps the public listener, if TLS is wanted.
func (p *Program) overTLS(l net.Listener) (net.Listener, error) {
	if len(p.TLS.Names) > 0 {
		return tls.NewListener(l, certificate.Automatic(p.TLS.Names, filepath.Join(p.Data, "acme"), p.TLS.Directory)), nil
	}
	p.files = p.TLS.files()
	if p.files == nil {
		return l, nil
	}
	c, err := p.files.Read()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	p.files.Use(c)
	return tls.NewListener(l, p.files.TLS()), nil
}

// renewed returns what has new connections get the certificate that the files hold now.
func (p *Program) renewed() (use func(), err error) {
	if p.files == nil {
		return func() {}, nil
	}
	c, err := p.files.Read()
	return func() { p.files.Use(c) }, err
}

// checkTLS refuses files that can't be used.
func (c *Config) checkTLS() error {
	err := c.TLS.Check()
	if files := c.TLS.files(); err == nil && files != nil {
		_, err = files.Read()
	}
	return err
}

// warnOfTLS says what is wrong with a certificate that can be used.
func (c *Config) warnOfTLS() []string {
	files := c.TLS.files()
	base, err := url.Parse(c.BaseURL)
	if files == nil || err != nil {
		return nil
	}
	read, err := files.Read()
	if err != nil { // it is an error of the start
		return nil
	}
	return certificate.Warnings(read, base.Hostname(), time.Now())
}
