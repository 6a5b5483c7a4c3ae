package record

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"morepay/internal/method"
	"morepay/internal/pay"
	"morepay/internal/scenario"
	"morepay/internal/trace"
)

// entry adds the steps of one entry.
func (r *recorder) entry(i int) {
	e := &r.trace.Entries[i]
	switch {
	case e.Browser != nil && !e.Browser.Friend:
		if hear := hears[e.Browser.Did]; hear != nil {
			hear(r, i, e.Browser)
		}
	case e.Act != nil && !e.At.Before(r.trace.Session.CreatedAt):
		r.act(e)
	case e.Kind == trace.Change:
		r.change(e)
	}
}

// hears are the steps of what browsers do.
var hears = map[string]func(*recorder, int, *trace.Browser){
	trace.Draws:   (*recorder).draws,
	trace.Asks:    (*recorder).asks,
	trace.Orders:  (*recorder).ordersWay,
	trace.Returns: (*recorder).returns,
	trace.Checks:  (*recorder).checks,
}

// draws is a page that the payer opened, went back to or loaded again. Once there is
// something to wait for, pages that have no client yet load themselves.
func (r *recorder) draws(_ int, b *trace.Browser) {
	switch {
	case !r.drawn:
		r.do("open")
		r.drawn = true
	case r.coming:
	case r.away:
		r.back()
	case b.Asked == "list":
		r.list()
	case r.way == nil && r.Scenario.Scripts == scenario.AllScripts:
		r.do("reload")
	default:
		r.unsaid("whether the payer loaded the page again or it did so by itself: it is left out")
	}
	r.coming, r.away = false, false
}

// asks is the list that a script asks for. What else it asks, it asks by itself.
func (r *recorder) asks(_ int, b *trace.Browser) {
	if b.Asked == "list" {
		r.list()
	}
}

// list is the way back to it. Who is on none has a page that moved there by itself.
func (r *recorder) list() {
	if r.way != nil {
		r.do("tap", "list")
	}
	r.way = nil
}

// back leaves the page of a wallet, once it is there.
func (r *recorder) back() {
	r.do("see", "away")
	r.do("back")
}

// together is how close forms stand that were posted at once.
const together = 500 * time.Millisecond

// ordersWay is a way to pay that was chosen, or its form posted several times at once.
func (r *recorder) ordersWay(i int, b *trace.Browser) {
	way := []string{string(b.Method), string(b.Rail)}
	if b.Method == "" || b.Rail == "" || b.Status >= 400 && !r.begins(i) {
		r.unsaid("why a form for %q was refused (%d): it is left out", strings.Join(way, " "), b.Status)
		return
	}
	at := r.trace.Entries[i].At
	if r.way != nil && r.way.Method == b.Method && r.way.Rail == b.Rail && at.Sub(r.posted) < together {
		r.again(way)
		return
	}
	switch {
	case r.away:
		r.back()
	case r.way != nil && r.Scenario.Scripts == scenario.AllScripts:
		r.unsaid("how the payer came from %s to another way: by the list, it is taken", r.way.Rail)
		r.do("tap", "list")
	}
	if b.Rail == pay.RailPageQR { // one row of the list may be for all methods that have no other
		r.do("tap", "page-code")
	} else {
		r.do("choose", way[0], way[1])
	}
	r.way, r.posted, r.orders = b, at, r.orders+1
	identified := b.Rail == pay.RailJSAPI // by the wallet, which sends them back at once
	r.coming, r.away = b.To == trace.OurPage || identified, strings.HasPrefix(b.To, trace.Outside) && !identified
	if r.away && r.stays(b) {
		r.do("see", "fallback")
		r.away = false
	}
	if b.Rail == pay.RailPageQR {
		r.do("see", "code", way[1])
	}
}

// stays reports whether a hand-off leaves our page standing: the phone has no such wallet.
func (r *recorder) stays(b *trace.Browser) bool {
	p := r.Scenario.Phone
	if p == nil || b.Rail != pay.RailDeepLink || p.Opens != "absent" && p.Opens != "swallowed" {
		return false
	}
	return strings.HasPrefix(method.Find(b.Method).Provider, p.Wallet) // wechat is wechatpay's
}

// again turns the last form into one that was posted once more at once.
func (r *recorder) again(way []string) {
	last := len(r.Scenario.Steps) - 1
	words := strings.Fields(r.Scenario.Steps[last])
	times := 2
	if words[0] == "post" {
		times, _ = strconv.Atoi(words[3]) // ours
		times++
	}
	r.Scenario.Steps[last] = strings.Join([]string{"post", way[0], way[1], strconv.Itoa(times)}, " ")
}

// begins reports whether a form had an attempt begun: one begins before the next form.
func (r *recorder) begins(i int) bool {
	for _, e := range r.trace.Entries[i+1:] {
		if e.Browser != nil && e.Browser.Did == trace.Orders {
			return false
		}
		if e.What == string(pay.EventAttemptBegun) {
			return true
		}
	}
	return false
}

