package httpd

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// eligibility says what an order could be paid with on the caller's device.
type eligibility struct {
	Version int64         `json:"version"` // of the capability document
	Device  device.Device `json:"device"`
	Methods []eligible    `json:"methods"` // in display order
}

// eligible is one method: rails, or all reasons why not.
type eligible struct {
	Method      pay.Method          `json:"method"`
	Offered     bool                `json:"offered"`
	Rails       []pay.Rail          `json:"rails"`                 // the first is offered, the rest are its fallbacks
	Instalments []int               `json:"instalments,omitempty"` // that may be chosen instead of payment at once
	Reasons     []capability.Reason `json:"reasons"`
}

// handleEligibility tells a shop's page what an order could be paid with, before there is
// a session. Anybody may ask, so the payer is nobody's: who is in a rollout, it never
// tells.
func (s *Server) handleEligibility(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	if err := s.allowIP(s.limits.offer, r); err != nil {
		return err
	}
	q, err := parameters(r.URL, "amount", "currency", "items")
	if err != nil {
		return err
	}
	offer, err := readOffer(q)
	if err != nil {
		return err
	}
	facts, err := s.service.OfferFacts(r.Context(), r.PathValue("id"), offer, s.clientIP(r))
	if err != nil {
		return err
	}
	dev := device.Detect(r.UserAgent())
	d := capability.Decide(facts.Document, facts.Order, dev, s.now())
	return writeJSON(w, http.StatusOK, eligibility{facts.Document.Version, dev, eligibleMethods(d)})
}

func eligibleMethods(d capability.Decision) []eligible {
	list := make([]eligible, 0, len(d.Choices))
	for _, c := range d.Choices {
		list = append(list, eligible{
			Method: c.Method, Offered: c.Offered(),
			Rails: append([]pay.Rail{}, c.Ladder...), Instalments: c.Instalments, Reasons: append([]capability.Reason{}, c.Reasons...),
		})
	}
	return list
}

// homeCurrency is that of an order whose page names none.
const homeCurrency = "CNY"

// maxItemsText bounds the items in a query, in bytes.
const maxItemsText = 8 << 10

// readOffer reads an order from a query: amount in minor units, currency, and items as
// JSON in the form that a session's have. The error names the parameter.
func readOffer(q url.Values) (checkout.Offer, error) {
	value, err := strconv.ParseInt(q.Get("amount"), 10, 64)
	if err != nil {
		value = 0 // which is refused below
	}
	o := checkout.Offer{Amount: pay.Money{Currency: homeCurrency, Value: value}}
	if c := q.Get("currency"); c != "" {
		o.Amount.Currency = c
	}
	if items := q.Get("items"); items != "" {
		if err := strictjson.Decode([]byte(items), &o.Items, maxItemsText); err != nil {
			return o, invalid(within("items", err))
		}
	}
	return o, inParameter(o.Validate())
}

// orderParameters are the parameters that hold what an order has in fields of its own.
var orderParameters = map[string]string{"amount.value": "amount", "amount.currency": "currency"}

// inParameter has an error about an order name the parameter at fault.
func inParameter(err error) error {
	e, ok := errors.AsType[*pay.Error](err)
	if !ok {
		return err
	}
	named := *e
	named.Field = cmp.Or(orderParameters[e.Field], e.Field)
	return &named
}

// within returns the problems of a text that stands in a parameter.
func within(parameter string, err error) error {
	problems, ok := errors.AsType[strictjson.Problems](err)
	if !ok {
		return err
	}
	for i := range problems {
		problems[i].Path = parameter + problems[i].Path
	}
	return problems
}
