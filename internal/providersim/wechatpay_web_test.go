package providersim_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"morepay/internal/providersim"
)

// authorize passes through OAuth as WeChat's browser and returns where it was
// sent back to.
func (fx *fixture) authorize(q url.Values) (status int, back *url.URL) {
	fx.t.Helper()
	res, err := fx.http.Get("https://open.weixin.qq.com/connect/oauth2/authorize?" + q.Encode())
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err = res.Location()
	if err != nil {
		return res.StatusCode, nil
	}
	return res.StatusCode, back
}

func (fx *fixture) exchange(code, secret string) map[string]any {
	fx.t.Helper()
	q := url.Values{"appid": {appID}, "secret": {secret}, "code": {code}, "grant_type": {"authorization_code"}}
	res, err := fx.http.Get("https://api.weixin.qq.com/sns/oauth2/access_token?" + q.Encode())
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		fx.t.Fatal(err)
	}
	return answer
}

func authorizeQuery() url.Values {
	return url.Values{
		"appid": {appID}, "redirect_uri": {"https://pay.example/pay/x?rail=jsapi"}, "response_type": {"code"}, "scope": {"snsapi_base"}, "state": {"S1"},
	}
}

// openid returns a user's openid, got as a merchant gets it.
func (fx *fixture) openid(user providersim.User) string {
	fx.t.Helper()
	fx.sim.SetUser(user)
	_, back := fx.authorize(authorizeQuery())
	id, _ := fx.exchange(back.Query().Get("code"), appSecret)["openid"].(string)
	if id == "" {
		fx.t.Fatal("OAuth gave no openid")
	}
	return id
}

// visit opens an address as a browser does, following redirects, and returns
// the page.
func (fx *fixture) visit(address string, header http.Header) string {
	fx.t.Helper()
	browser := &http.Client{Transport: fx.http.Transport}
	req, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		fx.t.Fatal(err)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	res, err := browser.Do(req)
	if err != nil {
		fx.t.Fatal(err)
	}
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	if err != nil {
		fx.t.Fatal(err)
	}
	return string(page)
}
