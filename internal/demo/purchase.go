package demo

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/pay"
)

// Defaults of a purchase.
const (
	defaultShop   = "demo"
	defaultAmount = 5980 // fen
)

// purchase is the visitor's choice of goods, from the query.
type purchase struct {
	Shop        Shop
	Amount      int64  // fen
	Price       string // in yuan, as the visitor wrote it
	Description string
	Locale      string // of the checkout; "" for the visitor's
	Category    string
	Payer       string
	Via         string // the network's mode; "" for none
}

// Alone returns the link to the checkout of the same purchase outside the shop.
func (p purchase) Alone() string {
	q := url.Values{"merchant": {p.Shop.ID}, "amount": {strconv.FormatInt(p.Amount, 10)}, "description": {p.Description}}
	for name, value := range map[string]string{"locale": p.Locale, "category": p.Category, "payer": p.Payer, "via": p.Via} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/demo/pay?" + q.Encode()
}

// Categories returns the goods for which the shop's document makes a difference.
func (p purchase) Categories() []string {
	var list []string
	for _, m := range p.Shop.Document.Methods {
		if m.Products == nil {
			continue
		}
		for _, goods := range []*capability.Goods{m.Products.Allowed, m.Products.Excluded} {
			if goods != nil {
				list = append(list, goods.Categories...)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// purchase reads what the visitor wants. What can't be read is an error that names
// the field of the form; the rest of the choice stands.
func (s *Storefront) purchase(r *http.Request) (purchase, error) {
	q := r.URL.Query()
	p := purchase{
		Shop: s.shops[s.first], Amount: defaultAmount, Price: q.Get("price"), Description: q.Get("description"),
		Locale: cmp.Or(q.Get("locale"), q.Get("lang")), Category: q.Get("category"), Payer: q.Get("payer"), Via: q.Get("via"),
	}
	if p.Description == "" {
		p.Description = texts(r)["product"]
	}
	err := p.readAmount(q)
	if id := q.Get("merchant"); id != "" {
		shop, ok := s.shops[id]
		if !ok {
			return p, pay.Errorf(pay.CodeInvalid, "merchant", "unknown merchant %q, known are %s", id, strings.Join(s.ids, ", "))
		}
		p.Shop = shop
	}
	return p, err
}

// readAmount takes the amount from the form, in yuan, or from a link, in fen.
func (p *purchase) readAmount(q url.Values) error {
	if p.Price != "" {
		fen, ok := fenOf(p.Price)
		if !ok {
			return pay.Errorf(pay.CodeInvalid, "price", "must be an amount in yuan such as 59.80, is %q", p.Price)
		}
		p.Amount = fen
		return nil
	}
	if raw := q.Get("amount"); raw != "" {
		fen, err := strconv.ParseInt(raw, 10, 64)
		if err != nil {
			p.Price = raw
			return pay.Errorf(pay.CodeInvalid, "amount", "must be a whole number of fen, is %q", raw)
		}
		p.Amount = fen
	}
	p.Price = decimal(p.Amount)
	return nil
}

// fenOf reads an amount in yuan with at most two decimals. ok is false for anything
// else.
func fenOf(yuan string) (fen int64, ok bool) {
	whole, cents, dotted := strings.Cut(strings.TrimSpace(yuan), ".")
	if dotted && (cents == "" || len(cents) > 2) {
		return 0, false
	}
	fen, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
	return fen, err == nil && whole != ""
}

// decimal writes fen in yuan, as fenOf reads them.
func decimal(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	return sign + strconv.FormatInt(fen/100, 10) + "." + strconv.FormatInt(100+fen%100, 10)[1:]
}
