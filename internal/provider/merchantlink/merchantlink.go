// Package merchantlink is the adapter to a cashier that the merchant runs: for
// methods that only their own contract opens, such as UnionPay and JD Pay, at any
// acquirer. The cashier speaks a small protocol of ours, docs/merchantlink.md, in
// which every message is signed with Standard Webhooks, both ways. Version 1 of it
// knows web pages only; version 2 knows every rail, and refunds.
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
	"slices"
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
	Account   string       `json:"account"`   // our name of the cashier, in its notify address
	Version   int          `json:"version"`   // of the protocol that it speaks; 0 for 1
	URL       string       `json:"url"`       // where payments are started; <url>/<id> tells about one
	Secret    string       `json:"secret"`    // file: whsec_ and base64, shared with the cashier
	Hosts     []string     `json:"hosts"`     // where its links and codes may lead
	Schemes   []string     `json:"schemes"`   // of the apps that its links and codes may open
	Methods   []pay.Method `json:"methods"`   // of other providers, which the cashier takes in their place
	Authorize string       `json:"authorize"` // page that finds out who the payer is, for jsapi; "" for none
}

// The versions of the protocol.
const (
	versionPages = 1 // web pages only
	versionRails = 2 // every rail, and refunds
)

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
	schemeForm  = regexp.MustCompile(`^[a-z][a-z0-9+.-]{1,31}$`)
)

// notApps are schemes that browsers themselves follow, or that name no one app.
var notApps = []string{
	"http", "https", "ws", "wss", "ftp", "file", "javascript", "vbscript", "data", "blob", "filesystem", "about", "view-source", "intent", "content",
	"mailto", "tel", "sms",
}

func (s *settings) check(granted []pay.Rail, instalments bool) error {
	if !accountForm.MatchString(s.Account) {
		return pay.Errorf(pay.CodeInvalid, "account", "must be 1 to 64 of a-z 0-9 - _")
	}
	if !webAddress(s.URL) {
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
	for _, scheme := range s.Schemes {
		if !schemeForm.MatchString(scheme) || slices.Contains(notApps, scheme) {
			return pay.Errorf(pay.CodeInvalid, "schemes", "must be schemes of apps, in lower case and without the colon, not %q", scheme)
		}
	}
	return s.checkVersion(granted, instalments)
}

// checkVersion holds the settings and what the document grants to the version that the
// cashier speaks.
func (s *settings) checkVersion(granted []pay.Rail, instalments bool) error {
	switch s.Version {
	case 0:
		s.Version = versionPages
	case versionPages, versionRails:
	default:
		return pay.Errorf(pay.CodeInvalid, "version", "must be %d or %d, the versions of the protocol that there are", versionPages, versionRails)
	}
	if s.Version == versionPages {
		return s.checkPages(granted, instalments)
	}
	if s.Authorize == "" && !slices.Contains(granted, pay.RailJSAPI) {
		return nil
	}
	u, err := url.Parse(s.Authorize)
	if err != nil || !webAddress(s.Authorize) || !slices.Contains(s.Hosts, u.Hostname()) {
		return pay.Errorf(pay.CodeInvalid, "authorize", "must be the https address, on one of the hosts and without query, of the page that finds out who the payer is: jsapi needs it")
	}
	return nil
}

func (s *settings) checkPages(granted []pay.Rail, instalments bool) error {
	if instalments {
		return pay.Errorf(pay.CodeInvalid, "version", "must be %d: the document grants instalments", versionRails)
	}
	for _, rail := range granted {
		if rail != pay.RailRedirect {
			return pay.Errorf(pay.CodeInvalid, "version", "must be %d: the document grants %s, and version %d of the protocol has redirect only", versionRails, rail, versionPages)
		}
	}
	if len(s.Methods) > 0 {
		return pay.Errorf(pay.CodeInvalid, "methods", "needs version %d", versionRails)
	}
	if len(s.Schemes) > 0 {
		return pay.Errorf(pay.CodeInvalid, "schemes", "needs version %d", versionRails)
	}
	if s.Authorize != "" {
		return pay.Errorf(pay.CodeInvalid, "authorize", "needs version %d", versionRails)
	}
	return nil
}

// webAddress reports whether a text is an https address of a domain name that a path
// can be added to.
func webAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && hostForm.MatchString(u.Hostname()) && (u.Port() == "" || u.Port() == "443") &&
		u.User == nil && u.RawQuery == "" && !u.ForceQuery && u.Fragment == "" && len(text) <= maxURL
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

// full is a cashier that speaks version 2.
type full struct{ *account }

var (
	_ provider.Provider        = (*account)(nil)
	_ provider.FormTargeter    = (*account)(nil)
	_ provider.MethodTaker     = (*account)(nil)
	_ provider.Refunder        = full{}
	_ provider.PayerIdentifier = full{}
)

// Open makes the adapter for one cashier. Fails with *pay.Error naming the
// setting.
func Open(raw json.RawMessage, env provider.Env) (provider.Provider, error) {
	a := &account{env: env, http: env.HTTP}
	if err := provider.DecodeSettings(raw, &a.settings); err != nil {
		return nil, err
	}
	if err := a.settings.check(env.Granted, env.Instalments); err != nil {
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
	a.links = provider.Links{Hosts: a.Hosts, Schemes: a.Schemes, TestURL: env.TestURL}
	if env.TestURL == "" {
		a.http = provider.NewHTTPClient(safeTransport())
	}
	if a.Version == versionRails {
		return full{a}, nil
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
func (a *account) Rails() []pay.Rail {
	if a.Version == versionPages {
		return []pay.Rail{pay.RailRedirect}
	}
	rails := []pay.Rail{pay.RailDeepLink, pay.RailQR, pay.RailRedirect}
	if a.Authorize != "" {
		rails = append(rails, pay.RailJSAPI)
	}
	return rails
}

// Methods implements provider.MethodTaker.
func (a *account) Methods() []pay.Method { return a.settings.Methods }

// FormTargets implements provider.FormTargeter: the cashier's hosts and the schemes of
// the apps that it opens.
func (a *account) FormTargets() []string {
	var targets []string
	for _, host := range a.Hosts {
		targets = append(targets, "https://"+host)
	}
	for _, scheme := range a.Schemes {
		targets = append(targets, scheme+":")
	}
	if a.env.TestURL != "" {
		targets = append(targets, a.env.TestURL)
	}
	return targets
}
