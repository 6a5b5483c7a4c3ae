package page

import (
	"bytes"
	"errors"

	"morepay/app"
	"morepay/internal/capability"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// errNoPane says that a page has no place for a code.
var errNoPane = errors.New("page: the page has no pane")

// InstantMethod returns the method whose code a view's page may come with: the first
// that is offered, if its first rail is a code of the provider's and its merchant
// wants that; else "".
func InstantMethod(v view.Checkout) pay.Method {
	if !v.Document.Instant || v.Open != "" || v.Progress.State != view.StateSelect {
		return ""
	}
	for _, c := range capability.Decide(v.Document, v.Order, v.Device, v.Progress.ServerTime).Choices {
		if c.Offered() {
			if c.Ladder[0] == pay.RailQR {
				return c.Method
			}
			return ""
		}
	}
	return ""
}

// InstantStart returns the page of a view as it is while the provider is asked for m's
// code: the list, up to where the code will stand.
func InstantStart(v view.Checkout, r Request, scripts Scripts, m pay.Method) ([]byte, error) {
	v.Progress.State, v.Progress.Instant = view.StateWaiting, m
	v.Progress.Payment = &view.Payment{AttemptID: "to come", Method: m, Rail: pay.RailQR, QR: &view.QR{}}
	start, _, err := atPane(v, r, scripts)
	return start, err
}

// InstantRest returns the rest of the page that began with InstantStart of before: the
// code, or what is beside the list without one. v is made at the time and with the facts
// of before, so that both parts are of one page.
func InstantRest(v, before view.Checkout, r Request, scripts Scripts, m pay.Method) ([]byte, error) {
	if !hasCode(v.Progress, m) {
		v.Progress = withoutCode(v.Progress, before.Progress)
	}
	v.Progress.Instant = m
	_, rest, err := atPane(v, r, scripts)
	return rest, err
}

func hasCode(p view.Progress, m pay.Method) bool {
	return p.State == view.StateWaiting && p.Payment.Method == m && p.Payment.Rail == pay.RailQR && p.Payment.QR != nil
}

// withoutCode returns the progress of a list to which the code did not come. What
// else happened meanwhile is news for the page, so it starts at what was known before.
func withoutCode(p, before view.Progress) view.Progress {
	switch p.State {
	case view.StateFailed:
		return p
	case view.StateSubmitting, view.StateSelect:
		before.LastEvent = p.LastEvent
	}
	return before
}

// atPane draws a page and cuts it behind the start of its pane.
func atPane(v view.Checkout, r Request, scripts Scripts) (start, rest []byte, err error) {
	html, err := HTML(v, r, scripts)
	if err != nil {
		return nil, nil, err
	}
	start, rest, found := bytes.Cut(html, []byte(app.Pane))
	if !found {
		return nil, nil, errNoPane
	}
	return html[:len(start)+len(app.Pane)], rest, nil
}
