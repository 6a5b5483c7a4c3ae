package checkout_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/demo"
	"morepay/internal/harness"
	"morepay/internal/pay"
	"morepay/internal/provider"
	"morepay/internal/webhook"
)

// unchanged demands that a session is as it was when f ran before.
func (fx *fixture) unchanged(id string, f func()) {
	fx.tb.Helper()
	before, events := fx.ledger(id), fx.events(id)
	f()
	after := fx.ledger(id)
	if after.Session.Status != before.Session.Status || after.Session.LastEvent != before.Session.LastEvent || len(fx.events(id)) != len(events) {
		fx.tb.Errorf("the session was %s with %d events, is %s with %d", before.Session.Status, len(events), after.Session.Status, len(fx.events(id)))
	}
	for i := range before.Attempts {
		if after.Attempts[i].State != before.Attempts[i].State {
			fx.tb.Errorf("attempt %d was %s, is %s", i, before.Attempts[i].State, after.Attempts[i].State)
		}
	}
}

// Every way of hearing of a payment ends in one event and one outbox row.
func TestHearOfAPayment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault  string
		method pay.Method
		ask    bool // nobody tells: a query must find out
	}{
		{"", wechat, false},
		{"", alipay, false},
		{"notify-duplicate", wechat, false},
		{"notify-duplicate", alipay, false},
		{"notify-delayed", wechat, false},
		{"notify-reordered", wechat, false},
		{"notify-forged", wechat, false},
		{"notify-forged", alipay, false},
		{"notify-probe", wechat, false},
		{"notify-stale", wechat, false},
		{"notify-never", wechat, true},
		{"notify-never", alipay, true},
		{"notify-wrong-amount", wechat, true},
		{"notify-wrong-amount", alipay, true},
		{"notify-wrong-account", wechat, true},
		{"notify-wrong-account", alipay, true},
	} {
		t.Run(string(c.method)+"-"+c.fault, func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			a := fx.choose(id, c.method, pay.RailQR)
			if c.fault != "" {
				fx.inject(c.fault, 1)
			}
			if c.ask {
				fx.unchanged(id, func() {
					fx.pay(a)
					if c.fault != "notify-never" {
						fx.next() // a false one
					}
				})
				fx.later(6 * time.Second)
			} else {
				fx.pay(a)
			}
			fx.awaitStatus(id, pay.SessionPaid)
			if n := fx.count(id, pay.EventSessionPaid); n != 1 {
				t.Errorf("%d paid events", n)
			}
			if n := fx.messages(id); n != 1 {
				t.Errorf("%d messages to the merchant", n)
			}
		})
	}
}

// messages counts what is in the outbox about a session.
func (fx *fixture) messages(id string) (n int) {
	fx.tb.Helper()
	page, err := fx.Stores().Outbox.Events(fx.ctx(), harness.Merchant, webhook.Filter{Limit: 1000})
	fx.must(err)
	for _, m := range page.Messages {
		if m.SessionID == id {
			n++
		}
	}
	return n
}

// What contradicts the attempt is accepted, kept apart, and changes nothing.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault  string
		method pay.Method
		reason string
	}{
		{"notify-wrong-amount", wechat, `amount is "5981 CNY", want "5980 CNY"`},
		{"notify-wrong-amount", alipay, `amount is "5981 CNY", want "5980 CNY"`},
		{"notify-wrong-account", wechat, "account is 1999999999, want 1600000000"},
		{"notify-wrong-account", alipay, `app is "1999999999"`},
	} {
		t.Run(c.fault+"-"+string(c.method), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			a := fx.choose(id, c.method, pay.RailQR)
			fx.inject(c.fault, 1)
			fx.unchanged(id, func() {
				fx.pay(a)
				if got := fx.next().status; got/100 != 2 {
					t.Errorf("it was answered %d: the provider would send it again for a day", got)
				}
			})
			list := fx.quarantined()
			if len(list) != 1 || list[0].Evidence.OutTradeNo != a.OutTradeNo || !strings.Contains(list[0].Reason, c.reason) {
				t.Fatalf("quarantined %+v", list)
			}
		})
	}
}

