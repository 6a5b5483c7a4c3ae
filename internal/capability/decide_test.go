package capability_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

var (
	noon   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	yuan60 = pay.Money{Currency: "CNY", Value: 6000}
)

// deviceOf returns the device of a profile that has a sample.
func deviceOf(t testing.TB, p device.Profile) device.Device {
	t.Helper()
	dev, ok := device.Of(p)
	if !ok {
		t.Fatalf("no sample of %s", p)
	}
	return dev
}

// open returns a document with one open WeChat Pay, changed by change.
func open(change func(*capability.Document, *capability.Method)) *capability.Document {
	doc := &capability.Document{
		Schema: 1, Merchant: "m", Name: "M", Locale: "en", Visible: 1,
		Methods: []capability.Method{{
			Method: "wechat_pay", State: capability.StateOpen, Currencies: []string{"CNY"},
			Rails: []pay.Rail{pay.RailJSAPI, pay.RailDeepLink, pay.RailQR},
		}},
	}
	if change != nil {
		change(doc, &doc.Methods[0])
	}
	return doc
}

// TestReasons has a row on each side of every edge.
func TestReasons(t *testing.T) {
	t.Parallel()
	type method = capability.Method
	type document = capability.Document
	limits := func(l capability.Limits) func(*document, *method) {
		return func(_ *document, m *method) { m.Limits = map[string]capability.Limits{"CNY": l} }
	}
	schedule := func(s capability.Schedule) func(*document, *method) {
		return func(_ *document, m *method) { m.State, m.Schedule = capability.StateScheduled, &s }
	}
	rollout := func(r capability.Rollout) func(*document, *method) {
		return func(_ *document, m *method) { m.State, m.Rollout = capability.StateRollout, &r }
	}
	products := func(p capability.Products) func(*document, *method) {
		return func(_ *document, m *method) { m.Products = &p }
	}
	hostVersion := func(v string) func(*document, *method) {
		return func(_ *document, m *method) { m.HostMinVersion = map[string]string{"taobao": v} }
	}
	item := func(sku, category string) []pay.Item { return []pay.Item{{SKU: sku, Category: category}} }
	ofAlipay := func(_ *document, m *method) { // a stored limit may be beyond the provider's
		m.Method, m.Limits = "alipay", map[string]capability.Limits{"CNY": {Max: 1 << 53}}
	}
	later := noon.Add(time.Second)
	limit := pay.Money{Currency: "CNY", Value: 6001}

	tests := []struct {
		name    string
		change  func(*document, *method)
		order   capability.Order
		profile device.Profile // safari-iphone if ""
		want    []capability.Reason
	}{
		{name: "open"},
		{name: "closed", change: func(_ *document, m *method) { m.State = capability.StateClosed }, want: []capability.Reason{{Code: "method_closed"}}},

		{name: "opens-now", change: schedule(capability.Schedule{From: noon})},
		{name: "opens-later", change: schedule(capability.Schedule{From: later}), want: []capability.Reason{{Code: "not_yet_open", At: later}}},
		{name: "ends-later", change: schedule(capability.Schedule{Until: later})},
		{name: "ends-now", change: schedule(capability.Schedule{Until: noon}), want: []capability.Reason{{Code: "method_closed"}}},

		{name: "rollout-of-all", change: rollout(capability.Rollout{Percent: 100}), order: capability.Order{Payer: "p"}},
		{name: "rollout-of-all-to-strangers", change: rollout(capability.Rollout{Percent: 100})},
		{name: "rollout-of-most-to-strangers", change: rollout(capability.Rollout{Percent: 99.99}), want: []capability.Reason{{Code: "not_in_rollout"}}},
		{name: "rollout-of-none", change: rollout(capability.Rollout{Percent: 0}), order: capability.Order{Payer: "p"}, want: []capability.Reason{{Code: "not_in_rollout"}}},
		{name: "rollout-in-closed-batch", change: rollout(capability.Rollout{Percent: 100, Batch: "b2"}), want: []capability.Reason{{Code: "not_in_rollout"}}},
		{name: "rollout-in-open-batch", change: func(d *document, m *method) {
			rollout(capability.Rollout{Percent: 100, Batch: "b2"})(d, m)
			d.OpenBatches = []string{"b1", "b2"}
		}},

		{name: "other-currency", order: capability.Order{Amount: pay.Money{Currency: "USD", Value: 6000}}, want: []capability.Reason{{Code: "currency_unsupported"}}},
		{
			name: "currency-that-the-provider-never-takes", change: func(_ *document, m *method) { m.Currencies = []string{"USD"} },
			order: capability.Order{Amount: pay.Money{Currency: "USD", Value: 6000}}, want: []capability.Reason{{Code: "currency_unsupported"}},
		},
		{name: "at-the-providers-maximum", change: ofAlipay, order: capability.Order{Amount: pay.Money{Currency: "CNY", Value: 100_000_000_00}}},
		{
			name: "above-the-providers-maximum", change: ofAlipay, order: capability.Order{Amount: pay.Money{Currency: "CNY", Value: 100_000_000_01}},
			want: []capability.Reason{{Code: "amount_above_max", Limit: pay.Money{Currency: "CNY", Value: 100_000_000_00}}},
		},
		{name: "at-the-minimum", change: limits(capability.Limits{Min: 6000})},
		{name: "below-the-minimum", change: limits(capability.Limits{Min: 6001}), want: []capability.Reason{{Code: "amount_below_min", Limit: limit}}},
		{name: "at-the-maximum", change: limits(capability.Limits{Max: 6000})},
		{name: "above-the-maximum", change: limits(capability.Limits{Max: 5999}), want: []capability.Reason{{Code: "amount_above_max", Limit: pay.Money{Currency: "CNY", Value: 5999}}}},
		{name: "limits-of-another-currency", change: func(_ *document, m *method) {
			m.Limits = map[string]capability.Limits{"HKD": {Min: 7000}}
		}},

		{name: "region-listed", change: func(_ *document, m *method) { m.Regions = []string{"HK", "CN"} }, order: capability.Order{Region: "CN"}},
		{name: "region-not-listed", change: func(_ *document, m *method) { m.Regions = []string{"HK"} }, order: capability.Order{Region: "CN"}, want: []capability.Reason{{Code: "region_unsupported"}}},
		{name: "region-unknown", change: func(_ *document, m *method) { m.Regions = []string{"HK"} }, want: []capability.Reason{{Code: "region_unsupported"}}},

		{name: "category-excluded", change: products(capability.Products{Excluded: &capability.Goods{Categories: []string{"gold"}}}), order: capability.Order{Items: item("1", "gold")}, want: []capability.Reason{{Code: "product_excluded", Item: "1"}}},
		{name: "sku-excluded", change: products(capability.Products{Excluded: &capability.Goods{SKUs: []string{"1"}}}), order: capability.Order{Items: item("1", "tea")}, want: []capability.Reason{{Code: "product_excluded", Item: "1"}}},
		{name: "one-of-two-excluded", change: products(capability.Products{Excluded: &capability.Goods{SKUs: []string{"2"}}}), order: capability.Order{Items: append(item("1", "tea"), item("2", "tea")...)}, want: []capability.Reason{{Code: "product_excluded", Item: "2"}}},
		{name: "not-excluded", change: products(capability.Products{Excluded: &capability.Goods{SKUs: []string{"1"}, Categories: []string{"gold"}}}), order: capability.Order{Items: item("2", "tea")}},
		{name: "allowed-by-category", change: products(capability.Products{Allowed: &capability.Goods{Categories: []string{"tea"}}}), order: capability.Order{Items: item("1", "tea")}},
		{name: "not-allowed", change: products(capability.Products{Allowed: &capability.Goods{Categories: []string{"tea"}}}), order: capability.Order{Items: item("", "gold")}, want: []capability.Reason{{Code: "product_excluded", Item: "gold"}}},
		{name: "excluded-though-allowed", change: products(capability.Products{Allowed: &capability.Goods{Categories: []string{"tea"}}, Excluded: &capability.Goods{SKUs: []string{"1"}}}), order: capability.Order{Items: item("1", "tea")}, want: []capability.Reason{{Code: "product_excluded", Item: "1"}}},
		{name: "nothing-in-the-cart", change: products(capability.Products{Allowed: &capability.Goods{Categories: []string{"tea"}}}), want: []capability.Reason{{Code: "product_excluded"}}},
		{name: "nothing-in-the-cart-that-is-excluded", change: products(capability.Products{Excluded: &capability.Goods{Categories: []string{"gold"}}}), want: []capability.Reason{{Code: "product_excluded"}}},

		{name: "host-same-version", change: hostVersion("10.2.10"), profile: "taobao-iphone"},
		{name: "host-too-old", change: hostVersion("10.40"), profile: "taobao-iphone", want: []capability.Reason{{Code: "host_update_required", Host: "taobao", Version: "10.40"}}},
		{name: "host-new-enough", change: hostVersion("10.40"), profile: "taobao-android"},
		{name: "other-host", change: hostVersion("10.40"), profile: "tmall-iphone"},
		{name: "no-host", change: hostVersion("10.40")},

		{name: "blocked", profile: "alipay-iphone", want: []capability.Reason{{Code: "blocked_in_container", Host: "alipay"}}},
		{name: "unknown-method", change: func(_ *document, m *method) { m.Method = "cash" }, want: []capability.Reason{{Code: "no_rail_on_device"}}},
		{name: "nothing-granted", change: func(_ *document, m *method) { m.Rails = nil }, want: []capability.Reason{{Code: "rail_not_granted"}}},
		{name: "provider-down", order: capability.Order{Down: []pay.Method{"alipay", "wechat_pay"}}, want: []capability.Reason{{Code: "provider_unavailable"}}},
		{name: "not-granted-by-the-provider", order: capability.Order{NotGranted: railsOf("wechat_pay", pay.Rails...)}, want: []capability.Reason{{Code: "rail_not_granted"}}},
		{name: "other-method-not-granted", order: capability.Order{NotGranted: railsOf("alipay", pay.Rails...)}},
		{name: "unfit-for-the-payer", order: capability.Order{Unfit: railsOf("wechat_pay", pay.Rails...)}, want: []capability.Reason{{Code: "no_rail_on_device"}}},
		{name: "other-method-unfit", order: capability.Order{Unfit: railsOf("alipay", pay.Rails...)}},
		{name: "left-out", order: capability.Order{LeftOut: []pay.Method{"wechat_pay"}}, want: []capability.Reason{{Code: "hidden_by_shop"}}},
		{name: "no-account", order: capability.Order{NoAccount: []pay.Method{"wechat_pay"}}, want: []capability.Reason{{Code: "no_account"}}},
		{name: "no-account-for-another", order: capability.Order{NoAccount: []pay.Method{"alipay"}}},
		{name: "other-provider-down", order: capability.Order{Down: []pay.Method{"alipay"}}},

		{
			name: "all-at-once-in-order", profile: "alipay-iphone", order: capability.Order{Amount: pay.Money{Currency: "USD", Value: 1}, Down: []pay.Method{"wechat_pay"}, LeftOut: []pay.Method{"wechat_pay"}, Items: item("1", "tea"), Payer: "p"},
			change: func(_ *document, m *method) {
				m.State, m.Rails = capability.StateClosed, nil
				m.Rollout = &capability.Rollout{}
				m.Schedule = &capability.Schedule{From: later}
				m.Limits = map[string]capability.Limits{"USD": {Min: 2}}
				m.Regions = []string{"HK"}
				m.Products = &capability.Products{Excluded: &capability.Goods{SKUs: []string{"1"}}}
				m.HostMinVersion = map[string]string{"alipay": "99.0"}
			},
			want: []capability.Reason{
				{Code: "method_closed"},
				{Code: "not_yet_open", At: later},
				{Code: "not_in_rollout"},
				{Code: "currency_unsupported"},
				{Code: "amount_below_min", Limit: pay.Money{Currency: "USD", Value: 2}},
				{Code: "region_unsupported"},
				{Code: "product_excluded", Item: "1"},
				{Code: "host_update_required", Host: "alipay", Version: "99.0"},
				{Code: "blocked_in_container", Host: "alipay"},
				{Code: "rail_not_granted"},
				{Code: "provider_unavailable"},
				{Code: "hidden_by_shop"},
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.order.Amount.Currency == "" {
				tt.order.Amount = yuan60
			}
			if tt.profile == "" {
				tt.profile = "safari-iphone"
			}
			got := capability.Decide(open(tt.change), tt.order, deviceOf(t, tt.profile), noon).Choices[0]
			if diff := cmp.Diff(tt.want, got.Reasons); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
			if got.Offered() != (len(tt.want) == 0) {
				t.Errorf("ladder %v with reasons %v", got.Ladder, got.Reasons)
			}
		})
	}
}

