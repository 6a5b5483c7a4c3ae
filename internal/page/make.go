package page

import (
	"slices"
	"time"

	"morepay/internal/capability"
	"morepay/internal/checkout"
	"morepay/internal/locale"
	"morepay/internal/pay"
	"morepay/internal/qrcode"
	"morepay/internal/view"
)

// Links holds what the server adds to a page: its origin, who may frame it, and the
// key to its forms.
type Links struct {
	Origin    string   // under which payers reach us
	Ancestors []string // origins that may frame the page
	FormToken string
	Picture   string // path of the script that makes a picture of a code
	Test      bool   // no real money moves here
}

// Make returns what a ledger's page shows to a request at now.
func Make(l *pay.Ledger, f checkout.Facts, r Request, links Links, now time.Time) (view.Checkout, error) {
	progress, err := Progress(l, f.Document, f.Order.NotGranted, r, links, now)
	if err != nil {
		return view.Checkout{}, err
	}
	v := view.Checkout{
		Version:     view.Version,
		Session:     l.Session.ID,
		Path:        r.Path(),
		Reference:   l.Session.Reference,
		Description: l.Session.Description,
		Amount:      l.Session.Amount,
		Order:       f.Order,
		Document:    f.Document,
		ShareURL:    links.Origin + r.Path(),
		Test:        links.Test,
		Progress:    progress,
	}
	if i := r.invitation(l); i != nil {
		v = forFriend(r.around(v, links, ""), i)
	} else {
		v = r.around(v, links, l.Session.Locale)
	}
	if !r.Choose && progress.State == view.StateSelect {
		v.Open = r.Open
	}
	v.Begins = begins(l, r, v)
	v.Progress.Onward = progress.State == view.StatePaid && !r.ReturnedAt.IsZero() && v.Parent == "" && !r.Framed && !r.Friend
	if insteadOfRefused(l, r) {
		v = WithError(v, pay.CodeProviderRefused)
	}
	return v, nil
}

// around returns a view as the page around it, and the payer's browser, want it. tag is
// the language of its session, or "".
func (r Request) around(v view.Checkout, links Links, tag string) view.Checkout {
	v.Order.LeftOut = r.Words.leftOut(v.Document)
	v.Document, v.Order.Items = capability.ForBrowser(r.Words.document(v.Document), v.Order.Items)
	v.Words, v.Layout, v.Last = r.Words.values().Encode(), r.Words.Layout, pay.Method(r.Words.Last)
	v.Lang, v.Device = r.Lang, r.Device
	v.Locale = locale.Match([]string{r.Lang, tag, r.Locale}, r.Languages, v.Document.Locale)
	if slices.Contains(links.Ancestors, r.Parent) {
		v.Parent = r.Parent
	}
	v.Text = locale.Text(v.Locale)
	v.AmountText = v.Text.Money(v.Amount)
	return v
}

// insteadOfRefused reports whether a page's own code stands there because a provider
// refused what its payer had chosen, which they would not know else.
func insteadOfRefused(l *pay.Ledger, r Request) bool {
	current := l.CurrentFor(r.Invitation(l))
	return r.PageQR != "" && current != nil && current.State == pay.AttemptFailed && current.Method == r.PageQR
}

// begins reports whether a page goes on by itself with the method that the payer has
// chosen on the shop's page: if it is shown in place and leaves nothing to choose, at the amount that they saw there,
// and nothing was begun yet.
func begins(l *pay.Ledger, r Request, v view.Checkout) bool {
	if !r.Go || v.Open == "" || r.Was != v.Amount.Value || len(l.Attempts) > 0 || v.Parent == "" {
		return false
	}
	c, _ := capability.Decide(v.Document, v.Order, v.Device, v.Progress.ServerTime).Choice(v.Open)
	return c.Offered() && c.Ladder[0] == pay.RailQR && len(c.Instalments) == 0
}

// WithError returns the view with an error on it, in its language.
func WithError(v view.Checkout, code pay.Code) view.Checkout {
	v.Error = &view.Error{Code: code, Message: locale.Problem(v.Text, code)}
	return v
}

// pngScale is the side of a module of [PNG]'s code, in pixels.
const pngScale = 8

// PNG returns the QR of a page as a picture, which may be saved, shared and
// long-pressed, unlike a wallet's.
func PNG(r Request, links Links) ([]byte, error) {
	return qrcode.PNG(links.Origin+r.Path(), pngScale)
}
