package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/capability"
	"morepay/internal/locale"
	"morepay/internal/pay"
	webdemo "morepay/web/demo"
)

// Storefront is a small shop. It knows the server only by its public API.
type Storefront struct {
	shops    map[string]Shop
	ids      []string
	api      string // origin of the server's API
	scheme   string // of that origin, and so of this shop: http:// or https://
	sim      string // origin of the simulated phone
	frame    map[string]string
	client   *http.Client
	template *template.Template
	hooks    []*standardwebhooks.Webhook
	told     sync.Map // session id → the newest event type that a webhook told
}

// Defaults of a purchase.
const (
	defaultShop   = "demo"
	defaultAmount = 5980 // fen
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
	s := &Storefront{
		shops: map[string]Shop{}, api: api, scheme: api[:strings.Index(api, "://")+len("://")], sim: sim, template: t, frame: map[string]string{},
		client: &http.Client{Timeout: 10 * time.Second},
	}
	for _, shop := range shops {
		s.shops[shop.ID] = shop
		s.ids = append(s.ids, shop.ID)
		verifier, err := standardwebhooks.NewWebhook(shop.Webhooks[0].Secrets[0])
		if err != nil {
			return nil, err
		}
		s.hooks = append(s.hooks, verifier)
	}
	for i, o := range origins {
		s.frame[strings.TrimPrefix(o, s.scheme)] = origins[(i+1)%len(origins)]
	}
	return s, nil
}

func yuan(fen int64) string { return locale.Money("zh-CN", pay.Money{Currency: "CNY", Value: fen}) }

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

func (s *Storefront) answer(w http.ResponseWriter, r *http.Request, h func(http.ResponseWriter, *http.Request) error) {
	err := h(w, r)
	if err == nil {
		return
	}
	status := http.StatusBadGateway
	if pay.CodeOf(err) == pay.CodeInvalid {
		status = http.StatusBadRequest
	}
	http.Error(w, err.Error(), status)
}

// purchase is the visitor's choice of goods, from the query.
type purchase struct {
	Shop        Shop
	Amount      int64
	Description string
	Locale      string
	Category    string
	Payer       string
}

