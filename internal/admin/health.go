package admin

import (
	"context"
	"net/http"
	"runtime/debug"
	"time"

	"morepay/internal/account"
	"morepay/internal/checkout"
	"morepay/internal/webhook"
)

// readyTimeout bounds how long the page waits for the database.
const readyTimeout = 2 * time.Second

// healthBody is how this server does.
type healthBody struct {
	NotReady  *problem // nil if it is
	Now       time.Time
	Build     string
	Open      int // entries of the quarantine
	Waiting   int // refunds that need a person
	Oldest    time.Time
	Due       int // sessions of which something is due
	DueSince  time.Time
	Backlog   webhook.Backlog
	Providers []*account.Account
	Marks     []checkout.Mark // rails that providers refuse
}

// health draws the first page. What the database can't tell is not shown: the page is
// needed most when it is down.
func (a *Admin) health(v *visit) error {
	body := healthBody{Now: a.Now(), Build: build(), Providers: downFirst(a.Accounts.All())}
	ctx, cancel := context.WithTimeout(v.r.Context(), readyTimeout)
	defer cancel()
	if err := a.look(ctx, &body); err != nil {
		a.Log.ErrorContext(ctx, "the admin's page of health is not complete", "err", err)
		body.NotReady = problemOf(err)
		return v.draw(http.StatusServiceUnavailable, "health.html", body)
	}
	return v.draw(http.StatusOK, "health.html", body)
}

// downFirst sorts the accounts that are not asked at present before the others.
func downFirst(all []*account.Account) []*account.Account {
	var down, others []*account.Account
	for _, acc := range all {
		if acc.Down() {
			down = append(down, acc)
		} else {
			others = append(others, acc)
		}
	}
	return append(down, others...)
}

// look asks the database how things are.
func (a *Admin) look(ctx context.Context, body *healthBody) (err error) {
	if err := a.Ready(ctx); err != nil {
		return err
	}
	if body.Open, err = a.Desk.Books.Unresolved(ctx); err != nil {
		return err
	}
	if body.Waiting, body.Oldest, err = a.Desk.Books.CountWaitingRefunds(ctx); err != nil {
		return err
	}
	if body.Due, body.DueSince, err = a.Desk.Books.Overdue(ctx, body.Now); err != nil {
		return err
	}
	if body.Backlog, err = a.Outbox.Backlog(ctx); err != nil {
		return err
	}
	body.Marks, err = a.Desk.Marks(ctx)
	return err
}

// build returns which build of the program this is.
func build() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	line := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			line += " " + s.Value[:min(len(s.Value), 12)]
		}
	}
	return line + " " + info.GoVersion
}
