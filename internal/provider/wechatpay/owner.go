package wechatpay

import (
	"cmp"

	"morepay/internal/pay"
)

// owner is whose an order is, in WeChat Pay's words: a direct merchant's, or, in partner
// mode, one that a service provider makes for a merchant under it.
type owner struct {
	MchID    string `json:"mchid,omitempty"`
	SpMchID  string `json:"sp_mchid,omitempty"`
	SubMchID string `json:"sub_mchid,omitempty"`
}

// apps are under which an order is made. In partner mode the merchant's own app may be
// missing: then it is the service provider's that the payer meets.
type apps struct {
	AppID    string `json:"appid,omitempty"`
	SpAppID  string `json:"sp_appid,omitempty"`
	SubAppID string `json:"sub_appid,omitempty"`
}

// met returns the app that the payer meets: an openid is one under it, and the wallet is
// called for it.
func (p apps) met() string { return cmp.Or(p.SubAppID, p.SpAppID, p.AppID) }

// complete reports whether a statement names an owner.
func (o owner) complete() bool { return o.MchID != "" || o.SpMchID != "" && o.SubMchID != "" }

// payee returns the number of the merchant whom the money is for.
func (o owner) payee() string { return cmp.Or(o.MchID, o.SubMchID) }

// caller returns the number of who calls: whose keys sign, and among whose orders a
// number is unique.
func (o owner) caller() string { return cmp.Or(o.MchID, o.SpMchID) }

func (s settings) isPartner() bool { return s.SpMchID != "" }

func (s settings) owner() owner {
	return owner{MchID: s.MchID, SpMchID: s.SpMchID, SubMchID: s.SubMchID}
}

// apps returns under which apps an order by a rail is made.
func (s settings) apps(rail pay.Rail) apps {
	own := s.AppIDs.of()[rail]
	if s.isPartner() {
		return apps{SpAppID: s.SpAppID, SubAppID: cmp.Or(own, s.SubAppID)}
	}
	return apps{AppID: cmp.Or(own, s.AppID)}
}

// orders is the path of the calls about orders.
func (s settings) orders() string {
	if s.isPartner() {
		return "/v3/pay/partner/transactions/"
	}
	return "/v3/pay/transactions/"
}

// named returns what evidence calls the owner of a statement. It is Account only if all
// numbers are ours: neither a service provider's other merchant nor what a merchant sold
// without it is.
func (a *account) named(said owner) string {
	switch {
	case said == a.owner():
		return a.Account()
	case said.SpMchID != "":
		return said.SpMchID + "/" + said.SubMchID
	case said.MchID == a.Account():
		return said.MchID + " without a service provider"
	}
	return said.MchID
}

// app returns what evidence calls the app of a statement: the one that the payer met,
// unless the order was made under another service provider's.
func (a *account) app(said apps) string {
	if said.SpAppID != a.SpAppID && said.SpAppID != "" {
		return said.SpAppID
	}
	return said.met()
}
