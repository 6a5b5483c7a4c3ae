package merchantlink

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"morepay/internal/pay"
)

var (
	codeForm  = regexp.MustCompile(`^[!-~]{1,512}$`)
	payerForm = regexp.MustCompile(`^[0-9A-Za-z_.:@=-]{1,128}$`)
)

// AuthorizeURL implements provider.PayerIdentifier. The cashier knows from the browser
// whose app asks.
func (a full) AuthorizeURL(redirect, state string) string {
	page := a.Authorize
	if u, err := url.Parse(page); err == nil && a.env.TestURL != "" {
		page = a.env.TestURL + u.EscapedPath()
	}
	return page + "?" + url.Values{"redirect_uri": {redirect}, "state": {state}}.Encode()
}

// CodeName implements provider.PayerIdentifier.
func (a full) CodeName() string { return "code" }

// spentCode lists the statuses that say: this code is used, old or made up.
var spentCode = []int{http.StatusBadRequest, http.StatusNotFound, http.StatusGone, http.StatusUnprocessableEntity}

// WalletPayerID implements provider.PayerIdentifier: the cashier's id of the payer,
// which it takes back in the start of their payment.
func (a full) WalletPayerID(ctx context.Context, _ pay.Rail, code string) (string, error) {
	if !codeForm.MatchString(code) {
		return "", pay.Errorf(pay.CodeInvalid, "code", "is missing")
	}
	body, err := json.Marshal(struct {
		Version int    `json:"version"`
		Code    string `json:"code"`
	}{versionRails, code})
	if err != nil {
		return "", unusable("the request can't be made")
	}
	said, err := a.call(ctx, http.MethodPost, a.URL+"/payers", rand.Text(), body)
	if err != nil {
		return "", err
	}
	if slices.Contains(spentCode, said.status) {
		return "", pay.Errorf(pay.CodeInvalid, "code", "is used, expired or unknown")
	}
	if said.status != http.StatusOK {
		return "", said.verdict()
	}
	var is struct {
		Payer string `json:"payer"`
	}
	if json.Unmarshal(said.body, &is) != nil || !payerForm.MatchString(is.Payer) {
		return "", unusable("the answer does not say who the payer is")
	}
	return is.Payer, nil
}