// One merchant number may have an app for each rail: what is said of a payment is
// compared with the app that it was ordered under.
func TestAppOfTheAttempt(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	apps := map[string]bool{}
	for _, rail := range []pay.Rail{pay.RailQR, pay.RailDeepLink} {
		id := fx.open()
		a := fx.choose(id, wechat, rail)
		apps[a.App] = true
		fx.pay(a)
		fx.awaitStatus(id, pay.SessionPaid)
	}
	if len(apps) != 2 || apps[""] {
		t.Errorf("the apps are %v, want one for each rail", apps)
	}
	acc := fx.Accounts().Of(harness.Merchant, "wechatpay")
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	fx.inject("notify-never", 1)
	fx.pay(a)
	ev, err := acc.Provider.Query(t.Context(), provider.QueryOrder{OutTradeNo: a.OutTradeNo})
	fx.must(err)
	ev.App = acc.Provider.App(pay.RailDeepLink)
	fx.unchanged(id, func() {
		recorder := checkout.NewRecorder(checkout.Config{Store: fx.Stores().Ledgers, Desk: fx.Stores().Ledgers})
		if l, err := recorder.Apply(t.Context(), acc, ev); l != nil || err != nil {
			t.Errorf("got %+v, %v", l, err)
		}
	})
	if list := fx.quarantined(); len(list) != 1 || !strings.Contains(list[0].Reason, "app is") {
		t.Errorf("quarantined %+v", list)
	}
}

// Shops of one company may share a merchant number. Whose payment a message is about
// tells its number, and each shop's own app is compared.
func TestShopsShareAnAccount(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	first := fx.Shop(harness.Merchant)
	var settings map[string]any
	fx.must(json.Unmarshal(first.Settings.Accounts["wechatpay"], &settings))
	settings["appid"] = settings["appids"].(map[string]any)["deep_link"]
	own, err := json.Marshal(settings)
	fx.must(err)
	second := &fx.Shops[slices.IndexFunc(fx.Shops, func(s demo.Shop) bool { return s.ID == "demo" })]
	second.Settings.Accounts, second.ReadKey = map[string]json.RawMessage{"wechatpay": own}, first.ReadKey
	fx.must(fx.Restart())
	open := func(merchant string) (string, pay.Attempt) {
		l, _, err := fx.Service().Create(t.Context(), merchant, fx.Order(fen))
		fx.must(err)
		return l.Session.ID, fx.choose(l.Session.ID, wechat, pay.RailQR)
	}
	id, theirs := open(first.ID)
	fx.pay(theirs)
	fx.awaitStatus(id, pay.SessionPaid)
	id, ours := open(second.ID)
	fx.pay(ours)
	fx.awaitStatus(id, pay.SessionPaid)
	if ours.Account != theirs.Account || ours.App == theirs.App {
		t.Errorf("attempts are of account %s and app %s, and of %s and %s", ours.Account, ours.App, theirs.Account, theirs.App)
	}
	id, unheard := open(second.ID)
	fx.inject("notify-never", 1)
	fx.pay(unheard)
	fx.later(time.Minute)
	fx.awaitStatus(id, pay.SessionPaid)
	id, wrong := open(second.ID)
	fx.inject("notify-wrong-amount", 1)
	fx.pay(wrong)
	for fx.next().status/100 != 2 || len(fx.quarantined()) == 0 {
	}
	if list := fx.quarantined(); len(list) != 1 || list[0].Merchant != second.ID || fx.ledger(id).Session.Status.Paid() {
		t.Errorf("quarantined %+v", list)
	}
}

