package wechatpay

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"morepay/internal/pay"
	"morepay/internal/provider"
)

// options are what an account may add to each of its orders. What is not set is not sent.
type options struct {
	Attach        string   `json:"attach"`         // what bills and statements repeat, see attached
	GoodsTag      string   `json:"goods_tag"`      // of coupons, up to 32 characters
	LimitPay      []string `json:"limit_pay"`      // what may not be paid with, see limits
	SupportFapiao bool     `json:"support_fapiao"` // shows the way to an electronic invoice
	ProfitSharing bool     `json:"profit_sharing"` // freezes the money until it is shared out
	DeviceID      string   `json:"device_id"`      // of the till or terminal, up to 32 characters
	Store         store    `json:"store"`
	H5            h5App    `json:"h5"`
}

// h5App is what H5 orders may say of the merchant's site and apps.
type h5App struct {
	AppName     string `json:"app_name,omitempty"`
	AppURL      string `json:"app_url,omitempty"`
	BundleID    string `json:"bundle_id,omitempty"`
	PackageName string `json:"package_name,omitempty"`
}

// store is the shop in which an order is made. Its id is needed where any of it is given.
type store struct {
	ID       string `json:"id"`
	Name     string `json:"name,omitempty"`
	AreaCode string `json:"area_code,omitempty"`
	Address  string `json:"address,omitempty"`
}

// limits are the values of limit_pay: no balance, no credit, no debit cards, balance only.
var limits = []string{"no_balance", "no_credit", "no_debit", "balance_only"}

// attached are the values of attach, and what each has orders say.
var attached = map[string]func(provider.Order) string{
	"":                   func(o provider.Order) string { return o.AttemptID },
	"attempt":            func(o provider.Order) string { return o.AttemptID },
	"merchant_reference": func(o provider.Order) string { return o.Reference }, // up to 64 of 128 characters
}

func (o options) check() error {
	if attached[o.Attach] == nil {
		return pay.Errorf(pay.CodeInvalid, "options.attach", "%q is neither attempt nor merchant_reference", o.Attach)
	}
	for _, f := range []struct {
		name, value string
		most        int // characters
	}{
		{"options.goods_tag", o.GoodsTag, 32},
		{"options.device_id", o.DeviceID, 32},
		{"options.store.id", o.Store.ID, 32},
		{"options.store.name", o.Store.Name, 256},
		{"options.store.area_code", o.Store.AreaCode, 32},
		{"options.store.address", o.Store.Address, 512},
		{"options.h5.app_name", o.H5.AppName, 64},
		{"options.h5.app_url", o.H5.AppURL, 128},
		{"options.h5.bundle_id", o.H5.BundleID, 128},
		{"options.h5.package_name", o.H5.PackageName, 128},
	} {
		if utf8.RuneCountInString(f.value) > f.most {
			return pay.Errorf(pay.CodeInvalid, f.name, "must be at most %d characters", f.most)
		}
	}
	if o.Store != (store{}) && o.Store.ID == "" {
		return pay.Errorf(pay.CodeInvalid, "options.store.id", "is missing")
	}
	for _, limit := range o.LimitPay {
		if !slices.Contains(limits, limit) {
			return pay.Errorf(pay.CodeInvalid, "options.limit_pay", "%q is none of %s", limit, strings.Join(limits, ", "))
		}
	}
	return nil
}

// settleInfo says what happens to the money.
type settleInfo struct {
	ProfitSharing bool `json:"profit_sharing"`
}

// add puts the options into an order. payerIP is sent with whatever is said of the scene;
// where nobody knows it nothing is said.
func (o options) add(body *order, payerIP string) {
	body.GoodsTag, body.LimitPay, body.SupportFapiao = o.GoodsTag, o.LimitPay, o.SupportFapiao
	if o.ProfitSharing {
		body.SettleInfo = &settleInfo{true}
	}
	if body.SceneInfo != nil && body.SceneInfo.H5Info != nil {
		body.SceneInfo.H5Info.h5App = o.H5
	}
	if o.DeviceID == "" && o.Store.ID == "" {
		return
	}
	if body.SceneInfo == nil {
		address, err := netip.ParseAddr(payerIP)
		if err != nil || address.Zone() != "" {
			return
		}
		body.SceneInfo = &sceneInfo{PayerClientIP: address.Unmap().String()}
	}
	body.SceneInfo.DeviceID = o.DeviceID
	if o.Store.ID != "" {
		body.SceneInfo.StoreInfo = &o.Store
	}
}