// TestLadder: what a merchant was granted thins the ladder out and leaves its
// order alone.
func TestLadder(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		method  pay.Method
		profile device.Profile
		granted string
		want    string
	}{
		{"all-on-desktop", "wechat_pay", "chrome-windows", "jsapi deep_link qr", "qr page_qr"},
		{"all-on-a-phone", "wechat_pay", "chrome-android", "qr deep_link jsapi", "deep_link page_qr"},
		{"all-in-wechat", "wechat_pay", "wechat-android", "jsapi deep_link qr", "jsapi page_qr"},
		{"no-jsapi-in-wechat", "wechat_pay", "wechat-android", "deep_link qr", "page_qr"},
		{"no-h5-on-a-phone", "wechat_pay", "safari-iphone", "jsapi qr", "page_qr"},
		{"no-native-on-desktop", "wechat_pay", "safari-mac", "jsapi", "page_qr"},
		{"wechat-on-desktop-is-desktop", "wechat_pay", "wechat-windows", "jsapi qr", "qr page_qr"},
		{"mini-program", "wechat_pay", "wechat-mini-program-iphone", "jsapi deep_link qr", "page_qr"},
		{"ipad-as-mac", "wechat_pay", "safari-ipad", "jsapi deep_link qr", "deep_link page_qr"},
		{"alipay-in-alipay", "alipay", "alipay-iphone", "jsapi deep_link qr redirect", "jsapi deep_link page_qr"},
		{"alipay-in-alipay-without-bridge", "alipay", "alipay-iphone", "deep_link qr redirect", "deep_link page_qr"},
		{"alipay-in-alipay-with-codes-only", "alipay", "alipay-iphone", "qr", "page_qr"},
		{"alipay-on-desktop", "alipay", "edge-windows", "redirect qr", "qr redirect page_qr"},
		{"a-page-that-could-do-nothing", "wechat_pay", "safari-iphone", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := open(func(_ *capability.Document, m *capability.Method) {
				m.Method, m.Rails = tt.method, rails(tt.granted)
			})
			d := capability.Decide(doc, capability.Order{Amount: yuan60}, deviceOf(t, tt.profile), noon)
			want := rails(tt.want)
			if got := d.Choices[0].Ladder; !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
			for _, r := range pay.Rails {
				if got := d.Allows(tt.method, r); got != slices.Contains(want, r) {
					t.Errorf("allows %s: %t", r, got)
				}
			}
		})
	}
}