// What does not fit is on the desk of the merchant whose payment it names, whoever
// shares the account.
func TestQuarantineOfASharedAccount(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	acc := fx.Accounts().Of(harness.Merchant, "wechatpay")
	shared := account.NewRegistry(nil)
	for _, merchant := range []string{"another", harness.Merchant} {
		fx.must(shared.Add(merchant, acc.ProviderID, acc.Provider))
	}
	recorder := checkout.NewRecorder(checkout.Config{Store: fx.Stores().Ledgers, Desk: fx.Stores().Ledgers})
	for name, ev := range map[string]pay.Evidence{
		"other-app":          {Outcome: pay.OutcomePaid, App: "wx0", Amount: price, Reference: "1", PaidAt: fx.Now()},
		"refund-before-paid": {Outcome: pay.OutcomeRefund, Returned: &pay.Returned{Number: "1", Status: pay.RefundSucceeded, Amount: price}},
	} {
		a := fx.choose(fx.open(), wechat, pay.RailQR)
		ev.ID, ev.Source, ev.Account, ev.OutTradeNo = name, pay.SourceNotification, a.Account, a.OutTradeNo
		if _, err := recorder.Hear(t.Context(), shared.Named(a.Provider, a.Account), ev); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	list := fx.quarantined()
	if len(list) != 2 || list[0].Merchant != harness.Merchant || list[1].Merchant != harness.Merchant {
		t.Errorf("quarantined %+v", list)
	}
}

// An account may be given to another merchant. What its provider says then of the
// payments that were made before is not about the new one: a person must look.
func TestEvidenceOfAnotherMerchant(t *testing.T) {
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	fx.inject("notify-never", 1)
	fx.pay(a)
	acc := fx.Accounts().Named(a.Provider, a.Account)
	ev, err := acc.Provider.Query(t.Context(), provider.QueryOrder{OutTradeNo: a.OutTradeNo})
	fx.must(err)
	moved := account.NewRegistry(nil)
	fx.must(moved.Add("demo", acc.ProviderID, acc.Provider))
	recorder := checkout.NewRecorder(checkout.Config{Store: fx.Stores().Ledgers, Desk: fx.Stores().Ledgers})
	fx.unchanged(id, func() {
		l, err := recorder.Apply(t.Context(), moved.Named(a.Provider, a.Account), ev)
		if l != nil || err != nil {
			t.Errorf("got %+v, %v", l, err)
		}
	})
	if list := fx.quarantined(); len(list) != 1 || !strings.Contains(list[0].Reason, `merchant is "demo", want "bench"`) {
		t.Errorf("quarantined %+v", list)
	}
}

// Genuine evidence of a payment that we know nothing of is kept for a person.
func TestUnknownNumberIsQuarantined(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	told := fx.genuineOf(wechat)
	fx.Data = t.TempDir() // the database is lost, and an empty one is in its place
	fx.must(fx.Restart())
	for range 2 {
		status, err := told.Post(t.Context(), fx.Client)
		if err != nil || status/100 != 2 {
			t.Errorf("answered %d, %v", status, err)
		}
	}
	if list := fx.quarantined(); len(list) != 1 || list[0].Evidence.Outcome != pay.OutcomePaid || list[0].Evidence.Amount != price {
		t.Errorf("quarantined %+v", list)
	}
}

// Another merchant's keys make it a forgery.
func TestNotificationToAnotherAccount(t *testing.T) {
	t.Parallel()
	fx, stranger := newFixture(t), newFixture(t)
	told := fx.genuineOf(wechat)
	told.URL = stranger.BaseURL + told.URL[len(fx.BaseURL):]
	status, err := told.Post(t.Context(), fx.Client)
	if err != nil || status != http.StatusUnauthorized || len(stranger.quarantined()) != 0 {
		t.Errorf("answered %d, %v, quarantined %d", status, err, len(stranger.quarantined()))
	}
}

func TestForgedNotificationWritesNothing(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	fx.inject("notify-never", 1)
	fx.pay(a)
	genuine := fx.genuineOf(wechat)
	for _, c := range []struct {
		name   string
		change func(*harness.Notification)
		status int
	}{
		{"body-changed", func(n *harness.Notification) { n.Body[len(n.Body)/2] ^= 1 }, 401},
		{"body-cut", func(n *harness.Notification) { n.Body = n.Body[:len(n.Body)-1] }, 401},
		{"body-empty", func(n *harness.Notification) { n.Body = nil }, 401},
		{"no-signature", func(n *harness.Notification) { n.Header.Del("Wechatpay-Signature") }, 401},
		{"no-serial", func(n *harness.Notification) { n.Header.Del("Wechatpay-Serial") }, 401},
		{"other-nonce", func(n *harness.Notification) { n.Header.Set("Wechatpay-Nonce", "x") }, 401},
		{"other-time", func(n *harness.Notification) { n.Header.Set("Wechatpay-Timestamp", "1") }, 401},
		{"other-account", func(n *harness.Notification) { n.URL += "9" }, 404},
		{"oversize", func(n *harness.Notification) { n.Body = append(n.Body, make([]byte, 64<<10)...) }, 413},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := harness.Notification{URL: genuine.URL, Header: genuine.Header.Clone(), Body: slices.Clone(genuine.Body)}
			c.change(&n)
			fx.unchanged(id, func() {
				status, err := n.Post(t.Context(), fx.Client)
				if err != nil || status != c.status {
					t.Errorf("answered %d, %v, want %d", status, err, c.status)
				}
			})
		})
	}
	if list := fx.quarantined(); len(list) != 0 {
		t.Errorf("quarantined %+v", list)
	}
}

