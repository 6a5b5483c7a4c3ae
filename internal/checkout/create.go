package checkout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// NewSession is a merchant's request for a session.
type NewSession struct {
	Reference   string            `json:"merchant_reference"`
	Amount      pay.Money         `json:"amount"`
	Description string            `json:"description"`
	Items       []pay.Item        `json:"items"`
	Metadata    map[string]string `json:"metadata"`
	Payer       struct {
		ID     string `json:"id"`
		Region string `json:"region"` // ISO 3166-1 alpha-2
	} `json:"payer"`
	ReturnURL string `json:"return_url"`
	RenewURL  string `json:"renew_url"` // where a payer orders anew once the session has expired; "" for ReturnURL
	Locale    string `json:"locale"`
	ExpiresIn int64  `json:"expires_in"` // seconds; 0 for half an hour
	Exclusive bool   `json:"exclusive"`  // no other open session that was made so has the Reference
}

// Bounds of what a session may be.
const (
	maxAmount     = 1_000_000_000_00 // minor units of any currency; less, where a provider takes less, is its adapter's to say
	defaultExpiry = 30 * time.Minute
	minExpiry     = time.Minute
	maxExpiry     = 24 * time.Hour
	maxLife       = 7 * 24 * time.Hour // however often it is extended; WeChat Pay closes an order then
	maxItems      = 100
)

// MaxLocale is the longest language tag (RFC 5646, section 4.4.1), in characters.
const MaxLocale = 35

// textBounds are the longest texts, in characters. A description over 127 is
// refused by WeChat Pay.
var textBounds = []struct {
	field string
	rule  textRule
	value func(*NewSession) string
}{
	{"merchant_reference", textRule{max: 64, must: true}, func(n *NewSession) string { return n.Reference }},
	{"description", textRule{max: 127, must: true, prose: true}, func(n *NewSession) string { return n.Description }},
	{"payer.id", textRule{max: 128}, func(n *NewSession) string { return n.Payer.ID }},
	{"locale", textRule{max: MaxLocale}, func(n *NewSession) string { return n.Locale }},
	{"return_url", textRule{max: 2048, must: true}, func(n *NewSession) string { return n.ReturnURL }},
	{"renew_url", textRule{max: 2048}, func(n *NewSession) string { return n.RenewURL }},
}

// validate lists what is wrong and needs no knowledge of the merchant. Each error names
// its field.
func (n *NewSession) validate() (problems []error) {
	for _, b := range textBounds {
		problems = append(problems, b.rule.check(b.field, b.value(n)))
	}
	wrong := func(field, format string, args ...any) {
		problems = append(problems, pay.Errorf(pay.CodeInvalid, field, format, args...))
	}
	if n.Amount.Value < 1 || n.Amount.Value > maxAmount {
		wrong("amount.value", "must be a whole number of minor units from 1 to %d", int64(maxAmount))
	}
	if r := n.Payer.Region; r != "" && !isRegion(r) {
		wrong("payer.region", "must be two capital letters (ISO 3166-1)")
	}
	problems = append(problems, checkExpiry(n.expiry()))
	return slices.Concat(problems, checkMetadata(n.Metadata), n.validateItems())
}

// Bounds of metadata.
const maxMetadata = 20

