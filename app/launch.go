package app

import (
	"time"

	"morepay/internal/device"
)

// launch watches whether a wallet opened after a hand-off that left our page
// standing. No browser tells; all there is are hints: a page that is hidden
// probably gave way to the wallet. So the outcome only decides whether to offer
// help, never anything about the payment, and nothing happens by itself.
type launch struct {
	due     time.Time // when to judge next
	blurred bool
}

// What browsers do after a tap that opens an app: Android hides the page within
// 2.5 s. iOS asks first, and all that shows is a blur; if the payer declines,
// the focus comes back with the page never hidden.
const (
	patienceAndroid = 2500 * time.Millisecond
	patienceIOS     = 3500 * time.Millisecond
	patienceFocus   = time.Second             // after the focus came back from a prompt
	asleep          = 1500 * time.Millisecond // a timer that is so late slept, with the page: something opened
)

// verdict says whether a launch opened its app.
type verdict int

const (
	unknown verdict = iota
	opened
	notOpened
)

func begin(os device.OS, now time.Time) *launch {
	patient := patienceAndroid
	if os == device.IOS {
		patient = patienceIOS
	}
	return &launch{due: now.Add(patient)}
}

// blur is of the window: a prompt may be up.
func (l *launch) blur() { l.blurred = true }

// focus ends a blur; it moves due.
func (l *launch) focus(now time.Time) {
	if l.blurred {
		l.blurred, l.due = false, later(l.due, now.Add(patienceFocus))
	}
}

// judge is called when due has come, and when the page was hidden.
func (l *launch) judge(hidden bool, now time.Time) verdict {
	switch {
	case hidden, now.Sub(l.due) > asleep:
		return opened
	case l.blurred, now.Before(l.due):
		return unknown // a prompt is up, or it is early yet
	}
	return notOpened
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
