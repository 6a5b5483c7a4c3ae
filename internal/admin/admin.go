package admin

import (
	"bytes"
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"morepay/internal/account"
	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/desk"
	"morepay/internal/httpd"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/stylesheet"
	"morepay/internal/trace"
	"morepay/internal/webhook"
)

//go:embed pages texts
var files embed.FS

// Root is the path of the first page, and what the paths of all others begin with.
const Root = "/admin/"

// Sessions finds sessions.
type Sessions interface {
	Sessions(ctx context.Context, f checkout.SessionFilter) (checkout.SessionPage, error)
}

// Outbox is what is kept of telling merchants.
type Outbox interface {
	webhook.Log
	trace.Outbox
	Backlog(ctx context.Context) (webhook.Backlog, error)
}

// Config holds the parts of an Admin. All but KeyHash are needed.
type Config struct {
	KeyHash   string // SHA-256 (hex) of the admin key; "" refuses everyone
	Desk      *desk.Desk
	Sessions  Sessions
	Books     trace.Books
	Outbox    Outbox
	Webhooks  *webhook.Directory
	Documents merchant.Store
	Accounts  *account.Registry
	Check     func(*capability.Document) error // fails if a document can't be in force here
	Reload    func(context.Context) error      // takes up the merchants' folders anew
	Ready     func(context.Context) error      // fails if nothing can be stored at present
	Now       func() time.Time
	Log       *slog.Logger
}

// Admin serves the pages.
type Admin struct {
	Config
	door        *door
	secret      []byte // makes the tokens of forms
	crossOrigin *http.CrossOriginProtection
}

// New makes an Admin.
func New(c Config) *Admin {
	return &Admin{c, newDoor(c.KeyHash, c.Now), []byte(rand.Text()), http.NewCrossOriginProtection()}
}

// Handler serves what is below [Root].
func (a *Admin) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, draw := range map[string]page{
		"GET /admin/{$}":                               a.health,
		"GET /admin/sessions":                          a.sessions,
		"GET /admin/sessions/{id}":                     a.session,
		"GET /admin/sessions/{id}/{trace}":             a.trace,
		"GET /admin/quarantine":                        a.quarantine,
		"GET /admin/quarantine/{id}":                   a.entry,
		"GET /admin/refunds":                           a.refunds,
		"GET /admin/merchants":                         a.merchants,
		"GET /admin/merchants/{id}":                    a.merchant,
		"GET /admin/merchants/{id}/versions/{version}": a.version,
		"GET /admin/webhooks":                          a.webhooks,
		"GET /admin/webhooks/{merchant}":               a.telling,
		"GET /admin/":                                  func(*visit) error { return errNotFound },
	} {
		mux.Handle(pattern, a.inside(draw))
	}
	for pattern, do := range map[string]action{
		"POST /admin/quarantine/{id}":                            a.resolve,
		"POST /admin/sessions/{id}/refunds/{refund}/retry":       a.retryRefund,
		"POST /admin/sessions/{id}/refunds/{refund}/redirect":    a.redirectRefund,
		"POST /admin/sessions/{id}/refunds/{refund}/record":      a.recordRefund,
		"POST /admin/merchants/{id}/versions/{version}/rollback": a.rollBack,
		"POST /admin/reload":                                     a.reloadFolders,

		"POST /admin/webhooks/{merchant}/endpoints/{endpoint}/disable":             a.disable,
		"POST /admin/webhooks/{merchant}/endpoints/{endpoint}/enable":              a.enable,
		"POST /admin/webhooks/{merchant}/endpoints/{endpoint}/test":                a.test,
		"POST /admin/webhooks/{merchant}/endpoints/{endpoint}/redeliver":           a.redeliverSince,
		"POST /admin/webhooks/{merchant}/endpoints/{endpoint}/{message}/redeliver": a.redeliver,
		"POST /admin/webhooks/{merchant}/endpoints/{endpoint}/{message}/skip":      a.skip,

		"POST /admin/sign-out": a.signOut,
		"POST /admin/language": a.speak,
	} {
		mux.Handle(pattern, a.acts(pattern, do))
	}
	mux.Handle("POST /admin/sign-in", a.crossOrigin.Handler(a.outside(a.signIn)))
	mux.Handle("GET /admin/stylesheet.css", stylesheet.Handler())
	return mux
}

var errNotFound = pay.Errorf(pay.CodeNotFound, "", "there is nothing here")

