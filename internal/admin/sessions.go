package admin

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/trace"
)

// perPage is how many rows a page of a list has.
const perPage = 50

// maxOffered bounds the merchants that a form offers.
const maxOffered = 500

// sessionsBody is the page that finds sessions.
type sessionsBody struct {
	Merchants []merchant.Revision
	Merchant  string
	Text      string
	Status    string
	Statuses  []pay.SessionStatus
	Asked     bool
	Sessions  []found
	Doubts    []desk.Doubt // about a payment with the number of which no session is known
	More      bool         // there are more than can be shown
	Next      string       // address of the next page, or ""
}

// found is a session in a list.
type found struct {
	ID, Merchant, Reference string
	Status                  pay.SessionStatus
	Amount                  pay.Money
	CreatedAt               time.Time
}

// sessions finds sessions by what a payer or a shop can tell of them, or lists those of a
// merchant.
func (a *Admin) sessions(v *visit) (err error) {
	q := v.r.URL.Query()
	body := sessionsBody{Merchant: q.Get("merchant"), Text: strings.TrimSpace(q.Get("q")), Status: q.Get("status"), Statuses: pay.SessionStatuses}
	if strings.HasPrefix(body.Text, checkout.SessionPrefix) {
		v.redirect(Root + "sessions/" + url.PathEscape(body.Text))
		return nil
	}
	if body.Merchants, err = a.Documents.List(v.r.Context(), "", maxOffered); err != nil {
		return err
	}
	if body.Status != "" && !slices.Contains(pay.SessionStatuses, pay.SessionStatus(body.Status)) {
		return pay.Errorf(pay.CodeInvalid, "status", "must be one of %v", pay.SessionStatuses)
	}
	body.Asked = body.Text != "" || body.Merchant != ""
	switch {
	case body.Text != "":
		err = a.find(v, &body)
	case body.Merchant != "":
		err = a.list(v, &body)
	}
	if err != nil {
		return err
	}
	return v.draw(http.StatusOK, "sessions.html", body)
}

// find looks for a number that people know of a payment.
func (a *Admin) find(v *visit, body *sessionsBody) (err error) {
	search := desk.Search{Text: body.Text, Merchants: []string{body.Merchant}}
	if body.Merchant == "" {
		if search.Merchants, err = merchant.IDs(v.r.Context(), a.Documents); err != nil {
			return err
		}
	}
	findings, err := a.Desk.Find(v.r.Context(), search)
	if err != nil {
		return err
	}
	for _, m := range findings.Sessions {
		if body.Status == "" || string(m.Status) == body.Status {
			body.Sessions = append(body.Sessions, found{m.Session, m.Merchant, m.Reference, m.Status, m.Amount, m.CreatedAt})
		}
	}
	body.Doubts, body.More = findings.Quarantine, findings.More
	return nil
}

// list lists a merchant's sessions, the newest first.
func (a *Admin) list(v *visit, body *sessionsBody) error {
	after, err := checkout.ParsePlace(v.r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	page, err := a.Sessions.Sessions(v.r.Context(), checkout.SessionFilter{Merchant: body.Merchant, Status: pay.SessionStatus(body.Status), After: after, Limit: perPage})
	if err != nil {
		return err
	}
	for _, l := range page.Sessions {
		s := &l.Session
		body.Sessions = append(body.Sessions, found{s.ID, s.Merchant, s.Reference, l.StatusAt(a.Now()), s.Amount, s.CreatedAt})
	}
	if page.More {
		last := page.Sessions[len(page.Sessions)-1].Session
		next := v.r.URL.Query()
		next.Set("after", checkout.Place{At: last.CreatedAt, ID: last.ID}.String())
		body.Next = Root + "sessions?" + next.Encode()
	}
	return nil
}

// session draws what became of one session's money.
func (a *Admin) session(v *visit) error {
	t, err := trace.Of(v.r.Context(), a.Books, a.Outbox, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.draw(http.StatusOK, "session.html", t)
}

// trace answers with the story of a session as a file: trace.json, trace.text or trace.html.
func (a *Admin) trace(v *visit) error {
	name, is := strings.CutPrefix(v.r.PathValue("trace"), "trace.")
	format := trace.Format(name)
	if !is || !slices.Contains(trace.Formats(), format) {
		return errNotFound
	}
	t, err := trace.Of(v.r.Context(), a.Books, a.Outbox, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := t.Write(&b, format); err != nil {
		return err
	}
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+t.Session.ID+"."+name+`"`)
	return v.write(http.StatusOK, format.Media(), b.Bytes())
}