func rails(words string) []pay.Rail {
	var list []pay.Rail
	for _, w := range strings.Fields(words) {
		list = append(list, pay.Rail(w))
	}
	return list
}

// TestArrange: one string per choice, its group and its method.
func TestArrange(t *testing.T) {
	t.Parallel()
	entry := func(id pay.Method, primary bool, rank int) capability.Method {
		return capability.Method{
			Method: id, State: capability.StateOpen, Currencies: []string{"CNY"}, Primary: primary, Rank: rank,
			Rails: []pay.Rail{pay.RailJSAPI, pay.RailDeepLink, pay.RailQR, pay.RailRedirect},
		}
	}
	plain := []capability.Method{entry("wechat_pay", false, 0), entry("alipay", false, 0), entry("unionpay", false, 0), entry("jd_pay", false, 0)}
	alipayFirst := []capability.Method{entry("alipay", true, 0), entry("wechat_pay", false, 0), entry("unionpay", false, 0), entry("jd_pay", false, 0)}
	onlyElsewhere := []capability.Method{entry("jd_pay", true, 0), entry("unionpay", false, 0)}
	cutJD := slices.Clone(plain)
	cutJD[3].Primary, cutJD[3].Rails = true, []pay.Rail{pay.RailDeepLink}
	down := capability.Order{Down: []pay.Method{"alipay"}}
	tests := []struct {
		name    string
		methods []capability.Method
		ranking []pay.Method
		visible int
		order   capability.Order
		profile device.Profile
		want    string
	}{
		{name: "as-written-if-nothing-else", methods: plain, visible: 1, profile: "chrome-windows", want: "primary:wechat_pay more:alipay more:unionpay more:jd_pay"},
		{name: "by-ranking", methods: plain, ranking: []pay.Method{"jd_pay", "unionpay", "wechat_pay", "alipay"}, visible: 2, profile: "chrome-windows", want: "primary:jd_pay primary:unionpay more:wechat_pay more:alipay"},
		{name: "ranking-then-rank", methods: []capability.Method{entry("wechat_pay", false, 9), entry("alipay", false, 2), entry("unionpay", false, 1)}, ranking: []pay.Method{"wechat_pay"}, visible: 1, profile: "chrome-windows", want: "primary:wechat_pay more:unionpay more:alipay"},
		{name: "primary-first", methods: []capability.Method{entry("wechat_pay", false, 1), entry("unionpay", false, 3), entry("alipay", true, 2)}, visible: 1, profile: "chrome-windows", want: "primary:alipay more:wechat_pay more:unionpay"},
		{name: "more-primary-than-visible", methods: []capability.Method{entry("wechat_pay", true, 1), entry("alipay", true, 2), entry("unionpay", false, 0), entry("jd_pay", false, 0)}, visible: 1, profile: "chrome-windows", want: "primary:wechat_pay primary:alipay more:unionpay more:jd_pay"},
		{name: "all-visible", methods: plain, visible: 9, profile: "chrome-windows", want: "primary:wechat_pay primary:alipay primary:unionpay primary:jd_pay"},
		{name: "a-single-one-is-not-folded", methods: plain, visible: 3, profile: "chrome-windows", want: "primary:wechat_pay primary:alipay primary:unionpay primary:jd_pay"},
		{name: "in-wechat", methods: alipayFirst, visible: 1, profile: "wechat-iphone", want: "primary:wechat_pay elsewhere:jd_pay unavailable:alipay unavailable:unionpay"},
		{name: "in-alipay", methods: plain, visible: 1, profile: "alipay-iphone", want: "primary:alipay elsewhere:unionpay elsewhere:jd_pay unavailable:wechat_pay"},
		{name: "in-jd-its-own-first", methods: plain, visible: 1, profile: "jd-android", want: "primary:jd_pay elsewhere:wechat_pay elsewhere:unionpay unavailable:alipay"},
		{name: "own-app-before-primary", methods: []capability.Method{entry("wechat_pay", true, 0), entry("jd_pay", false, 0)}, visible: 1, profile: "jd-android", want: "primary:jd_pay elsewhere:wechat_pay"},
		{name: "only-elsewhere-on-a-phone", methods: onlyElsewhere, visible: 1, profile: "wechat-mini-program-iphone", want: "elsewhere:jd_pay elsewhere:unionpay"},
		{name: "elsewhere-on-a-desktop", methods: cutJD, visible: 1, profile: "chrome-windows", want: "primary:wechat_pay more:alipay more:unionpay more:jd_pay"},
		{name: "down-is-not-visible", methods: alipayFirst, visible: 1, order: down, profile: "chrome-windows", want: "primary:wechat_pay more:unionpay more:jd_pay unavailable:alipay"},
		{name: "hidden-is-last", methods: alipayFirst, visible: 9, order: capability.Order{Down: []pay.Method{"wechat_pay"}, NoAccount: []pay.Method{"alipay"}}, profile: "chrome-windows", want: "primary:unionpay primary:jd_pay unavailable:wechat_pay hidden:alipay"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := &capability.Document{Visible: tt.visible, Ranking: tt.ranking, Methods: tt.methods}
			tt.order.Amount = yuan60
			var got []string
			for i, c := range capability.Decide(doc, tt.order, deviceOf(t, tt.profile), noon).Choices {
				got = append(got, string(c.Group)+":"+string(c.Method))
				if c.Rank != i+1 {
					t.Errorf("%s has rank %d at place %d", c.Method, c.Rank, i+1)
				}
			}
			if diff := cmp.Diff(tt.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("display (-want +got):\n%s", diff)
			}
		})
	}
}

