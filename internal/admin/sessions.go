package admin

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"morepay/internal/checkout"
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
	Sessions  []*pay.Ledger
	Next      string // address of the next page, or ""
}

// sessions finds sessions of a merchant by what a payer or a shop can tell of them.
func (a *Admin) sessions(v *visit) (err error) {
	q := v.r.URL.Query()
	body := sessionsBody{Merchant: q.Get("merchant"), Text: strings.TrimSpace(q.Get("q")), Status: q.Get("status"), Statuses: pay.SessionStatuses}
	if strings.HasPrefix(body.Text, sessionPrefix) {
		v.redirect(Root + "sessions/" + url.PathEscape(body.Text))
		return nil
	}
	if body.Merchants, err = a.Documents.List(v.r.Context(), "", maxOffered); err != nil {
		return err
	}
	if body.Status != "" && !slices.Contains(pay.SessionStatuses, pay.SessionStatus(body.Status)) {
		return pay.Errorf(pay.CodeInvalid, "status", "must be one of %v", pay.SessionStatuses)
	}
	if body.Merchant != "" {
		body.Asked = true
		if err := a.find(v, &body); err != nil {
			return err
		}
	}
	return v.draw(http.StatusOK, "sessions.html", body)
}

const sessionPrefix = "cs_"

// find looks for a text as each of the numbers that a payment goes by.
func (a *Admin) find(v *visit, body *sessionsBody) error {
	after, err := checkout.ParsePlace(v.r.URL.Query().Get("after"))
	if err != nil {
		return err
	}
	filter := checkout.SessionFilter{Merchant: body.Merchant, Status: pay.SessionStatus(body.Status), After: after, Limit: perPage}
	filters := []checkout.SessionFilter{filter}
	if body.Text != "" {
		filters = []checkout.SessionFilter{filter, filter, filter}
		filters[0].Reference, filters[1].OutTradeNo, filters[2].ProviderReference = body.Text, body.Text, body.Text
	}
	for _, f := range filters {
		page, err := a.Sessions.Sessions(v.r.Context(), f)
		if err != nil {
			return err
		}
		for _, l := range page.Sessions {
			if !slices.ContainsFunc(body.Sessions, func(have *pay.Ledger) bool { return have.Session.ID == l.Session.ID }) {
				body.Sessions = append(body.Sessions, l)
			}
		}
		if page.More {
			last := page.Sessions[len(page.Sessions)-1].Session
			next := v.r.URL.Query()
			next.Set("after", checkout.Place{At: last.CreatedAt, ID: last.ID}.String())
			body.Next = Root + "sessions?" + next.Encode()
		}
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
