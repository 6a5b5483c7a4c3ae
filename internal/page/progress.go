package page

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/pay"
	"morepay/internal/view"
)

// sessionScreens gives the screen of every session status but open.
var sessionScreens = map[pay.SessionStatus]view.State{
	pay.SessionPaid:     view.StatePaid,
	pay.SessionPaidLate: view.StatePaid,
	pay.SessionExpired:  view.StateExpired,
	pay.SessionCanceled: view.StateCanceled,
}

// attemptScreens gives the screen of an open session by its current attempt.
var attemptScreens = map[pay.AttemptState]view.State{
	pay.AttemptSubmitting: view.StateSubmitting,
	pay.AttemptAwaiting:   view.StateWaiting,
	pay.AttemptFailed:     view.StateFailed,
	pay.AttemptClosed:     view.StateSelect,
}

// Progress returns the part of [Make]'s view that changes. doc is the session's
// document, notGranted lists the rails that providers refuse at the moment, though the
// merchant offers them.
func Progress(l *pay.Ledger, doc *capability.Document, notGranted []capability.MethodRail, r Request, links Links, now time.Time) (view.Progress, error) {
	now = now.UTC().Truncate(time.Millisecond) // as stored times are
	invitation := r.Invitation(l)
	status, current := l.StatusFor(invitation, now), l.CurrentFor(invitation)
	p := view.Progress{
		State:      screen(status, current, doc, r),
		Status:     string(status),
		LastEvent:  l.Session.LastEvent,
		ServerTime: now,
		ExpiresAt:  l.Session.ExpiresAt,
		FormToken:  links.FormToken,
		NotGranted: notGranted,

		Voice: voice(l, r, status, now),
	}
	if i := r.invitation(l); i != nil {
		p.ExpiresAt = i.ExpiresAt
	} else {
		p.ContinueURL = continueURL(&l.Session, status)
	}
	var err error
	switch p.State {
	case view.StateSubmitting, view.StateWaiting:
		p.Payment, err = payment(current, r, links)
		if p.State == view.StateSubmitting {
			p.Payment.Since, p.Payment.Others = current.CreatedAt, othersOut(l, current)
		}
	case view.StateFailed:
		p.Failed = current.Method
	case view.StatePaid:
		p.Receipt = receipt(l, invitation)
	}
	return p, err
}

// othersOut reports whether a payer has a code or link of another attempt.
func othersOut(l *pay.Ledger, current *pay.Attempt) bool {
	return slices.ContainsFunc(l.Attempts, func(a pay.Attempt) bool {
		return a.ID != current.ID && a.State.Payable() && a.Action != nil
	})
}

// receipt tells who has paid about their payment, and nobody else.
func receipt(l *pay.Ledger, invitation string) *view.Receipt {
	winner := l.Attempt(l.Session.Winner)
	if winner == nil || winner.Invitation != invitation {
		return nil
	}
	return &view.Receipt{Method: winner.Method, Instalments: winner.Instalments, PaidAt: winner.PaidAt}
}

// screen returns the one that a request gets to see. current is the attempt that
// the payer is on, or nil.
func screen(status pay.SessionStatus, current *pay.Attempt, doc *capability.Document, r Request) view.State {
	if state, ok := sessionScreens[status]; ok {
		return state
	}
	if r.PageQR != "" || r.Ticket != "" {
		return view.StateWaiting
	}
	if r.Choose || current == nil || !atHand(current, doc, r) || r.Open != "" && r.Open != current.Method {
		return view.StateSelect
	}
	return attemptScreens[current.State]
}

// bound are the rails that lead on only where they were begun: a wallet's code is not on
// the phone that should scan it, nor its bridge, or the shop's own code, outside the app.
var bound = []pay.Rail{pay.RailQR, pay.RailJSAPI, pay.RailApp, pay.RailMiniProgram}