// TestShown spells out which reasons payers are told.
func TestShown(t *testing.T) {
	t.Parallel()
	shown := map[capability.ReasonCode]bool{
		"not_yet_open": true, "amount_below_min": true, "amount_above_max": true,
		"host_update_required": true, "blocked_in_container": true, "provider_unavailable": true,
		"method_closed": false, "not_in_rollout": false, "currency_unsupported": false, "region_unsupported": false,
		"product_excluded": false, "no_rail_on_device": false, "rail_not_granted": false, "no_account": false, "hidden_by_shop": false,
	}
	for _, code := range capability.ReasonCodes() {
		want, listed := shown[code]
		if !listed || code.Shown() != want {
			t.Errorf("%s: shown %t, want %t, listed %t", code, code.Shown(), want, listed)
		}
		delete(shown, code)
	}
	if len(shown) > 0 {
		t.Errorf("no such codes: %v", shown)
	}
	if capability.ReasonCode("unheard_of").Shown() {
		t.Error("an unknown code is shown")
	}
	both := capability.Choice{Reasons: []capability.Reason{{Code: "host_update_required"}, {Code: "method_closed"}}}
	if both.Shown() {
		t.Error("an update is asked for, though the method is closed")
	}
}

// A method is barred if all that keeps it from being used is the app around the page.
func TestBarred(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		codes []capability.ReasonCode
		want  bool
	}{
		{nil, false},
		{[]capability.ReasonCode{"blocked_in_container"}, true},
		{[]capability.ReasonCode{"host_update_required"}, true},
		{[]capability.ReasonCode{"host_update_required", "blocked_in_container"}, true},
		{[]capability.ReasonCode{"amount_above_max", "blocked_in_container"}, false},
		{[]capability.ReasonCode{"blocked_in_container", "rail_not_granted"}, false},
		{[]capability.ReasonCode{"no_rail_on_device"}, false},
	} {
		var choice capability.Choice
		for _, code := range c.codes {
			choice.Reasons = append(choice.Reasons, capability.Reason{Code: code})
		}
		if got := choice.Barred(); got != c.want {
			t.Errorf("%v: barred %t, want %t", c.codes, got, c.want)
		}
	}
}

