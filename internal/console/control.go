package console

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"morepay/internal/pay"
)

// The console reaches the simulator as any tester's script does, by its control API, so
// that each button can say the command that does the same.

// maxAnswer bounds an answer of the control API, in bytes.
const maxAnswer = 8 << 20

// exchange is a call of the control API with its answer.
type exchange struct {
	Curl   string
	Status int
	Body   string // JSON, indented
	Back   string // address of the page to go on from
}

// ask calls the control API. body nil sends none.
func (c *Console) ask(ctx context.Context, method, path string, body any) (exchange, error) {
	e := exchange{Curl: "curl"}
	if method != http.MethodGet {
		e.Curl += " -X " + method
	}
	e.Curl += " " + c.Control + path
	var sent []byte
	if body != nil {
		var err error
		if sent, err = json.Marshal(body); err != nil {
			return e, err
		}
		e.Curl += ` -H "Content-Type: application/json" -d ` + quoted(string(sent))
	}
	r, err := http.NewRequestWithContext(ctx, method, c.Control+path, bytes.NewReader(sent))
	if err != nil {
		return e, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(r)
	if err != nil {
		return e, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return e, err
	}
	var indented bytes.Buffer
	if json.Indent(&indented, answer, "", "  ") != nil {
		indented.Write(answer)
	}
	e.Status, e.Body = resp.StatusCode, indented.String()
	return e, nil
}

// look reads a list of the control API.
func look[T any](ctx context.Context, c *Console, path string) (T, error) {
	var into T
	e, err := c.ask(ctx, http.MethodGet, path, nil)
	if err == nil && e.Status != http.StatusOK {
		err = fmt.Errorf("%s: status %d", path, e.Status)
	}
	if err == nil {
		err = json.Unmarshal([]byte(e.Body), &into)
	}
	return into, err
}

// button is something that a page can do: a call of the control API, with a body made of
// its form.
type button struct {
	method, path string
	page         string // where it stands, and where one goes on
	body         func(url.Values) (any, error)
}

func nothing(url.Values) (any, error) { return nil, nil }

var buttons = map[string]button{
	"inject":  {http.MethodPost, "/control/faults", "/qa/faults", faultRule},
	"chaos":   {http.MethodPost, "/control/faults", "/qa/faults", chaos},
	"calm":    {http.MethodDelete, "/control/faults", "/qa/faults", nothing},
	"approve": {http.MethodPost, "/control/approve", "/qa/payments", payment},
	"cancel":  {http.MethodPost, "/control/cancel", "/qa/payments", payment},
	"phone":   {http.MethodPost, "/control/phone", "/qa/state", install},
	"clock":   {http.MethodPost, "/control/clock", "/qa/state", advance},
	"freeze":  {http.MethodPost, "/control/clock", "/qa/state", always(map[string]any{"freeze": true})},
	"thaw":    {http.MethodPost, "/control/clock", "/qa/state", always(map[string]any{"freeze": false})},
	"part":    {http.MethodPost, "/control/clock", "/qa/state", part},
	"reset":   {http.MethodPost, "/control/reset", "/qa/state", always(map[string]any{})},
}

// press does what a button is for, and shows the command that does the same.
func (c *Console) press(w http.ResponseWriter, r *http.Request) error {
	b, ok := buttons[r.PathValue("button")]
	if !ok {
		return pay.Errorf(pay.CodeNotFound, "button", "there is no such button")
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		return pay.Errorf(pay.CodeInvalid, "form", "can't be read: %v", err)
	}
	body, err := b.body(r.PostForm)
	if err != nil {
		return err
	}
	e, err := c.ask(r.Context(), b.method, b.path, body)
	if err != nil {
		return err
	}
	e.Back = b.page
	return draw(w, http.StatusOK, "done.html", e)
}

// maxForm bounds a form, in bytes.
const maxForm = 64 << 10

// faultRule is the body that puts a fault to work.
func faultRule(form url.Values) (any, error) {
	rule := map[string]any{}
	setWords(rule, form, "fault", "session", "number", "account", "operation")
	for _, name := range []string{"next", "percent", "per_mille"} {
		if err := setNumber(rule, form, name); err != nil {
			return nil, err
		}
	}
	body := map[string]any{"rules": []any{rule}}
	return body, setNumber(body, form, "seed")
}

// setWords puts those fields into a body that are filled in.
func setWords(body map[string]any, form url.Values, names ...string) {
	for _, name := range names {
		if v := strings.TrimSpace(form.Get(name)); v != "" {
			body[name] = v
		}
	}
}

// setNumber puts a field that is a number into a body, if it is filled in.
func setNumber(body map[string]any, form url.Values, name string) error {
	raw := strings.TrimSpace(form.Get(name))
	if raw == "" {
		return nil
	}
	n, err := strconv.ParseInt(raw, 10, 64)
	if err != nil {
		return pay.Errorf(pay.CodeInvalid, name, "must be a whole number, is %q", raw)
	}
	body[name] = n
	return nil
}

func chaos(form url.Values) (any, error) {
	body := map[string]any{"preset": "chaos"}
	return body, setNumber(body, form, "seed")
}

func payment(form url.Values) (any, error) {
	return map[string]any{"ref": form.Get("ref"), "user": form.Get("user")}, nil
}

func advance(form url.Values) (any, error) {
	body := map[string]any{}
	return body, setNumber(body, form, "advance_seconds")
}

// faultPage is the page of faults.
type faultPage struct {
	Faults []struct {
		Name  string   `json:"name"`
		Does  string   `json:"does"`
		Ends  string   `json:"ends"`
		Shows string   `json:"shows"`
		Only  []string `json:"only"`
		On    []string `json:"on"`
	} `json:"faults"`
	Rules    []map[string]any `json:"rules"`
	Seed     uint64           `json:"seed"`
	Accounts []struct {
		ID     string `json:"id"`
		Wallet string `json:"wallet"`
		Payee  string `json:"payee"`
	} `json:"accounts"`
	Session string `json:"-"` // to put faults on, from the address
}

// Operations lists what faults can strike, each once.
func (p faultPage) Operations() []string {
	var list []string
	seen := map[string]bool{}
	for _, f := range p.Faults {
		for _, on := range f.On {
			if !seen[on] {
				seen[on] = true
				list = append(list, on)
			}
		}
	}
	return list
}

func (c *Console) faults(w http.ResponseWriter, r *http.Request) error {
	p, err := look[faultPage](r.Context(), c, "/control/faults")
	if err != nil {
		return err
	}
	p.Session = r.URL.Query().Get("session")
	return draw(w, http.StatusOK, "faults.html", p)
}

// order is a payment as the control API lists it.
type order struct {
	ID      string `json:"id"`
	Wallet  string `json:"wallet"`
	Payee   string `json:"payee"`
	Number  string `json:"number"`
	Product string `json:"product"`
	Fen     int64  `json:"fen"`
	State   string `json:"state"`
	Payer   string `json:"payer"`
}

// paymentPage is the page of what the wallets hold.
type paymentPage struct {
	Now    time.Time
	Orders []order // newest first
}

// shownOrders bounds the page.
const shownOrders = 100

func (c *Console) payments(w http.ResponseWriter, r *http.Request) error {
	now, err := look[clock](r.Context(), c, "/control/clock")
	if err != nil {
		return err
	}
	orders, err := look[[]order](r.Context(), c, "/control/orders")
	if err != nil {
		return err
	}
	return draw(w, http.StatusOK, "payments.html", paymentPage{now.Now, orders[:min(len(orders), shownOrders)]})
}
