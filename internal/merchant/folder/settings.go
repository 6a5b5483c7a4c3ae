package folder

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"morepay/internal/pay"
)

// Settings holds what only the server may know of a merchant: merchant.json.
type Settings struct {
	Mode       Mode                       `json:"mode"`        // must be the server's
	Origins    []string                   `json:"origins"`     // pages that may frame the checkout, such as https://shop.example
	ReturnURLs []string                   `json:"return_urls"` // prefixes under which return_url must lie, ending in a slash
	APIKeys    []APIKey                   `json:"api_keys"`
	Accounts   map[string]json.RawMessage `json:"accounts"` // provider id → the adapter's own settings
	Webhooks   []Webhook                  `json:"webhooks"`
	Rate       Rates                      `json:"rate"`
}

// Mode says whether an account moves real money. A server takes merchants of its
// own mode only, so that no test ever reaches a real account.
type Mode string

// The modes.
const (
	ModeLive Mode = "live"
	ModeTest Mode = "test"
)

// Webhook names an endpoint that hears of the merchant's events, and the files of
// its secrets.
type Webhook struct {
	ID      string   `json:"id"` // among the merchant's; its place in the list, from 1, if it is left out
	URL     string   `json:"url"`
	Secrets []string `json:"secrets"` // names of files that hold whsec_…; two while one replaces the other
}

// check names the fields that can't be right. realMoney demands https, which test
// mode on loopback does not have.
func (s *Settings) check(realMoney bool) []error {
	problems := s.Rate.check()
	wrong := func(format string, i int, message string, args ...any) {
		problems = append(problems, pay.Errorf(pay.CodeInvalid, fmt.Sprintf(format, i), message, args...))
	}
	if want := modeOf(realMoney); s.Mode != want {
		problems = append(problems, pay.Errorf(pay.CodeInvalid, "mode", "must be %q where %s, is %q", want, where[want], s.Mode))
	}
	for i, o := range s.Origins {
		if err := CheckOrigin(o, realMoney); err != nil {
			wrong("origins[%d]", i, "%v", err)
		}
	}
	for i, p := range s.ReturnURLs {
		u, err := parseHTTP(p, realMoney)
		if err != nil || !strings.HasSuffix(u.Path, "/") {
			wrong("return_urls[%d]", i, "must be a URL that ends in a slash, is %q", p)
		}
	}
	for i, k := range s.APIKeys {
		if err := CheckKeyHash(k.SHA256); err != nil {
			wrong("api_keys[%d].sha256", i, "%v", err)
		}
		if err := k.checkScopes(); err != nil {
			wrong("api_keys[%d].scopes", i, "%v", err)
		}
	}
	return problems
}

// where a server is of a mode.
var where = map[Mode]string{ModeLive: "real money moves, as it does without --sim-url", ModeTest: "providers are simulated"}

func modeOf(realMoney bool) Mode {
	if realMoney {
		return ModeLive
	}
	return ModeTest
}

// notInURLs are characters that browsers drop, or read as others.
const notInURLs = "\\\r\n\t "

var errURLText = errors.New("holds a character that is not allowed, or is too long")

// parseHTTP takes an absolute URL without the parts that make it mean something
// else to one reader than to another.
func parseHTTP(raw string, realMoney bool) (*url.URL, error) {
	if strings.ContainsAny(raw, notInURLs) || len(raw) > 2048 {
		return nil, errURLText
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("is not a URL")
	}
	if u.Host == "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return nil, fmt.Errorf("must be absolute, without user and fragment")
	}
	if u.Scheme != "https" && (realMoney || u.Scheme != "http") {
		return nil, fmt.Errorf("must be https")
	}
	return u, nil
}

// CheckOrigin refuses what no browser says of the pages of a shop. realMoney demands
// https.
func CheckOrigin(o string, realMoney bool) error {
	u, err := parseHTTP(o, realMoney)
	if err != nil || u.Path != "" || o != u.Scheme+"://"+u.Host || !plainHost(u.Host) {
		return fmt.Errorf("must be an origin such as https://shop.example, is %q", o)
	}
	if u.Port() == "" {
		return nil
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return fmt.Errorf("must have a port from 1 to 65535, is %q", o)
	}
	if u.Scheme == "http" && port == 80 || u.Scheme == "https" && port == 443 {
		return fmt.Errorf("must be without :%d, which browsers leave out, is %q", port, o)
	}
	return nil
}

// plainHost: the host of an origin goes into a header, where * and ; mean
// something else.
func plainHost(host string) bool {
	return strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-:[]") == "" // browsers send lower case
}

// allowsReturn checks that payers may be sent to raw: same scheme and host as
// a registered prefix, and under its path. Dot segments, which could lead out of
// it, are refused in every spelling. A fragment may say anything: it is for the
// page that lies there.
func (s *Settings) allowsReturn(raw string, realMoney bool) error {
	if strings.ContainsAny(raw, notInURLs) {
		return pay.Errorf(pay.CodeInvalid, "return_url", "%v", errURLText)
	}
	page, _, _ := strings.Cut(raw, "#")
	u, err := parseHTTP(page, realMoney)
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, "return_url", "%v", err)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return pay.Errorf(pay.CodeInvalid, "return_url", "must not hold dot segments")
		}
	}
	path := cmp.Or(u.Path, "/")
	for _, p := range s.ReturnURLs {
		prefix, _ := url.Parse(p) // checked when it was loaded
		if u.Scheme == prefix.Scheme && u.Host == prefix.Host && strings.HasPrefix(path, prefix.Path) {
			return nil
		}
	}
	return pay.Errorf(pay.CodeInvalid, "return_url", "is under none of the merchant's registered return_urls")
}