// railsOf are rails of one method.
func railsOf(m pay.Method, rails ...pay.Rail) (list []capability.MethodRail) {
	for _, r := range rails {
		list = append(list, capability.MethodRail{Method: m, Rail: r})
	}
	return list
}

// A rail that the provider refuses leaves the ladder, and the next one takes over;
// our own page stays as long as there is something to do on it.
func TestNotGrantedLeavesTheLadder(t *testing.T) {
	t.Parallel()
	desktop := deviceOf(t, "chrome-windows")
	for _, c := range []struct {
		name    string
		refused []pay.Rail
		want    []pay.Rail
	}{
		{"none", nil, []pay.Rail{pay.RailQR, pay.RailPageQR}},
		{"the-first", []pay.Rail{pay.RailQR}, []pay.Rail{pay.RailPageQR}},
		{"one-of-other-devices", []pay.Rail{pay.RailJSAPI}, []pay.Rail{pay.RailQR, pay.RailPageQR}},
		{"all", pay.Rails, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			order := capability.Order{Amount: yuan60, NotGranted: railsOf("wechat_pay", c.refused...)}
			got, _ := capability.Decide(open(nil), order, desktop, noon).Choice("wechat_pay")
			if !slices.Equal(got.Ladder, c.want) {
				t.Errorf("the ladder is %v, want %v", got.Ladder, c.want)
			}
		})
	}
}

