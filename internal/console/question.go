package console

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/qa"
)

// question is what a matrix is asked about: the fields of its form, as the address has
// them. Lists without an element ask about all that there is.
type question struct {
	Merchant string           // id; "" for the first
	Device   []device.Profile // with @VERSION of the app behind, or not; none for all
	Method   []pay.Method     // none for all
	Amount   int64            // in minor units of Currency
	Currency string
	Item     []string // a SKU, or category:NAME
	Payer    string
	Region   string
	At       time.Time // zero for now
	Version  string    // of the app around every page, where there is one; "" for the sample's
}

var iso4217 = regexp.MustCompile(`^[A-Z]{3}$`)

// Defaults of a question.
const (
	defaultAmount   = 5980
	defaultCurrency = "CNY"
)

// read reads a question from an address. Fails with *pay.Error invalid_request and the
// name of the field.
func read(q url.Values) (question, error) {
	ask := question{
		Merchant: q.Get("merchant"), Device: words[device.Profile](q["device"]), Method: words[pay.Method](q["method"]),
		Amount: defaultAmount, Currency: defaultCurrency,
		Item: fields(q.Get("item")), Payer: q.Get("payer"), Region: q.Get("region"), Version: q.Get("version"),
	}
	if raw := q.Get("amount"); raw != "" {
		amount, err := strconv.ParseInt(raw, 10, 64)
		if err != nil || amount < 1 {
			return ask, pay.Errorf(pay.CodeInvalid, "amount", "must be a whole number of minor units from 1, is %q", raw)
		}
		ask.Amount = amount
	}
	if currency := q.Get("currency"); currency != "" {
		ask.Currency = currency
	}
	if !iso4217.MatchString(ask.Currency) {
		return ask, pay.Errorf(pay.CodeInvalid, "currency", "must be three letters such as CNY, is %q", ask.Currency)
	}
	if raw := q.Get("at"); raw != "" {
		at, err := time.Parse(time.RFC3339, raw)
		if err != nil {
			return ask, pay.Errorf(pay.CodeInvalid, "at", "must be a time such as 2026-11-28T10:00:00+08:00, is %q", raw)
		}
		ask.At = at
	}
	if ask.Version != "" && !device.ValidVersion(ask.Version) {
		return ask, pay.Errorf(pay.CodeInvalid, "version", "must be numbers with dots between, is %q", ask.Version)
	}
	for _, m := range ask.Method {
		if method.Find(m) == nil {
			return ask, pay.Errorf(pay.CodeInvalid, "method", "unknown method %q, known are %v", m, method.IDs())
		}
	}
	return ask, nil
}

// words returns the values of a list that are not empty, as a form sends for "all".
func words[T ~string](values []string) []T {
	var list []T
	for _, v := range values {
		if v != "" {
			list = append(list, T(v))
		}
	}
	return list
}

// fields splits a text with commas.
func fields(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// Query returns the question as an address has it.
func (q question) Query() url.Values {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("merchant", q.Merchant)
	for _, d := range q.Device {
		v.Add("device", string(d))
	}
	for _, m := range q.Method {
		v.Add("method", string(m))
	}
	set("amount", strconv.FormatInt(q.Amount, 10))
	set("currency", q.Currency)
	set("item", q.Items())
	set("payer", q.Payer)
	set("region", q.Region)
	set("version", q.Version)
	if !q.At.IsZero() {
		set("at", q.At.Format(time.RFC3339))
	}
	return v
}

// Items returns the items as the form has them.
func (q question) Items() string { return strings.Join(q.Item, ", ") }

func (q question) order() capability.Order {
	return qa.Order(pay.Money{Currency: q.Currency, Value: q.Amount}, q.Item, q.Payer, q.Region)
}

// devices returns the profiles that are asked about, each with the version.
func (q question) devices() []device.Profile {
	list := q.Device
	if len(list) == 0 {
		list = device.Profiles()
	}
	list = slices.Clone(list)
	for i, p := range list {
		if d, ok := device.Of(p); ok && q.Version != "" && d.Host != "" && !strings.Contains(string(p), "@") {
			list[i] = p + device.Profile("@"+q.Version)
		}
	}
	return list
}
