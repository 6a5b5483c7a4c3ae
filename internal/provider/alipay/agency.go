package alipay

import (
	"cmp"
	"maps"
	"regexp"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// In service-provider mode, the service provider's application acts for the merchant's:
// it signs, and a token says for whom. All that an application has, such as orders,
// bills and the open_ids of its payers, is the merchant's.

// tokenForm is an app_auth_token.
var tokenForm = regexp.MustCompile(`^[0-9A-Za-z]{16,128}$`)

func (s *settings) checkAgency() error {
	switch {
	case s.AuthAppID == "" && s.AppAuthToken == "":
		return nil
	case s.AppAuthToken == "":
		return pay.Errorf(pay.CodeInvalid, "app_auth_token", "is missing: it names the file with the token by which the service provider's application acts for auth_app_id")
	case s.AuthAppID == "":
		return pay.Errorf(pay.CodeInvalid, "auth_app_id", "is missing: it is the merchant's application, for which app_auth_token lets app_id act")
	case !appIDForm.MatchString(s.AuthAppID):
		return pay.Errorf(pay.CodeInvalid, "auth_app_id", "must be the id of the merchant's application, 8 to 32 digits")
	case s.AuthAppID == s.AppID:
		return pay.Errorf(pay.CodeInvalid, "auth_app_id", "is app_id itself, which needs no token: leave out both settings, or put the service provider's application into app_id")
	}
	return nil
}

// readToken reads the token, "" for an account without a service provider.
func (s *settings) readToken(env provider.Env) (string, error) {
	if s.AppAuthToken == "" {
		return "", nil
	}
	token, err := env.Secret("app_auth_token", s.AppAuthToken)
	if err != nil {
		return "", err
	}
	if !tokenForm.MatchString(token) {
		return "", pay.Errorf(pay.CodeInvalid, "app_auth_token", "the file %s holds something else than an app_auth_token, which is 16 to 128 letters and digits", s.AppAuthToken)
	}
	return token, nil
}

// merchantApp returns the id of the merchant's application, whoever acts for it.
func (s *settings) merchantApp() string { return cmp.Or(s.AuthAppID, s.AppID) }

// acting returns a request with the token. It is added to what goes out, and is no part
// of what is stored: a request that is sent again goes by the token of that day.
func (a *account) acting(r request) request {
	if a.token == "" {
		return r
	}
	r.params = maps.Clone(r.params)
	if r.params == nil {
		r.params = map[string]string{}
	}
	r.params["app_auth_token"] = a.token
	return r
}

// named returns what evidence calls the application of a statement, for which another may
// have acted. It is App only if both are ours: neither what the service provider did for
// another merchant nor what the merchant sold without it is.
func (a *account) named(acted, merchant string) string {
	switch {
	case acted == a.AppID:
		return cmp.Or(merchant, acted)
	case a.AuthAppID != "":
		return acted + "/" + merchant
	}
	return acted
}