// A rail that is of no use to the payer leaves the ladder like one that their device
// does not have. If the merchant has no other, our own page is of no use either.
func TestUnfitLeavesTheLadder(t *testing.T) {
	t.Parallel()
	phone := deviceOf(t, "safari-iphone")
	unfit := capability.Order{Amount: yuan60, Unfit: railsOf("wechat_pay", pay.RailDeepLink)}
	for _, c := range []struct {
		granted []pay.Rail
		want    []pay.Rail
	}{
		{[]pay.Rail{pay.RailDeepLink, pay.RailJSAPI}, []pay.Rail{pay.RailPageQR}},
		{[]pay.Rail{pay.RailDeepLink}, nil},
	} {
		doc := open(func(_ *capability.Document, m *capability.Method) { m.Rails = c.granted })
		got, _ := capability.Decide(doc, unfit, phone, noon).Choice("wechat_pay")
		if !slices.Equal(got.Ladder, c.want) {
			t.Errorf("of %v the ladder is %v, want %v: %v", c.granted, got.Ladder, c.want, got.Reasons)
		}
		if none := []capability.Reason{{Code: capability.ReasonNoRailOnDevice}}; c.want == nil && !slices.Equal(got.Reasons, none) {
			t.Errorf("the reasons are %v", got.Reasons)
		}
	}
}

