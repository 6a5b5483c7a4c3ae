package demo

import (
	"bytes"
	"crypto/rand"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"morepay/internal/console"
	"morepay/internal/locale"
	"morepay/internal/pay"
	"morepay/web/client"
	webdemo "morepay/web/demo"
)

// Storefront is a small shop. It knows the server only by its public API.
type Storefront struct {
	shops    map[string]Shop
	ids      []string
	first    string // id of the shop for who asks for none
	api      string // origin of the server's API
	scheme   string // of that origin, and so of this shop: http:// or https://
	sim      string // origin of the simulated phone
	frame    map[string]string
	http     *http.Client
	template *template.Template
	hooks    *client.Webhooks
	created  func(token, via string)            // told of each session; via is the network's mode, or ""
	told     *lru.Cache[string, string]         // session id → the newest event type that a webhook told
	opened   *lru.Cache[string, console.Opened] // by session id
}

// What the storefront remembers, in sessions.
const (
	maxTold   = 1000 // those whose webhooks it heard
	maxOpened = 100  // those that it opened
)

// NewStorefront makes the shop's handler, to be mounted at /demo/. api is the
// server's origin, sim the simulated phone's.
func NewStorefront(shops []Shop, api, sim string) (*Storefront, error) {
	t, err := template.New("").Funcs(template.FuncMap{"yuan": yuan}).ParseFS(webdemo.Files, "*.html")
	if err != nil {
		return nil, err
	}
	origins, err := Origins(api)
	if err != nil {
		return nil, err
	}
	told, err := lru.New[string, string](maxTold)
	if err != nil {
		return nil, err
	}
	opened, err := lru.New[string, console.Opened](maxOpened)
	if err != nil {
		return nil, err
	}
	s := &Storefront{
		shops: map[string]Shop{}, told: told, opened: opened, first: defaultShop, api: api, scheme: api[:strings.Index(api, "://")+len("://")], sim: sim, template: t, frame: map[string]string{},
		http: &http.Client{Timeout: 10 * time.Second},
	}
	var secrets []string
	for _, shop := range shops {
		s.shops[shop.ID] = shop
		s.ids = append(s.ids, shop.ID)
		secrets = append(secrets, shop.Webhooks[0].Secrets[0])
	}
	if s.hooks, err = client.NewWebhooks(secrets...); err != nil {
		return nil, err
	}
	if _, ok := s.shops[s.first]; !ok && len(s.ids) > 0 {
		s.first = s.ids[0]
	}
	for i, o := range origins {
		s.frame[strings.TrimPrefix(o, s.scheme)] = origins[(i+1)%len(origins)]
	}
	return s, nil
}

// yuan writes an amount as the checkout does in that language.
func yuan(lang string, fen int64) string {
	return locale.Money(lang, pay.Money{Currency: "CNY", Value: fen})
}

// ServeHTTP serves /demo/, /demo/pay, /demo/thanks, /demo/hook and
// /demo/shop.css.
func (s *Storefront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch strings.TrimPrefix(r.URL.Path, "/demo/") {
	case "":
		s.answer(w, r, s.shop)
	case "pay":
		s.answer(w, r, s.pay)
	case "thanks":
		s.answer(w, r, s.thanks)
	case "hook":
		s.answer(w, r, s.hook)
	case "shop.css":
		http.ServeFileFS(w, r, webdemo.Files, "shop.css")
	default:
		http.NotFound(w, r)
	}
}

// mendable are the errors that a visitor's address leads to, and their statuses.
var mendable = map[pay.Code]int{pay.CodeInvalid: http.StatusBadRequest, pay.CodeNotFound: http.StatusNotFound}

