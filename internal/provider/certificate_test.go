package provider_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// issued is a certificate of a key, signed by itself.
func issued(t *testing.T, public any, signer any, change func(*x509.Certificate)) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{CommonName: "1900000001"},
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(time.Hour), BasicConstraintsValid: true,
	}
	if change != nil {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func pemOf(ders ...[]byte) string {
	var text strings.Builder
	for _, der := range ders {
		text.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	return text.String()
}

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func TestCertificates(t *testing.T) {
	t.Parallel()
	key, other := newKey(t, 2048), newKey(t, 2048)
	short := newKey(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	authority := func(c *x509.Certificate) { c.IsCA = true }
	mine := issued(t, &key.PublicKey, key, nil)
	files := map[string]string{
		"mine.pem":   pemOf(mine),
		"bare.txt":   base64.StdEncoding.EncodeToString(mine),
		"other.pem":  pemOf(issued(t, &other.PublicKey, other, nil)),
		"root.pem":   pemOf(issued(t, &key.PublicKey, key, authority)),
		"roots.pem":  pemOf([]byte("not one that Go knows"), issued(t, &key.PublicKey, key, authority), issued(t, &other.PublicKey, other, authority)),
		"mixed.pem":  pemOf(issued(t, &other.PublicKey, other, authority), mine),
		"ended.pem":  pemOf(issued(t, &key.PublicKey, key, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Second) })),
		"later.pem":  pemOf(issued(t, &key.PublicKey, key, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Minute) })),
		"short.pem":  pemOf(issued(t, &short.PublicKey, short, nil)),
		"curve.pem":  pemOf(issued(t, &curve.PublicKey, curve, nil)),
		"broken.pem": pemOf([]byte("broken")),
		"text.txt":   "hello",
		"empty.pem":  "",
	}
	env := provider.Env{
		Now: func() time.Time { return noon },
		ReadKey: func(name string) ([]byte, error) {
			text, ok := files[name]
			if !ok {
				return nil, errors.New("there is no such file")
			}
			return []byte(text), nil
		},
	}
	own := func(file string) error {
		_, err := env.OwnCertificate("certificate", file, key)
		return err
	}
	roots := func(file string) error {
		_, err := env.Authorities("certificate", file)
		return err
	}
	for _, c := range []struct {
		read func(string) error
		file string
		want string // a part of the message; "" if the file is right
	}{
		{own, "mine.pem", ""},
		{own, "bare.txt", ""},
		{own, "other.pem", "the file other.pem holds the certificate of another key than private_key"},
		{own, "root.pem", "the file root.pem holds an authority's certificate"},
		{own, "ended.pem", "the certificate in ended.pem ended on 2026-11-29: get a new one"},
		{own, "later.pem", "the certificate in later.pem is in force from 2026-11-29 only"},
		{own, "short.pem", "1024 bits"},
		{own, "curve.pem", "not an RSA key"},
		{own, "broken.pem", "the file broken.pem holds no certificate"},
		{own, "text.txt", "neither PEM nor base64"},
		{own, "empty.pem", "is empty"},
		{own, "missing.pem", "can't be read"},
		{own, "", "is missing"},
		{roots, "root.pem", ""},
		{roots, "roots.pem", ""},
		{roots, "mixed.pem", "the certificate of 1900000001, which is not an authority's"},
		{roots, "mine.pem", "which is not an authority's"},
		{roots, "broken.pem", "holds no certificate in PEM"},
		{roots, "text.txt", "holds no certificate in PEM"},
	} {
		err := c.read(c.file)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.file, err)
			}
			continue
		}
		problem, ok := errors.AsType[*pay.Error](err)
		if !ok || problem.Field != "certificate" || !strings.Contains(problem.Error(), c.want) {
			t.Errorf("%s: %v, want an error of the setting that says %q", c.file, err, c.want)
		}
	}
	all, err := env.Authorities("certificate", "roots.pem")
	if err != nil || len(all) != 2 {
		t.Errorf("%d authorities, %v, want the two that Go knows", len(all), err)
	}
}

func newKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