func TestDecisionChoice(t *testing.T) {
	t.Parallel()
	d := capability.Decide(open(nil), capability.Order{Amount: yuan60}, deviceOf(t, "safari-iphone"), noon)
	if c, ok := d.Choice("wechat_pay"); !ok || !c.Offered() {
		t.Errorf("got %+v, %t", c, ok)
	}
	if c, ok := d.Choice("alipay"); ok || c.Offered() {
		t.Errorf("a method that the document does not name: %+v, %t", c, ok)
	}
	if d.Allows("alipay", pay.RailPageQR) {
		t.Error("allows a method that the document does not name")
	}
}

// BenchmarkDecide has six full entries; that two methods stand twice makes no
// difference to the work.
func BenchmarkDecide(b *testing.B) {
	doc := &capability.Document{Visible: 2, Ranking: []pay.Method{"jd_pay", "unionpay", "wechat_pay"}, OpenBatches: []string{"b1"}}
	for _, id := range []pay.Method{"wechat_pay", "alipay", "unionpay", "jd_pay", "wechat_pay", "alipay"} {
		doc.Methods = append(doc.Methods, capability.Method{
			Method: id, State: capability.StateRollout, Currencies: []string{"CNY", "HKD"}, Regions: []string{"CN", "HK"},
			Rails:          []pay.Rail{pay.RailJSAPI, pay.RailDeepLink, pay.RailQR, pay.RailRedirect},
			Limits:         map[string]capability.Limits{"CNY": {Min: 1, Max: 5_000_000}},
			Products:       &capability.Products{Excluded: &capability.Goods{Categories: []string{"gold", "prepaid-card"}, SKUs: []string{"9"}}},
			HostMinVersion: map[string]string{"taobao": "10.40"},
			Rollout:        &capability.Rollout{Percent: 100, Salt: "s", Batch: "b1"},
			Schedule:       &capability.Schedule{From: noon},
		})
	}
	order := capability.Order{Amount: yuan60, Payer: "0123456789abcdef0123456789abcdef", Region: "CN", Items: []pay.Item{{SKU: "1", Category: "tea"}, {SKU: "2", Category: "books"}}}
	for _, p := range []device.Profile{"chrome-android", "taobao-android", "alipay-iphone"} {
		dev := deviceOf(b, p)
		b.Run(string(p), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				capability.Decide(doc, order, dev, noon)
			}
		})
	}
}

func TestDocumentMethod(t *testing.T) {
	t.Parallel()
	doc := open(nil)
	if m := doc.Method("wechat_pay"); m != &doc.Methods[0] {
		t.Errorf("got %v, want the entry itself", m)
	}
	if m := doc.Method("alipay"); m != nil {
		t.Errorf("got %v, want nil", m)
	}
}

// TestWalls: a document opens an app to a wallet, or closes it, and nothing else changes.
func TestWalls(t *testing.T) {
	t.Parallel()
	const blocked = "blocked_in_container"
	for _, c := range []struct {
		name    string
		method  pay.Method
		profile device.Profile
		hosts   map[device.Host]capability.Wall
		want    string // the ladder, or the reasons
	}{
		{"alipay-in-wechat", "alipay", "wechat-iphone", nil, blocked},
		{"alipay-let-into-wechat", "alipay", "wechat-iphone", map[device.Host]capability.Wall{"wechat": "open"}, "deep_link page_qr"},
		{"open-elsewhere", "alipay", "wechat-iphone", map[device.Host]capability.Wall{"jd": "open"}, blocked},
		{"unionpay-let-into-wechat", "unionpay", "wechat-iphone", map[device.Host]capability.Wall{"wechat": "open"}, "redirect page_qr"},
		{"wechat-pay-in-taobao", "wechat_pay", "taobao-android", nil, "page_qr"},
		{"wechat-pay-let-into-taobao", "wechat_pay", "taobao-android", map[device.Host]capability.Wall{"taobao": "open"}, "deep_link page_qr"},
		{"alipay-shut-out-of-douyin", "alipay", "douyin-android", map[device.Host]capability.Wall{"douyin": "closed"}, blocked},
		{"open-in-its-own-app", "wechat_pay", "wechat-iphone", map[device.Host]capability.Wall{"wechat": "open"}, "jsapi page_qr"},
		{"closed-on-a-desktop", "wechat_pay", "wechat-windows", map[device.Host]capability.Wall{"wechat": "closed"}, "qr page_qr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			doc := open(func(_ *capability.Document, m *capability.Method) {
				m.Method, m.Rails, m.Hosts = c.method, method.Find(c.method).Grants(), c.hosts
			})
			got := capability.Decide(doc, capability.Order{Amount: yuan60}, deviceOf(t, c.profile), noon).Choices[0]
			var words []string
			for _, r := range got.Ladder {
				words = append(words, string(r))
			}
			for _, r := range got.Reasons {
				words = append(words, string(r.Code))
			}
			if text := strings.Join(words, " "); text != c.want {
				t.Errorf("got %q, want %q", text, c.want)
			}
		})
	}
}

