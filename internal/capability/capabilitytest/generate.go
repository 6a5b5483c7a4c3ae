// Package capabilitytest makes documents, orders, devices and times for tests of
// the decision, of the decoder and of the schema.
//
// What must not live here: what these tests expect. No package outside of tests
// may import it.
package capabilitytest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"pgregory.net/rapid"

	"morepay/internal/capability"
	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// Dice rolls 0 to n-1. Generators take one, so that rapid can shrink what they
// make and a seed can repeat it on another machine.
type Dice func(n int) int

// Rapid rolls with rapid.
func Rapid(t *rapid.T) Dice {
	return func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "roll") }
}

// Seeded rolls the same on every machine.
func Seeded(seed uint64) Dice {
	r := rand.New(rand.NewPCG(seed, 0))
	return r.IntN
}

// Yes reports whether a coin shows heads.
func (roll Dice) Yes() bool { return roll(2) == 1 }

// Pick returns one of a list.
func Pick[T any](roll Dice, from []T) T { return from[roll(len(from))] }

// some is a part of a list, in the order of the list, with at least least of
// its items.
func some[T any](roll Dice, from []T, least int) []T {
	var part []T
	for i, item := range from {
		if roll.Yes() || len(from)-i <= least-len(part) {
			part = append(part, item)
		}
	}
	return part
}

