package wechatpay

import (
	"cmp"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"morepay/internal/provider"
)

// When platform certificates are asked for. WeChat Pay wants them renewed within a day;
// a new one is in force for weeks beside the old one.
const (
	renewEvery  = 12 * time.Hour
	renewPause  = 5 * time.Minute  // between two for a serial that nobody knows
	beginPause  = 15 * time.Second // the same while we have none at all
	renewWithin = 3 * time.Second  // WeChat Pay waits five for the answer to a notification
)

// keys are those by which WeChat Pay signs: its public key, its platform certificates, or,
// while an account changes from these to that, both. Each message names its own.
type keys struct {
	publicID string
	public   *rsa.PublicKey // nil for an account without
	now      func() time.Time

	// fetch asks for the certificates that WeChat Pay signs with; nil for an account that
	// has none.
	fetch func(context.Context) ([]*x509.Certificate, error)

	mu           sync.Mutex
	certificates map[string]*x509.Certificate // by serial
	got          time.Time                    // when they were last got

	renewal provider.Renewal
}

func newKeys(publicID string, public *rsa.PublicKey, now func() time.Time) *keys {
	return &keys{publicID: publicID, public: public, now: now, renewal: provider.Renewal{Now: now}}
}

// serialOf returns the serial of a certificate as WeChat Pay writes it: two digits a byte.
func serialOf(c *x509.Certificate) string { return fmt.Sprintf("%X", c.SerialNumber.Bytes()) }

// named returns the key that a message names. One that is unknown is asked for. Fails
// with provider.ErrUnknownKey.
func (k *keys) named(ctx context.Context, serial string) (*rsa.PublicKey, error) {
	if k.public != nil && serial == k.publicID {
		return k.public, nil
	}
	if key := k.certified(serial); key != nil {
		k.refresh()
		return key, nil
	}
	unknown := fmt.Errorf("%w: %s", provider.ErrUnknownKey, provider.Clean(serial))
	if k.fetch == nil || strings.HasPrefix(serial, publicKeyPrefix) {
		return nil, unknown
	}
	ctx, cancel := context.WithTimeout(ctx, renewWithin)
	defer cancel()
	err := k.renew(ctx, k.pause())
	if key := k.certified(serial); key != nil {
		return key, nil
	}
	if err == nil || errors.Is(err, provider.ErrTooSoon) {
		return nil, unknown
	}
	return nil, fmt.Errorf("%w: the platform certificates can't be had: %w", unknown, err)
}

// current returns the name and key that replies are to be signed with, and by which what
// only WeChat Pay may read is encrypted.
func (k *keys) current(ctx context.Context) (string, *rsa.PublicKey, error) {
	if k.public != nil {
		return k.publicID, k.public, nil
	}
	if k.newest() == nil {
		if err := k.renew(ctx, k.pause()); err != nil {
			return "", nil, err
		}
	}
	newest := k.newest()
	if newest == nil {
		return "", nil, errors.New("no platform certificate is in force")
	}
	k.refresh()
	return serialOf(newest), newest.PublicKey.(*rsa.PublicKey), nil
}

// certified returns the key of a certificate that is in force, or nil.
func (k *keys) certified(serial string) *rsa.PublicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	c := k.certificates[serial]
	if c == nil || !provider.InForce(c, k.now()) {
		return nil
	}
	return c.PublicKey.(*rsa.PublicKey)
}

// newest returns the certificate that came into force last, or nil.
func (k *keys) newest() *x509.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	var newest *x509.Certificate
	for _, c := range k.certificates {
		if provider.InForce(c, k.now()) && (newest == nil || c.NotBefore.After(newest.NotBefore)) {
			newest = c
		}
	}
	return newest
}

// pause is how long after a request another one may be made for a serial that nobody
// knows: whoever names such serials must not make us ask for each.
func (k *keys) pause() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.certificates) == 0 {
		return beginPause
	}
	return renewPause
}

// refresh has certificates that were got long ago asked for, without waiting.
func (k *keys) refresh() {
	k.mu.Lock()
	stale := k.fetch != nil && k.now().Sub(k.got) >= renewEvery
	k.mu.Unlock()
	if stale {
		go func() { _ = k.renew(background, renewPause) }() // those that we have are good still, and it is tried again
	}
}

// renew asks for the certificates, unless the last time was less than pause ago.
func (k *keys) renew(ctx context.Context, pause time.Duration) error {
	return k.renewal.Ask(ctx, pause, func(ctx context.Context) error {
		list, err := k.fetch(ctx)
		if err != nil {
			return err
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		k.hold(list)
		k.got = k.now()
		return nil
	})
}

// hold replaces the certificates.
func (k *keys) hold(list []*x509.Certificate) {
	k.certificates = map[string]*x509.Certificate{}
	for _, c := range list {
		k.certificates[serialOf(c)] = c
	}
}

// list returns the keys with the times at which they end.
func (k *keys) list() []provider.Key {
	var all []provider.Key
	if k.public != nil {
		all = append(all, provider.Key{ID: k.publicID, Use: provider.KeyTheirs})
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	held := slices.SortedFunc(maps.Values(k.certificates), func(a, b *x509.Certificate) int {
		return cmp.Or(a.NotBefore.Compare(b.NotBefore), cmp.Compare(serialOf(a), serialOf(b)))
	})
	for _, c := range held {
		all = append(all, provider.CertificateKey(serialOf(c), provider.KeyTheirs, c))
	}
	return all
}
