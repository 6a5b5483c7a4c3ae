package capability

import (
	"cmp"
	"math"
	"slices"
	"time"

	"morepay/internal/device"
	"morepay/internal/method"
	"morepay/internal/pay"
)

// Decide says how an order can be paid for on a device at a time. It is a pure
// function: the same arguments give the same bytes everywhere.
func Decide(doc *Document, order Order, dev device.Device, now time.Time) Decision {
	f := facts{doc: doc, order: &order, device: dev, now: now}
	choices := make([]Choice, len(doc.Methods))
	for i := range doc.Methods {
		choices[i] = f.choose(&doc.Methods[i])
	}
	return Decision{Choices: f.arrange(choices)}
}

// facts are the inputs of the checks.
type facts struct {
	doc    *Document
	order  *Order
	device device.Device
	now    time.Time

	m       *Method        // the method in question
	row     *method.Method // its row of the methods table
	onThis  []pay.Rail     // the rails that can work on this device
	granted []pay.Rail     // those of them that the merchant may use
}

// unknown stands in for a method that this program does not know, such as one
// of a newer document: no device has a rail for it.
var unknown method.Method

// rowOf returns the row of a method in the methods table.
func rowOf(m pay.Method) *method.Method {
	if row := method.Find(m); row != nil {
		return row
	}
	return &unknown
}

func (f *facts) choose(m *Method) Choice {
	f.m, f.row = m, rowOf(m.Method)
	fit := f.without(m.Rails, f.order.Unfit)
	if len(fit) > 0 || len(m.Rails) == 0 { // else there is nothing to do on our own page either
		f.onThis = f.without(m.Ladder(f.device), f.order.Unfit)
	} else {
		f.onThis = nil
	}
	f.granted = usable(f.onThis, f.without(fit, f.order.NotGranted))
	c := Choice{Method: m.Method}
	for i := range checks {
		if reason, failed := checks[i].fails(f); failed {
			reason.Code = checks[i].code
			c.Reasons = append(c.Reasons, reason)
		}
	}
	if len(c.Reasons) == 0 {
		c.Ladder = f.granted
		if c.Ladder[0] != pay.RailPageQR {
			c.Instalments = m.Instalments
		}
	}
	return c
}

// without returns rails of the method without those that are left out.
func (f *facts) without(rails []pay.Rail, out []MethodRail) []pay.Rail {
	if len(out) == 0 {
		return rails
	}
	rest := make([]pay.Rail, 0, len(rails))
	for _, r := range rails {
		if !slices.Contains(out, MethodRail{f.m.Method, r}) {
			rest = append(rest, r)
		}
	}
	return rest
}

// usable is the part of a ladder that the granted rails allow. Our own page
// needs no grant, but there must be something to do on it.
func usable(ladder, granted []pay.Rail) []pay.Rail {
	if len(granted) == 0 {
		return nil
	}
	rails := make([]pay.Rail, 0, len(ladder))
	for _, r := range ladder {
		if r == pay.RailPageQR || slices.Contains(granted, r) {
			rails = append(rails, r)
		}
	}
	return rails
}

// check is a row of the table of checks.
type check struct {
	code  ReasonCode
	shown bool // payers are told
	fails func(*facts) (Reason, bool)
}

// checks is the whole decision about one method. All of them run; a method is
// offered if none fails.
var checks = [...]check{
	{ReasonMethodClosed, false, methodClosed},
	{ReasonNotYetOpen, true, notYetOpen},
	{ReasonNotInRollout, false, notInRollout},
	{ReasonCurrencyUnsupported, false, currencyUnsupported},
	{ReasonAmountBelowMin, true, amountBelowMin},
	{ReasonAmountAboveMax, true, amountAboveMax},
	{ReasonRegionUnsupported, false, regionUnsupported},
	{ReasonProductExcluded, false, productExcluded},
	{ReasonHostUpdateRequired, true, hostUpdateRequired},
	{ReasonBlockedInContainer, true, blockedInContainer},
	{ReasonNoRailOnDevice, false, noRailOnDevice},
	{ReasonRailNotGranted, false, railNotGranted},
	{ReasonNoAccount, false, noAccount},
	{ReasonProviderUnavailable, true, providerUnavailable},
	{ReasonHiddenByShop, false, hiddenByShop},
}

func methodClosed(f *facts) (Reason, bool) {
	s := f.m.Schedule
	over := s != nil && !s.Until.IsZero() && !f.now.Before(s.Until)
	return Reason{}, over || f.m.State == StateClosed
}

func notYetOpen(f *facts) (Reason, bool) {
	if f.m.Schedule == nil || !f.now.Before(f.m.Schedule.From) {
		return Reason{}, false
	}
	return Reason{At: f.m.Schedule.From.UTC()}, true
}

