package admin

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"morepay/internal/capability"
	"morepay/internal/capability/document"
	"morepay/internal/merchant"
	"morepay/internal/pay"
	"morepay/internal/strictjson"
)

// maxVersions bounds the history that a page shows.
const maxVersions = 200

// merchantsBody is the list of merchants.
type merchantsBody struct {
	Merchants []merchant.Revision // in force
	Next      string              // address of the next page, or ""
}

func (a *Admin) merchants(v *visit) error {
	list, err := a.Documents.List(v.r.Context(), v.r.URL.Query().Get("after"), perPage+1)
	if err != nil {
		return err
	}
	body := merchantsBody{Merchants: list}
	if len(list) > perPage {
		body.Merchants = list[:perPage]
		body.Next = Root + "merchants?" + url.Values{"after": {list[perPage-1].Merchant}}.Encode()
	}
	return v.draw(http.StatusOK, "merchants.html", body)
}

// merchantBody is one merchant's document.
type merchantBody struct {
	merchant.Revision // in force
	History           []merchant.Revision
	Text              string // of the document
}

func (a *Admin) merchant(v *visit) error {
	id := v.r.PathValue("id")
	current, err := a.Documents.Get(v.r.Context(), id)
	if err != nil {
		return err
	}
	history, err := a.Documents.History(v.r.Context(), id, maxVersions)
	if err != nil {
		return err
	}
	return v.draw(http.StatusOK, "merchant.html", merchantBody{current, history, string(merchant.Indent(current.JSON))})
}

// versionBody is one version of a merchant's document beside others.
type versionBody struct {
	merchant.Revision
	Current int64 // the version in force
	Made    []line
	Would   []line // what would change if it was stored again; nil if it is in force
	Text    string // of the document
}

// line is one of a difference.
type line struct {
	Gone bool // else it comes
	Text string
}

func (a *Admin) version(v *visit) error {
	number, err := strconv.ParseInt(v.r.PathValue("version"), 10, 64)
	if err != nil {
		return errNotFound
	}
	id := v.r.PathValue("id")
	this, err := a.Documents.Version(v.r.Context(), id, number)
	if err != nil {
		return err
	}
	current, err := a.Documents.Get(v.r.Context(), id)
	if err != nil {
		return err
	}
	before, err := a.Documents.Version(v.r.Context(), id, number-1)
	if err != nil && pay.CodeOf(err) != pay.CodeNotFound {
		return err
	}
	body := versionBody{Revision: this, Current: current.Version, Text: string(merchant.Indent(this.JSON))}
	if body.Made, err = differences(before, this); err != nil {
		return err
	}
	if current.Version != number {
		if body.Would, err = differences(current, this); err != nil {
			return err
		}
	}
	return v.draw(http.StatusOK, "version.html", body)
}

// differences lists the lines that go and come from one version to another. One that
// there is not has no lines.
func differences(from, to merchant.Revision) (list []line, err error) {
	var docs [2]*capability.Document
	for i, r := range []merchant.Revision{from, to} {
		if r.Version == 0 {
			continue
		}
		if docs[i], err = document.DecodeStored(r.JSON); err != nil {
			return nil, err
		}
	}
	for _, text := range merchant.Diff(docs[0], docs[1]) {
		list = append(list, line{strings.HasPrefix(text, "- "), text})
	}
	return list, nil
}

// rollBack stores an earlier version again, if the one that was in force when the form was
// drawn still is.
func (a *Admin) rollBack(v *visit) (done, error) {
	id := v.r.PathValue("id")
	version, err := strconv.ParseInt(v.r.PathValue("version"), 10, 64)
	if err != nil {
		return done{}, errNotFound
	}
	expect, err := strconv.ParseInt(v.field("current"), 10, 64)
	if err != nil {
		return done{}, pay.Errorf(pay.CodeInvalid, "current", "is missing")
	}
	stored, err := merchant.Rollback(v.r.Context(), a.Documents, merchant.Proposal{
		Merchant: id, Expect: &expect, Author: v.person.name, Check: a.Check,
	}, version, a.Now())
	if problems, ok := errors.AsType[strictjson.Problems](err); ok {
		return done{}, pay.Errorf(pay.CodeInvalid, "", "%v", problems)
	}
	return done{v.language().say("Version %d is stored again, as version %d.", version, stored.Version), Root + "merchants/" + url.PathEscape(id)}, err
}

// reloadFolders has this server take up the merchants' folders anew.
func (a *Admin) reloadFolders(v *visit) (done, error) {
	return done{v.language().say("The merchants' folders are taken up."), Root + "merchants"}, a.Reload(v.r.Context())
}
