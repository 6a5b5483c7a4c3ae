package checkout_test

import (
	"testing"

	"morepay/internal/checkout"
	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// A wallet's code can't be scanned by the phone that shows it. Who began on a
// desktop and opens the page on the phone chooses there; the desktop's code
// stays good until they do.
func TestCodeIsNotShownToThePhoneThatShouldScanIt(t *testing.T) {
	w := newWorld(t)
	id := w.open()
	code := w.choose(id, wechat, pay.RailQR)
	for _, c := range []struct {
		profile device.Profile
		state   view.State
	}{
		{"chrome-windows", view.StateWaiting},
		{"wechat-windows", view.StateWaiting},
		{"safari-iphone", view.StateSelect},
		{"chrome-android", view.StateSelect},
		{"wechat-iphone", view.StateSelect},
		{"wechat-mini-program-android", view.StateSelect},
	} {
		dev, ok := device.Of(c.profile)
		if !ok {
			t.Fatalf("there is no device %s", c.profile)
		}
		live, err := w.Service().Live(w.ledger(id), checkout.PageState{Device: dev})
		w.must(err)
		if live.State != c.state || (live.Payment != nil) != (c.state == view.StateWaiting) {
			t.Errorf("%s: %s with payment %+v, want %s", c.profile, live.State, live.Payment, c.state)
		}
	}
	w.pay(code)
	w.awaitStatus(id, pay.SessionPaid)
	phone, _ := device.Of("safari-iphone")
	live, err := w.Service().Live(w.ledger(id), checkout.PageState{Device: phone})
	w.must(err)
	if live.State != view.StatePaid {
		t.Errorf("the phone shows %s after the desktop's code was paid", live.State)
	}
}