// visit is one request of somebody.
type visit struct {
	w      http.ResponseWriter
	r      *http.Request
	admin  *Admin
	person *person // nil outside
	cookie string  // what the browser is known by: forms are tied to it
}

// page draws what a visitor asks for.
type page func(*visit) error

// action does what a visitor wants, and returns what to tell them and the page to go to.
type action func(*visit) (done, error)

type done struct {
	notice string
	page   string // path and query
}

// outside runs a handler for whoever comes.
func (a *Admin) outside(draw page) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := a.enter(w, r)
		v.fail(draw(v))
	})
}

// inside runs a handler for those who have signed in, and asks everybody else to.
func (a *Admin) inside(draw page) http.Handler {
	return a.outside(func(v *visit) error {
		if v.person == nil {
			return v.ask(http.StatusUnauthorized, nil)
		}
		return draw(v)
	})
}

// acts runs an action of somebody who has signed in and has sent a form of ours. What
// came of it is a line in the log.
func (a *Admin) acts(pattern string, do action) http.Handler {
	return a.crossOrigin.Handler(a.inside(func(v *visit) error {
		if err := v.checkForm(); err != nil {
			return err
		}
		did, err := do(v)
		a.note(v, pattern, err)
		if err != nil {
			return err
		}
		v.person.tell(did.notice)
		v.redirect(did.page)
		return nil
	}))
}

var wildcard = regexp.MustCompile(`{([a-z]+)}`)

// note writes into the log who did what to what.
func (a *Admin) note(v *visit, pattern string, err error) {
	var about []string
	for _, name := range wildcard.FindAllStringSubmatch(pattern, -1) {
		about = append(about, v.r.PathValue(name[1]))
	}
	log := a.Log.With("route", pattern, "about", strings.Join(about, " "), "author", v.person.name)
	if err != nil {
		log.WarnContext(v.r.Context(), "an admin's action was refused", "err", err)
		return
	}
	log.InfoContext(v.r.Context(), "an admin acted")
}

// fail answers for a handler that could not.
func (v *visit) fail(err error) {
	if err == nil {
		return
	}
	status := httpd.StatusOf(err)
	if status >= http.StatusInternalServerError {
		v.admin.Log.ErrorContext(v.r.Context(), "an admin's page failed", "route", v.r.Pattern, "err", err)
	}
	if err := v.draw(status, "problem.html", problemOf(err)); err != nil {
		http.Error(v.w, "the page can't be drawn", http.StatusInternalServerError)
	}
}

// problem is why something was not done.
type problem struct {
	Code    pay.Code
	Field   string
	Message string
}

// problemOf says of an error what its visitor may know: what failed on our side stays in
// the log.
func problemOf(err error) *problem {
	p := &problem{Code: pay.CodeOf(err), Message: err.Error()}
	if e, ok := errors.AsType[*pay.Error](err); ok {
		p.Field, p.Message = e.Field, e.Message
	} else if p.Code == pay.CodeInternal {
		p.Message = ""
	}
	return p
}

// frame is what every page has.
type frame struct {
	Lang   string
	Author string // "" outside
	Token  string // of every form
	Here   string // path and query
	Notice string // what was done last, told once
	Body   any
}

// draw answers with a page.
func (v *visit) draw(status int, name string, body any) error {
	lang := v.language()
	f := frame{Lang: lang.tag, Token: v.token(), Here: v.r.URL.RequestURI(), Body: body}
	if v.person != nil {
		f.Author, f.Notice = v.person.name, v.person.told()
	}
	var b bytes.Buffer
	if err := lang.templates.ExecuteTemplate(&b, name, f); err != nil {
		return err
	}
	return v.write(status, "text/html; charset=utf-8", b.Bytes())
}

func (v *visit) write(status int, media string, body []byte) error {
	h := v.w.Header()
	h.Set("Content-Type", media)
	setHeaders(h)
	v.w.WriteHeader(status)
	_, _ = v.w.Write(body) // it fails only where the client has left
	return nil
}

// setHeaders keeps a page from caches, frames, and everything that it does not bring
// itself.
func setHeaders(h http.Header) {
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Cookie, Accept-Language")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}

// redirect has the browser load one of our pages.
func (v *visit) redirect(path string) {
	setHeaders(v.w.Header())
	http.Redirect(v.w, v.r, ours(path), http.StatusSeeOther)
}

// ours returns the address of a page below Root, or Root for any other.
func ours(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, Root) || strings.Contains(u.Path, "..") || u.Path == Root+"sign-in" || strings.Contains(address, `\`) {
		return Root
	}
	return address
}