// atHand reports whether an attempt is of use where its page is shown, which may be
// elsewhere than where it was begun. Who has opened the page in an app, by
// scanning its code there, is to be offered that app's wallet; a browser may turn out
// to be another device than it says, so there what was begun stays.
func atHand(a *pay.Attempt, doc *capability.Document, r Request) bool {
	m := doc.Method(a.Method)
	if m == nil || !m.Blocked(r.Device) && slices.Contains(m.Ladder(r.Device), a.Rail) {
		return true
	}
	return !slices.Contains(bound, a.Rail) && (!inApp(r.Device) || !r.ReturnedAt.IsZero())
}

// inApp reports whether the page stands in an app that says which it is.
func inApp(d device.Device) bool {
	return d.Container != device.Browser && d.Container != device.WebView
}

// payment returns the way of paying that a waiting payer is on: our own page's QR, the
// mini program around the page, or the attempt a.
func payment(a *pay.Attempt, r Request, links Links) (*view.Payment, error) {
	if r.PageQR != "" {
		qr, err := draw(links.Origin + r.Path())
		if err != nil {
			return nil, err
		}
		qr.PNG, qr.Picture = r.Path()+"/page.png", links.Picture
		return &view.Payment{Method: r.PageQR, Rail: pay.RailPageQR, QR: qr}, nil
	}
	if r.Ticket != "" { // its attempt is made once the mini program says who pays
		return &view.Payment{Method: r.ByMiniProgram, Rail: pay.RailMiniProgram, Bridge: &view.Bridge{
			Name: string(pay.RailMiniProgram), Params: map[string]string{"ticket": r.Ticket},
		}}, nil
	}
	p := &view.Payment{AttemptID: a.ID, Method: a.Method, Rail: a.Rail, Instalments: a.Instalments, Asked: r.Asked}
	if !r.ReturnedAt.IsZero() {
		p.Returned, p.Since = true, r.ReturnedAt
	}
	if a.Action == nil {
		return p, nil
	}
	p.ExpiresAt = a.Action.ExpiresAt
	var err error
	switch a.Action.Kind {
	case pay.ActionQRCode:
		// No picture to save: WeChat refuses codes of its own that come from the album,
		// and no other wallet says that it takes them, so offering one could send the
		// payer into a wall.
		p.QR, err = draw(a.Action.Payload)
	case pay.ActionBridge:
		if a.Rail == pay.RailMiniProgram { // what it pays with is the mini program's
			break
		}
		p.Bridge = &view.Bridge{Name: a.Action.Bridge, Params: a.Action.Params}
	}
	return p, err
}

func draw(payload string) (*view.QR, error) {
	code, err := codes.get(payload)
	if err != nil {
		return nil, err
	}
	return &view.QR{Size: code.Size, Path: code.Path}, nil
}

// sessionParameter names the session in the query of a return URL.
const sessionParameter = "morepay_session"

// continueURL leads back to the merchant. It names the session and nothing
// else: a status in a URL could be made up, so the merchant's server asks. Every
// byte of the merchant's stays: a query may be signed, or mean something only as
// it was written. The fragment comes last, as it must.
func continueURL(s *pay.Session, status pay.SessionStatus) string {
	given := s.ReturnURL
	if status == pay.SessionExpired {
		given = cmp.Or(s.RenewURL, given) // an expired session is never opened again
	}
	page, fragment, hashed := strings.Cut(given, "#")
	path, query, _ := strings.Cut(page, "?")
	query = withoutSession(query)
	if query != "" && !strings.HasSuffix(query, "&") {
		query += "&"
	}
	to := path + "?" + query + sessionParameter + "=" + s.ID
	if hashed {
		to += "#" + fragment
	}
	return to
}

// withoutSession takes our own parameter out of a query: a shop whose payer came
// back once may give the address of that page.
func withoutSession(query string) string {
	if !strings.Contains(query, sessionParameter+"=") {
		return query
	}
	ours := func(field string) bool { return strings.HasPrefix(field, sessionParameter+"=") }
	return strings.Join(slices.DeleteFunc(strings.Split(query, "&"), ours), "&")
}