// The pools are small, so that documents and orders meet each other.
var (
	somePayers     = []string{"", "a", "b", "c", "payer-1", "payer-2"}
	someCurrencies = []string{"CNY", "HKD", "JPY", "USD"}
	someRegions    = []string{"CN", "HK", "TW"}
	someCategories = []string{"tea", "gold", "books"}
	someSKUs       = []string{"1", "2", "3"}
	someBatches    = []string{"b1", "b2", "b3"}
	Versions       = []string{"8.0", "10.40", "10.48.30.2079", "99.0.0"}
	somePercents   = []float64{0, 0.01, 12.5, 40, 99.99, 100}
	epoch          = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// AnyTime returns an hour within some months, in one of two zones.
func AnyTime(roll Dice) time.Time {
	t := epoch.Add(time.Duration(roll(2000)) * time.Hour)
	if roll.Yes() {
		return t.In(time.FixedZone("", 8*60*60))
	}
	return t
}

// AnyDocument makes documents that Decode takes.
func AnyDocument(roll Dice) *capability.Document {
	doc := &capability.Document{
		Schema:      capability.SchemaVersion,
		Version:     int64(roll(3)),
		Merchant:    Pick(roll, []string{"a", "shop-1", "shop_2"}),
		Name:        Pick(roll, []string{"Tea", "茶 & <coffee>", `"quotes"`}),
		Locale:      Pick(roll, []string{"en", "zh-CN", "zh-Hant-TW"}),
		Visible:     1 + roll(4),
		OpenBatches: some(roll, someBatches, 0),
	}
	if roll.Yes() {
		doc.Instant = roll.Yes()
		doc.FriendPay = roll.Yes()
		doc.Logo, doc.Operator = Pick(roll, []string{"", "sign"}), Pick(roll, []string{"", "Pay & Co"})
		doc.Help = Pick(roll, []string{"", "https://tea.example/help?a=1", "mailto:help@tea.example", "tel:+8610000"})
		doc.Theme = capability.Theme{Preset: Pick(roll, capability.Presets), Accent: Pick(roll, append([]string{"#0a7d4f", "#000000"}, capability.Accents...)), Corners: Pick(roll, capability.Corners), Mode: Pick(roll, capability.Modes)}
	}
	for _, id := range Shuffled(roll, some(roll, method.IDs(), 1)) {
		doc.Methods = append(doc.Methods, anyMethod(roll, id))
	}
	for _, m := range Shuffled(roll, doc.Methods) {
		if roll.Yes() {
			doc.Ranking = append(doc.Ranking, m.Method)
		}
	}
	return doc
}

func currenciesOf(id pay.Method) []string {
	if taken := method.Find(id).Codes(); taken != nil {
		return taken
	}
	return someCurrencies
}

func anyMethod(roll Dice, id pay.Method) capability.Method {
	m := capability.Method{
		Method:     id,
		State:      Pick(roll, capability.States),
		Primary:    roll.Yes(),
		Rank:       roll(3),
		Icon:       Pick(roll, []string{"", "our-icon"}),
		Reason:     Pick(roll, []string{"", "no contract yet"}),
		Rails:      append([]pay.Rail{}, some(roll, method.Find(id).Grants(), 0)...),
		Currencies: some(roll, currenciesOf(id), 1),
		Regions:    nil,
	}
	if roll.Yes() {
		m.Regions = some(roll, someRegions, 1)
	}
	if plans := method.Find(id).Instalments; plans != nil && roll.Yes() {
		m.Instalments = some(roll, plans, 1)
	}
	for _, c := range m.Currencies {
		if roll.Yes() {
			m.Limits = with(m.Limits, c, anyLimits(roll))
		}
	}
	for _, h := range []device.Host{"taobao", "wechat", "alipay", "jd"} {
		if roll.Yes() {
			m.Hosts = with(m.Hosts, h, Pick(roll, capability.Walls))
		}
	}
	for _, h := range []string{"taobao", "wechat", "wechat/ios", "wechat/harmonyos", "alipay"} {
		if roll.Yes() {
			m.HostMinVersion = with(m.HostMinVersion, h, Pick(roll, Versions))
		}
	}
	m.Products = anyProducts(roll)
	if m.State == capability.StateRollout || m.State == capability.StateClosed && roll.Yes() {
		m.Rollout = &capability.Rollout{Percent: Pick(roll, somePercents), Salt: Pick(roll, []string{"", "s1"}), Batch: Pick(roll, append([]string{""}, someBatches...))}
	}
	if m.State == capability.StateScheduled || m.State != capability.StateOpen && roll.Yes() {
		m.Schedule = anySchedule(roll)
	}
	return m
}

func anyLimits(roll Dice) capability.Limits {
	least := int64(1 + roll(5000))
	switch roll(3) {
	case 0:
		return capability.Limits{Min: least}
	case 1:
		return capability.Limits{Max: least}
	}
	return capability.Limits{Min: least, Max: least + int64(roll(5000))}
}

func anyProducts(roll Dice) *capability.Products {
	cut := roll(len(someCategories) + 1) // categories before it may be allowed, the rest excluded
	var p capability.Products
	if cut > 0 && roll.Yes() {
		p.Allowed = &capability.Goods{Categories: some(roll, someCategories[:cut], 1)}
	}
	if cut < len(someCategories) && roll.Yes() {
		p.Excluded = &capability.Goods{Categories: some(roll, someCategories[cut:], 1), SKUs: some(roll, someSKUs, 0)}
	}
	if p == (capability.Products{}) {
		return nil
	}
	return &p
}

func anySchedule(roll Dice) *capability.Schedule {
	s := capability.Schedule{From: AnyTime(roll)}
	switch roll(3) {
	case 0:
		s.Until = s.From.Add(time.Duration(1+roll(1000)) * time.Hour)
	case 1:
		s.From, s.Until = time.Time{}, s.From
	}
	return &s
}

// AnyOrder makes orders, of goods and payers that documents tell apart.
func AnyOrder(roll Dice) capability.Order {
	o := capability.Order{
		Amount: pay.Money{Currency: Pick(roll, someCurrencies), Value: int64(1 + roll(12_000))},
		Payer:  Pick(roll, somePayers),
		Region: Pick(roll, append([]string{""}, someRegions...)),
		Down:   some(roll, []pay.Method{"alipay", "jd_pay"}, 0),

		NoAccount: some(roll, []pay.Method{"unionpay", "wechat_pay"}, 0),
	}
	for _, m := range some(roll, []pay.Method{"wechat_pay", "alipay"}, 0) {
		o.NotGranted = append(o.NotGranted, capability.MethodRail{Method: m, Rail: Pick(roll, pay.Rails)})
	}
	for _, m := range some(roll, []pay.Method{"wechat_pay", "alipay"}, 0) {
		o.Unfit = append(o.Unfit, capability.MethodRail{Method: m, Rail: Pick(roll, pay.Rails)})
	}
	for range roll(4) {
		o.Items = append(o.Items, pay.Item{SKU: Pick(roll, append([]string{""}, someSKUs...)), Category: Pick(roll, append([]string{""}, someCategories...)), Quantity: 1})
	}
	return o
}

// Devices are those of all samples.
var Devices = func() (list []device.Device) {
	for _, p := range device.Profiles() {
		dev, _ := device.Of(p)
		list = append(list, dev)
	}
	return list
}()

// Shuffled returns a copy of a list in another order.
func Shuffled[T any](roll Dice, list []T) []T {
	out := append([]T{}, list...)
	for i := len(out) - 1; i > 0; i-- {
		j := roll(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func with[K comparable, V any](m map[K]V, key K, v V) map[K]V {
	if m == nil {
		m = map[K]V{}
	}
	m[key] = v
	return m
}

// Describe is for messages of failed properties.
func Describe(doc *capability.Document, o capability.Order, dev device.Device, now time.Time) string {
	return fmt.Sprintf("document %s\norder %+v\ndevice %+v\nnow %s", doc.JSON(), o, dev, now)
}