// TestLeastVersion: apps count on each system for themselves, and a desktop's doesn't matter.
func TestLeastVersion(t *testing.T) {
	t.Parallel()
	plain := map[string]string{"wechat": "8.0.63"}
	each := map[string]string{"wechat": "8.0.63", "wechat/ios": "8.0.64", "wechat/harmonyos": "8.0.9"}
	for _, c := range []struct {
		name     string
		versions map[string]string
		os       device.OS
		form     device.Form
		version  string
		fails    bool
	}{
		{"android-old", plain, device.Android, device.Mobile, "8.0.62", true},
		{"android-new", plain, device.Android, device.Mobile, "8.0.63", false},
		{"harmony-counts-anew", plain, device.HarmonyOS, device.Mobile, "8.0.9", false},
		{"harmony-of-its-own", each, device.HarmonyOS, device.Mobile, "8.0.8", true},
		{"ios-of-its-own", each, device.IOS, device.Mobile, "8.0.63", true},
		{"hidden", plain, device.IOS, device.Mobile, "", true},
		{"desktop", plain, device.Windows, device.Desktop, "7.0.20.1781", false},
	} {
		doc := open(func(_ *capability.Document, m *capability.Method) { m.HostMinVersion = c.versions })
		d := device.Device{Profile: "wechat-x", Container: device.WeChat, Form: c.form, OS: c.os, Host: "wechat", HostVersion: c.version}
		choice := capability.Decide(doc, capability.Order{Amount: yuan60}, d, noon).Choices[0]
		fails := slices.ContainsFunc(choice.Reasons, func(r capability.Reason) bool { return r.Code == capability.ReasonHostUpdateRequired })
		if fails != c.fails {
			t.Errorf("%s: %+v", c.name, choice.Reasons)
		}
	}
}

// Instalments are offered with what can be paid here, as the document grants them: on
// another device they are chosen there.
func TestInstalments(t *testing.T) {
	t.Parallel()
	granted := open(func(_ *capability.Document, m *capability.Method) {
		m.Method, m.Instalments = "alipay", []int{3, 12}
		m.Rails = []pay.Rail{pay.RailDeepLink, pay.RailQR}
	})
	for name, c := range map[string]struct {
		profile device.Profile
		value   int64
		want    []int
	}{
		"phone":             {"safari-iphone", 6000, []int{3, 12}},
		"desktop":           {"chrome-windows", 6000, []int{3, 12}},
		"on-another-device": {"wecom-iphone", 6000, nil},
		"blocked":           {"wechat-iphone", 6000, nil},
		"too-much":          {"safari-iphone", 100_000_000_01, nil},
	} {
		order := capability.Order{Amount: pay.Money{Currency: "CNY", Value: c.value}}
		choice, _ := capability.Decide(granted, order, deviceOf(t, c.profile), noon).Choice("alipay")
		if !slices.Equal(choice.Instalments, c.want) {
			t.Errorf("%s: offers %v, want %v", name, choice.Instalments, c.want)
		}
		for n, may := range map[int]bool{0: true, 3: c.want != nil, 6: false, 12: c.want != nil} {
			if choice.PaidIn(n) != may {
				t.Errorf("%s: may be paid in %d: %v", name, n, !may)
			}
		}
	}
}
