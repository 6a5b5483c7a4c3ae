package providersim

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// WeChatServiceProvider is a company that takes payments for merchants under it (partner
// mode): it calls for them with its own keys, and their out_trade_nos are one series.
type WeChatServiceProvider struct {
	MchID     string // 8 to 10 digits
	AppID     string // of its service account, under which it meets payers whose merchant has no app
	AppSecret string // for OAuth; "" if unused
}

func (p *WeChatServiceProvider) check(a *WeChatAccount) error {
	if p == nil {
		return nil
	}
	if !isDigits(p.MchID, 8, 10) || p.MchID == a.MchID {
		return errors.New("the service provider's mchid: 8 to 10 digits are needed, other than the merchant's")
	}
	if p.AppID == "" || p.AppID == a.AppID {
		return errors.New("the service provider's app id is needed, other than the merchant's")
	}
	return nil
}

func (a *wechatAccount) isPartner() bool { return a.Under != nil }

// caller returns the number of who calls for a merchant.
func (a *wechatAccount) caller() string {
	if a.isPartner() {
		return a.Under.MchID
	}
	return a.MchID
}

// under returns the merchant's number as bills have it beside the caller's.
func (a *wechatAccount) under() string {
	if a.isPartner() {
		return a.MchID
	}
	return "0"
}

// billedApp returns the app of an order as bills have it.
func (a *wechatAccount) billedApp(o *order) string {
	if a.isPartner() {
		return a.Under.AppID
	}
	return o.appID
}

// secretOf returns the secret of a service account, "" for another one.
func (a *wechatAccount) secretOf(appID string) string {
	switch {
	case appID == "":
		return ""
	case appID == a.AppID:
		return a.AppSecret
	case a.isPartner() && appID == a.Under.AppID:
		return a.Under.AppSecret
	}
	return ""
}

// callers finds the accounts for which a number may call, those of one service provider
// in the order of their numbers.
func (s *Sim) callers(mchid string) (list []*wechatAccount) {
	for _, a := range s.wechat {
		if a.caller() == mchid {
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(a, b *wechatAccount) int { return cmp.Compare(a.MchID, b.MchID) })
	return list
}

// merchantFor chooses the account of a call: the merchant that it names, of those for
// which its caller may call. The first is as good as any to look at the signature, where
// it names none or another's; then ok is false.
func (c *wechatCall) merchantFor(callers []*wechatAccount) (a *wechatAccount, ok bool) {
	sub := cmp.Or(c.r.URL.Query().Get("sub_mchid"), subIn(c.body))
	for _, a := range callers {
		if !a.isPartner() || a.MchID == sub {
			return a, true
		}
	}
	return callers[0], sub == ""
}

// subIn returns the sub_mchid that a body names, "" for none.
func subIn(body []byte) string {
	var about struct {
		Merchant string `json:"sub_mchid"`
	}
	_ = json.Unmarshal(body, &about) // what is no JSON names none
	return about.Merchant
}

// checkMode refuses the paths of one mode to callers of the other.
func (c *wechatCall) checkMode() error {
	if path := c.r.URL.Path; strings.HasPrefix(path, "/v3/pay/") && strings.HasPrefix(path, "/v3/pay/partner/") != c.merchant.isPartner() {
		return errNoAuth
	}
	return nil
}

// owners are the fields that say whose an order is, with the values that they must have.
func (a *wechatAccount) owners() map[string]string {
	if a.isPartner() {
		return map[string]string{"sp_mchid": a.Under.MchID, "sub_mchid": a.MchID}
	}
	return map[string]string{"mchid": a.MchID}
}

// checkOwners reports a field of these that is missing or another's.
func (c *wechatCall) checkOwners(location string, values url.Values) error {
	for name, want := range c.merchant.owners() {
		if got := values[name]; len(got) != 1 || got[0] != want {
			return errRequest.at(location, where(location, name), strings.Join(got, ","), "与Authorization中的mchid不一致")
		}
	}
	return nil
}

// where names a field as errors do: in bodies by its pointer.
func where(location, name string) string {
	if location == "body" {
		return pointer(name)
	}
	return name
}

// checkSub refuses a call about refunds of a service provider that names no merchant, and
// one of a direct merchant that does.
func (c *wechatCall) checkSub(location, got string) error {
	want := ""
	if c.merchant.isPartner() {
		want = c.merchant.MchID
	}
	if got != want {
		return errRequest.at(location, where(location, "sub_mchid"), got, "特约商户号有误")
	}
	return nil
}

// partnerPrepaySchema is that of the prepay calls for service providers.
var partnerPrepaySchema = prepaySchema.in(map[string]schema{
	"appid": {
		{path: "sp_appid", need: everyProduct, be: isText(1, 32)},
		{path: "sub_appid", be: isText(1, 32)},
	},
	"mchid": {
		{path: "sp_mchid", need: everyProduct, be: isText(1, 32)},
		{path: "sub_mchid", need: everyProduct, be: isText(1, 32)},
	},
	"payer.openid": {
		{path: "payer.sp_openid", only: []Product{JSAPI}, be: isText(1, 128)},
		{path: "payer.sub_openid", only: []Product{JSAPI}, be: isText(1, 128)},
	},
})

var partnerCloseSchema = closeSchema.in(map[string]schema{"mchid": {
	{path: "sp_mchid", need: everyProduct, be: isText(1, 32)},
	{path: "sub_mchid", need: everyProduct, be: isText(1, 32)},
}})

// in returns a schema with other fields in the place of some.
func (s schema) in(places map[string]schema) (other schema) {
	for _, f := range s {
		if instead, ok := places[f.path]; ok {
			other = append(other, instead...)
			continue
		}
		other = append(other, f)
	}
	return other
}

// payerApp returns the app that an order's payer meets, and their openid under it, as a
// prepay call names them.
func (c *wechatCall) payerApp(v values) (appID, openid string) {
	switch {
	case !c.merchant.isPartner():
		return v.text("appid"), v.text("payer.openid")
	case v.text("payer.sub_openid") != "":
		return v.text("sub_appid"), v.text("payer.sub_openid")
	case v.text("payer.sp_openid") != "":
		return v.text("sp_appid"), v.text("payer.sp_openid")
	}
	return cmp.Or(v.text("sub_appid"), v.text("sp_appid")), ""
}

// checkApps holds the apps of an order to those that are bound to its numbers.
func (c *wechatCall) checkApps(v values, product Product) error {
	a := c.merchant
	if !a.isPartner() {
		if !a.bound(v.text("appid"), product) {
			return errAppMismatch
		}
		return nil
	}
	own := v.text("sub_appid")
	if v.text("sp_appid") != a.Under.AppID || own != "" && !a.bound(own, product) || own == "" && product == AppPay {
		return errAppMismatch
	}
	return nil
}

// numberOfAnother reports whether an out_trade_no is one of another merchant of the same
// caller.
func (s *Sim) numberOfAnother(a *wechatAccount, number string) bool {
	return slices.ContainsFunc(s.callers(a.caller()), func(other *wechatAccount) bool {
		return other != a && s.books.find(other, number) != nil
	})
}
