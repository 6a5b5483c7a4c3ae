package funnel_test

import (
	"context"
	"maps"
	"reflect"
	"testing"
	"time"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/funnel"
	"morepay/internal/pay"
)

// fixed is a store of these sessions.
type fixed []funnel.Session

func (f fixed) AddVisits(context.Context, []funnel.Visit) ([]string, error) { return nil, nil }

func (f fixed) Visited(_ context.Context, _, _ time.Time, do func(funnel.Session)) error {
	for _, s := range f {
		do(s)
	}
	return nil
}

// Each session counts once in every step, in the groups that it belongs to.
func TestReport(t *testing.T) {
	t.Parallel()
	wechat, alipay := funnel.Offered{Method: "wechat_pay", Rail: pay.RailQR}, funnel.Offered{Method: "alipay", Rail: pay.RailQR}
	blocked := funnel.Hidden{Method: "alipay", Reason: capability.ReasonBlockedInContainer}
	noAccount := funnel.Hidden{Method: "wechat_pay", Reason: capability.ReasonNoAccount}
	desktop := funnel.Visit{Form: device.Desktop, Container: device.Browser, Shown: []funnel.Offered{wechat, alipay}}
	inWeChat := funnel.Visit{Form: device.Mobile, Container: device.WeChat, Shown: []funnel.Offered{wechat}, Hidden: []funnel.Hidden{blocked}}
	bare := funnel.Visit{Form: device.Mobile, Container: device.WeChat, Hidden: []funnel.Hidden{blocked, noAccount}}
	store := fixed{
		{Visit: desktop, Merchant: "a", Open: true},
		{Visit: desktop, Merchant: "a", Tries: []funnel.Try{
			{Method: "alipay", HandedOff: true, CameBack: true}, {Method: "wechat_pay", HandedOff: true}, {Method: "wechat_pay", HandedOff: true, Paid: true},
		}},
		{Visit: inWeChat, Merchant: "b", Tries: []funnel.Try{{Method: "wechat_pay"}, {Method: "alipay", HandedOff: true, Paid: true}}}, // went on elsewhere
		{Visit: bare, Merchant: "b"},
	}
	for by, want := range map[funnel.By]map[string]funnel.Count{
		funnel.ByNothing:  {"all": {Shown: 4, Chosen: 2, HandedOff: 2, CameBack: 1, Paid: 2}},
		funnel.ByMerchant: {"a": {Shown: 2, Chosen: 1, HandedOff: 1, CameBack: 1, Paid: 1}, "b": {Shown: 2, Chosen: 1, HandedOff: 1, Paid: 1}},
		funnel.ByDevice:   {"desktop browser": {Shown: 2, Chosen: 1, HandedOff: 1, CameBack: 1, Paid: 1}, "mobile wechat": {Shown: 2, Chosen: 1, HandedOff: 1, Paid: 1}},
		funnel.ByMethod:   {"wechat_pay": {Shown: 3, Chosen: 2, HandedOff: 1, Paid: 1}, "alipay": {Shown: 3, Chosen: 2, HandedOff: 2, CameBack: 1, Paid: 1}},
	} {
		r, err := funnel.Read(t.Context(), store, time.Time{}, time.Time{}, "", by)
		if err != nil || !maps.Equal(r.Counts, want) {
			t.Errorf("by %q: %+v, want %+v (%v)", by, r.Counts, want, err)
		}
		if r.Sessions != 4 || r.Open != 1 || r.Bare != 1 {
			t.Errorf("%d sessions, %d open, %d bare", r.Sessions, r.Open, r.Bare)
		}
		if missing := []funnel.Missing{{Hidden: blocked, Sessions: 2, Bare: 1}, {Hidden: noAccount, Sessions: 1, Bare: 1}}; !reflect.DeepEqual(r.Missing, missing) {
			t.Errorf("missing: %v, want %v", r.Missing, missing)
		}
	}
	r, err := funnel.Read(t.Context(), store, time.Time{}, time.Time{}, "b", funnel.ByMerchant)
	if groups := r.Groups(); err != nil || r.Sessions != 2 || !reflect.DeepEqual(groups, []string{"b"}) {
		t.Errorf("of b alone: %v, %d sessions (%v)", groups, r.Sessions, err)
	}
}

// What is stored as text is read as it was.
func TestLists(t *testing.T) {
	t.Parallel()
	v := funnel.Visit{
		Shown:  []funnel.Offered{{Method: "wechat_pay", Rail: pay.RailQR}, {Method: "alipay", Rail: pay.RailDeepLink}},
		Hidden: []funnel.Hidden{{Method: "jd_pay", Reason: capability.ReasonNoAccount}},
	}
	var got funnel.Visit
	if got.SetLists(v.Lists()); !reflect.DeepEqual(got, v) {
		t.Errorf("%+v, want %+v", got, v)
	}
	if got.SetLists("", "nonsense"); !reflect.DeepEqual(got, funnel.Visit{}) {
		t.Errorf("of nonsense: %+v", got)
	}
}
