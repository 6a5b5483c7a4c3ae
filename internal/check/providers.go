package check

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"morepay/internal/account"
	"morepay/internal/pay"
	"morepay/internal/provider"
)

// Providers asks the provider of every account about an order that does not exist,
// which changes nothing there. An answer proves that it is reached, takes our key, and
// signs with the one that is configured. baseURL is where payers come back to.
func Providers(ctx context.Context, accounts []*account.Account, baseURL string) (r Report) {
	for _, a := range accounts {
		name := fmt.Sprintf("%s: the account %s of %s", a.Merchant, a.Name(), a.ProviderID)
		var signed bool
		err := a.Call(ctx, "probe", func(ctx context.Context) (err error) {
			signed, err = probe(ctx, a.Provider)
			return err
		})
		switch {
		case err != nil:
			r.Errors = append(r.Errors, fmt.Errorf("%s: asked about an order that does not exist: %w", name, err))
		case signed:
			r.Notes = append(r.Notes, name+" answers, signed")
		default:
			r.Notes = append(r.Notes, name+" answers, unsigned, as its errors may be: the first payment shows whether the provider's public key is the right one")
		}
		if own, ok := a.Provider.(provider.PayerIdentifier); ok && slices.Contains(a.Provider.Rails(), pay.RailJSAPI) {
			r.Add(identifies(ctx, a, own, name, baseURL))
		}
	}
	return r
}

// identifies reports whether a provider would tell us who pays in its own app. It is
// asked about a code that it has never given out.
func identifies(ctx context.Context, a *account.Account, p provider.PayerIdentifier, name, baseURL string) (r Report) {
	err := a.Call(ctx, "identify", func(ctx context.Context) error {
		_, err := p.WalletPayerID(ctx, unmade())
		switch {
		case err == nil:
			return errors.New("it knows a payer whom nobody has sent")
		case pay.CodeOf(err) == pay.CodeInvalid:
			return nil
		}
		return err
	})
	if err != nil {
		r.Errors = append(r.Errors, fmt.Errorf("%s: asked who a payer in its app is: %w", name, err))
		return r
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%s tells who pays in its app, if its console lets payers come back to %s/identified/ (docs/providers.md)", name, baseURL))
	return r
}

// unmade returns a number under which nobody has made an order, in letters and digits
// that every provider takes.
func unmade() string { return "mp" + strings.ToLower(rand.Text()) }

func probe(ctx context.Context, p provider.Provider) (signed bool, err error) {
	if own, ok := p.(provider.Prober); ok {
		return own.Probe(ctx, unmade())
	}
	ev, err := p.Query(ctx, unmade())
	if err == nil && ev.Outcome != pay.OutcomeAbsent {
		err = errors.New("it knows one that nobody has made")
	}
	return err == nil, err
}

// maxSkew is from when on providers refuse our signatures, and we theirs.
const maxSkew = 5 * time.Minute

// Clocks is a transport that compares our clock with the Date of every answer. It is
// safe for concurrent use.
type Clocks struct {
	Next http.RoundTripper

	mu   sync.Mutex
	skew map[string]time.Duration // by host, the largest; positive if our clock is ahead
}

// RoundTrip implements http.RoundTripper.
func (c *Clocks) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := c.Next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if theirs, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		c.note(r.URL.Host, time.Since(theirs))
	}
	return res, nil
}

func (c *Clocks) note(host string, skew time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.skew == nil {
		c.skew = map[string]time.Duration{}
	}
	if before, ok := c.skew[host]; !ok || skew.Abs() > before.Abs() {
		c.skew[host] = skew
	}
}

// Report says which clocks differ by more than [provider.MaxSkew], and by how much.
func (c *Clocks) Report() (r Report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, host := range slices.Sorted(maps.Keys(c.skew)) {
		skew, side := c.skew[host], "ahead of"
		if skew < 0 {
			side = "behind"
		}
		text := fmt.Sprintf("our clock is %v %s that of %s", skew.Abs().Round(time.Second), side, host)
		switch {
		case skew.Abs() > maxSkew:
			r.Errors = append(r.Errors, errors.New(text+": beyond five minutes neither takes the other's signatures"))
		case skew.Abs() > provider.MaxSkew:
			r.Warnings = append(r.Warnings, text)
		default:
			r.Notes = append(r.Notes, "our clock and that of "+host+" agree")
		}
	}
	return r
}
