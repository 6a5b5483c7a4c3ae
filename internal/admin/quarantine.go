package admin

import (
	"net/http"
	"net/url"
	"slices"

	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/pay"
)

// quarantineBody is the list of statements that contradict our books.
type quarantineBody struct {
	Status   string // "" for any
	Statuses []checkout.QuarantineStatus
	Merchant string
	Entries  []checkout.Quarantined
	Next     string // address of the next page, or ""
}

// quarantine lists the desk's entries: those that are open if nothing else is asked for.
func (a *Admin) quarantine(v *visit) (err error) {
	q := v.r.URL.Query()
	body := quarantineBody{Status: q.Get("status"), Statuses: checkout.QuarantineStatuses, Merchant: q.Get("merchant")}
	if !q.Has("status") {
		body.Status = string(checkout.QuarantineOpen)
	}
	body.Entries, err = a.Desk.Entries(v.r.Context(), checkout.QuarantineFilter{
		Status: checkout.QuarantineStatus(body.Status), Merchant: body.Merchant, After: q.Get("after"), Limit: perPage + 1,
	})
	if err != nil {
		return err
	}
	if len(body.Entries) > perPage {
		body.Entries = body.Entries[:perPage]
		next := url.Values{"status": {body.Status}, "merchant": {body.Merchant}, "after": {body.Entries[perPage-1].ID}}
		body.Next = Root + "quarantine?" + next.Encode()
	}
	return v.draw(http.StatusOK, "quarantine.html", body)
}

// entryBody is one statement, and what can be decided about it.
type entryBody struct {
	checkout.Quarantined
	Facts       []fact // the provider's own words, without those about the payer
	Resolutions []checkout.Resolution
	Session     string // id of the session that the payment's number is of, or ""
}

func (a *Admin) entry(v *visit) error {
	q, err := a.Desk.Entry(v.r.Context(), v.r.PathValue("id"))
	if err != nil {
		return err
	}
	body := entryBody{Quarantined: q, Facts: factsOf(q.Evidence.Raw), Resolutions: checkout.Resolutions}
	ev := q.Evidence
	body.Session, err = a.Desk.Books.Find(v.r.Context(), checkout.Key{Provider: ev.Provider, Account: ev.Account, OutTradeNo: ev.OutTradeNo})
	if err != nil && pay.CodeOf(err) != pay.CodeNotFound {
		return err
	}
	return v.draw(http.StatusOK, "entry.html", body)
}

// resolve carries out what somebody decides about an entry.
func (a *Admin) resolve(v *visit) (done, error) {
	id, resolution := v.r.PathValue("id"), checkout.Resolution(v.field("resolution"))
	if !slices.Contains(checkout.Resolutions, resolution) {
		return done{}, pay.Errorf(pay.CodeInvalid, "resolution", "say what is to be done")
	}
	_, err := a.Desk.Resolve(v.r.Context(), id, desk.Decision{Resolution: resolution, Author: v.person.name, Note: v.field("note")})
	return done{v.language().say("It is decided."), Root + "quarantine/" + url.PathEscape(id)}, err
}
