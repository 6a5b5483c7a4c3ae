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
		r.Add(renewal(ctx, a, name))
		r.Add(keys(a, name, time.Now()))
		r.Add(identifications(ctx, a, name, baseURL))
	}
	return r
}

// renewal asks an account's provider for its keys, where it can be asked.
func renewal(ctx context.Context, a *account.Account, name string) (r Report) {
	renewer, ok := a.Provider.(provider.KeyRenewer)
	if !ok {
		return r
	}
	if err := a.Call(ctx, "keys", renewer.RenewKeys); err != nil {
		r.Errors = append(r.Errors, fmt.Errorf("%s: asked for its certificates: %w", name, err))
	}
	return r
}

// endsSoon is for how long before its end a certificate is warned about. The alert
// CertificateEnds has the same.
const endsSoon = 30 * 24 * time.Hour

// uses say what an account does with a key.
var uses = map[provider.KeyUse]string{
	provider.KeyTheirs: "is verified by",
	provider.KeyOurs:   "is called with our certificate",
	provider.KeyMiddle: "takes certificates that are issued by",
	provider.KeyRoot:   "takes authorities that are issued by",
}

// keys says on which keys an account stands, and until when.
func keys(a *account.Account, name string, now time.Time) (r Report) {
	holder, ok := a.Provider.(provider.KeyHolder)
	if !ok {
		return r
	}
	list := holder.Keys()
	for _, k := range list {
		text := fmt.Sprintf("%s %s %s", name, uses[k.Use], k.ID)
		ends := k.Ends.Format(time.DateOnly)
		switch followed := k.FollowedIn(list); {
		case k.Ends.IsZero():
			r.Notes = append(r.Notes, text+", which has no end")
		case k.Begins.After(now):
			r.Notes = append(r.Notes, fmt.Sprintf("%s from %s until %s", text, k.Begins.Format(time.DateOnly), ends))
		case followed && k.Ends.Before(now):
		case !followed && k.Ends.Sub(now) < endsSoon:
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s, which ends on %s: nothing follows it yet", text, ends))
		default:
			r.Notes = append(r.Notes, text+" until "+ends)
		}
	}
	return r
}

// identifications reports on the rails whose payers a provider has to name.
func identifications(ctx context.Context, a *account.Account, name, baseURL string) (r Report) {
	own, ok := a.Provider.(provider.PayerIdentifier)
	if !ok {
		return r
	}
	for _, rail := range a.Provider.Rails() {
		if rail.ForOnePayer() {
			r.Add(identifies(ctx, a, own, rail, name, baseURL))
		}
	}
	return r
}

// places say where a payer of a rail is, and what lets us be told who they are.
var places = map[pay.Rail]struct{ where, console string }{
	pay.RailJSAPI:       {"in its app", "its console lets payers come back to %s/identified/"},
	pay.RailMiniProgram: {"in the mini program", "its console lets the mini program ask %s"},
}

// identifies reports whether a provider would tell us who pays by a rail. It is
// asked about a code that it has never given out.
func identifies(ctx context.Context, a *account.Account, p provider.PayerIdentifier, rail pay.Rail, name, baseURL string) (r Report) {
	place := places[rail]
	err := a.Call(ctx, "identify", func(ctx context.Context) error {
		_, err := p.WalletPayerID(ctx, rail, unmade())
		switch {
		case err == nil:
			return errors.New("it knows a payer whom nobody has sent")
		case pay.CodeOf(err) == pay.CodeInvalid:
			return nil
		}
		return err
	})
	if err != nil {
		r.Errors = append(r.Errors, fmt.Errorf("%s: asked who a payer %s is: %w", name, place.where, err))
		return r
	}
	r.Notes = append(r.Notes, fmt.Sprintf("%s tells who pays %s, if "+place.console+" (docs/providers.md)", name, place.where, baseURL))
	return r
}

// unmade returns a number under which nobody has made an order, in letters and digits
// that every provider takes.
func unmade() string { return "mp" + strings.ToLower(rand.Text()) }

func probe(ctx context.Context, p provider.Provider) (signed bool, err error) {
	if own, ok := p.(provider.Prober); ok {
		return own.Probe(ctx, unmade())
	}
	ev, err := p.Query(ctx, provider.QueryOrder{OutTradeNo: unmade()})
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
