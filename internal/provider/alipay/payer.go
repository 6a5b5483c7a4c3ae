package alipay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"

	sdk "github.com/smartwalle/alipay/v3"

	"morepay/internal/pay"
)

// The forms of a payer's id: the one that Alipay makes for each application, and,
// for older applications, the user id, which is the same everywhere.
var (
	openIDForm = regexp.MustCompile(`^[0-9A-Za-z_-]{17,128}$`)
	userIDForm = regexp.MustCompile(`^2088[0-9]{12}$`)
)

// AuthorizeURL implements provider.PayerIdentifier. auth_base asks the payer nothing.
func (a *account) AuthorizeURL(redirect, state string) string {
	return cmp.Or(a.env.TestURL, a.site().authorize) + "/oauth2/publicAppAuthorize.htm?app_id=" + url.QueryEscape(a.merchantApp()) +
		"&scope=auth_base&redirect_uri=" + url.QueryEscape(redirect) + "&state=" + url.QueryEscape(state)
}

// CodeName implements provider.PayerIdentifier.
func (a *account) CodeName() string { return "auth_code" }

// spentCode is the sub_code that says: this auth_code is used, old or made up.
const spentCode = "isv.code-invalid"

var errSpentCode = pay.Errorf(pay.CodeInvalid, "auth_code", "is missing, used, expired or unknown")

// WalletPayerID implements provider.PayerIdentifier: the open_id under the merchant's
// application. An unsigned refusal is believed, for it moves nothing: the payer
// chooses again.
func (a *account) WalletPayerID(ctx context.Context, _ pay.Rail, code string) (string, error) {
	if code == "" { // the payer did not agree
		return "", errSpentCode
	}
	var body json.RawMessage
	err := a.client.Request(ctx, a.acting(request{
		method: "alipay.system.oauth.token", params: map[string]string{"grant_type": "authorization_code", "code": code}, content: []byte("{}"),
	}), &body)
	if refusal, ok := errors.AsType[*sdk.Error](err); ok && refusal != nil {
		return "", refusedPayer(string(refusal.Code), refusal.SubCode)
	}
	if err != nil {
		return "", redact(err)
	}
	return payerID(body)
}

func refusedPayer(code, subCode string) error {
	if subCode == spentCode {
		return errSpentCode
	}
	return judge(nil, code, subCode)
}

// payerID reads a verified answer, which has a code only if it is a failure.
func payerID(body []byte) (string, error) {
	var reply struct {
		Code    string `json:"code"`
		SubCode string `json:"sub_code"`
		OpenID  string `json:"open_id"`
		UserID  string `json:"user_id"`
	}
	if json.Unmarshal(body, &reply) != nil {
		return "", errUnreadable
	}
	switch {
	case reply.Code != "" && reply.Code != success:
		return "", refusedPayer(reply.Code, reply.SubCode)
	case openIDForm.MatchString(reply.OpenID):
		return reply.OpenID, nil
	case userIDForm.MatchString(reply.UserID):
		return reply.UserID, nil
	}
	return "", unusable("the answer names no payer")
}