// genuineOf pays another session and returns its notification, as it was sent.
func (fx *fixture) genuineOf(m pay.Method) harness.Notification {
	fx.tb.Helper()
	id := fx.open()
	fx.pay(fx.choose(id, m, pay.RailQR))
	fx.awaitStatus(id, pay.SessionPaid)
	return fx.next().Notification
}

// One notification, many times at once, is one event.
func TestRepeatsAtOnce(t *testing.T) {
	t.Parallel()
	for _, m := range []pay.Method{wechat, alipay} {
		t.Run(string(m), func(t *testing.T) {
			fx := newFixture(t)
			id := fx.open()
			fx.pay(fx.choose(id, m, pay.RailQR))
			told := fx.next()
			var all sync.WaitGroup
			for range 64 {
				all.Go(func() {
					if status, err := told.Post(t.Context(), fx.Client); err != nil || status/100 != 2 {
						t.Errorf("answered %d, %v", status, err)
					}
				})
			}
			all.Wait()
			if n := fx.count(id, pay.EventSessionPaid); n != 1 {
				t.Errorf("%d paid events", n)
			}
			if l := fx.ledger(id); len(l.Refunds) != 0 || len(fx.quarantined()) != 0 {
				t.Errorf("refunds %+v, quarantined %+v", l.Refunds, fx.quarantined())
			}
		})
	}
}

// The provider hears "received" only once the evidence is durable.
func TestAcknowledgedAfterCommit(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	stored := make(chan pay.SessionStatus, 10)
	fx.onPoint(func(p checkout.Point) {
		if l, err := fx.Stores().Ledgers.Ledger(context.Background(), id); p == checkout.PointApplied && err == nil {
			stored <- l.Session.Status
		}
	})
	fx.pay(a)
	if got := <-stored; got != pay.SessionPaid {
		t.Errorf("before the answer the session was %s", got)
	}
	if got := fx.next().status; got/100 != 2 {
		t.Errorf("answered %d", got)
	}
}

// Check asks at once, but not twice in two seconds.
func TestCheckIsLimited(t *testing.T) {
	t.Parallel()
	fx := newFixture(t)
	id := fx.open()
	a := fx.choose(id, wechat, pay.RailQR)
	check := func() *pay.Ledger {
		l, err := fx.Service().Check(t.Context(), id)
		fx.must(err)
		return l
	}
	asked := func() int { return fx.calls(a.OutTradeNo, "GET /v3/pay/transactions/out-trade-no/"+a.OutTradeNo) }
	for range 5 {
		check()
	}
	if n := asked(); n != 1 {
		t.Errorf("asked %d times", n)
	}
	fx.inject("notify-never", 1)
	fx.pay(a)
	fx.Advance(3 * time.Second)
	if l := check(); l.Session.Status != pay.SessionPaid {
		t.Errorf("the session is %s", l.Session.Status)
	}
	fx.Advance(3 * time.Second)
	check()
	if n := asked(); n != 2 {
		t.Errorf("asked %d times: what is paid needs no query", n)
	}
}
