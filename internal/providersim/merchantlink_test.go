package providersim_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"morepay/internal/providersim"
)

// The published Standard Webhooks library is the judge in this file.

const linkSecret = "0123456789abcdef01234567"

func newMerchantLink(t *testing.T, change ...func(*providersim.Options)) (*fixture, *webhooks.Webhook) {
	t.Helper()
	fx := newFixture(t, change...)
	if err := fx.sim.AddMerchantLinkAccount(providersim.MerchantLinkAccount{ID: "teashop", Secret: []byte(linkSecret)}); err != nil {
		t.Fatal(err)
	}
	key, err := webhooks.NewWebhookRaw([]byte(linkSecret))
	if err != nil {
		t.Fatal(err)
	}
	return fx, key
}

// merchantReply is a cashier's answer, and whether it was signed for us.
type merchantReply struct {
	status int
	body   map[string]any
	signed bool
}

// tell sends a signed message and wants an answer; spoil changes it afterwards.
func (fx *fixture) tell(key *webhooks.Webhook, method, path, id, body string, spoil func(*http.Request)) merchantReply {
	fx.t.Helper()
	reply, err := fx.tryTelling(key, method, path, id, body, spoil)
	if err != nil {
		fx.t.Fatal(err)
	}
	return reply
}

func (fx *fixture) tryTelling(key *webhooks.Webhook, method, path, id, body string, spoil func(*http.Request)) (merchantReply, error) {
	fx.t.Helper()
	r, err := http.NewRequest(method, fx.server.URL+"/merchantlink/teashop"+path, strings.NewReader(body))
	if err != nil {
		fx.t.Fatal(err)
	}
	now := time.Now()
	signature, err := key.Sign(id, now, []byte(body))
	if err != nil {
		fx.t.Fatal(err)
	}
	r.Header.Set("webhook-id", id)
	r.Header.Set("webhook-timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("webhook-signature", signature)
	if spoil != nil {
		spoil(r)
	}
	res, err := fx.http.Do(r)
	if err != nil {
		return merchantReply{}, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return merchantReply{}, err
	}
	reply := merchantReply{status: res.StatusCode, signed: key.Verify(raw, res.Header) == nil && res.Header.Get("webhook-id") == id}
	json.Unmarshal(raw, &reply.body) // what is no JSON has no fields
	return reply, nil
}

func (fx *fixture) merchantOrder(id string) string {
	return fmt.Sprintf(`{"id":%q,"method":"unionpay","amount":{"currency":"CNY","value":5980},"description":"Tea","expires_at":%q,`+
		`"return_url":"https://pay.example/return","notify_url":%q}`, id, time.Now().Add(time.Hour).UTC().Format(time.RFC3339), fx.merchant.url)
}

func TestMerchantLinkPaid(t *testing.T) {
	t.Parallel()
	fx, key := newMerchantLink(t)
	order := fx.merchantOrder("cashier1")
	started := fx.tell(key, "POST", "", "cashier1", order, nil)
	link, _ := started.body["url"].(string)
	if started.status != 200 || !started.signed || !strings.HasPrefix(link, fx.server.URL+"/merchantlink/teashop/pay/") {
		t.Fatalf("started: %+v", started)
	}
	if asked := fx.tell(key, "GET", "/cashier1", "cashier1", "", nil); asked.status != 200 || !asked.signed || asked.body["status"] != "pending" {
		t.Errorf("before: %+v", asked)
	}
	if _, err := fx.sim.Look(providersim.Ming, fx.sim.Orders()[0].ID); err == nil {
		t.Error("the payment is on the phone before its page was opened")
	}
	res, err := fx.http.Get(link)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if launched := fx.sim.Launched(); len(launched) != 1 || res.Header.Get("Location") != "/phone/orders/"+launched[0].ID {
		t.Fatalf("launched %+v, sent to %s", launched, res.Header.Get("Location"))
	}
	fx.approve(providersim.Ming, "cashier1")

	told := fx.merchant.next(t)
	if err := key.Verify(told.body, told.header); err != nil {
		t.Errorf("notification: %v", err)
	}
	asked := fx.tell(key, "GET", "/cashier1", "cashier1", "", nil)
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
	if again := fx.tell(key, "POST", "", "cashier1", order, nil); again.status != 409 || again.body["status"] != "paid" || !again.signed {
		t.Errorf("started once paid: %+v", again)
	}
}

func TestMerchantLinkRefuses(t *testing.T) {
	t.Parallel()
	fx, key := newMerchantLink(t)
	order := fx.merchantOrder("cashier2")
	if started := fx.tell(key, "POST", "", "cashier2", order, nil); started.status != 200 {
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
		"version-3":      {"POST", "", "cashier2", strings.Replace(order, "{", `{"version":3,`, 1), nil, 422, true},
		"unknown-rail":   {"POST", "", "cashier2", inVersion2(order, "pigeon"), nil, 422, true},
		"no-payer":       {"POST", "", "cashier2", inVersion2(order, "jsapi"), nil, 422, true},
		"never-heard-of": {"GET", "/cashier9", "cashier9", "", nil, 404, true},
		"other-address":  {"GET", "/cashier2", "cashier9", "", nil, 400, true},
		"unsigned":       {"POST", "", "cashier2", order, func(r *http.Request) { r.Header.Del("webhook-signature") }, 401, false},
		"old":            {"POST", "", "cashier2", order, func(r *http.Request) { r.Header.Set("webhook-timestamp", "1700000000") }, 401, false},
		"changed":        {"POST", "", "cashier2", order, func(r *http.Request) { r.Body = io.NopCloser(bytes.NewReader([]byte("x"))); r.ContentLength = 1 }, 401, false},
	} {
		t.Run(name, func(t *testing.T) {
			got := fx.tell(key, c.method, c.path, c.id, c.body, c.spoil)
			if got.status != c.status || got.signed != c.signed {
				t.Errorf("got %+v, want %d, signed %v", got, c.status, c.signed)
			}
		})
	}
}

func TestMerchantLinkExpires(t *testing.T) {
	t.Parallel()
	fx, key := newMerchantLink(t)
	order := fx.merchantOrder("cashier4")
	link, _ := fx.tell(key, "POST", "", "cashier4", order, nil).body["url"].(string)
	fx.sim.Advance(2 * time.Hour)
	if asked := fx.tell(key, "GET", "/cashier4", "cashier4", "", nil); asked.body["status"] != "closed" {
		t.Errorf("says %+v", asked)
	}
	if again := fx.tell(key, "POST", "", "cashier4", order, nil); again.status != 409 || again.body["status"] != "closed" {
		t.Errorf("started again: %+v", again)
	}
	for _, dead := range []string{link, fx.server.URL + "/merchantlink/teashop/pay/nothing"} {
		res, err := fx.http.Get(dead)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK || len(fx.sim.Launched()) != 0 {
			t.Errorf("%s: %d, launched %v", dead, res.StatusCode, fx.sim.Launched())
		}
	}
}

// inVersion2 makes an order of version 1 one of version 2, by a rail.
func inVersion2(order, rail string) string {
	return strings.Replace(order, "{", `{"version":2,"rail":"`+rail+`",`, 1)
}

func refundOf(number, refund string, fen int) string {
	return fmt.Sprintf(`{"version":2,"id":%q,"refund":{"id":%q,"amount":{"currency":"CNY","value":%d},"reason":"late"},`+
		`"total":{"currency":"CNY","value":5980}`, number, refund, fen)
}

// Every rail of version 2 is answered by its own name and nothing else, for the life of
// the order.
func TestMerchantLinkRails(t *testing.T) {
	t.Parallel()
	fx, key := newMerchantLink(t)
	for _, rail := range []string{"redirect", "deep_link", "qr", "jsapi"} {
		t.Run(rail, func(t *testing.T) {
			number := "rail" + strings.ReplaceAll(rail, "_", "")
			order := inVersion2(fx.merchantOrder(number), rail)
			if rail == "jsapi" {
				order = strings.Replace(order, "{", `{"payer":"ming",`, 1)
			}
			started := fx.tell(key, "POST", "", number, order, nil)
			if started.status != 200 || !started.signed || len(started.body) != 2 || started.body[rail] == nil || started.body["expires_at"] == nil {
				t.Fatalf("started: %+v", started)
			}
			if code, ok := started.body["qr"].(string); ok {
				if _, err := fx.sim.Scan(providersim.Ming, code, providersim.ByAlbum); err != nil {
					t.Error(err)
				}
			}
			fx.approve(providersim.Ming, number)
			fx.merchant.next(t)
		})
	}
}

// Hong Kong's wallets are paid in its dollars.
func TestMerchantLinkCurrency(t *testing.T) {
	t.Parallel()
	fx, key := newMerchantLink(t)
	dollars := func(code string) string {
		return inVersion2(strings.Replace(fx.merchantOrder("dollars1"), "CNY", code, 1), "qr")
	}
	if got := fx.tell(key, "POST", "", "dollars1", dollars("JPY"), nil); got.status != 422 {
		t.Errorf("yen: %+v", got)
	}
	if got := fx.tell(key, "POST", "", "dollars1", dollars("HKD"), nil); got.status != 200 {
		t.Fatalf("started: %+v", got)
	}
	fx.approve(providersim.Ming, "dollars1")
	fx.merchant.next(t)
	asked := fx.tell(key, "GET", "/dollars1", "dollars1", "", nil)
	if amount, _ := asked.body["amount"].(map[string]any); amount["currency"] != "HKD" || amount["value"] != 5980.0 || fx.sim.Orders()[0].Currency != "HKD" {
		t.Errorf("says %+v", asked)
	}
}

// A code that a camera without a wallet follows opens the payment too.
func TestMerchantLinkCodeAsLink(t *testing.T) {
	t.Parallel()
	fx, key := newMerchantLink(t)
	code, _ := fx.tell(key, "POST", "", "ascode1", inVersion2(fx.merchantOrder("ascode1"), "qr"), nil).body["qr"].(string)
	if len(fx.sim.Codes()) != 1 {
		t.Error("the code is not in front of the camera")
	}
	res, err := fx.http.Get(code)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if launched := fx.sim.Launched(); len(launched) != 1 || res.Header.Get("Location") != "/phone/orders/"+launched[0].ID {
		t.Errorf("launched %+v, sent to %s", launched, res.Header.Get("Location"))
	}
}

func TestMerchantLinkRefund(t *testing.T) {
	t.Parallel()
	fx, key := newMerchantLink(t, func(o *providersim.Options) { o.RefundAfter = time.Minute })
	order := inVersion2(fx.merchantOrder("back1"), "qr")
	fx.tell(key, "POST", "", "back1", order, nil)
	notify := fmt.Sprintf(`,"notify_url":%q}`, fx.merchant.url)
	if early := fx.tell(key, "POST", "/back1/refunds", "rf1", refundOf("back1", "rf1", 1000)+notify, nil); early.status != 422 || early.body["code"] != "not_paid" {
		t.Errorf("before the payment: %+v", early)
	}
	fx.approve(providersim.Ming, "back1")
	fx.merchant.next(t)
	status := func(reply merchantReply) string {
		refund, _ := reply.body["refund"].(map[string]any)
		amount, _ := refund["amount"].(map[string]any)
		if reply.status != 200 || !reply.signed || reply.body["id"] != "back1" || refund["id"] != "rf1" || amount["value"] != 1000.0 || refund["reference"] == nil {
			t.Errorf("says %+v", reply)
		}
		text, _ := refund["status"].(string)
		return text
	}
	for range 2 { // the same again is the same refund
		if got := status(fx.tell(key, "POST", "/back1/refunds", "rf1", refundOf("back1", "rf1", 1000)+notify, nil)); got != "pending" {
			t.Errorf("asked for, it is %s", got)
		}
	}
	fx.sim.Advance(time.Minute)
	told := fx.merchant.next(t)
	var statement map[string]any
	if err := json.Unmarshal(told.body, &statement); err != nil || key.Verify(told.body, told.header) != nil {
		t.Errorf("told %s, %v", told.body, err)
	}
	if got := status(merchantReply{status: 200, body: statement, signed: true}); got != "succeeded" {
		t.Errorf("it is told to be %s", got)
	}
	if got := status(fx.tell(key, "GET", "/back1/refunds/rf1", "rf1", "", nil)); got != "succeeded" {
		t.Errorf("a minute later it is %s", got)
	}
	asked := fx.tell(key, "GET", "/back1", "back1", "", nil)
	if back, _ := asked.body["refunded"].(map[string]any); asked.body["status"] != "paid" || back["value"] != 1000.0 {
		t.Errorf("the payment: %+v", asked)
	}
	for name, c := range map[string]struct {
		path, id, body string
		status         int
		code           any
	}{
		"other-amount":    {"/back1/refunds", "rf1", refundOf("back1", "rf1", 1001) + notify, 422, "id_used"},
		"too-much":        {"/back1/refunds", "rf2", refundOf("back1", "rf2", 4981) + notify, 422, "exceeds"},
		"nothing":         {"/back1/refunds", "rf2", refundOf("back1", "rf2", 0) + notify, 422, "amount"},
		"other-currency":  {"/back1/refunds", "rf2", strings.ReplaceAll(refundOf("back1", "rf2", 5), "CNY", "USD") + notify, 422, "amount"},
		"other-payment":   {"/back1/refunds", "rf2", refundOf("back2", "rf2", 5) + notify, 400, nil},
		"unknown-payment": {"/back2/refunds", "rf2", refundOf("back2", "rf2", 5) + notify, 422, "not_paid"},
		"other-id":        {"/back1/refunds", "rf2", refundOf("back1", "rf3", 5) + notify, 400, nil},
		"version-1":       {"/back1/refunds", "rf2", strings.Replace(refundOf("back1", "rf2", 5)+notify, ":2", ":1", 1), 400, nil},
	} {
		if got := fx.tell(key, "POST", c.path, c.id, c.body, nil); got.status != c.status || got.body["code"] != c.code || !got.signed {
			t.Errorf("%s: %+v, want %d %v", name, got, c.status, c.code)
		}
	}
	absent := fx.tell(key, "GET", "/back1/refunds/rf9", "rf9", "", nil)
	if refund, _ := absent.body["refund"].(map[string]any); absent.status != 404 || absent.body["id"] != "back1" || refund["status"] != "absent" || refund["id"] != "rf9" {
		t.Errorf("one that was never made: %+v", absent)
	}
}

// linkShopper takes one payment from its start to its end as a correct client of
// merchantlink does.
type linkShopper struct {
	w      *fixture
	key    *webhooks.Webhook
	number string
}

// try sends a message until an answer can be trusted.
func (s linkShopper) try(method, path, body string) (reply merchantReply, err error) {
	for range patience {
		reply, err = s.w.tryTelling(s.key, method, path, s.number, body, nil)
		if err == nil && reply.signed && slices.Contains([]int{200, 403, 404, 409, 422}, reply.status) {
			return reply, nil
		}
	}
	return reply, fmt.Errorf("no answer that can be trusted: %+v, %v", reply, err)
}

func (s linkShopper) start() (refused bool, err error) {
	reply, err := s.try("POST", "", inVersion2(s.w.merchantOrder(s.number), "redirect"))
	return reply.status == http.StatusForbidden || reply.status == http.StatusUnprocessableEntity, err
}

func (s linkShopper) finish() (providersim.End, error) {
	s.w.sim.Advance(time.Minute) // what is given back in the console settles
	reply, err := s.try("GET", "/"+s.number, "")
	switch {
	case reply.body["refunded"] != nil:
		return providersim.EndsReturned, err
	case reply.body["status"] == "paid":
		return providersim.EndsPaid, err
	}
	return providersim.EndsPending, err
}

// giveBack refunds, and says where that ends.
func (s linkShopper) giveBack() (providersim.End, error) {
	s.w.merchant.next(s.w.t)
	refund := linkShopper{s.w, s.key, "refund1"}
	if _, err := refund.try("POST", "/"+s.number+"/refunds", refundOf(s.number, "refund1", 5980)+"}"); err != nil {
		return "", err
	}
	s.w.sim.Advance(time.Minute)
	reply, err := refund.try("GET", "/"+s.number+"/refunds/refund1", "")
	if said, _ := reply.body["refund"].(map[string]any); said["failure"] == "payer_account" {
		return providersim.EndsPerson, err
	}
	return providersim.EndsReturned, err
}

// findsDeadLink opens the payment's page twice: the first time it has expired.
func (s linkShopper) findsDeadLink() {
	s.w.t.Helper()
	reply, err := s.try("POST", "", inVersion2(s.w.merchantOrder(s.number), "redirect"))
	link, ok := reply.body["redirect"].(string)
	if err != nil || !ok {
		s.w.t.Fatalf("no link in %+v, %v", reply, err)
	}
	if first, again := s.w.visit(link, nil), s.w.visit(link, nil); !strings.Contains(first, "支付链接已失效") || strings.Contains(again, "支付链接已失效") {
		s.w.t.Errorf("the page says %s, then %s", first, again)
	}
}

// TestEveryFaultEndsAsItSaysAtMerchantLink runs the table once more, where no
// order is closed.
func TestEveryFaultEndsAsItSaysAtMerchantLink(t *testing.T) {
	t.Parallel()
	for _, f := range faultsOf(providersim.MerchantLink) {
		t.Run(f.Name, func(t *testing.T) {
			fx, key := newMerchantLink(t)
			fx.inject(providersim.Rule{Fault: f.Name, Account: "teashop", Next: 1})
			s := linkShopper{fx, key, "fault1"}
			refused, err := s.start()
			if err != nil || refused != (f.Ends == providersim.EndsRefused) {
				t.Fatalf("refused is %v, %v", refused, err)
			}
			if refused {
				return
			}
			if f.Name == "link-dead" {
				s.findsDeadLink()
			}
			fx.paysInSpite(f.Name, s.number)
			finish := s.finish
			if f.Ends == providersim.EndsPerson {
				finish = s.giveBack
			}
			if end, err := finish(); err != nil || end != f.Ends {
				t.Errorf("it ends %q (%v), the table says %q", end, err, f.Ends)
			}
			if len(fx.sim.Rules()) != 0 {
				t.Errorf("%s never struck", f.Name)
			}
		})
	}
}

// A refusal has the cashier's own status and words.
func TestMerchantLinkRefusals(t *testing.T) {
	t.Parallel()
	for fault, status := range map[string]int{"server-error": 500, "rate-limited": 429, "prepay-refused": 403, "order-refused": 422} {
		fx, key := newMerchantLink(t)
		fx.inject(providersim.Rule{Fault: fault, Next: 1})
		got := fx.tell(key, "POST", "", "refused1", fx.merchantOrder("refused1"), nil)
		if got.status != status || got.body["error"] == nil || !got.signed {
			t.Errorf("%s: got %+v, want %d", fault, got, status)
		}
	}
}

func TestAddMerchantLinkAccountRefuses(t *testing.T) {
	t.Parallel()
	sim := providersim.New(providersim.Options{Origin: "http://127.0.0.1:1"})
	defer sim.Close()
	for name, a := range map[string]providersim.MerchantLinkAccount{
		"no-id":        {Secret: []byte(linkSecret)},
		"id-is-a-path": {ID: "a/b", Secret: []byte(linkSecret)},
		"short-secret": {ID: "teashop", Secret: []byte("short")},
	} {
		if err := sim.AddMerchantLinkAccount(a); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	good := providersim.MerchantLinkAccount{ID: "teashop", Secret: []byte(linkSecret)}
	if err := sim.AddMerchantLinkAccount(good); err != nil {
		t.Error(err)
	}
	if err := sim.AddMerchantLinkAccount(good); err == nil {
		t.Error("the same account was added twice")
	}
}