// returns is the way back from the wallet's page.
func (r *recorder) returns(_ int, b *trace.Browser) {
	if r.away {
		r.do("tap", "return")
	}
	r.coming, r.away = b.To == trace.OurPage, false
}

// checks is the button "I have paid". Pages ask by themselves too.
func (r *recorder) checks(_ int, b *trace.Browser) {
	if b.Asked != "" {
		r.do("tap", "check")
	}
	r.coming = b.To == trace.OurPage
}

// change is what the merchant did, and codes that came.
func (r *recorder) change(e *trace.Entry) {
	switch pay.EventType(e.What) {
	case pay.EventAttemptBegun:
		r.attempts++
		if r.orders == 0 {
			r.unsaid("who asked for attempt %s: its code came with the page, which only a browser plays", e.About)
		}
		r.orders = 0
	case pay.EventAttemptAwaiting:
		if a := r.attempt(func(a *trace.Attempt) bool { return a.ID == e.About }); a != nil && a.Rail == pay.RailQR {
			r.do("see", "code", string(a.Rail))
		}
	case pay.EventSessionCanceled:
		r.do("close")
	case pay.EventRefundCreated:
		for _, f := range r.trace.Refunds {
			if f.ID == e.About && f.Origin == pay.RefundByMerchant {
				r.do("await", string(pay.SessionPaid))
				r.do("refund", strconv.FormatInt(f.Amount.Value, 10))
			}
		}
	}
}

func (r *recorder) attempt(is func(*trace.Attempt) bool) *trace.Attempt {
	i := slices.IndexFunc(r.trace.Attempts, func(a trace.Attempt) bool { return is(&a) })
	if i < 0 {
		return nil
	}
	return &r.trace.Attempts[i]
}

// act is what was done in a wallet, or to the clock and the faults.
func (r *recorder) act(e *trace.Entry) {
	switch a := e.Act; a.Do {
	case "approve", "cancel", "decline":
		r.wallet(e, a)
	case "advance":
		if a.Seconds < 0 {
			r.unsaid("what came before the clock was put back and what after: steps stand by their time")
		}
		r.do("advance", strconv.FormatInt(a.Seconds, 10))
	case "calm":
		r.do("calm")
	case "freeze", "part":
		r.unsaid("how to %s the clock in a scenario: it is left out", a.Do)
	case "fault", "phone":
		if r.drawn {
			r.unsaid("that %s came after the page was opened: a scenario begins with it", strings.TrimSpace(e.What))
		}
	}
}

// wallet is what the payer decided: in the window over the page, on the page that they
// were handed off to if they came back from it, else on a phone.
func (r *recorder) wallet(e *trace.Entry, a *trace.Act) {
	paid := r.attempt(func(at *trace.Attempt) bool { return at.OutTradeNo == e.About })
	if paid == nil {
		return
	}
	if newest := r.trace.Attempts[max(r.attempts, 1)-1]; paid.ID != newest.ID {
		r.older(e, a, paid)
		return
	}
	inWindow := paid.Rail == pay.RailJSAPI
	switch {
	case a.Do != "decline" && inWindow:
		if r.answered == paid.ID { // it opens by itself once
			r.do("tap", "bridge")
		}
		r.do("answer", a.Do)
		r.answered = paid.ID
	case a.Do != "decline" && r.away && r.comesBack(e):
		for range r.doors(paid) {
			r.do("tap", "wallet")
		}
		r.do("tap", a.Do)
		if a.Do == "approve" {
			r.do("see", "result", "paid")
		}
	case a.Do == "decline":
		r.do(a.Do, a.Why)
	case a.User == "hong":
		r.do(a.Do, a.User)
	default:
		r.do(a.Do)
	}
}

// older is what was decided of an order that is not the newest.
func (r *recorder) older(e *trace.Entry, a *trace.Act, order *trace.Attempt) {
	if a.Do != "approve" {
		r.unsaid("how to %s an older order, %s: only approving is known of one", a.Do, e.About)
		return
	}
	n := slices.IndexFunc(r.trace.Attempts, func(at trace.Attempt) bool { return at.ID == order.ID }) + 1
	r.do("approve", a.User, strconv.Itoa(n))
}

// comesBack reports whether the wallet sends the payer back after an entry.
func (r *recorder) comesBack(after *trace.Entry) bool {
	for i := range r.trace.Entries {
		e := &r.trace.Entries[i]
		if e.At.After(after.At) && e.Browser != nil {
			switch e.Browser.Did {
			case trace.Returns:
				return true
			case trace.Orders, trace.Draws:
				return false
			}
		}
	}
	return false
}

// doors counts the taps that lead from a hand-off to the payment in the wallet.
func (r *recorder) doors(a *trace.Attempt) (n int) {
	if a.Rail == pay.RailDeepLink && a.Provider == "wechatpay" {
		n++ // its own page comes first
	}
	if p := r.Scenario.Phone; p != nil && p.Opens == "asks" && a.Rail == pay.RailDeepLink {
		n++
	}
	return n
}
