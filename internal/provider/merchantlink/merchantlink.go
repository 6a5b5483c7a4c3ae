// Package merchantlink is the adapter to a cashier that the merchant runs: for
// methods that only their own contract opens, such as UnionPay and JD Pay. The
// cashier speaks a small protocol of ours, docs/merchantlink.md, in which every
// message is signed with Standard Webhooks, both ways.
//
// What must not live here: money state, HTTP routes, and anything of the
// companies behind the cashier.
package merchantlink

import (
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"code.dny.dev/ssrf"
	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// ID of the adapter in the registry.
const ID = "merchantlink"

func init() { provider.Register(ID, Open) }

// settings of one cashier.
type settings struct {
	Account string   `json:"account"` // our name of the cashier, in its notify address
	URL     string   `json:"url"`     // where payments are started; <url>/<id> tells about one
	Secret  string   `json:"secret"`  // file: whsec_ and base64, shared with the cashier
	Hosts   []string `json:"hosts"`   // where its links may lead
}

// maxURL leaves room for the id of a payment, in bytes.
const maxURL = 1024

// The length of a secret, in bytes (Standard Webhooks).
const (
	minSecret = 24
	maxSecret = 64
)

var (
	accountForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	hostForm    = regexp.MustCompile(`^([0-9a-z-]+\.)+[a-z]{2,}$`)
)

func (s settings) check() error {
	if !accountForm.MatchString(s.Account) {
		return pay.Errorf(pay.CodeInvalid, "account", "must be 1 to 64 of a-z 0-9 - _")
	}
	u, err := url.Parse(s.URL)
	if err != nil || u.Scheme != "https" || !hostForm.MatchString(u.Hostname()) || u.Port() != "" && u.Port() != "443" ||
		u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || len(s.URL) > maxURL {
		return pay.Errorf(pay.CodeInvalid, "url", "must be an https address with a domain name, without port, user, query and fragment")
	}
	if len(s.Hosts) == 0 {
		return pay.Errorf(pay.CodeInvalid, "hosts", "must list where the cashier's links lead")
	}
	for _, host := range s.Hosts {
		if !hostForm.MatchString(host) {
			return pay.Errorf(pay.CodeInvalid, "hosts", "must be domain names in lower case, not %q", host)
		}
	}
	return nil
}

// account is one cashier.
type account struct {
	settings
	env   provider.Env
	http  *http.Client
	links provider.Links
	key   *webhooks.Webhook

	fingerprint string
}

var (
	_ provider.Provider     = (*account)(nil)
	_ provider.FormTargeter = (*account)(nil)
)

// Open makes the adapter for one cashier. Fails with *pay.Error naming the
// setting.
func Open(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
	a := &account{env: env, http: env.HTTP}
	if err := provider.DecodeSettings(raw, &a.settings); err != nil {
		return nil, err
	}
	if err := a.settings.check(); err != nil {
		return nil, err
	}
	secret, err := env.Secret("secret", a.Secret)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < minSecret || len(key) > maxSecret {
		return nil, pay.Errorf(pay.CodeInvalid, "secret", "must be whsec_ and the base64 of %d to %d bytes", minSecret, maxSecret)
	}
	if a.key, err = webhooks.NewWebhookRaw(key); err != nil {
		return nil, pay.Errorf(pay.CodeInvalid, "secret", "can't be used")
	}
	a.URL = strings.TrimSuffix(a.URL, "/")
	a.fingerprint = provider.Fingerprint(a.URL, secret)
	a.links = provider.Links{Hosts: a.Hosts, TestURL: env.TestURL}
	if env.TestURL == "" {
		a.http = provider.NewHTTPClient(safeTransport())
	}
	return a, nil
}

// safeTransport reaches public addresses on port 443 only, whatever a merchant's
// name resolves to by now. A proxy would dial for us and see to nothing.
func safeTransport() *http.Transport {
	t := provider.Transport()
	t.Proxy = nil
	t.DialContext = (&net.Dialer{Timeout: provider.ConnectTimeout, Control: ssrf.New(ssrf.WithPorts(443)).Safe}).DialContext
	return t
}

// Account implements provider.Provider: our name of the cashier.
func (a *account) Account() string { return a.settings.Account }

// App implements provider.Provider. A cashier has none.
func (a *account) App(pay.Rail) string { return "" }

// Fingerprint implements provider.Provider: a cashier is where it is asked.
func (a *account) Fingerprint() string { return a.fingerprint }

// Rails implements provider.Provider.
func (a *account) Rails() []pay.Rail { return []pay.Rail{pay.RailRedirect} }

// FormTargets implements provider.FormTargeter.
func (a *account) FormTargets() []string {
	var targets []string
	for _, host := range a.Hosts {
		targets = append(targets, "https://"+host)
	}
	if a.env.TestURL != "" {
		targets = append(targets, a.env.TestURL)
	}
	return targets
}
