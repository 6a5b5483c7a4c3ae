package providersim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/providersim"
)

// The published Standard Webhooks library is the judge in this file.

const cashierSecret = "0123456789abcdef01234567"

func newCashier(t *testing.T) (*world, *webhooks.Webhook) {
	t.Helper()
	w := newWorld(t)
	if err := w.sim.AddCashier(providersim.CashierAccount{ID: "teashop", Secret: []byte(cashierSecret)}); err != nil {
		t.Fatal(err)
	}
	key, err := webhooks.NewWebhookRaw([]byte(cashierSecret))
	if err != nil {
		t.Fatal(err)
	}
	return w, key
}

// cashierReply is what a cashier answered, and whether it was signed for us.
type cashierReply struct {
	status int
	body   map[string]any
	signed bool
}

// tellCashier sends a signed message; spoil changes it afterwards.
func (w *world) tellCashier(key *webhooks.Webhook, method, path, id, body string, spoil func(*http.Request)) cashierReply {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.URL+"/merchantlink/teashop"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	now := time.Now()
	signature, err := key.Sign(id, now, []byte(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	if spoil != nil {
		spoil(r)
	}
	res, err := w.http.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	reply := cashierReply{status: res.StatusCode, signed: key.Verify(raw, res.Header) == nil && res.Header.Get("webhook-id") == id}
	json.Unmarshal(raw, &reply.body) // what is no JSON has no fields
	return reply
}

func (w *world) cashierOrder(id string) string {
	return fmt.Sprintf(`{"id":%q,"method":"unionpay","amount":{"currency":"CNY","value":5980},"description":"Tea","expires_at":%q,`+
		`"return_url":"https://pay.example/return","notify_url":%q}`, id, time.Now().Add(time.Hour).UTC().Format(time.RFC3339), w.merchant.url)
}

func TestCashierPaid(t *testing.T) {
	w, key := newCashier(t)
	order := w.cashierOrder("cashier1")
	started := w.tellCashier(key, "POST", "", "cashier1", order, nil)
	link, _ := started.body["url"].(string)
	if started.status != 200 || !started.signed || !strings.HasPrefix(link, w.server.URL+"/merchantlink/teashop/pay/") {
		t.Fatalf("started: %+v", started)
	}
	if asked := w.tellCashier(key, "GET", "/cashier1", "cashier1", "", nil); asked.status != 200 || !asked.signed || asked.body["status"] != "pending" {
		t.Errorf("before: %+v", asked)
	}
	if _, err := w.sim.Look(providersim.Ming, w.sim.Orders()[0].ID); err == nil {
		t.Error("the payment is on the phone before its page was opened")
	}
	res, err := w.http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if launched := w.sim.Launched(); len(launched) != 1 || res.Header.Get("Location") != "/phone/orders/"+launched[0].ID {
		t.Fatalf("launched %+v, sent to %s", launched, res.Header.Get("Location"))
	}
	w.approve(providersim.Ming, "cashier1")

	told := w.merchant.next(t)
	if err := key.Verify(told.body, told.header); err != nil {
		t.Errorf("notification: %v", err)
	}
	asked := w.tellCashier(key, "GET", "/cashier1", "cashier1", "", nil)
	var statement map[string]any
	if err := json.Unmarshal(told.body, &statement); err != nil {
		t.Fatal(err)
	}
	for _, st := range []map[string]any{statement, asked.body} {
		amount, _ := st["amount"].(map[string]any)
		if st["id"] != "cashier1" || st["status"] != "paid" || amount["value"] != 5980.0 || st["reference"] != statement["reference"] || st["paid_at"] != statement["paid_at"] {
			t.Errorf("says %v", st)
		}
	}
	if again := w.tellCashier(key, "POST", "", "cashier1", order, nil); again.status != 409 || again.body["status"] != "paid" || !again.signed {
		t.Errorf("started once paid: %+v", again)
	}
}

func TestCashierRefuses(t *testing.T) {
	w, key := newCashier(t)
	order := w.cashierOrder("cashier2")
	if started := w.tellCashier(key, "POST", "", "cashier2", order, nil); started.status != 200 {
		t.Fatalf("started: %+v", started)
	}
	for name, c := range map[string]struct {
		method, path, id, body string
		spoil                  func(*http.Request)
		status                 int
		signed                 bool
	}{
		"same-again":     {"POST", "", "cashier2", order, nil, 200, true},
		"other-terms":    {"POST", "", "cashier2", strings.Replace(order, "5980", "5981", 1), nil, 422, true},
		"other-id":       {"POST", "", "cashier3", order, nil, 400, true},
		"no-amount":      {"POST", "", "cashier3", `{"id":"cashier3"}`, nil, 422, true},
		"not-json":       {"POST", "", "cashier3", `tea`, nil, 400, true},
		"never-heard-of": {"GET", "/cashier9", "cashier9", "", nil, 404, true},
		"other-address":  {"GET", "/cashier2", "cashier9", "", nil, 400, true},
		"unsigned":       {"POST", "", "cashier2", order, func(r *http.Request) { r.Header.Del("webhook-signature") }, 401, false},
		"old":            {"POST", "", "cashier2", order, func(r *http.Request) { r.Header.Set("webhook-timestamp", "1700000000") }, 401, false},
		"changed":        {"POST", "", "cashier2", order, func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader([]byte("x"))); r.ContentLength = 1 }, 401, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.tellCashier(key, c.method, c.path, c.id, c.body, c.spoil)
			if got.status != c.status || got.signed != c.signed {
				t.Errorf("got %+v, want %d, signed %v", got, c.status, c.signed)
			}
		})
	}
}

func TestCashierExpires(t *testing.T) {
	w, key := newCashier(t)
	order := w.cashierOrder("cashier4")
	link, _ := w.tellCashier(key, "POST", "", "cashier4", order, nil).body["url"].(string)
	w.sim.Advance(2 * time.Hour)
	if asked := w.tellCashier(key, "GET", "/cashier4", "cashier4", "", nil); asked.body["status"] != "closed" {
		t.Errorf("says %+v", asked)
	}
	if again := w.tellCashier(key, "POST", "", "cashier4", order, nil); again.status != 409 || again.body["status"] != "closed" {
		t.Errorf("started again: %+v", again)
	}
	for _, dead := range []string{link, w.server.URL + "/merchantlink/teashop/pay/nothing"} {
		res, err := w.http.Get(dead)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || len(w.sim.Launched()) != 0 {
			t.Errorf("%s: %d, launched %v", dead, res.StatusCode, w.sim.Launched())
		}
	}
}

func TestAddCashierRefuses(t *testing.T) {
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1:1"})
	defer sim.Close()
	for name, a := range map[string]providersim.CashierAccount{
		"no-id":        {Secret: []byte(cashierSecret)},
		"id-is-a-path": {ID: "a/b", Secret: []byte(cashierSecret)},
		"short-secret": {ID: "teashop", Secret: []byte("short")},
	} {
		if err := sim.AddCashier(a); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