// answer draws what a handler has found out. What the visitor may mend is said on the
// shop's page, beside what they had chosen.
func (s *Storefront) answer(w http.ResponseWriter, r *http.Request, h func(http.ResponseWriter, *http.Request) error) {
	err := h(w, r)
	if err == nil {
		return
	}
	refused, ok := errors.AsType[*pay.Error](err)
	status := mendable[pay.CodeOf(err)]
	if !ok || status == 0 {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	if r.Method != http.MethodGet {
		http.Error(w, err.Error(), status)
		return
	}
	choice, _ := s.purchase(r)
	err = s.draw(w, r, status, "shop.html", page{Purchase: choice, Shops: s.offers(r), Phone: s.sim + "/phone", Console: s.sim + "/qa", Problem: refused})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// offer is a merchant in the list of the shop's page.
type offer struct{ ID, Name, Shows string }

// offers lists the merchants with what each is there to show.
func (s *Storefront) offers(r *http.Request) []offer {
	list := make([]offer, len(s.ids))
	for i, id := range s.ids {
		list[i] = offer{id, s.shops[id].Document.Name, texts(r)["shows."+id]}
	}
	return list
}

// ways lists what the network can do, with what that means.
func ways(r *http.Request) (list []offer) {
	for _, m := range modes {
		list = append(list, offer{ID: m.Name, Name: texts(r)["via."+m.Name]})
	}
	return list
}

// page holds the data of the templates.
type page struct {
	Text     map[string]string
	Lang     string
	Purchase purchase
	Shops    []offer
	Network  []offer // the ways there are between visitor and server
	Session  session
	Endpoint string
	Phone    string
	Console  string
	Told     string     // the newest event type that a webhook told, or ""
	Problem  *pay.Error // what the visitor asked for and can't have, or nil
}

// Paid reports whether the merchant's server knows that the order is paid.
func (s session) Paid() bool { return s.Status == client.Paid || s.Status == client.PaidLate }

// Open reports whether the order may still be paid.
func (s session) Open() bool { return s.Status == client.Open }

// session is what the templates show of an order.
type session struct{ client.Session }

func (s *Storefront) shop(w http.ResponseWriter, r *http.Request) error {
	p, created, err := s.order(r)
	if err != nil {
		return err
	}
	endpoint := s.frame[r.Host]
	if endpoint == "" {
		endpoint = s.api
	}
	return s.draw(w, r, http.StatusOK, "shop.html", page{Purchase: p, Shops: s.offers(r), Session: created, Endpoint: endpoint, Phone: s.sim + "/phone", Console: s.sim + "/qa"})
}

// pay creates a session and sends the visitor to its page, which is drawn for another
// device than theirs if they name one.
func (s *Storefront) pay(w http.ResponseWriter, r *http.Request) error {
	_, created, err := s.order(r)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	target := "/pay/" + created.Token
	if device := r.URL.Query().Get("device"); device != "" {
		target += "?" + url.Values{"device": {device}}.Encode()
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

// thanks tells what the merchant's server knows, not what the URL says.
func (s *Storefront) thanks(w http.ResponseWriter, r *http.Request) error {
	shop, ok := s.shops[r.URL.Query().Get("shop")]
	if !ok {
		return pay.Errorf(pay.CodeInvalid, "shop", "unknown merchant")
	}
	id := r.URL.Query().Get("morepay_session")
	if id == "" {
		return pay.Errorf(pay.CodeNotFound, "morepay_session", "is missing")
	}
	found, err := s.client(shop).GetSession(r.Context(), id)
	if err != nil {
		return ours(err)
	}
	told, _ := s.told.Get(id)
	return s.draw(w, r, http.StatusOK, "thanks.html", page{Session: session{found}, Purchase: purchase{Shop: shop}, Told: told})
}

// hook takes the server's webhooks, as a merchant's back end does: verify over
// the raw bytes, then read.
func (s *Storefront) hook(w http.ResponseWriter, r *http.Request) error {
	event, err := s.hooks.Read(r)
	if errors.Is(err, client.ErrSignature) {
		return pay.Errorf(pay.CodeInvalid, "webhook-signature", "is not of a secret of ours")
	}
	if err != nil {
		return err
	}
	s.told.Add(event.Data.Session.ID, event.Type)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// order reads what the visitor wants and opens a session for it.
func (s *Storefront) order(r *http.Request) (purchase, session, error) {
	p, err := s.purchase(r)
	if err != nil {
		return p, session{}, err
	}
	created, err := s.create(r, p)
	if err == nil && p.Via != "" {
		s.created(created.Token, p.Via)
	}
	return p, created, err
}

// create opens a session through the public API, as a merchant's server does.
func (s *Storefront) create(r *http.Request, p purchase) (session, error) {
	made, err := s.client(p.Shop).CreateSession(r.Context(), client.NewSession{
		MerchantReference: "demo-" + rand.Text()[:12],
		Amount:            client.Money{Currency: "CNY", Value: p.Amount},
		Description:       p.Description,
		Items:             []client.Item{{SKU: "mug-01", Category: p.Category, Name: p.Description, Quantity: 1}},
		Payer:             client.Payer{ID: p.Payer, Region: "CN"},
		ReturnURL:         s.scheme + r.Host + "/demo/thanks?" + thanksQuery(r, p).Encode(),
		Locale:            p.Locale,
	})
	if err != nil {
		return session{}, ours(err)
	}
	s.opened.Add(made.ID, console.Opened{ID: made.ID, Merchant: p.Shop.ID, Reference: made.MerchantReference, Amount: made.Amount.Value, At: time.Now()})
	return session{made}, nil
}

// Opened lists the newest sessions that the storefront opened, newest first.
func (s *Storefront) Opened() []console.Opened {
	list := s.opened.Values()
	slices.Reverse(list)
	return list
}

// thanksQuery says whose order the visitor comes back from, and in which language.
func thanksQuery(r *http.Request, p purchase) url.Values {
	q := url.Values{"shop": {p.Shop.ID}}
	if lang := r.URL.Query().Get("lang"); lang != "" {
		q.Set("lang", lang)
	}
	return q
}

// client calls the API as a shop's server does.
func (s *Storefront) client(shop Shop) *client.Client {
	return &client.Client{Origin: s.api, Key: shop.Key, HTTP: s.http}
}

// ours returns a refusal by the server in the words of this one's errors.
func ours(err error) error {
	refused, ok := errors.AsType[*client.Error](err)
	if !ok || refused.Code == "" {
		return err
	}
	return &pay.Error{Code: pay.Code(refused.Code), Field: refused.Field, Message: refused.Message}
}

func (s *Storefront) draw(w http.ResponseWriter, r *http.Request, status int, name string, p page) error {
	p.Text, p.Lang, p.Network = texts(r), language(r), ways(r)
	var b bytes.Buffer
	if err := s.template.ExecuteTemplate(&b, name, p); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	ours := strings.Join(origins(s.frame), " ")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self' "+
		ours+"; frame-src "+ours+" "+s.sim+"; connect-src "+ours+"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

func origins(m map[string]string) []string {
	var list []string
	for _, o := range m {
		list = append(list, o)
	}
	return list
}