// Alone returns the link to the checkout of the same purchase outside the shop.
func (p purchase) Alone() string {
	q := url.Values{"merchant": {p.Shop.ID}, "amount": {strconv.FormatInt(p.Amount, 10)}, "description": {p.Description}}
	for name, value := range map[string]string{"locale": p.Locale, "category": p.Category, "payer": p.Payer} {
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

func (s *Storefront) purchase(r *http.Request) (purchase, error) {
	q := r.URL.Query()
	p := purchase{Amount: defaultAmount, Description: q.Get("description"), Locale: q.Get("locale"), Category: q.Get("category"), Payer: q.Get("payer")}
	id := q.Get("merchant")
	if id == "" {
		id = defaultShop
		if _, ok := s.shops[id]; !ok {
			id = s.ids[0]
		}
	}
	shop, ok := s.shops[id]
	if !ok {
		return p, pay.Errorf(pay.CodeInvalid, "merchant", "unknown merchant %q, known are %s", id, strings.Join(s.ids, ", "))
	}
	p.Shop = shop
	if raw := q.Get("amount"); raw != "" {
		amount, err := strconv.ParseInt(raw, 10, 64)
		if err != nil {
			return p, pay.Errorf(pay.CodeInvalid, "amount", "must be a whole number of fen, is %q", raw)
		}
		p.Amount = amount
	}
	if p.Description == "" {
		p.Description = texts(r)["product"]
	}
	return p, nil
}

// page holds the data of the templates.
type page struct {
	Text     map[string]string
	Lang     string
	Purchase purchase
	Shops    []string
	Session  session
	Endpoint string
	Phone    string
	Told     any // the newest event type that a webhook told, or nil
}

// session holds the fields of the API's answer that the storefront reads.
type session struct {
	ID     string `json:"id"`
	Token  string `json:"token"`
	Status string `json:"status"`
	Amount struct {
		Value int64 `json:"value"`
	} `json:"amount"`
	Description string `json:"description"`
	Error       struct {
		Code    pay.Code `json:"code"`
		Message string   `json:"message"`
		Field   string   `json:"field"`
	} `json:"error"`
}

func (s *Storefront) shop(w http.ResponseWriter, r *http.Request) error {
	p, created, err := s.order(r)
	if err != nil {
		return err
	}
	endpoint := s.frame[r.Host]
	if endpoint == "" {
		endpoint = s.api
	}
	return s.draw(w, r, "shop.html", page{Purchase: p, Shops: s.ids, Session: created, Endpoint: endpoint, Phone: s.sim + "/phone"})
}

// pay creates a session and sends the visitor to its page.
func (s *Storefront) pay(w http.ResponseWriter, r *http.Request) error {
	_, created, err := s.order(r)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/pay/"+created.Token, http.StatusSeeOther)
	return nil
}

// thanks tells what the merchant's server knows, not what the URL says.
func (s *Storefront) thanks(w http.ResponseWriter, r *http.Request) error {
	shop, ok := s.shops[r.URL.Query().Get("shop")]
	if !ok {
		return pay.Errorf(pay.CodeInvalid, "shop", "unknown merchant")
	}
	id := r.URL.Query().Get("morepay_session")
	found, err := s.call(r.Context(), shop.Key, http.MethodGet, "/v1/sessions/"+url.PathEscape(id), nil)
	if err != nil {
		return err
	}
	told, _ := s.told.Load(id)
	return s.draw(w, r, "thanks.html", page{Session: found, Purchase: purchase{Shop: shop}, Told: told})
}

// hook takes the server's webhooks, as a merchant's back end does: verify over
// the raw bytes, then read.
func (s *Storefront) hook(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 64<<10))
	if err != nil {
		return err
	}
	var event struct {
		Type string `json:"type"`
		Data struct {
			Session struct {
				ID string `json:"id"`
			} `json:"session"`
		} `json:"data"`
	}
	for _, verifier := range s.hooks {
		if verifier.Verify(body, r.Header) != nil {
			continue
		}
		if err := json.Unmarshal(body, &event); err != nil {
			return err
		}
		s.told.Store(event.Data.Session.ID, event.Type)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return pay.Errorf(pay.CodeInvalid, "webhook-signature", "is not of a secret of ours")
}

// order reads what the visitor wants and opens a session for it.
func (s *Storefront) order(r *http.Request) (purchase, session, error) {
	p, err := s.purchase(r)
	if err != nil {
		return p, session{}, err
	}
	created, err := s.create(r, p)
	return p, created, err
}

// create opens a session through the public API, as a merchant's server does.
func (s *Storefront) create(r *http.Request, p purchase) (session, error) {
	body, err := json.Marshal(map[string]any{
		"merchant_reference": "demo-" + rand.Text()[:12],
		"amount":             pay.Money{Currency: "CNY", Value: p.Amount},
		"description":        p.Description,
		"items":              []pay.Item{{SKU: "mug-01", Category: p.Category, Name: p.Description, Quantity: 1}},
		"payer":              map[string]string{"id": p.Payer, "region": "CN"},
		"return_url":         s.scheme + r.Host + "/demo/thanks?shop=" + url.QueryEscape(p.Shop.ID),
		"locale":             p.Locale,
	})
	if err != nil {
		return session{}, err
	}
	return s.call(r.Context(), p.Shop.Key, http.MethodPost, "/v1/sessions", body)
}

func (s *Storefront) call(ctx context.Context, key, method, path string, body []byte) (session, error) {
	var out session
	req, err := http.NewRequestWithContext(ctx, method, s.api+path, bytes.NewReader(body))
	if err != nil {
		return out, err
	}
	req.Header.Set("Authorization", "Bearer "+key)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", rand.Text())
	resp, err := s.client.Do(req)
	if err != nil {
		return out, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&out); err != nil {
		return out, fmt.Errorf("the server's answer can't be read: %w", err)
	}
	if out.Error.Code != "" {
		return out, &pay.Error{Code: out.Error.Code, Field: out.Error.Field, Message: out.Error.Message}
	}
	return out, nil
}

func (s *Storefront) draw(w http.ResponseWriter, r *http.Request, name string, p page) error {
	p.Text, p.Lang = texts(r), locale.Match(nil, r.Header.Get("Accept-Language"), "")
	var b bytes.Buffer
	if err := s.template.ExecuteTemplate(&b, name, p); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src "+
		strings.Join(append([]string{"'self'"}, origins(s.frame)...), " ")+"; frame-src "+strings.Join(append(origins(s.frame), s.sim), " ")+
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
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
