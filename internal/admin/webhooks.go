package admin

import (
	"net/http"
	"net/url"
	"time"

	"morepay/internal/pay"
	"morepay/internal/webhook"
)

// maxUndelivered bounds the deliveries of a kind that a page shows.
const maxUndelivered = 50

// webhooksBody is how the endpoints of merchants do.
type webhooksBody struct {
	Backlog   webhook.Backlog
	Merchants []merchantEndpoints
	Next      string // address of the next page, or ""
}

// merchantEndpoints are those of one merchant.
type merchantEndpoints struct {
	Merchant  string
	Endpoints []webhook.EndpointState
}

func (a *Admin) webhooks(v *visit) error {
	ctx := v.r.Context()
	backlog, err := a.Outbox.Backlog(ctx)
	if err != nil {
		return err
	}
	list, err := a.Documents.List(ctx, v.r.URL.Query().Get("after"), perPage+1)
	if err != nil {
		return err
	}
	body := webhooksBody{Backlog: backlog}
	for _, m := range list[:min(len(list), perPage)] {
		endpoints, err := a.Webhooks.List(ctx, m.Merchant)
		if err != nil {
			return err
		}
		body.Merchants = append(body.Merchants, merchantEndpoints{m.Merchant, endpoints})
	}
	if len(list) > perPage {
		body.Next = Root + "webhooks?" + url.Values{"after": {list[perPage-1].Merchant}}.Encode()
	}
	return v.draw(http.StatusOK, "webhooks.html", body)
}

// tellingBody is how telling one merchant goes.
type tellingBody struct {
	merchantEndpoints
	Failed  []webhook.Undelivered // the newest first
	Pending []webhook.Undelivered // the oldest first
	History []webhook.Version
}

func (a *Admin) telling(v *visit) (err error) {
	ctx, id := v.r.Context(), v.r.PathValue("merchant")
	body := tellingBody{merchantEndpoints: merchantEndpoints{Merchant: id}}
	if _, err := a.Documents.Get(ctx, id); err != nil {
		return err
	}
	if body.Endpoints, err = a.Webhooks.List(ctx, id); err != nil {
		return err
	}
	if body.Failed, err = a.Outbox.Undelivered(ctx, id, webhook.Failed, maxUndelivered); err != nil {
		return err
	}
	if body.Pending, err = a.Outbox.Undelivered(ctx, id, webhook.Pending, maxUndelivered); err != nil {
		return err
	}
	if body.History, err = a.Webhooks.History(ctx, id); err != nil {
		return err
	}
	return v.draw(http.StatusOK, "telling.html", body)
}

// standing says in a word how an endpoint does.
func standing(e webhook.EndpointState) string {
	switch {
	case !e.RemovedAt.IsZero():
		return "removed"
	case !e.DisabledAt.IsZero():
		return "disabled"
	case e.Failing >= webhook.DownAfter:
		return "down"
	}
	return "in_use"
}

// standings lists what [standing] returns.
var standings = []string{"in_use", "down", "disabled", "removed"}

// place returns where an endpoint is, without its path, which may hold a secret of the
// merchant's.
func place(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "…"
	}
	return u.Scheme + "://" + u.Host + "/…"
}

// told says something on the page of the merchant whose webhooks an action was about.
func told(v *visit, notice string) done {
	return done{notice, Root + "webhooks/" + url.PathEscape(v.r.PathValue("merchant"))}
}

func (a *Admin) disable(v *visit) (done, error) {
	err := a.Webhooks.Disable(v.r.Context(), v.r.PathValue("merchant"), v.person.name, v.r.PathValue("endpoint"))
	return told(v, v.language().say("The endpoint is left alone: what comes for it waits.")), err
}

func (a *Admin) enable(v *visit) (done, error) {
	err := a.Webhooks.Enable(v.r.Context(), v.r.PathValue("merchant"), v.person.name, v.r.PathValue("endpoint"))
	return told(v, v.language().say("The endpoint is in use: what waits for it is sent.")), err
}

// test sends a message to an endpoint, once, and tells how it was answered.
func (a *Admin) test(v *visit) (done, error) {
	t, err := a.Webhooks.Test(v.r.Context(), v.r.PathValue("merchant"), v.r.PathValue("endpoint"))
	if err != nil {
		return done{}, err
	}
	ms := t.Took.Milliseconds()
	if t.Error != "" {
		return told(v, v.language().say("The test message was not accepted after %d ms: %s", ms, t.Error)), nil
	}
	return told(v, v.language().say("The endpoint answered %d after %d ms.", t.Status, ms)), nil
}

// redeliverSince has everything sent again to an endpoint that tells of events since a time.
func (a *Admin) redeliverSince(v *visit) (done, error) {
	since, err := time.Parse("2006-01-02T15:04", v.field("since"))
	if err != nil {
		return done{}, pay.Errorf(pay.CodeInvalid, "since", "must be a time in UTC")
	}
	return a.redelivered(v, webhook.Redelivery{Since: since, Endpoint: v.r.PathValue("endpoint")})
}

// redeliver has one message sent again to an endpoint.
func (a *Admin) redeliver(v *visit) (done, error) {
	return a.redelivered(v, webhook.Redelivery{Message: v.r.PathValue("message"), Endpoint: v.r.PathValue("endpoint")})
}

func (a *Admin) redelivered(v *visit, r webhook.Redelivery) (done, error) {
	r.Merchant = v.r.PathValue("merchant")
	n, err := a.Outbox.Redeliver(v.r.Context(), r, a.Now())
	return told(v, v.language().say("%d messages are sent again.", n)), err
}

// skip gives a message to an endpoint up, so that what comes after it is sent.
func (a *Admin) skip(v *visit) (done, error) {
	n, err := a.Outbox.Skip(v.r.Context(), v.r.PathValue("merchant"), v.r.PathValue("message"), v.r.PathValue("endpoint"), v.person.name, a.Now())
	return told(v, v.language().say("%d deliveries are given up.", n)), err
}