func notInRollout(f *facts) (Reason, bool) {
	r := f.m.Rollout
	return Reason{}, r != nil && !(r.includesMerchant(f.doc.OpenBatches) && r.includesPayer(f.m.Method, f.order.Payer))
}

func (r *Rollout) includesMerchant(open []string) bool {
	return r.Batch == "" || slices.Contains(open, r.Batch)
}

// includesPayer: a payer without a key has no bucket to stay in, so only a full
// rollout includes one.
func (r *Rollout) includesPayer(m pay.Method, payer string) bool {
	share := int(math.Round(r.Percent * (Buckets / 100)))
	if payer == "" {
		return share >= Buckets
	}
	return Bucket(r.Salt, m, payer) < share
}

func currencyUnsupported(f *facts) (Reason, bool) {
	_, taken := f.row.Currency(f.order.Amount.Currency)
	return Reason{}, !taken || !slices.Contains(f.m.Currencies, f.order.Amount.Currency)
}

func amountBelowMin(f *facts) (Reason, bool) {
	least := f.m.Limits[f.order.Amount.Currency].Min
	return limit(f, least), least != 0 && f.order.Amount.Value < least
}

// amountAboveMax: what the provider takes bounds what the merchant wants.
func amountAboveMax(f *facts) (Reason, bool) {
	most := f.m.Limits[f.order.Amount.Currency].Max
	if taken, _ := f.row.Currency(f.order.Amount.Currency); taken.Most != 0 && (most == 0 || taken.Most < most) {
		most = taken.Most
	}
	return limit(f, most), most != 0 && f.order.Amount.Value > most
}

func limit(f *facts, value int64) Reason {
	return Reason{Limit: pay.Money{Currency: f.order.Amount.Currency, Value: value}}
}

// regionUnsupported: an unknown region is not among the listed ones.
func regionUnsupported(f *facts) (Reason, bool) {
	return Reason{}, len(f.m.Regions) > 0 && !slices.Contains(f.m.Regions, f.order.Region)
}

// productExcluded: of an order without items nobody knows that its goods may be paid so.
func productExcluded(f *facts) (Reason, bool) {
	if f.m.Products == nil {
		return Reason{}, false
	}
	for i := range f.order.Items {
		if item := &f.order.Items[i]; !f.m.Products.admit(item) {
			return Reason{Item: cmp.Or(item.SKU, item.Name, item.Category)}, true
		}
	}
	return Reason{}, len(f.order.Items) == 0
}

func (p *Products) admit(item *pay.Item) bool {
	return !p.Excluded.has(item) && (p.Allowed == nil || p.Allowed.has(item))
}

func (g *Goods) has(item *pay.Item) bool {
	return g != nil && (AmongGoods(g.SKUs, item.SKU) || AmongGoods(g.Categories, item.Category))
}

// hostUpdateRequired: a host that hides its version counts as too old. On a desktop the
// app around the page opens no wallet: another device scans.
func hostUpdateRequired(f *facts) (Reason, bool) {
	least := f.m.LeastVersion(f.device)
	if least == "" || f.device.Form == device.Desktop || device.CompareVersions(f.device.HostVersion, least) >= 0 {
		return Reason{}, false
	}
	return Reason{Host: f.device.Host, Version: least}, true
}

func blockedInContainer(f *facts) (Reason, bool) {
	return Reason{Host: f.device.Host}, f.m.Blocked(f.device)
}

// Blocked reports whether the app around the page keeps the wallet from opening.
func (m *Method) Blocked(d device.Device) bool {
	switch m.Hosts[d.Host] {
	case WallOpen:
		return false
	case WallClosed:
		return d.Form == device.Mobile
	}
	return rowOf(m.Method).BlockedBy(d)
}

// Ladder returns the rails that can work on a device, best first, whatever is granted:
// those of a browser where the merchant knows that the app around the page lets the
// wallet open.
func (m *Method) Ladder(d device.Device) []pay.Rail {
	row := rowOf(m.Method)
	if m.Hosts[d.Host] == WallOpen && d.Form == device.Mobile && !row.AtHome(d) {
		d.Container, d.Host = device.Browser, ""
	}
	return row.Ladder(d)
}

func noRailOnDevice(f *facts) (Reason, bool) {
	return Reason{}, len(f.onThis) == 0
}

func railNotGranted(f *facts) (Reason, bool) {
	return Reason{}, len(f.onThis) > 0 && len(f.granted) == 0
}

func noAccount(f *facts) (Reason, bool) {
	return Reason{}, slices.Contains(f.order.NoAccount, f.m.Method)
}

func providerUnavailable(f *facts) (Reason, bool) {
	return Reason{}, slices.Contains(f.order.Down, f.m.Method)
}

func hiddenByShop(f *facts) (Reason, bool) {
	return Reason{}, slices.Contains(f.order.LeftOut, f.m.Method)
}