var (
	metadataKey   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,40}$`)
	metadataValue = textRule{max: 500, prose: true}
)

// checkMetadata lists what is wrong, in the order of the keys.
func checkMetadata(m map[string]string) (problems []error) {
	if len(m) > maxMetadata {
		return []error{pay.Errorf(pay.CodeInvalid, "metadata", "at most %d keys", maxMetadata)}
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		field := strictjson.Join("metadata", key)
		if !metadataKey.MatchString(key) {
			problems = append(problems, pay.Errorf(pay.CodeInvalid, field, "a key must be 1 to 40 letters, digits or -_."))
		}
		problems = append(problems, metadataValue.check(field, m[key]))
	}
	return problems
}

func (n *NewSession) validateItems() (problems []error) {
	if len(n.Items) > maxItems {
		return []error{pay.Errorf(pay.CodeInvalid, "items", "at most %d", maxItems)}
	}
	for i, item := range n.Items {
		at := func(name string) string { return fmt.Sprintf("items[%d].%s", i, name) }
		problems = append(problems,
			itemText.check(at("sku"), item.SKU), itemText.check(at("category"), item.Category), itemText.check(at("name"), item.Name))
		if item.Quantity < 0 {
			problems = append(problems, pay.Errorf(pay.CodeInvalid, at("quantity"), "must not be negative"))
		}
	}
	return problems
}

// textRule says what a text may be.
type textRule struct {
	max   int  // in characters
	must  bool // be there
	prose bool // be of some language, which may need invisible joiners
}

var itemText = textRule{max: 128, prose: true}

// check fails with invalid_request naming the field.
func (t textRule) check(field, value string) error {
	if t.must && value == "" {
		return pay.Errorf(pay.CodeInvalid, field, "is missing")
	}
	if value != "" && strings.TrimSpace(value) == "" {
		return pay.Errorf(pay.CodeInvalid, field, "is blank")
	}
	if !utf8.ValidString(value) {
		return pay.Errorf(pay.CodeInvalid, field, "is not valid UTF-8")
	}
	if utf8.RuneCountInString(value) > t.max {
		return pay.Errorf(pay.CodeInvalid, field, "is longer than %d characters", t.max)
	}
	for _, r := range value {
		if !visible(r) && !(t.prose && isJoiner(r)) {
			return pay.Errorf(pay.CodeInvalid, field, "holds a control or invisible character (U+%04X)", r)
		}
	}
	return nil
}

// visible reports whether people see a character as what it is: controls, line
// separators, marks that turn the direction of writing and those of no width make one
// text look like another.
func visible(r rune) bool { return !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) }

// isJoiner reports whether a character of no width is one that emoji and some
// scripts are written with.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

func isRegion(s string) bool {
	return len(s) == 2 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'A' && s[1] <= 'Z'
}

func (n *NewSession) expiry() time.Duration {
	if n.ExpiresIn == 0 {
		return defaultExpiry
	}
	return inSeconds(n.ExpiresIn)
}

// inSeconds returns a time to expiry, or one that checkExpiry refuses as it would this.
func inSeconds(n int64) time.Duration {
	// Bounded before it is multiplied, so that no number of seconds overflows.
	return time.Duration(max(-1, min(n, int64(maxExpiry.Seconds())+1))) * time.Second
}

func checkExpiry(e time.Duration) error {
	if e < minExpiry || e > maxExpiry {
		return pay.Errorf(pay.CodeInvalid, "expires_in", "must be from %d to %d seconds", int(minExpiry.Seconds()), int(maxExpiry.Seconds()))
	}
	return nil
}

// checkURLs lists where the merchant may not send payers of those that a session leads
// to.
func (s *Service) checkURLs(merchant string, n NewSession) []error {
	problems := []error{s.merchants.ReturnURL(merchant, n.ReturnURL)}
	if n.RenewURL == "" {
		return problems
	}
	err := s.merchants.ReturnURL(merchant, n.RenewURL)
	if refusal, ok := errors.AsType[*pay.Error](err); ok {
		err = pay.Errorf(refusal.Code, "renew_url", "%s", refusal.Message)
	}
	return append(problems, err)
}

// Create opens a session. The token is in the answer and nowhere else.
// Fails with invalid_request naming all fields at fault, reference_open if it is to be
// exclusive and another is open, or not_found for the merchant.
func (s *Service) Create(ctx context.Context, merchant string, n NewSession) (*pay.Ledger, string, error) {
	doc, version, err := s.documents.Document(ctx, merchant)
	if err != nil {
		return nil, "", err
	}
	problems := n.validate()
	if !takes(doc, n.Amount.Currency) {
		problems = append(problems, pay.Errorf(pay.CodeInvalid, "amount.currency", "no method of this merchant takes %q", n.Amount.Currency))
	}
	if err := several(slices.Concat(problems, s.checkURLs(merchant, n))); err != nil {
		return nil, "", err
	}
	now, token := s.now(), newToken()
	l := pay.Open(pay.Session{
		ID: newSessionID(), Merchant: merchant, TokenHash: HashToken(token), Reference: n.Reference,
		Amount: n.Amount, Description: n.Description, Items: n.Items, Metadata: n.Metadata, MerchantPayerID: n.Payer.ID, Region: n.Payer.Region,
		ReturnURL: n.ReturnURL, RenewURL: n.RenewURL, Locale: n.Locale, DocumentVersion: version,
		CreatedAt: now, ExpiresAt: now.Add(n.expiry()),
	})
	create := s.store.Create
	if n.Exclusive {
		create = s.store.CreateExclusive
	}
	if err := create(ctx, l); err != nil {
		return nil, "", err
	}
	return l, token, nil
}

func takes(doc *capability.Document, currency string) bool {
	for _, m := range doc.Methods {
		if slices.Contains(m.Currencies, currency) {
			return true
		}
	}
	return false
}

// Cancel ends an open session on its merchant's word.
func (s *Service) Cancel(ctx context.Context, merchant, sessionID string) (*pay.Ledger, error) {
	return s.byMerchant(ctx, merchant, sessionID, (*pay.Ledger).Cancel)
}

// Expire ends an open session on its merchant's word as if its time were over.
func (s *Service) Expire(ctx context.Context, merchant, sessionID string) (*pay.Ledger, error) {
	return s.byMerchant(ctx, merchant, sessionID, (*pay.Ledger).ExpireEarly)
}

// byMerchant has a merchant change a session of theirs.
func (s *Service) byMerchant(ctx context.Context, merchant, sessionID string, how func(*pay.Ledger, time.Time) error) (*pay.Ledger, error) {
	if _, err := s.Ledger(ctx, merchant, sessionID); err != nil {
		return nil, err
	}
	return s.store.Update(ctx, sessionID, func(l *pay.Ledger) error { return how(l, s.now()) })
}

// Extension is a merchant's request to let a session last longer.
type Extension struct {
	ExpiresIn int64 `json:"expires_in"` // seconds from now; needed
}

// Extend lets an open session last at least for some time from now. Codes and links that
// are out keep their own end; who needs it gets new ones. Fails with invalid_request or
// session_not_open.
func (s *Service) Extend(ctx context.Context, merchant, sessionID string, e Extension) (*pay.Ledger, error) {
	more := inSeconds(e.ExpiresIn)
	if err := checkExpiry(more); err != nil {
		return nil, err
	}
	return s.byMerchant(ctx, merchant, sessionID, func(l *pay.Ledger, now time.Time) error {
		until := now.Add(more)
		if last := l.Session.CreatedAt.Add(maxLife); until.After(last) {
			return pay.Errorf(pay.CodeInvalid, "expires_in", "must end by %s, seven days after the session was made", last.Format(time.RFC3339))
		}
		return l.Extend(until, now)
	})
}
